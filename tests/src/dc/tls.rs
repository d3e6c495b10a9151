//! The test authority and the server's certificate. Keys live only in the server's directory.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// The files smb.conf points to, in the server's directory.
pub(super) const CA_FILE: &str = "ca.pem";
pub(super) const CERTIFICATE_FILE: &str = "server.pem";
pub(super) const KEY_FILE: &str = "server.key";

/// Writes the authority, the certificate for `host_name` and `address`, and its key. Returns the authority's file.
pub(super) fn write_certificates(
    directory: &Path,
    host_name: &str,
    address: Ipv4Addr,
) -> Result<PathBuf> {
    let mut authority = CertificateParams::default();
    authority
        .distinguished_name
        .push(DnType::CommonName, "Coldcase test authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate().context("cannot make the authority's key")?;
    let authority_certificate = authority
        .self_signed(&authority_key)
        .context("cannot sign the authority")?;
    let issuer = Issuer::new(authority, authority_key);

    let mut server = CertificateParams::new(vec![host_name.to_owned(), address.to_string()])
        .context("cannot name the server in its certificate")?;
    server
        .distinguished_name
        .push(DnType::CommonName, host_name);
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_key = KeyPair::generate().context("cannot make the server's key")?;
    let server_certificate = server
        .signed_by(&server_key, &issuer)
        .context("cannot sign the server's certificate")?;

    let ca_file = directory.join(CA_FILE);
    write(&ca_file, &authority_certificate.pem(), 0o644)?;
    write(
        &directory.join(CERTIFICATE_FILE),
        &server_certificate.pem(),
        0o644,
    )?;
    // Samba refuses a key that others can read.
    write(
        &directory.join(KEY_FILE),
        &server_key.serialize_pem(),
        0o600,
    )?;
    Ok(ca_file)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot set the mode of {}", path.display()))
}
