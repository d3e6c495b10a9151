//! [`super::open`] against a scripted server on a loopback address: what a real domain controller of the tests
//! cannot play (client certificates, injection, silence, a cut in the middle).

#![expect(clippy::unwrap_used, reason = "tests")]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ldap3::{LdapConn, Scope};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::dialogue::{Wire, read_message};
use super::*;

const HOST: &str = "dc1.corp.example";

/// An authority, a server's certificate and a client's, as PEM files and as rustls wants them.
struct Pki {
    folder: tempfile::TempDir,
    roots: RootCertStore,
    server: Arc<ServerConfig>,
}

fn pki() -> Pki {
    let mut authority = CertificateParams::default();
    authority
        .distinguished_name
        .push(DnType::CommonName, "Test authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = authority.self_signed(&key).unwrap();
    let issuer = Issuer::new(authority, key);
    let issue = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (leaf.signed_by(&key, &issuer).unwrap(), key)
    };

    let folder = tempfile::tempdir().unwrap();
    let (client, client_key) = issue("auditor");
    std::fs::write(folder.path().join("client.pem"), client.pem()).unwrap();
    std::fs::write(folder.path().join("client.key"), client_key.serialize_pem()).unwrap();
    std::fs::write(folder.path().join("ca.pem"), root.pem()).unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(root.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots.clone()), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .unwrap();
    let (server, server_key) = issue(HOST);
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(
            vec![server.der().clone()],
            PrivateKeyDer::try_from(server_key.serialize_der()).unwrap(),
        )
        .unwrap();
    Pki {
        folder,
        roots,
        server: Arc::new(server),
    }
}

impl Pki {
    fn way(&self, protection: Protection) -> Way {
        Way {
            protection,
            trust: Trust::Authorities(self.roots.clone()),
            client_certificate: None,
            timeout: Duration::from_secs(5),
        }
    }

    fn certified(&self) -> Way {
        let at = |name: &str| self.folder.path().join(name);
        Way {
            client_certificate: Some(
                read_client_certificate(&at("client.pem"), &at("client.key")).unwrap(),
            ),
            ..self.way(Protection::Ldaps)
        }
    }

    async fn accept(&self, stream: TcpStream) -> tokio_rustls::server::TlsStream<TcpStream> {
        TlsAcceptor::from(Arc::clone(&self.server))
            .accept(stream)
            .await
            .unwrap()
    }
}

/// Plays `script` to one client. The handle gives what the script found.
fn play<S, F, T>(script: S) -> (Server, JoinHandle<T>)
where
    S: FnOnce(TcpStream) -> F + Send + 'static,
    F: Future<Output = T>,
    T: Send + 'static,
{
    let (tell, told) = mpsc::channel();
    let playing = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            script(stream).await
        })
    });
    let address: SocketAddr = told.recv().unwrap();
    let server = Server {
        name: HOST.to_owned(),
        port: Some(address.port()),
        address: Some(address.ip()),
    };
    (server, playing)
}

fn simple() -> Identity {
    Identity::Simple {
        user: "CORP\\auditor".to_owned(),
        password: Secret::new("hunter2".to_owned()),
    }
}

/// The next request: its message id and its operation with the tag.
async fn request<R: AsyncRead + Unpin>(wire: &mut R) -> (u32, Vec<u8>) {
    let message = read_message(wire).await.unwrap().unwrap();
    let (content, _) = ber::expect(0x30, &message).unwrap();
    let (id, operation) = ber::expect(0x02, content).unwrap();
    (ber::integer(id).unwrap(), operation.to_vec())
}

/// Answers with a result, and an element behind it.
async fn answer<W: Wire>(wire: &mut W, id: u32, tag: u8, code: u8, behind: &[u8]) {
    let mut content = vec![0x0A, 1, code, 4, 0, 4, 0];
    content.extend_from_slice(behind);
    let mut operation = Vec::new();
    ber::append(&mut operation, tag, &content);
    let message = message::envelope(id, &operation);
    wire.write_all(&message).await.unwrap();
    wire.flush().await.unwrap();
}

/// Takes the first request for a bind and accepts it.
async fn welcome<W: Wire>(wire: &mut W) -> Vec<u8> {
    let (id, operation) = request(wire).await;
    answer(wire, id, 0x61, 0, &[]).await;
    operation
}

fn search(ldap: &mut LdapConn) -> Result<usize, ldap3::LdapError> {
    let ldap = ldap.with_timeout(Duration::from_secs(5));
    let result = ldap.search("", Scope::Base, "(objectClass=*)", vec!["cn"])?;
    Ok(result.0.len())
}

