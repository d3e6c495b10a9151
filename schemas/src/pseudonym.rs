//! Pseudonyms: the customer's key, and what it puts in the place of a name.
//!
//! Owns the key file, the form of a pseudonym and the sealed form of the name behind it, which both programs share.
//! Deliberately does not know which values of a directory are names: the collector does.
//!
//! Everything is a function of key and name alone, so equal names have equal pseudonyms in every snapshot made with
//! one key, and nothing has to be remembered between two collections.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use aes_siv::siv::Aes256Siv;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::container::hex;

/// First word of a key file; the number is the version of everything in this module.
const FILE_MARK: &str = "coldcase-pseudonym-key-1";

/// What every pseudonym begins with.
pub const MARKER: &str = "cc-";

/// Letters after the marker, five bits each: 60 bits. Among a million names, two share a pseudonym with a
/// probability of 1 : 2,000,000.
const LETTERS: usize = 12;

/// Bytes of a pseudonym: as many as a NetBIOS name holds (MS-NBTE 2.2.1), so that it can stand for every kind of name.
pub const TOKEN_LENGTH: usize = MARKER.len() + LETTERS;

/// RFC 4648, section 6, in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A key file is one line of 90 bytes; more is read only to see that it is something else.
const FILE_LIMIT: u64 = 4096;

/// A key with which names become pseudonyms, and pseudonyms names again.
#[derive(Clone)]
pub struct Key {
    secret: [u8; 32],
    tokens: Hmac<Sha256>,
    sids: Hmac<Sha256>,
    letters: Hmac<Sha256>,
    seals: [u8; 64],
}

/// Why a key cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system has no random bytes.
    #[error("the system's source of random numbers does not answer ({0}); no key was made")]
    Random(String),
    /// Snapshots made with the key that is there could not be read any more.
    #[error("{} is already there; a key file is never overwritten, choose another name", .0.display())]
    Exists(PathBuf),
    /// The key file cannot be written.
    #[error("the key file {} cannot be written: {error}", path.display())]
    Write {
        /// The key file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The key file cannot be read.
    #[error("the key file {} cannot be read: {error}", path.display())]
    Read {
        /// The key file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is something else.
    #[error(
        "{} is not a key file, which is one line of {FILE_MARK} and 64 hexadecimal digits; \
         `coldcase-collect new-key FILE` makes one", .0.display()
    )]
    Form(PathBuf),
    /// The sealed name was made with another key, or was changed since.
    #[error(
        "the key does not fit: the pseudonyms were made with another key, or were changed since"
    )]
    Mismatch,
}

impl Key {
    /// The key of these 32 bytes.
    pub fn from_bytes(secret: [u8; 32]) -> Self {
        let derived = |purpose: &str| -> [u8; 32] {
            let mut mac = keyed(&secret);
            mac.update(FILE_MARK.as_bytes());
            mac.update(b"\0");
            mac.update(purpose.as_bytes());
            mac.finalize().into_bytes().into()
        };
        let mut seals = [0; 64];
        let halves = [derived("seal authentication"), derived("seal encryption")];
        for (to, from) in seals.iter_mut().zip(halves.as_flattened()) {
            *to = *from;
        }
        Self {
            secret,
            tokens: keyed(&derived("token")),
            sids: keyed(&derived("sid")),
            letters: keyed(&derived("letters")),
            seals,
        }
    }

