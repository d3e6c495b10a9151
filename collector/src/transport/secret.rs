//! A password, from where it is read to where it is used.
//!
//! It never comes from an argument, which every user of the machine could see, nor from the environment. It does
//! not print itself and is wiped when dropped. Deliberately no promise that no copy is left: libraries that take
//! a password make their own.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::{Zeroize, Zeroizing};

use crate::ldap::failure::Failure;

/// The longest password that is read, in bytes.
const LIMIT: u64 = 4096;

/// A password or key that does not show itself.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over `text`.
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The password itself, for the one who must send it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a password is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PasswordSource<'a> {
    /// Asked for on the terminal with these words, without echo.
    Prompt(&'a str),
    /// A file.
    File(&'a Path),
    /// Standard input, to its end.
    StandardInput,
}

/// Reads a password. One line break at its end is ignored.
///
/// # Errors
/// It cannot be read, is empty, not UTF-8, or longer than 4096 bytes.
pub(crate) fn read_password(source: PasswordSource<'_>) -> Result<Secret, Failure> {
    match source {
        PasswordSource::Prompt(prompt) => {
            let typed = rpassword::prompt_password(prompt).map_err(|error| {
                Failure::new(format!(
                    "the password cannot be asked for, there is no terminal ({error}); \
                     use --password-file or --password-stdin"
                ))
            })?;
            check(Zeroizing::new(typed.into_bytes()))
        }
        PasswordSource::File(path) => {
            let file = File::open(path).and_then(read_limited).map_err(|error| {
                Failure::new(format!(
                    "the password file {} cannot be read: {error}",
                    path.display()
                ))
            })?;
            check(file)
        }
        PasswordSource::StandardInput => {
            let input = read_limited(io::stdin().lock()).map_err(|error| {
                Failure::new(format!(
                    "the password cannot be read from standard input: {error}"
                ))
            })?;
            check(input)
        }
    }
}

fn read_limited(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Reserved once: a buffer that grows would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT as usize + 64));
    source.take(LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn check(mut bytes: Zeroizing<Vec<u8>>) -> Result<Secret, Failure> {
    if bytes.len() as u64 > LIMIT {
        return Err(Failure::new(format!(
            "the password is longer than {LIMIT} bytes; is this the right file?"
        )));
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    if bytes.is_empty() {
        // RFC 4513, section 5.1.2: a name with an empty password is an unauthenticated bind, which sees nothing.
        return Err(Failure::new("the password is empty"));
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Secret::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            Err(Failure::new("the password is not UTF-8"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn checked(bytes: &[u8]) -> Result<Secret, Failure> {
        check(read_limited(bytes).unwrap())
    }

    #[test]
    fn one_line_break_is_ignored() {
        for (bytes, password) in [
            (&b"pw"[..], "pw"),
            (b"pw\n", "pw"),
            (b"pw\r\n", "pw"),
            (b"pw\n\n", "pw\n"),
            (b" pw \r", " pw \r"),
        ] {
            assert_eq!(checked(bytes).unwrap().reveal(), password);
        }
    }

    #[test]
    fn what_is_no_password_is_refused() {
        for (bytes, says) in [
            (Vec::new(), "empty"),
            (b"\n".to_vec(), "empty"),
            (vec![0xFF], "UTF-8"),
            (vec![b'a'; 4097], "longer"),
        ] {
            assert!(checked(&bytes).unwrap_err().to_string().contains(says));
        }
        assert!(checked(&[b'a'; 4096]).is_ok());
        let missing = read_password(PasswordSource::File(Path::new("/nonexistent/pw")));
        assert!(missing.unwrap_err().to_string().contains("/nonexistent/pw"));
    }

    #[test]
    fn it_does_not_print_itself() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".into())), "Secret(…)");
    }
}