#[test]
fn a_client_certificate_binds_by_sasl_external() {
    let pki = Arc::new(pki());
    // What the server says of EXTERNAL and of "Who am I?", and what becomes of it.
    for (external, named, says) in [
        (0, true, None),
        // Active Directory on port 636 has bound already.
        (53, true, None),
        (0, false, Some("anonymous")),
        (49, false, Some("maps the certificate to no account")),
    ] {
        let playing = Arc::clone(&pki);
        let (server, played) = play(async move |stream| {
            let mut wire = playing.accept(stream).await;
            let shown: Option<CertificateDer<'static>> = wire
                .get_ref()
                .1
                .peer_certificates()
                .and_then(|chain| chain.first().cloned());
            let (id, bind) = request(&mut wire).await;
            answer(&mut wire, id, 0x61, external, &[]).await;
            let (id, _) = request(&mut wire).await;
            let name: &[u8] = if named {
                b"\x8b\x09u:CORP\\au"
            } else {
                b"\x8b\x00"
            };
            answer(&mut wire, id, 0x78, 0, name).await;
            (shown.is_some(), bind)
        });
        let opened = open(&server, &pki.certified(), &Identity::Certificate);
        match says {
            None => drop(opened.unwrap()),
            Some(says) => {
                let error = opened.unwrap_err().to_string();
                assert!(error.contains(says), "{error}");
            }
        }
        let (shown, bind) = played.join().unwrap();
        assert!(shown);
        assert_eq!(bind, *message::sasl_bind("EXTERNAL", None));
    }
}

#[test]
fn one_connection_after_the_other_with_the_same_way() {
    let pki = Arc::new(pki());
    let way = pki.way(Protection::StartTls);
    let identity = simple();
    for _ in 0..2 {
        let playing = Arc::clone(&pki);
        let (server, played) = play(async move |mut stream| {
            let (id, _) = request(&mut stream).await;
            answer(&mut stream, id, 0x78, 0, &[]).await;
            let mut wire = playing.accept(stream).await;
            let bind = welcome(&mut wire).await;
            let (id, _) = request(&mut wire).await;
            answer(&mut wire, id, 0x65, 0, &[]).await;
            // The farewell of TLS, and the end.
            (bind, wire.read(&mut [0; 64]).await)
        });
        let mut ldap = open(&server, &way, &identity).unwrap();
        assert_eq!(search(&mut ldap).unwrap(), 0);
        drop(ldap);
        let (bind, end) = played.join().unwrap();
        assert_eq!(bind, *message::simple_bind("CORP\\auditor", "hunter2"));
        assert_eq!(end.unwrap(), 0);
    }
}

#[test]
fn bytes_injected_behind_start_tls_never_become_ldap() {
    let pki = Arc::new(pki());
    let playing = Arc::clone(&pki);
    let (server, played) = play(async move |mut stream| {
        let (id, _) = request(&mut stream).await;
        // The answer to StartTLS and, in the same packet, a forged answer to the bind to come.
        let accepted = message::envelope(id, b"\x78\x07\x0a\x01\x00\x04\x00\x04\x00").to_vec();
        let forged = message::envelope(1, b"\x61\x07\x0a\x01\x00\x04\x00\x04\x00").to_vec();
        stream
            .write_all(&[accepted, forged].concat())
            .await
            .unwrap();
        let _ = TlsAcceptor::from(Arc::clone(&playing.server))
            .accept(stream)
            .await;
    });
    let error = open(&server, &pki.way(Protection::StartTls), &simple()).unwrap_err();
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
    played.join().unwrap();
}

#[test]
fn refused_start_tls_sends_no_password() {
    let (server, played) = play(async |mut stream| {
        let (id, _) = request(&mut stream).await;
        answer(&mut stream, id, 0x78, 52, &[]).await;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        rest
    });
    let error = open(&server, &pki().way(Protection::StartTls), &simple()).unwrap_err();
    assert!(error.to_string().contains("refuses StartTLS"), "{error}");
    assert!(played.join().unwrap().is_empty());
}

#[test]
fn untrusted_servers_see_no_bind() {
    let pki = Arc::new(pki());
    let stranger = Trust::Authorities(self::pki().roots);
    let elsewhere = Server {
        name: "dc2.corp.example".to_owned(),
        port: None,
        address: None,
    };
    for (trust, name, says) in [
        (stranger, HOST, "--ca-file"),
        (Trust::Fingerprint([1; 32]), HOST, "the server sent"),
        (
            Trust::Authorities(pki.roots.clone()),
            &elsewhere.name,
            "another name",
        ),
    ] {
        let playing = Arc::clone(&pki);
        let (mut server, played) = play(async move |stream| {
            let accepted = TlsAcceptor::from(Arc::clone(&playing.server))
                .accept(stream)
                .await;
            match accepted {
                // In TLS 1.3 the server may be done before the client refuses.
                Ok(mut wire) => wire.read(&mut [0; 64]).await.is_ok_and(|count| count > 0),
                Err(_) => false,
            }
        });
        server.name = name.to_owned();
        let way = Way {
            trust,
            ..pki.way(Protection::Ldaps)
        };
        let error = open(&server, &way, &simple()).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(!played.join().unwrap());
    }
}