    /// A new key from the system's source of random numbers.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| KeyError::Random(error.to_string()))?;
        Ok(Self::from_bytes(secret))
    }

    /// Makes a new key and writes it to `path`, readable by the owner only (mode 0600). Never overwrites.
    ///
    /// # Errors
    /// The file is there already or cannot be written, or there are no random numbers.
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let key = Self::generate()?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => KeyError::Exists(path.to_owned()),
            _ => KeyError::Write {
                path: path.to_owned(),
                error,
            },
        })?;
        let line = format!("{FILE_MARK} {}\n", hex(&key.secret));
        file.write_all(line.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| {
                // Half a key is worth nothing, and the file was made here.
                let _ = fs::remove_file(path);
                KeyError::Write {
                    path: path.to_owned(),
                    error,
                }
            })?;
        Ok(key)
    }

    /// Reads the key file at `path`.
    ///
    /// # Errors
    /// It cannot be read or is no key file.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let mut text = Vec::new();
        fs::File::open(path)
            .and_then(|file| file.take(FILE_LIMIT).read_to_end(&mut text))
            .map_err(|error| KeyError::Read {
                path: path.to_owned(),
                error,
            })?;
        let secret = std::str::from_utf8(&text)
            .ok()
            .and_then(parse)
            .ok_or_else(|| KeyError::Form(path.to_owned()))?;
        Ok(Self::from_bytes(secret))
    }

    /// The pseudonym of a name: [`MARKER`] and 12 letters of base32, which is a valid sAMAccountName, DNS label, NetBIOS
    /// name and RDN value, and needs no escape in any of them. It does not depend on the case of the name.
    pub fn token(&self, name: &str) -> String {
        let mut mac = self.tokens.clone();
        mac.update(fold(name).as_bytes());
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        let mut token = String::with_capacity(TOKEN_LENGTH);
        token.push_str(MARKER);
        token.extend(base32(&digest).take(LETTERS).map(char::from));
        token
    }

    /// The three sub-authorities (as on the wire, 12 bytes) that stand for those of a domain's SID (MS-DTYP 2.4.2).
    pub fn rebase(&self, domain: [u8; 12]) -> [u8; 12] {
        let mut mac = self.sids.clone();
        mac.update(&domain);
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        let mut rebased = [0; 12];
        for (to, from) in rebased.iter_mut().zip(digest) {
            *to = from;
        }
        rebased
    }

    /// `count` letters that stand for `original` where its length must stay. They cannot be turned back.
    pub fn letters(&self, original: &[u8], count: usize) -> Vec<u8> {
        let mut letters = Vec::with_capacity(count);
        let mut block: u64 = 0;
        while letters.len() < count {
            let mut mac = self.letters.clone();
            mac.update(&block.to_le_bytes());
            mac.update(original);
            let digest: [u8; 32] = mac.finalize().into_bytes().into();
            letters.extend(base32(&digest).take(count - letters.len()));
            block += 1;
        }
        letters
    }

    /// Encrypts `name`, which `token` stands for, with AES-256-SIV (RFC 5297, deterministic, the token as associated
    /// data): the same name is sealed the same, and a sealed name moved to another token is found out. 16 bytes longer
    /// than the name.
    pub fn seal(&self, token: &str, name: &str) -> Vec<u8> {
        // It fails only for more than 126 associated values.
        Aes256Siv::new(&self.seals.into())
            .encrypt([token], name.as_bytes())
            .unwrap_or_default()
    }

    /// The name that was sealed for `token`.
    ///
    /// # Errors
    /// [`KeyError::Mismatch`].
    pub fn open(&self, token: &str, sealed: &[u8]) -> Result<String, KeyError> {
        let name = Aes256Siv::new(&self.seals.into())
            .decrypt([token], sealed)
            .map_err(|_| KeyError::Mismatch)?;
        String::from_utf8(name).map_err(|_| KeyError::Mismatch)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}

/// True if `text` has the form of a pseudonym. Whether it is one only the map of a snapshot tells.
pub fn is_token(text: &[u8]) -> bool {
    text.strip_prefix(MARKER.as_bytes()).is_some_and(|rest| {
        rest.len() == LETTERS && rest.iter().all(|letter| ALPHABET.contains(letter))
    })
}

/// The name without case, letter by letter: it does not depend on what a letter stands beside, so that parts of a text
/// fold as the whole does. The final sigma is the one letter that is written differently at the end of a word.
pub fn fold(name: &str) -> String {
    name.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| if letter == 'ς' { 'σ' } else { letter })
        .collect()
}

/// HMAC-SHA-256 with a key of 32 bytes, which RFC 2104 fills up with zeros to the block of the hash.
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    Hmac::<Sha256>::new(&block.into())
}

/// Letters of `bytes`, five bits each, the first bit first (RFC 4648, section 6). Bits left over are not used.
fn base32(bytes: &[u8]) -> impl Iterator<Item = u8> {
    (0..bytes.len() * 8 / 5).map(|letter| {
        let value = (letter * 5..letter * 5 + 5).fold(0_usize, |value, bit| {
            let byte = bytes.get(bit / 8).copied().unwrap_or(0);
            value << 1 | usize::from(byte >> (7 - bit % 8) & 1)
        });
        ALPHABET.get(value).copied().unwrap_or(b'a')
    })
}

