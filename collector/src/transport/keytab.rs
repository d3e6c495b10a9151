//! A keytab as the identity: the Kerberos library finds it in the environment and nowhere else.
//!
//! The environment of a running process cannot be changed safely, so the program starts itself once more, with the
//! same arguments, in its own place. Deliberately no ticket file: the cache is in memory.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::ldap::failure::Failure;

/// Where MIT krb5 (1.11 and newer) looks for the keys of a client.
const KEYTAB: &str = "KRB5_CLIENT_KTNAME";
const CACHE: &str = "KRB5CCNAME";
const CACHE_NAME: &str = "MEMORY:coldcase";

/// Returns if the environment names `keytab` and the cache in memory; otherwise replaces this process by one where
/// it does. To be called before anything is read from standard input or written.
///
/// # Errors
/// The keytab cannot be read, or the program cannot be started again.
pub(crate) fn with_keytab(keytab: &Path) -> Result<(), Failure> {
    let readable = File::open(keytab).and_then(|_| keytab.canonicalize());
    let absolute = readable.map_err(|error| {
        Failure::new(format!(
            "the keytab {} cannot be read: {error}",
            keytab.display()
        ))
    })?;
    let mut wanted = std::ffi::OsString::from("FILE:");
    wanted.push(&absolute);
    if is(KEYTAB, &wanted) && is(CACHE, CACHE_NAME.as_ref()) {
        return Ok(());
    }
    let mut arguments = std::env::args_os();
    let mut again = Command::new(std::env::current_exe().map_err(failed)?);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    // Comes back only if it failed.
    let error = again
        .args(arguments)
        .env(KEYTAB, wanted)
        .env(CACHE, CACHE_NAME)
        .exec();
    Err(failed(error))
}

#[expect(
    clippy::disallowed_methods,
    reason = "tells whether this process was already started with the keytab"
)]
fn is(variable: &str, wanted: &std::ffi::OsStr) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == wanted)
}

fn failed(error: std::io::Error) -> Failure {
    Failure::new(format!(
        "the program cannot start itself again to use the keytab: {error}; set {KEYTAB} and {CACHE}={CACHE_NAME} \
         in its environment and use the ticket cache instead"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_keytab_is_a_sentence() {
        let error = with_keytab(Path::new("/nonexistent/keytab"));
        assert!(error.is_err_and(|error| error.to_string().contains("/nonexistent/keytab")));
    }
}
