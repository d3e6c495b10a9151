//! Reads the file of exceptions.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use coldcase_schemas::report::Severity;
use jiff::civil::Date;
use serde::Deserialize;

use crate::given;

/// Name of the file beside a snapshot.
pub(crate) const NAME: &str = "coldcase-exceptions.toml";

/// No file of exceptions is longer, in bytes.
const LONGEST: u64 = 16 << 20;

/// An accepted finding.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    /// Id of the rule.
    pub(crate) rule: String,
    /// objectGUID or SID of what the finding is about; its distinguished name if it has neither.
    pub(crate) subject: String,
    /// The finding's key.
    #[serde(default)]
    pub(crate) key: String,
    /// SHA-256 of the evidence that was accepted, as the report prints it.
    pub(crate) evidence: String,
    /// The severity that was accepted; a worse one is not.
    pub(crate) severity: Severity,
    /// Who answers for it.
    pub(crate) owner: String,
    /// Why it is accepted.
    pub(crate) reason: String,
    /// Last day on which it holds, `YYYY-MM-DD`.
    pub(crate) until: String,
}

/// All exceptions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exceptions {
    /// Name of the file, if there is one.
    pub(crate) file: Option<String>,
    /// What it says, byte for byte.
    pub(crate) text: String,
    /// In the order of the file.
    pub(crate) list: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default)]
    exception: Vec<toml::Spanned<Exception>>,
}

impl Exceptions {
    /// Reads `given`, else the file [`NAME`] beside the snapshot if there is one.
    ///
    /// # Errors
    /// The file that was given is not there; a file is not TOML, has unknown keys, an empty owner or reason, or a day
    /// that is none. The message names file and line.
    pub(crate) fn load(given: Option<&Path>, snapshot: &Path) -> Result<Self> {
        let beside = snapshot.with_file_name(NAME);
        match given {
            Some(path) => Self::read(path),
            None if beside.is_file() => Self::read(&beside),
            None => Ok(Self::default()),
        }
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = given::text(path, LONGEST)?;
        let list = parse(&text).with_context(|| path.display().to_string())?;
        Ok(Self {
            file: given::name(path),
            text,
            list,
        })
    }
}

/// The exceptions in a text.
pub(super) fn parse(text: &str) -> Result<Vec<Exception>> {
    let form: Form = toml::from_str(text).map_err(|error| given::toml_problem(text, &error))?;
    let mut list = Vec::with_capacity(form.exception.len());
    for entry in form.exception {
        let start = entry.span().start;
        let exception = entry.into_inner();
        if let Err(error) = sensible(&exception) {
            let before = text.get(..start).unwrap_or_default();
            let line = 1 + before.matches('\n').count();
            return Err(anyhow!("line {line}: {error:#}"));
        }
        list.push(exception);
    }
    Ok(list)
}

fn sensible(exception: &Exception) -> Result<()> {
    let texts = [
        ("rule", &exception.rule),
        ("subject", &exception.subject),
        ("owner", &exception.owner),
        ("reason", &exception.reason),
    ];
    for (key, text) in texts {
        if text.trim().is_empty() {
            bail!("{key} is empty");
        }
    }
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if exception.evidence.len() != 64 || !exception.evidence.bytes().all(hex) {
        bail!("evidence must be the 64 digits that the report prints as evidence_sha256");
    }
    day(&exception.until).map(|_| ())
}

/// A day as `YYYY-MM-DD`.
///
/// # Errors
/// It is none.
pub(crate) fn day(text: &str) -> Result<Date> {
    let right = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    text.parse()
        .ok()
        .filter(|_| right)
        .with_context(|| format!("until is {text:?}; it must be a day such as \"2027-03-31\""))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ENTRY: &str = "[[exception]]
rule = \"gmsa-broad-readers\"
subject = \"S-1-5-21-1-2-3-1104\"
key = \"S-1-5-11\"
evidence = \"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"
severity = \"high\"
owner = \"Anna Berg\"
reason = \"Lab\"
until = \"2027-03-31\"
";

    #[test]
    fn entries_are_read() {
        let list = parse(&format!("# Ours\n{ENTRY}\n{ENTRY}")).unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!(list.first().unwrap().owner, "Anna Berg");
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let complaint = |from: &str, to: &str| {
            let text = format!("# Ours\n\n{}", ENTRY.replace(from, to));
            format!("{:#}", parse(&text).unwrap_err())
        };
        assert_eq!(complaint("Anna Berg", " "), "line 3: owner is empty");
        assert!(complaint("2027-03-31", "2027-02-30").contains("line 3: until"));
        assert!(complaint("\"2027-03-31\"", "2027-03-31").contains("line 11"));
        assert!(complaint("0011", "001x").contains("64 digits"));
        assert!(complaint("owner", "ower").contains("ower"));
        assert!(complaint("reason = \"Lab\"\n", "").contains("reason"));
    }
}
