//! Encrypts a snapshot to its recipients in the age format, so that no clear one is ever a file.
//!
//! Owns reading recipients. Deliberately does not decrypt, and does not hide the working database: [`crate::work`] does.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use coldcase_schemas::container::{Envelope, Fill};

use crate::ldap::Failure;

/// The X25519 recipients of a snapshot (age-encryption.org/v1).
pub(crate) struct Recipients(Vec<age::x25519::Recipient>);

impl Recipients {
    /// Reads `age1…` strings.
    pub(crate) fn parse(texts: &[String]) -> Result<Self, Failure> {
        let parse = |text: &String| {
            let text = text.trim();
            if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY") {
                // It is not repeated: messages end up in logs.
                return Err(Failure::new(
                    "a recipient is a public key, and this is a secret one; `age-keygen -y KEYFILE` prints the public one",
                ));
            }
            text.parse().map_err(|_| {
                let begins: String = text.chars().take(8).collect();
                Failure::new(format!(
                    "{begins}… is not an age recipient; it begins with age1, and `age-keygen -y KEYFILE` prints it"
                ))
            })
        };
        Ok(Self(texts.iter().map(parse).collect::<Result<_, _>>()?))
    }
}

impl Envelope for Recipients {
    fn wrap(&self, file: &mut File, fill: &mut Fill<'_>) -> io::Result<()> {
        let recipients = self.0.iter().map(|one| one as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let mut out = encryptor.wrap_output(BufWriter::new(file))?;
        fill(&mut out)?;
        out.finish()?.flush()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io::{Read, Seek};

    use super::*;

    #[test]
    fn each_recipient_can_read_it_and_nobody_else() {
        let keys = [
            age::x25519::Identity::generate(),
            age::x25519::Identity::generate(),
        ];
        let texts = keys.each_ref().map(|key| key.to_public().to_string());
        let recipients = Recipients::parse(&texts).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        recipients
            .wrap(&mut file, &mut |out| out.write_all(b"in the clear"))
            .unwrap();
        file.rewind().unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert!(!bytes.windows(5).any(|window| window == b"clear"));
        for key in &keys {
            assert_eq!(age::decrypt(key, &bytes).unwrap(), b"in the clear");
        }
        let stranger = age::x25519::Identity::generate();
        assert!(age::decrypt(&stranger, &bytes).is_err());
    }

    #[test]
    fn what_is_not_a_recipient_is_named() {
        let Err(failure) = Recipients::parse(&["age1x".to_owned()]) else {
            unreachable!("not a recipient")
        };
        assert!(
            failure
                .to_string()
                .contains("age1x… is not an age recipient")
        );
        let Err(failure) = Recipients::parse(&["AGE-SECRET-KEY-1QQQQQQ".to_owned()]) else {
            unreachable!("not a recipient")
        };
        assert!(
            !failure.to_string().contains("QQQ"),
            "a secret is not repeated"
        );
    }
}
