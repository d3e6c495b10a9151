//! One name and its pseudonym.
//!
//! Owns the two ways of replacing a name, what makes a name stay, and the list of pseudonyms to be sealed. Deliberately
//! does not know where in a value a name is.

use std::collections::{BTreeSet, HashMap};

use coldcase_schemas::pseudonym::{Key, fold};

use super::known;
use super::sid::Sids;

/// Names whose pseudonyms are remembered; when there are more, all are forgotten.
const REMEMBERED: usize = 32_768;

/// A longer text is not remembered: it is not likely to come again.
const LONG: usize = 256;

/// The key, the names that stay and the pseudonyms that came up.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) key: Key,
    pub(super) sids: Sids,
    keep: BTreeSet<String>,
    /// Folded name → pseudonym; what is in here was handed out.
    remembered: HashMap<String, String>,
    new: Vec<(String, Vec<u8>)>,
}

impl Names {
    pub(super) fn new(key: Key, sids: Sids, keep: BTreeSet<String>) -> Self {
        let listed = known::NAMES.iter().map(|name| fold(name));
        Self {
            key,
            sids,
            keep: listed.chain(keep.iter().map(|name| fold(name))).collect(),
            remembered: HashMap::new(),
            new: Vec::new(),
        }
    }

    pub(super) fn take_new(&mut self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.new)
    }

    /// The name of an object. Well-known names and GUIDs stay, a SID is a SID, and the `$` of a computer's account is
    /// not part of its name.
    pub(super) fn name(&mut self, name: &str) -> String {
        if self.keep.contains(&fold(name)) {
            name.to_owned()
        } else {
            self.label(name)
        }
    }

    /// A DNS label, a NetBIOS name or a computer's name: like [`Names::name`], but no customer's domain stays readable
    /// because it is called like a built-in container.
    pub(super) fn label(&mut self, name: &str) -> String {
        if name.is_empty() || is_guid(name) {
            return name.to_owned();
        }
        if let Some(sid) = self.sid_text(name) {
            return sid;
        }
        match name.strip_suffix('$') {
            Some(account) if !account.is_empty() => format!("{}$", self.token(account)),
            _ => self.token(name),
        }
    }

    /// A name below CN=Configuration: those that every forest has stay.
    pub(super) fn configuration_name(&mut self, name: &str) -> String {
        let folded = fold(name);
        if known::CONFIGURATION
            .iter()
            .any(|known| fold(known) == folded)
        {
            name.to_owned()
        } else {
            self.label(name)
        }
    }

    /// Free text as one pseudonym. Nothing stays nothing, and a well-known name stays.
    pub(super) fn whole(&mut self, text: &str) -> String {
        if text.is_empty() || self.keep.contains(&fold(text)) {
            text.to_owned()
        } else {
            self.token(text)
        }
    }

    /// The pseudonym of a name, whatever it is. Of several spellings the first is sealed.
    pub(super) fn token(&mut self, name: &str) -> String {
        let folded = fold(name);
        if let Some(token) = self.remembered.get(&folded) {
            return token.clone();
        }
        let token = self.key.token(name);
        self.put(token.clone(), name);
        if folded.len() <= LONG {
            self.remember(folded, token.clone());
        }
        token
    }

    /// Hands out what stands for `name`, unless that was done not long ago.
    pub(super) fn put_once(&mut self, token: &str, name: &str) {
        if !self.remembered.contains_key(name) {
            self.put(token.to_owned(), name);
            self.remember(name.to_owned(), token.to_owned());
        }
    }

    fn put(&mut self, token: String, name: &str) {
        let sealed = self.key.seal(&token, name);
        self.new.push((token, sealed));
    }

    fn remember(&mut self, name: String, token: String) {
        if self.remembered.len() >= REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.insert(name, token);
    }
}

/// A number, a time, TRUE or FALSE, or an OID: digits with what stands between them.
pub(super) fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'Z');
    matches!(text, "TRUE" | "FALSE")
        || (text.bytes().any(|byte| byte.is_ascii_digit())
            && text.bytes().all(plain)
            && text.parse::<std::net::Ipv4Addr>().is_err())
}

/// `31b2f340-016d-11d2-945f-00c04fb984f9`, with or without braces (RFC 9562).
pub(super) fn is_guid(text: &str) -> bool {
    let inner = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(text);
    inner.len() == 36
        && inner.bytes().enumerate().all(|(place, byte)| {
            if matches!(place, 8 | 13 | 18 | 23) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}
