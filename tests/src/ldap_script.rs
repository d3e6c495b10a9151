//! An LDAPS server that says what a test wrote down: for what a healthy server never does.
//!
//! Speaks just enough of RFC 4511 for the collector. Listens on loopback, one connection, and ends with it.
//! Deliberately checks no password and evaluates no filter.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// Nobody waits longer for the other side.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the collector asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A simple bind.
    Bind,
    /// A search; the cookie is the paging control's.
    Search {
        /// Base DN.
        base: String,
        /// Attributes asked for.
        attributes: Vec<String>,
        /// The filter's octets, undecoded: enough to recognise a class name.
        filter: Vec<u8>,
        /// Cookie of the paging control, if there is one.
        cookie: Option<Vec<u8>>,
        /// OIDs of critical controls.
        critical: Vec<String>,
    },
}

impl Request {
    /// True for a search under `base` whose filter names `class`.
    pub fn is_search(&self, wanted: &str, class: &str) -> bool {
        match self {
            Self::Bind => false,
            Self::Search { base, filter, .. } => {
                base == wanted
                    && filter
                        .windows(class.len().max(1))
                        .any(|window| window == class.as_bytes())
            }
        }
    }
}

/// What the server does next.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A SearchResultEntry.
    Entry(String, Vec<(String, Vec<Vec<u8>>)>),
    /// A SearchResultReference.
    Reference(String),
    /// An entry that is not one.
    Garbage,
    /// SearchResultDone or BindResponse: result code, diagnostic text, referrals, cookie.
    Done(u8, String, Vec<String>, Vec<u8>),
    /// Close the connection.
    Cut,
}

impl Answer {
    /// Success without a further page.
    pub fn success() -> Self {
        Self::Done(0, String::new(), Vec::new(), Vec::new())
    }

    /// An entry with text values.
    pub fn entry(dn: &str, attributes: &[(&str, &[&str])]) -> Self {
        let attributes = attributes
            .iter()
            .map(|(name, values)| {
                let values = values
                    .iter()
                    .map(|value| value.as_bytes().to_vec())
                    .collect();
                ((*name).to_owned(), values)
            })
            .collect();
        Self::Entry(dn.to_owned(), attributes)
    }
}

/// A running server.
pub struct ScriptedServer {
    port: u16,
    folder: TempDir,
    ca_file: PathBuf,
    thread: Option<JoinHandle<Result<()>>>,
}

impl ScriptedServer {
    /// Starts a server that answers each request with what `script` returns. The root DSE is answered by itself.
    ///
    /// # Errors
    /// No loopback port or certificate can be had.
    pub fn start(script: impl Fn(&Request) -> Vec<Answer> + Send + 'static) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (config, ca_file) = certificates(folder.path())?;
        #[expect(clippy::disallowed_methods, reason = "a test server, on loopback")]
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept()?;
            // The client hanging up is the normal end.
            let _ = serve(stream, config, &script);
            Ok(())
        });
        Ok(Self {
            port,
            folder,
            ca_file,
            thread: Some(thread),
        })
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// PEM of the authority that signed the server's certificate.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// A folder for the test's own files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        // If nobody connected, the thread still waits in accept.
        #[expect(
            clippy::disallowed_methods,
            reason = "to our own test server, on loopback"
        )]
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn certificates(folder: &Path) -> Result<(Arc<ServerConfig>, PathBuf)> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
    let ca_file = folder.join("ca.pem");
    std::fs::write(&ca_file, authority.pem())?;
    let key =
        PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| anyhow::anyhow!(error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok((Arc::new(config), ca_file))
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    script: &dyn Fn(&Request) -> Vec<Answer>,
) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(ServerConnection::new(config)?, stream);
    loop {
        let message = read_element(&mut stream)?;
        let mut parts = children(&message)?;
        if parts.len() < 2 {
            bail!("not an LDAPMessage");
        }
        let id = parts.remove(0).1;
        let (operation, body) = parts.remove(0);
        let (request, done_tag) = match operation {
            0x60 => (Request::Bind, 0x61),
            0x63 => (search(&body, parts.first())?, 0x65),
            // ExtendedRequest: this server knows none (RFC 4511, section 4.12).
            0x77 => {
                let response = done(0x78, 2, "", &[]);
                stream.write_all(&element(0x30, &[element(0x02, &id), response].concat()))?;
                stream.flush()?;
                continue;
            }
            _ => return Ok(()),
        };
        let answers = match &request {
            Request::Search { base, .. } if base.is_empty() => root_dse(),
            other => script(other),
        };
        for answer in answers {
            let response = match answer {
                Answer::Cut => return Ok(()),
                Answer::Garbage => element(0x64, &element(0x04, b"CN=broken")),
                Answer::Entry(dn, attributes) => entry(&dn, &attributes),
                Answer::Reference(url) => element(0x73, &element(0x04, url.as_bytes())),
                Answer::Done(code, text, referrals, cookie) => {
                    let response = done(done_tag, code, &text, &referrals);
                    let controls = if cookie.is_empty() {
                        Vec::new()
                    } else {
                        paging(&cookie)
                    };
                    stream.write_all(&element(
                        0x30,
                        &[element(0x02, &id), response, controls].concat(),
                    ))?;
                    continue;
                }
            };
            stream.write_all(&element(0x30, &[element(0x02, &id), response].concat()))?;
        }
        stream.flush()?;
    }
}