/// The 32 bytes of a key file's text.
fn parse(text: &str) -> Option<[u8; 32]> {
    let (mark, digits) = text.trim_end().split_once(' ')?;
    if mark != FILE_MARK || digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut secret = [0; 32];
    for (byte, place) in secret.iter_mut().zip((0..64).step_by(2)) {
        let pair = digits.get(place..place + 2)?;
        // `from_str_radix` would take a sign.
        if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(secret)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn key() -> Key {
        Key::from_bytes([7; 32])
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        let text = |bytes: &[u8]| String::from_utf8(base32(bytes).collect()).unwrap();
        assert_eq!(text(b"fooba"), "mzxw6ytb");
        assert_eq!(text(b"foobarfoob"), "mzxw6ytbojtg633c");
    }

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        // Test case 3: a key of 20 bytes 0xaa, which zeros fill up all the same.
        let mut secret = [0; 32];
        secret.iter_mut().take(20).for_each(|byte| *byte = 0xaa);
        let mut mac = keyed(&secret);
        mac.update(&[0xdd; 50]);
        assert_eq!(
            hex(&mac.finalize().into_bytes()),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        );
    }

    #[test]
    fn a_pseudonym_is_a_name_of_every_kind_and_never_changes() {
        let token = key().token("SQL01");
        // Held fixed: another value would part every customer's snapshots from the earlier ones.
        assert_eq!(token, "cc-7dinrj6qsodz");
        assert!(is_token(token.as_bytes()));
        assert_eq!(token.len(), 15);
        assert_eq!(key().token("sql01"), token);
        assert_ne!(key().token("sql02"), token);
        assert_ne!(Key::from_bytes([8; 32]).token("sql01"), token);
    }

    #[test]
    fn folding_does_not_depend_on_what_stands_beside() {
        assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
        assert_eq!(fold("ΟΔΟΣ.x"), format!("{}.x", fold("ΟΔΟΣ")));
        assert_eq!(fold("MÜLLER"), "müller");
    }

    #[test]
    fn forms_that_are_no_pseudonym() {
        for text in [
            "",
            "cc-",
            "cc-abcdefghijk",
            "cc-abcdefghijklm",
            "cc-abcdefghijk1",
            "dd-abcdefghijkl",
            "CC-ABCDEFGHIJKL",
        ] {
            assert!(!is_token(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_sealed_name_is_opened_by_its_key_and_token_only() {
        let sealed = key().seal("cc-a", "Ada Ashgrove");
        assert_eq!(sealed, key().seal("cc-a", "Ada Ashgrove"));
        assert_eq!(sealed.len(), 16 + 12);
        assert_eq!(key().open("cc-a", &key().seal("cc-a", "")).unwrap(), "");
        assert_eq!(key().open("cc-a", &sealed).unwrap(), "Ada Ashgrove");
        assert!(key().open("cc-b", &sealed).is_err());
        assert!(Key::from_bytes([8; 32]).open("cc-a", &sealed).is_err());
        for cut in 0..sealed.len() {
            assert!(key().open("cc-a", sealed.get(..cut).unwrap()).is_err());
        }
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            *changed.get_mut(place).unwrap() ^= 1;
            assert!(key().open("cc-a", &changed).is_err(), "{place}");
        }
    }

    #[test]
    fn a_key_file_is_written_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = Key::create(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("coldcase-pseudonym-key-1 ") && text.ends_with('\n'));
        assert_eq!(text.len(), 90);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(Key::read(&path).unwrap().token("a"), made.token("a"));
        assert!(matches!(Key::create(&path), Err(KeyError::Exists(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_ne!(
            Key::create(&folder.path().join("other"))
                .unwrap()
                .token("a"),
            made.token("a")
        );
        assert!(!format!("{made:?}").contains(text.get(25..89).unwrap()));
    }

    #[test]
    fn what_is_no_key_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(matches!(Key::read(&path), Err(KeyError::Read { .. })));
        let good = format!("{FILE_MARK} {}\n", "0f".repeat(32));
        for (text, fits) in [
            (good.clone(), true),
            (good.trim_end().to_owned(), true),
            (good.replace('\n', "\r\n"), true),
            (String::new(), false),
            (good.replace("-1 ", "-2 "), false),
            (good.replace("0f0f", "0f"), false),
            (good.replacen("0f", "+f", 1), false),
            (good.replacen("0f", "é", 1), false),
            (format!("{good}{good}"), false),
        ] {
            fs::write(&path, &text).unwrap();
            assert_eq!(Key::read(&path).is_ok(), fits, "{text:?}");
        }
        fs::write(&path, [0xff; 90]).unwrap();
        assert!(matches!(Key::read(&path), Err(KeyError::Form(_))));
    }

    proptest! {
        #[test]
        fn any_name_comes_back(name in "\\PC{0,40}") {
            let token = key().token(&name);
            prop_assert!(is_token(token.as_bytes()));
            prop_assert_eq!(key().open(&token, &key().seal(&token, &name)).unwrap(), name);
        }

        #[test]
        fn letters_are_as_many_as_asked_for(original in prop::collection::vec(any::<u8>(), 0..20), count in 0_usize..300) {
            let letters = key().letters(&original, count);
            prop_assert_eq!(letters.len(), count);
            prop_assert!(letters.iter().all(u8::is_ascii_alphanumeric));
        }
    }
}
