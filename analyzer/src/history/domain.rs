//! Which snapshots are of one domain.
//!
//! Owns the key: the domain's SID and its forest, since two customers may both have a `corp.local`. The name counts
//! only where a snapshot does not hold the SID.

use std::fmt;

use anyhow::{Result, bail};
use coldcase_schemas::Manifest;

use super::evaluated::Label;

/// One domain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Domain {
    /// SID; the name in lower case where it is not known.
    pub(crate) key: String,
    /// DNS name of the forest, in lower case.
    pub(crate) forest: String,
    /// DNS name, as a snapshot says it.
    pub(crate) name: String,
}

impl Domain {
    pub(crate) fn of(label: &Label) -> Self {
        Self::new(label.domain_sid.as_deref(), &label.manifest)
    }

    pub(crate) fn new(sid: Option<&str>, manifest: &Manifest) -> Self {
        let name = &manifest.domain;
        Self {
            key: sid.map_or_else(|| name.to_lowercase(), str::to_owned),
            forest: manifest.forest.to_lowercase(),
            name: name.clone(),
        }
    }

    /// True for the same domain, whatever it was called. An export without the configuration does not tell its forest;
    /// the SID of a domain tells it from all others.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let untold = self.forest.is_empty() || other.forest.is_empty();
        self.key == other.key
            && (self.forest == other.forest || (untold && self.key.starts_with("S-")))
    }

    /// True if a person means it by its DNS name or SID.
    fn answers_to(&self, wanted: &str) -> bool {
        self.name.eq_ignore_ascii_case(wanted) || self.key.eq_ignore_ascii_case(wanted)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, forest, name } = self;
        let forest = match forest.as_str() {
            "" => "forest not known".to_owned(),
            forest => format!("forest {forest}"),
        };
        if key.starts_with("S-") {
            write!(f, "{name} ({key}, {forest})")
        } else {
            write!(f, "{name} (SID not known, {forest})")
        }
    }
}

/// The one that is meant among `domains`, each of which is another.
///
/// # Errors
/// None or several are meant; the message names them.
pub(crate) fn choose<'a>(domains: &'a [Domain], wanted: Option<&str>) -> Result<&'a Domain> {
    let meant: Vec<&Domain> = match wanted {
        Some(wanted) => domains
            .iter()
            .filter(|domain| domain.answers_to(wanted))
            .collect(),
        None => domains.iter().collect(),
    };
    let names = |domains: &[&Domain]| {
        let names: Vec<String> = domains.iter().map(|domain| domain.to_string()).collect();
        names.join("; ")
    };
    match (meant.as_slice(), wanted) {
        ([only], _) => Ok(only),
        ([], Some(wanted)) => bail!(
            "there is no domain {wanted}; there is {}",
            names(&domains.iter().collect::<Vec<_>>())
        ),
        ([], None) => bail!("there is no snapshot yet"),
        (several, Some(wanted)) => bail!(
            "several domains are called {wanted}, name one by its SID: {}",
            names(several)
        ),
        (several, None) => bail!(
            "there are several domains, name one with --domain: {}",
            names(several)
        ),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn domain(key: &str, forest: &str) -> Domain {
        Domain {
            key: key.to_owned(),
            forest: forest.to_owned(),
            name: "corp.local".to_owned(),
        }
    }

    #[test]
    fn two_customers_of_one_name_are_two_domains() {
        let domains = [
            domain("S-1-5-21-1-2-3", "corp.local"),
            domain("S-1-5-21-4-5-6", "corp.local"),
        ];
        assert!(!domains[0].is(&domains[1]));
        // A clone in a laboratory has the same SID.
        assert!(!domains[0].is(&domain("S-1-5-21-1-2-3", "lab.local")));
        // An export need not tell its forest; a name alone tells nothing then.
        assert!(domains[0].is(&domain("S-1-5-21-1-2-3", "")));
        assert!(!domain("corp.local", "corp.local").is(&domain("corp.local", "")));
        let complaint = |wanted| choose(&domains, wanted).unwrap_err().to_string();
        assert!(complaint(None).contains("--domain"), "{}", complaint(None));
        assert!(complaint(Some("CORP.local")).contains("by its SID"));
        assert!(complaint(Some("other")).contains("there is no domain other"));
        let one = choose(&domains, Some("S-1-5-21-4-5-6")).unwrap();
        assert!(one.is(&domains[1]));
        assert!(choose(&domains[..1], None).unwrap().is(&domains[0]));
        assert!(
            choose(&[], None)
                .unwrap_err()
                .to_string()
                .contains("no snapshot")
        );
    }
}