#[test]
fn silence_is_given_up_at_every_stage() {
    let pki = pki();
    for protection in [Protection::Ldaps, Protection::StartTls, Protection::Plain] {
        let (server, played) = play(async |mut stream| {
            let mut taken = Vec::new();
            stream.read_to_end(&mut taken).await.unwrap();
            taken.len()
        });
        let way = Way {
            timeout: Duration::from_millis(200),
            ..pki.way(protection)
        };
        let started = Instant::now();
        let error = open(&server, &way, &simple()).unwrap_err().to_string();
        assert!(error.contains("in time"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(4));
        assert!(played.join().unwrap() > 0);
    }
}

/// A server that ends in the middle of an answer: ldap3 must say so and not wait.
#[test]
fn a_cut_in_the_middle_reaches_ldap3() {
    let pki = Arc::new(pki());
    for protection in [Protection::Ldaps, Protection::Plain] {
        let playing = Arc::clone(&pki);
        let (server, played) = play(async move |mut stream| {
            if protection == Protection::Plain {
                welcome(&mut stream).await;
                request(&mut stream).await;
                stream.write_all(b"\x30\x40\x02\x01").await.unwrap();
            } else {
                let mut wire = playing.accept(stream).await;
                welcome(&mut wire).await;
                request(&mut wire).await;
                wire.write_all(b"\x30\x40\x02\x01").await.unwrap();
            }
        });
        let mut ldap = open(&server, &pki.way(protection), &simple()).unwrap();
        let started = Instant::now();
        assert!(search(&mut ldap).is_err());
        assert!(started.elapsed() < Duration::from_secs(4));
        played.join().unwrap();
    }
}

/// After the bind, a server announces what no memory holds and keeps the connection open.
#[test]
fn a_message_of_two_gigabytes_is_a_lost_connection() {
    let pki = Arc::new(pki());
    let playing = Arc::clone(&pki);
    let (server, played) = play(async move |stream| {
        let mut wire = playing.accept(stream).await;
        welcome(&mut wire).await;
        request(&mut wire).await;
        let _ = wire
            .write_all(b"\x30\x84\x7f\xff\xff\xff\x02\x01\x02")
            .await;
        let _ = wire.flush().await;
        // Until the client hangs up.
        wire.read(&mut [0; 64]).await.is_ok_and(|count| count > 0)
    });
    let mut ldap = open(&server, &pki.way(Protection::Ldaps), &simple()).unwrap();
    let started = Instant::now();
    assert!(search(&mut ldap).is_err());
    assert!(started.elapsed() < Duration::from_secs(4));
    drop(ldap);
    assert!(!played.join().unwrap());
}

#[test]
fn ldaps_to_a_port_that_speaks_ldap_names_the_way_out() {
    let (server, played) = play(async |mut stream| {
        let mut hello = [0; 64];
        let count = stream.read(&mut hello).await.unwrap();
        // The notice of disconnection, as a server of LDAP answers what it cannot decode.
        answer(&mut stream, 0, 0x78, 2, &[]).await;
        count
    });
    let error = open(&server, &pki().way(Protection::Ldaps), &simple()).unwrap_err();
    let way_out = format!(
        "port {} does not begin with TLS; use --transport starttls, or port 636",
        server.port.unwrap()
    );
    assert!(error.to_string().ends_with(&way_out), "{error}");
    assert!(played.join().unwrap() > 0);
}

#[test]
fn a_closed_port_is_a_sentence() {
    let (server, played) = play(async |stream| drop(stream));
    let error = open(&server, &pki().way(Protection::Ldaps), &simple()).unwrap_err();
    assert!(
        error.to_string().contains("closed the connection"),
        "{error}"
    );
    played.join().unwrap();
    let error = open(&server, &pki().way(Protection::Ldaps), &simple()).unwrap_err();
    assert!(error.to_string().contains("cannot be reached"), "{error}");
}

#[test]
fn combinations_that_make_no_sense_send_nothing() {
    let pki = pki();
    let nowhere = Server {
        name: "nowhere.invalid".to_owned(),
        port: None,
        address: None,
    };
    let empty = Identity::Simple {
        user: "a".to_owned(),
        password: Secret::new(String::new()),
    };
    for (protection, identity, says) in [
        (Protection::Sealed, simple(), "cannot seal"),
        (Protection::Ldaps, empty, "empty"),
        (Protection::Plain, Identity::Certificate, "needs TLS"),
        (
            Protection::Ldaps,
            Identity::Certificate,
            "no client certificate",
        ),
        (
            Protection::Plain,
            Identity::Kerberos(Ticket::Cache),
            if cfg!(feature = "kerberos") {
                "--transport sealed"
            } else {
                "--features kerberos"
            },
        ),
    ] {
        let error = open(&nowhere, &pki.way(protection), &identity).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}
