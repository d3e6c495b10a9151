//! The channel binding `tls-server-end-point` (RFC 5929, section 4): ties a bind to the certificate of the server.
//!
//! Owns which hash a certificate asks for. Deliberately does not verify the certificate: TLS has done that.

use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_parser::der_parser::Oid;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::signature_algorithm::SignatureAlgorithm;

/// The application data of the binding for the server's certificate. `None` if RFC 5929 defines none, as for
/// Ed25519, which has no single hash function; the bind is then sent without.
pub(super) fn binding(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let algorithm = &parsed.signature_algorithm;
    let hash = match SignatureAlgorithm::try_from(algorithm) {
        Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) => {
            of_digest(&parameters.hash_algorithm_oid().to_id_string())?
        }
        _ => of_signature(&algorithm.algorithm)?,
    };
    let mut binding = b"tls-server-end-point:".to_vec();
    match hash {
        Hash::Sha256 => binding.extend_from_slice(&Sha256::digest(certificate)),
        Hash::Sha384 => binding.extend_from_slice(&Sha384::digest(certificate)),
        Hash::Sha512 => binding.extend_from_slice(&Sha512::digest(certificate)),
    }
    Some(binding)
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// The hash function of a signature algorithm (RFC 3279, 4055, 5758). MD5 and SHA-1 become SHA-256.
fn of_signature(algorithm: &Oid<'_>) -> Option<Hash> {
    Some(match algorithm.to_id_string().as_str() {
        // md5 and sha1 WithRSAEncryption, the same from the OIW, ecdsa-with-SHA1, dsa-with-sha1
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.3.14.3.2.29"
        | "1.2.840.10045.4.1"
        | "1.2.840.10040.4.3" => Hash::Sha256,
        // sha256WithRSAEncryption, ecdsa-with-SHA256, dsa-with-sha256
        "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" | "2.16.840.1.101.3.4.3.2" => Hash::Sha256,
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Hash::Sha384,
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Hash::Sha512,
        _ => return None,
    })
}

/// A hash function by its own identifier, as in the parameters of RSASSA-PSS (RFC 4055, section 2.1).
fn of_digest(identifier: &str) -> Option<Hash> {
    Some(match identifier {
        "1.2.840.113549.2.5" | "1.3.14.3.2.26" | "2.16.840.1.101.3.4.2.1" => Hash::Sha256,
        "2.16.840.1.101.3.4.2.2" => Hash::Sha384,
        "2.16.840.1.101.3.4.2.3" => Hash::Sha512,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    fn hash_of(pem: &str) -> Option<String> {
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let binding = binding(&certificate)?;
        let hash = binding.strip_prefix(b"tls-server-end-point:").unwrap();
        Some(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Certificates of OpenSSL 3; the hashes are what `openssl x509 -outform der | sha256sum` (384, 512) says.
    #[test]
    fn the_hash_follows_the_signature_algorithm() {
        for (pem, hash) in [
            (
                include_str!("testdata/rsa-sha1.pem"),
                "e868bf5c48913c8b0ccbe6dd413da2b793775f7365da74c57b2d67c45e67f126",
            ),
            (
                include_str!("testdata/rsa-sha256.pem"),
                "ca610abac66f1da273ab2540e601a22ffeda6cecde26628c35972b428fd87a60",
            ),
            (
                include_str!("testdata/rsa-sha512.pem"),
                "48153d74320cdb0187b7c1ec1a60fd21195ad4b603fdf7f74b88a9764760de82\
                 1cb2ef463f7176f63f80c9fe19cc32c835e128c9498b7bff280eb30ade9e5447",
            ),
            // No parameters at all mean SHA-1, which becomes SHA-256.
            (
                include_str!("testdata/pss-sha1.pem"),
                "512150ecfaff72ff12a23973ec2b64a8ef77cb499c90c6b73fc8d4be5a2a2911",
            ),
            (
                include_str!("testdata/pss-sha384.pem"),
                "2dedd9607d8772efb154f31c3f79758704d6dc2b6d76084b7de5fbe81dbfe988\
                 26f39a558a8d2f55c4d023c2d1d292a0",
            ),
            (
                include_str!("testdata/ecdsa-sha384.pem"),
                "ed1cd25b4875981ffd326ec21ec38a1717bbe6dd6c9aa3b0654fb43c343f38b8\
                 bd07e6c374b9b003296bc4dd2de8c29d",
            ),
        ] {
            assert_eq!(hash_of(pem).unwrap(), hash);
        }
    }

    #[test]
    fn ed25519_has_none() {
        assert_eq!(hash_of(include_str!("testdata/ed25519.pem")), None);
        assert_eq!(binding(b"no certificate"), None);
    }
}
