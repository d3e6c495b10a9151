//! Whom to believe to be the server: TLS configuration and the verification of certificates.
//!
//! Deliberately never skips the proof that the server holds the certificate's key, not even for [`Trust::Anything`].
//! Certificates are read in [`super::certificate`].

use std::sync::Arc;

use coldcase_schemas::container::hex;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificate::ClientCertificate;
use crate::ldap::failure::{self, Failure};

/// Whom to trust.
#[derive(Debug, Clone)]
pub(crate) enum Trust {
    /// The authorities this machine trusts.
    System,
    /// These authorities and no other.
    Authorities(RootCertStore),
    /// The SHA-256 of the server's certificate, or of an authority's certificate that the server sends along.
    Fingerprint([u8; 32]),
    /// Any certificate: whoever stands between reads the password.
    Anything,
}

/// The configuration of TLS for one connection: no session is ever resumed, so each is proven anew.
///
/// # Errors
/// The machine trusts no authority, or the client certificate does not fit its key.
pub(super) fn client_config(
    trust: &Trust,
    certificate: Option<&ClientCertificate>,
) -> Result<Arc<ClientConfig>, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new(format!("TLS: {error}")))?;
    let builder =
        match trust {
            Trust::System => builder.with_root_certificates(system_authorities()?),
            Trust::Authorities(store) => builder.with_root_certificates(store.clone()),
            Trust::Fingerprint(fingerprint) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Pinned {
                    fingerprint: Some(*fingerprint),
                    provider,
                })),
            Trust::Anything => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Pinned {
                    fingerprint: None,
                    provider,
                })),
        };
    let config = match certificate {
        None => builder.with_no_client_auth(),
        Some(certificate) => builder
            .with_client_auth_cert(certificate.chain.clone(), certificate.key.clone_key())
            .map_err(|error| {
                Failure::new(format!("the client certificate cannot be used: {error}"))
            })?,
    };
    Ok(Arc::new(config))
}

/// The system's store; what cannot be read or is no authority is left out, so that one bad file does not empty it.
fn system_authorities() -> Result<RootCertStore, Failure> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        return Err(Failure::new(
            "this machine trusts no certificate authority; give the domain's with --ca-file, \
             or its fingerprint with --ca-fingerprint",
        ));
    }
    Ok(store)
}

/// Accepts one certificate, what one authority issued, or anything.
#[derive(Debug)]
struct Pinned {
    fingerprint: Option<[u8; 32]>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(wanted) = self.fingerprint else {
            return Ok(ServerCertVerified::assertion());
        };
        if fingerprint(end_entity) == wanted {
            return Ok(ServerCertVerified::assertion());
        }
        let Some(authority) = intermediates
            .iter()
            .find(|certificate| fingerprint(certificate) == wanted)
        else {
            if intermediates.is_empty() {
                return Err(rustls::Error::General(format!(
                    "no certificate has the fingerprint {}; the server sent only its own certificate, {}: \
                     check that fingerprint with whoever runs it and give it, \
                     or give the authority's certificate with --ca-file",
                    hex(&wanted),
                    describe(end_entity)
                )));
            }
            let offered: Vec<String> = std::iter::once(end_entity)
                .chain(intermediates)
                .map(describe)
                .collect();
            return Err(rustls::Error::General(format!(
                "no certificate has the fingerprint {}; the server sent: {}",
                hex(&wanted),
                offered.join("; ")
            )));
        };
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

/// Fingerprint and subject, as a user compares them.
fn describe(certificate: &CertificateDer<'_>) -> String {
    let subject = X509Certificate::from_der(certificate).map_or_else(
        |_| "an unreadable certificate".to_owned(),
        |(_, parsed)| {
            // The text is the server's: no control characters reach the terminal.
            let subject = failure::printable(&parsed.subject().to_string());
            subject.chars().take(200).collect()
        },
    );
    format!("{} ({subject})", hex(&fingerprint(certificate)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    /// An authority's certificate and one it issued for `dc1.corp.example`.
    fn chain() -> (CertificateDer<'static>, CertificateDer<'static>) {
        let mut authority = CertificateParams::default();
        authority
            .distinguished_name
            .push(DnType::CommonName, "Test\u{1b}[31m authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = authority.self_signed(&key).unwrap();
        let issuer = Issuer::new(authority, key);
        let mut server = CertificateParams::new(vec!["dc1.corp.example".to_owned()]).unwrap();
        server
            .distinguished_name
            .push(DnType::CommonName, "dc1.corp.example");
        let leaf = server
            .signed_by(&KeyPair::generate().unwrap(), &issuer)
            .unwrap();
        (certificate.der().clone(), leaf.der().clone())
    }

    fn verify(
        pinned: [u8; 32],
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &'static str,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verifier = Pinned {
            fingerprint: Some(pinned),
            provider: Arc::new(rustls::crypto::ring::default_provider()),
        };
        // 2030-01-01: rcgen's certificates hold from 1975 to 4096.
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_893_456_000));
        verifier.verify_server_cert(leaf, others, &ServerName::try_from(name).unwrap(), &[], now)
    }

    #[test]
    fn a_pinned_leaf_is_enough() {
        let (_, leaf) = chain();
        assert!(verify(fingerprint(&leaf), &leaf, &[], "elsewhere.example").is_ok());
    }

    #[test]
    fn a_pinned_authority_vouches_for_names_it_issued() {
        let (authority, leaf) = chain();
        let pin = fingerprint(&authority);
        let sent = [authority];
        assert!(verify(pin, &leaf, &sent, "dc1.corp.example").is_ok());
        assert!(verify(pin, &leaf, &sent, "dc2.corp.example").is_err());
        // A stranger's certificate next to the right authority.
        let (_, stranger) = chain();
        assert!(verify(pin, &stranger, &sent, "dc1.corp.example").is_err());
    }

    #[test]
    fn a_wrong_fingerprint_lists_what_was_offered() {
        let (authority, leaf) = chain();
        let error = verify(
            [7; 32],
            &leaf,
            std::slice::from_ref(&authority),
            "dc1.corp.example",
        )
        .unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&hex(&fingerprint(&leaf))), "{text}");
        assert!(text.contains(&hex(&fingerprint(&authority))), "{text}");
        assert!(text.contains("CN=dc1.corp.example"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(!text.contains("only its own"), "{text}");
        let error = verify([7; 32], &leaf, &[], "dc1.corp.example").unwrap_err();
        let text = error.to_string();
        for part in [
            &hex(&fingerprint(&leaf)),
            "only its own certificate",
            "--ca-file",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
