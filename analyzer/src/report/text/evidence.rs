//! The facts of a finding in words.
//!
//! Names in a report for programs are those of the rule's columns; here they are what a person would say. Deliberately
//! leaves the values of the JSON report as they are.

use serde_json::Value;

use crate::rules::text as value_text;

/// Names that their words alone do not explain.
const LABELS: &[(&str, &str)] = &[
    (
        "before_update",
        "without the update of August 2025 it leads to",
    ),
    ("after_update", "with that update it leads to"),
    ("clears", "what clears it"),
    ("assumes", "seen and assumed"),
    ("interval_in_days", "interval days"),
    ("rollover_in_days", "rollover days"),
    ("tier0", "in tier 0"),
    ("sid", "SID"),
    ("spn", "SPN"),
    ("ace", "ACE"),
];

/// Words that are spelled otherwise in running text.
const SPELLED: &[(&str, &str)] = &[
    ("spn", "SPN"),
    ("spns", "SPNs"),
    ("sid", "SID"),
    ("ace", "ACE"),
    ("dn", "DN"),
    ("gpo", "GPO"),
    ("dmsa", "dMSA"),
    ("gmsa", "gMSA"),
    ("gmsas", "gMSAs"),
    ("des", "DES"),
    ("tier0", "tier 0"),
];

/// Outcomes of [`LABELS`] that stand for more than the word says.
const OUTCOMES: &[(&str, &str)] = &[("domain", "control of the domain"), ("no", "nothing")];

/// Bits of msDS-SupportedEncryptionTypes (MS-KILE 2.2.7).
const CIPHERS: &[(u64, &str)] = &[
    (0x1, "DES-CBC-CRC"),
    (0x2, "DES-CBC-MD5"),
    (0x4, "RC4"),
    (0x8, "AES128"),
    (0x10, "AES256"),
    (0x20, "AES session keys"),
];

/// A fact in words; `None` for what is not set, empty or not so: that stands in the JSON report.
pub(crate) fn told(name: &str, value: &Value) -> Option<String> {
    let label = label(name);
    match value {
        Value::Bool(false) if name.ends_with("enabled") => {
            Some(format!("{}disabled", label.trim_end_matches("enabled")))
        }
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some(label),
        other => Some(number(name, other).unwrap_or_else(|| value_text(other)))
            .filter(|text| !text.is_empty())
            .map(|text| match label.strip_suffix(" days") {
                Some(label) => format!("{label}: {text} days"),
                None => format!("{label}: {}", outcome(name, text)),
            }),
    }
}

/// What a number stands for, beside it; `None` for one that is a number.
fn number(name: &str, value: &Value) -> Option<String> {
    let number = value.as_u64()?;
    if name.ends_with("encryption_types") {
        let set = CIPHERS.iter().filter(|(bit, _)| number & bit != 0);
        let set: Vec<&str> = set.map(|(_, name)| *name).collect();
        return (!set.is_empty()).then(|| format!("{number} ({})", set.join(", ")));
    }
    if name == "dmsa_state" || name == "predecessor_state" {
        // msDS-DelegatedMSAState and msDS-SupersededServiceAccountState.
        let meant = match number {
            1 => "migration started",
            2 => "migration completed",
            _ => return None,
        };
        return Some(format!("{number} ({meant})"));
    }
    None
}

fn label(name: &str) -> String {
    let whole = LABELS.iter().find(|(column, _)| *column == name);
    if let Some((_, label)) = whole {
        return (*label).to_owned();
    }
    let words = name.split('_').map(|word| {
        let spelled = SPELLED.iter().find(|(plain, _)| *plain == word);
        spelled.map_or(word, |(_, spelled)| *spelled)
    });
    words.collect::<Vec<_>>().join(" ")
}

fn outcome(name: &str, text: String) -> String {
    let outcomes = match name {
        "before_update" | "after_update" => OUTCOMES,
        _ => &[],
    };
    let meant = outcomes.iter().find(|(word, _)| *word == text);
    meant.map_or(text, |(_, words)| (*words).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_in_words() {
        let told = |name, value: Value| told(name, &value);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            told("password_age_days", 29.93.into()),
            some("password age: 29.93 days")
        );
        assert_eq!(told("spn_count", 2.into()), some("SPN count: 2"));
        assert_eq!(told("tier0", true.into()), some("in tier 0"));
        assert_eq!(told("reader_tier0", true.into()), some("reader tier 0"));
        assert_eq!(told("host_enabled", false.into()), some("host disabled"));
        assert_eq!(told("enabled", true.into()), some("enabled"));
        assert_eq!(
            told("encryption_types", 28.into()),
            some("encryption types: 28 (RC4, AES128, AES256)")
        );
        assert_eq!(
            told("dmsa_state", 2.into()),
            some("dMSA state: 2 (migration completed)")
        );
        assert_eq!(told("direct_entry", false.into()), None);
        assert_eq!(told("via", "".into()), None);
        assert_eq!(
            told("before_update", "domain".into()),
            some("without the update of August 2025 it leads to: control of the domain")
        );
    }
}
