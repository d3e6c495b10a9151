//! Texts in which names stand among other words: what a server said, who asked.
//!
//! Owns finding the words. A word that is not known to be none is taken for a name, so a message in another language is
//! all pseudonyms, and its meaning is in its result code.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::known;
use super::name::Names;
use super::{dn, name};

/// Which words stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stay {
    Nothing,
    NumbersAndWords,
}

impl Names {
    /// Names and nothing else: `dc1.corp.example`, `CORP\auditor`, `auditor@corp.example`, a DN.
    pub(super) fn text(&mut self, text: &str) -> String {
        match dn::parse(text) {
            Some(_) => self.dn(text),
            None => self.words(text, Stay::Nothing),
        }
    }

    /// A message: well-known words and numbers stay.
    pub(super) fn message(&mut self, text: &str) -> String {
        self.words(text, Stay::NumbersAndWords)
    }

    fn words(&mut self, text: &str, stay: Stay) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(is_word) {
            let (between, after) = rest.split_at(start);
            replaced.extend(between.chars().filter(|c| !c.is_control() || *c == '\n'));
            let end = after.find(|c| !is_word(c)).unwrap_or(after.len());
            let (word, next) = after.split_at(end);
            // Sentences end in a point or a colon, names do not.
            let bare = word.trim_end_matches(['.', ':', '-']);
            let in_account = replaced.ends_with('\\') || next.starts_with('@');
            if in_account && bare == word {
                // `corp.example:dc1$@CORP.EXAMPLE` (ldapServiceName, MS-ADTS 3.1.1.3.2.16).
                let (before, account) = match word.rfind(':') {
                    Some(colon) => word.split_at(colon + 1),
                    None => ("", word),
                };
                replaced.push_str(&self.word(before, stay));
                replaced.push_str(&self.name(account));
            } else {
                replaced.push_str(&self.word(bare, stay));
                replaced.push_str(word.get(bare.len()..).unwrap_or_default());
            }
            rest = next;
        }
        replaced.extend(rest.chars().filter(|c| !c.is_control()));
        replaced
    }

    fn word(&mut self, word: &str, stay: Stay) -> String {
        let address = word.parse::<Ipv4Addr>().is_ok() || word.parse::<Ipv6Addr>().is_ok();
        if word.is_empty() || (!address && stays(word, stay)) {
            return word.to_owned();
        }
        if address || !word.contains(':') {
            return match word.contains('.') {
                true => self.dns(word),
                false => self.name(word),
            };
        }
        let parts: Vec<String> = word.split(':').map(|part| self.word(part, stay)).collect();
        parts.join(":")
    }
}

/// Letters and digits of any language, and what stands inside names.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '$' | ':' | '{' | '}')
}

fn stays(word: &str, stay: Stay) -> bool {
    // 0000202B and DSID-031007E5 are what a domain controller says of its own code.
    let number = |word: &str| {
        let digits = word
            .strip_prefix("DSID-")
            .or_else(|| word.strip_prefix("0x"))
            .unwrap_or(word);
        name::is_plain(word)
            || (digits.len() >= 6
                && digits.bytes().any(|byte| byte.is_ascii_digit())
                && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let known = |word: &str| {
        known::WORDS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(word))
    };
    match stay {
        Stay::Nothing => false,
        Stay::NumbersAndWords => number(word) || word.split('-').all(known),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::names;

    #[test]
    fn messages_keep_their_words_and_lose_their_names() {
        let mut names = names();
        for text in [
            "",
            "the connection was lost",
            "not asked: the connection was lost before",
            "3 entries could not be decoded",
            "the server sent 1001 empty pages in a row",
            "time limit exceeded",
            "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v4f7c",
        ] {
            let kept = names.message(text);
            assert!(!kept.contains("cc-") || text.contains("v4f7c"), "{kept}");
        }
        let (dc, contoso, example) = (
            names.token("dc1"),
            names.token("contoso"),
            names.token("example"),
        );
        assert_eq!(
            names.message("0000202B: RefErr: DSID-0310078A, data 0, 1 access points\n\tref 1: 'dc1.contoso.example'"),
            format!("0000202B: RefErr: DSID-0310078A, data 0, 1 access points\nref 1: '{dc}.{contoso}.{example}'")
        );
        let (address, six) = (names.token("10.0.0.5"), names.token("fe80::1"));
        assert_eq!(
            names.message("10.0.0.5:389 refused"),
            format!("{address}:389 refused")
        );
        assert_eq!(
            names.message("[fe80::1] refused"),
            format!("[{six}] refused")
        );
        let (word, other) = (names.token("Zeitlimit"), names.token("überschritten"));
        assert_eq!(
            names.message("Zeitlimit überschritten."),
            format!("{word} {other}.")
        );
    }

    #[test]
    fn texts_are_names_throughout() {
        let mut names = names();
        let (contoso, example, auditor) = (
            names.token("contoso"),
            names.token("example"),
            names.token("ada.auditor"),
        );
        for (text, expected) in [
            ("contoso.example", format!("{contoso}.{example}")),
            ("CONTOSO\\ada.auditor", format!("{contoso}\\{auditor}")),
            (
                "ada.auditor@contoso.example",
                format!("{auditor}@{contoso}.{example}"),
            ),
            (
                "CONTOSO\\Administrator",
                format!("{contoso}\\Administrator"),
            ),
            (
                "CN=ada.auditor,DC=contoso",
                format!("CN={auditor},DC={contoso}"),
            ),
            ("", String::new()),
        ] {
            assert_eq!(names.text(text), expected);
        }
    }
}
