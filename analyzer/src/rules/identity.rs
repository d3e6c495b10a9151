//! What makes a finding the same finding tomorrow, and what makes its evidence another.
//!
//! Owns finding ids and the hash that an exception is bound to. Deliberately does not know exceptions.

use std::fmt::Write as _;

use coldcase_schemas::report::Subject;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Hexadecimal digits of an id: 40 bits, so that two of a million findings of one rule share one in one case of two;
/// whoever accepts such a finding is asked which.
const DIGITS: usize = 10;

/// An id that people can type: the rule's code and a hash of rule, subject (its [`identity`]) and key. A renamed or moved
/// object keeps it.
pub(crate) fn finding_id(rule: &str, code: &str, subject: &str, key: &str) -> String {
    let hash = hash(&[rule, subject, key]);
    format!("{code}-{}", hash.get(..DIGITS).unwrap_or_default())
}

/// What stays when an object is renamed: objectGUID, else SID, else the distinguished name.
pub(crate) fn identity(subject: &Subject) -> &str {
    let fixed = subject.object_guid.as_deref().or(subject.sid.as_deref());
    fixed.or(subject.dn.as_deref()).unwrap_or_default()
}

/// SHA-256 over the evidence, lower-case hexadecimal. Left out is what changes by itself: ages, whose names end
/// in `_days`, and the columns that the page says drift.
pub(crate) fn evidence_sha256(evidence: &Map<String, Value>, drifts: &[String]) -> String {
    let mut parts = Vec::new();
    for (name, value) in evidence {
        let by_itself = name.ends_with("_days") || drifts.contains(name);
        if !by_itself && !value.is_null() {
            parts.extend([name.clone(), value.to_string()]);
        }
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    hash(&parts)
}

/// Lengths keep `["ab", "c"]` and `["a", "bc"]` apart.
fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(guid: Option<&str>, dn: &str) -> Subject {
        Subject {
            object_guid: guid.map(str::to_owned),
            sid: None,
            sam_account_name: None,
            dn: Some(dn.to_owned()),
            kind: "user".to_owned(),
        }
    }

    #[test]
    fn a_renamed_object_keeps_its_findings() {
        let before = finding_id("r", "XX01", identity(&subject(Some("g"), "CN=a")), "k");
        let after = finding_id("r", "XX01", identity(&subject(Some("g"), "CN=b")), "k");
        assert_eq!(before, after);
        assert!(
            before.starts_with("XX01-") && before.len() == 15,
            "{before}"
        );
        assert_ne!(
            before,
            finding_id("r", "XX01", identity(&subject(Some("g"), "CN=a")), "l")
        );
        assert_ne!(
            before,
            finding_id("q", "XX01", identity(&subject(Some("g"), "CN=a")), "k")
        );
        assert_ne!(
            before,
            finding_id("r", "XX01", identity(&subject(None, "CN=a")), "k")
        );
    }

    #[test]
    fn ages_and_drift_do_not_count_everything_else_does() {
        let evidence = |days: i64, count: i64, ace: &str| -> Map<String, Value> {
            [
                ("password_age_days".to_owned(), days.into()),
                ("count".to_owned(), count.into()),
                ("ace".to_owned(), ace.into()),
                ("nothing".to_owned(), Value::Null),
            ]
            .into_iter()
            .collect()
        };
        let drifts = ["count".to_owned()];
        let of = |map: &Map<_, _>| evidence_sha256(map, &drifts);
        let first = of(&evidence(1, 1, "a"));
        assert_eq!(first, of(&evidence(2, 2, "a")));
        assert_ne!(first, of(&evidence(1, 1, "b")));
    }
}
