//! Certificates, keys and fingerprints as users have them: PEM files and hexadecimal digits.
//!
//! Deliberately does not decide whom to trust: [`super::trust`] does.

use std::fmt;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::ldap::failure::Failure;

/// A certificate to show to the server, and its key.
pub(crate) struct ClientCertificate {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Clone for ClientCertificate {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({} certificates)", self.chain.len())
    }
}

/// Reads the certificates of a PEM file as authorities.
///
/// # Errors
/// The file cannot be read, holds no certificate or an invalid one.
pub(crate) fn read_authorities(path: &Path) -> Result<RootCertStore, Failure> {
    let mut store = RootCertStore::empty();
    for certificate in read_certificates(path)? {
        store.add(certificate).map_err(|error| {
            Failure::new(format!(
                "{} holds a certificate that is not valid: {error}",
                path.display()
            ))
        })?;
    }
    Ok(store)
}

/// Reads a client certificate with its chain (leaf first) and its unencrypted key from PEM files, which may be one.
///
/// # Errors
/// A file cannot be read or does not hold what is wanted.
pub(crate) fn read_client_certificate(
    certificate: &Path,
    key: &Path,
) -> Result<ClientCertificate, Failure> {
    let chain = read_certificates(certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        pem::Error::NoItemsFound => Failure::new(format!(
            "{} holds no unencrypted private key in PEM; \
             `openssl pkey -in {0} -out plain.pem` decrypts one",
            key.display()
        )),
        other => Failure::new(format!("{} cannot be read: {other}", key.display())),
    })?;
    Ok(ClientCertificate { chain, key })
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let name = path.display();
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(|error| Failure::new(format!("{name} cannot be read: {error}")))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| {
            Failure::new(format!(
                "{name} holds a certificate that is not valid: {error}"
            ))
        })?;
    if certificates.is_empty() {
        return Err(Failure::new(format!(
            "{name} holds no certificate; it must be PEM (-----BEGIN CERTIFICATE-----)"
        )));
    }
    Ok(certificates)
}

/// Reads a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons or blanks between them.
///
/// # Errors
/// It is something else.
pub(crate) fn parse_fingerprint(text: &str) -> Result<[u8; 32], Failure> {
    let wrong = || {
        Failure::new(format!(
            "{text} is not a SHA-256 fingerprint: 64 hexadecimal digits, as printed by \
             `openssl x509 -in ca.pem -noout -fingerprint -sha256`"
        ))
    };
    let digits = text.trim();
    let digits = digits.rsplit_once('=').map_or(digits, |(_, behind)| behind);
    let digits: Vec<u8> = digits
        .chars()
        .filter(|c| !matches!(c, ':' | ' '))
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()
        .ok_or_else(wrong)?;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .filter_map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect();
    match <[u8; 32]>::try_from(bytes) {
        Ok(fingerprint) if digits.len() == 64 => Ok(fingerprint),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn files_that_hold_something_else_are_sentences() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd.pem");
        let certificate = include_str!("testdata/rsa-sha256.pem");
        for (text, says) in [
            ("", "holds no certificate"),
            (
                "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
                "not valid",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "not valid",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = read_authorities(&path).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        std::fs::write(&path, certificate).unwrap();
        assert_eq!(read_authorities(&path).unwrap().len(), 1);
        let error = read_client_certificate(&path, &path)
            .unwrap_err()
            .to_string();
        assert!(error.contains("no unencrypted private key"), "{error}");
    }

    #[test]
    fn fingerprints_as_people_write_them() {
        let plain = "ab".repeat(32);
        let colons = ["AB"; 32].join(":");
        assert_eq!(parse_fingerprint(&plain).unwrap(), [0xAB; 32]);
        assert_eq!(parse_fingerprint(&colons).unwrap(), [0xAB; 32]);
        assert_eq!(
            parse_fingerprint(&format!("sha256 Fingerprint={colons}")).unwrap(),
            [0xAB; 32]
        );
        for wrong in [
            "",
            "ab",
            &"ab".repeat(20),
            &"xy".repeat(32),
            &"abc".repeat(22),
        ] {
            assert!(parse_fingerprint(wrong).is_err(), "{wrong}");
        }
    }
}