fn root_dse() -> Vec<Answer> {
    vec![
        Answer::entry(
            "",
            &[
                ("defaultNamingContext", &["DC=corp,DC=example"]),
                ("rootDomainNamingContext", &["DC=corp,DC=example"]),
                (
                    "configurationNamingContext",
                    &["CN=Configuration,DC=corp,DC=example"],
                ),
                (
                    "schemaNamingContext",
                    &["CN=Schema,CN=Configuration,DC=corp,DC=example"],
                ),
                ("currentTime", &["20260131060000.0Z"]),
            ],
        ),
        Answer::success(),
    ]
}

/// SearchRequest ::= [APPLICATION 3] { base, scope, deref, size, time, typesOnly, filter, attributes }
fn search(body: &[u8], controls: Option<&(u8, Vec<u8>)>) -> Result<Request> {
    let parts = children(body)?;
    let part = |index: usize| {
        parts
            .get(index)
            .map(|part| part.1.clone())
            .context("a short search request")
    };
    let attributes = children(&part(7)?)?
        .into_iter()
        .map(|(_, name)| String::from_utf8_lossy(&name).into_owned())
        .collect();
    let mut cookie = None;
    let mut critical = Vec::new();
    for (_, control) in controls
        .map(|controls| children(&controls.1))
        .transpose()?
        .unwrap_or_default()
    {
        let fields = children(&control)?;
        let oid = fields
            .first()
            .map(|field| String::from_utf8_lossy(&field.1).into_owned())
            .unwrap_or_default();
        if fields.iter().any(|field| field.0 == 0x01 && field.1 != [0]) {
            critical.push(oid.clone());
        }
        if oid == "1.2.840.113556.1.4.319" {
            let value = fields
                .last()
                .map(|field| field.1.clone())
                .unwrap_or_default();
            let inner = children(&value)?
                .into_iter()
                .next()
                .map(|sequence| sequence.1)
                .unwrap_or_default();
            cookie = children(&inner)?.into_iter().nth(1).map(|field| field.1);
        }
    }
    Ok(Request::Search {
        base: String::from_utf8_lossy(&part(0)?).into_owned(),
        filter: part(6)?,
        attributes,
        cookie,
        critical,
    })
}

fn entry(dn: &str, attributes: &[(String, Vec<Vec<u8>>)]) -> Vec<u8> {
    let attributes: Vec<u8> = attributes
        .iter()
        .flat_map(|(name, values)| {
            let values: Vec<u8> = values
                .iter()
                .flat_map(|value| element(0x04, value))
                .collect();
            element(
                0x30,
                &[element(0x04, name.as_bytes()), element(0x31, &values)].concat(),
            )
        })
        .collect();
    element(
        0x64,
        &[element(0x04, dn.as_bytes()), element(0x30, &attributes)].concat(),
    )
}

fn done(tag: u8, code: u8, text: &str, referrals: &[String]) -> Vec<u8> {
    let mut body = [
        element(0x0A, &[code]),
        element(0x04, b""),
        element(0x04, text.as_bytes()),
    ]
    .concat();
    if !referrals.is_empty() {
        let urls: Vec<u8> = referrals
            .iter()
            .flat_map(|url| element(0x04, url.as_bytes()))
            .collect();
        body.extend(element(0xA3, &urls));
    }
    element(tag, &body)
}

fn paging(cookie: &[u8]) -> Vec<u8> {
    let value = element(0x30, &[element(0x02, &[0]), element(0x04, cookie)].concat());
    let control = [
        element(0x04, b"1.2.840.113556.1.4.319"),
        element(0x04, &value),
    ]
    .concat();
    element(0xA0, &element(0x30, &control))
}

fn element(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes = vec![tag, 0x84];
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(body);
    bytes
}

/// The body of the next element of a stream.
fn read_element(stream: &mut impl Read) -> Result<Vec<u8>> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    let [_, first] = head;
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let mut octets = vec![0; usize::from(first & 0x7F)];
        stream.read_exact(&mut octets)?;
        octets
            .iter()
            .fold(0_usize, |length, octet| (length << 8) | usize::from(*octet))
    };
    let mut body = vec![0; length.min(1 << 24)];
    stream.read_exact(&mut body)?;
    Ok(body)
}

/// (tag, body) of every element in `bytes`.
fn children(mut bytes: &[u8]) -> Result<Vec<(u8, Vec<u8>)>> {
    let mut found = Vec::new();
    while let Some((tag, rest)) = bytes.split_first() {
        let mut rest = rest;
        let body = read_body(&mut rest)?;
        found.push((*tag, body));
        bytes = rest;
    }
    Ok(found)
}

fn read_body(rest: &mut &[u8]) -> Result<Vec<u8>> {
    let mut with_tag = [&[0][..], rest].concat();
    let total = with_tag.len();
    let mut reader = with_tag.as_slice();
    let body = read_element(&mut reader)?;
    let used = total - reader.len() - 1;
    *rest = rest.get(used..).unwrap_or(&[]);
    with_tag.clear();
    Ok(body)
}
