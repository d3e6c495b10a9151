//! Frame `domains`: the domains of the forest, and which of them a host name belongs to.
//!
//! Deliberately knows no DNS zones: they are not collected.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use crate::load::{CrossRef, Directory};

/// FLAG_CR_NTDS_DOMAIN of systemFlags: the naming context is a domain of the forest (MS-ADTS 2.2.10).
const DOMAIN: i64 = 0x2;

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let directory = &analysis.directory;
    let contexts = targets(directory, "nCName");
    let parents = targets(directory, "trustParent");
    let by_id: HashMap<i64, &CrossRef> = directory
        .cross_refs
        .iter()
        .map(|reference| (reference.object_id, reference))
        .collect();
    let head = directory.head.and_then(|place| analysis.object(place));
    let mut frame = Builder::new("domains")?;
    for reference in domains(directory) {
        let name = dns_name(reference);
        let dn = contexts
            .get(&reference.object_id)
            .and_then(|context| directory.dn(*context));
        let parent = parents
            .get(&reference.object_id)
            .and_then(|parent| by_id.get(parent))
            .and_then(|parent| dns_name(parent));
        let own = match (head, dn) {
            (Some(head), Some(dn)) => Some(head.dn.eq_ignore_ascii_case(dn)),
            _ => name
                .as_deref()
                .map(|name| name == folded(&directory.manifest.domain)),
        };
        frame.row([
            reference.object_id.into(),
            name.clone().into(),
            reference.netbios.clone().into(),
            dn.into(),
            parent.into(),
            name.map(|name| name == folded(&directory.manifest.forest))
                .into(),
            own.into(),
            reference.functional_level.into(),
        ]);
    }
    frame.finish()
}

/// The names that decide to which domain of the forest a host belongs.
pub(crate) struct HostNames {
    own: String,
    /// Domains of the forest below this one, with the dot before them.
    below: BTreeSet<String>,
    /// False if there may be domains that were not seen.
    all: bool,
}

impl HostNames {
    pub(crate) fn new(directory: &Directory) -> Self {
        let own = folded(&directory.manifest.domain);
        let suffix = format!(".{own}");
        Self {
            below: domains(directory)
                .filter_map(dns_name)
                .filter(|name| name.ends_with(&suffix))
                .map(|name| format!(".{name}"))
                .collect(),
            all: directory
                .query("cross-refs")
                .is_some_and(|row| row.is_complete() && row.stored > 0),
            own,
        }
    }

    /// Whether a host name, lower case, is one of this domain: a single label, or a name below the domain's that is in no
    /// domain below it. `None` if there is no name, or domains below may not have been seen.
    pub(crate) fn in_domain(&self, host: &str) -> Option<bool> {
        if host.is_empty() || self.own.is_empty() {
            return None;
        }
        if !host.contains('.') || host == self.own {
            return Some(true);
        }
        let Some(labels) = host
            .strip_suffix(&self.own)
            .and_then(|rest| rest.strip_suffix('.'))
        else {
            return Some(false);
        };
        let dotted = format!(".{host}");
        if self.below.iter().any(|domain| dotted.ends_with(domain)) {
            return Some(false);
        }
        (self.all || !labels.contains('.')).then_some(true)
    }
}

/// DNS names of the domains of the forest that were seen, in lower case.
pub(crate) fn forest_domains(directory: &Directory) -> BTreeSet<String> {
    domains(directory).filter_map(dns_name).collect()
}

fn domains(directory: &Directory) -> impl Iterator<Item = &CrossRef> {
    let flags = |reference: &&CrossRef| reference.system_flags.unwrap_or(0) & DOMAIN != 0;
    directory.cross_refs.iter().filter(flags)
}

/// The first value of dnsRoot; of a domain there is one (MS-ADTS 6.1.1.2.1.1.5).
fn dns_name(reference: &CrossRef) -> Option<String> {
    let name = reference.dns_root.as_deref()?.lines().next()?;
    (!name.is_empty()).then(|| folded(name))
}

fn folded(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}

fn targets(directory: &Directory, attribute: &str) -> HashMap<i64, i64> {
    directory.links(attribute).iter().copied().collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::load::made::Made;

    fn reference(object_id: i64, dns_root: &str, system_flags: Option<i64>) -> CrossRef {
        CrossRef {
            object_id,
            netbios: None,
            dns_root: Some(dns_root.to_owned()),
            system_flags,
            functional_level: None,
        }
    }

    /// corp.example with a child, a partition of applications, and one whose flags are not readable.
    fn directory() -> Directory {
        let mut made = Made::new();
        let own = made.add("crossRef", "CN=CORP,CN=Partitions");
        let child = made.add("crossRef", "CN=EMEA,CN=Partitions");
        made.links.push(("nCName", own, 0));
        made.links.push(("trustParent", child, own));
        // A ring of parents is only told, never followed.
        made.links.push(("trustParent", own, child));
        let mut directory = made.directory();
        directory.cross_refs = vec![
            reference(2, "Corp.Example", Some(3)),
            reference(3, "emea.corp.example", Some(3)),
            reference(4, "ForestDnsZones.corp.example", Some(5)),
            reference(5, "odd.corp.example", None),
        ];
        directory
    }

    #[test]
    fn domains_are_told_from_other_partitions() {
        let frame = build(&Analysis::new(directory())).unwrap();
        let text = |column: &str| -> Vec<Option<String>> {
            let column = frame.column(column).unwrap().str().unwrap();
            column
                .into_iter()
                .map(|text| text.map(str::to_owned))
                .collect()
        };
        let flag = |column: &str| -> Vec<Option<bool>> {
            let column = frame.column(column).unwrap().bool().unwrap();
            column.into_iter().collect()
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            text("dns_name"),
            [some("corp.example"), some("emea.corp.example")]
        );
        assert_eq!(
            text("parent"),
            [some("emea.corp.example"), some("corp.example")]
        );
        assert_eq!(flag("own"), [Some(true), Some(false)]);
        assert_eq!(flag("root"), [Some(true), Some(false)]);
    }

    #[test]
    fn host_names_and_their_domain() {
        let mut names = HostNames::new(&directory());
        for (host, is_in) in [
            ("web01", Some(true)),
            ("web01.corp.example", Some(true)),
            ("corp.example", Some(true)),
            ("web01.emea.corp.example", Some(false)),
            ("emea.corp.example", Some(false)),
            ("web01.notcorp.example", Some(false)),
            ("10.1.2.3", Some(false)),
            ("", None),
            // Domains below this one may not have been seen.
            ("web01.lab.corp.example", None),
        ] {
            assert_eq!(names.in_domain(host), is_in, "{host}");
        }
        names.all = true;
        assert_eq!(names.in_domain("web01.lab.corp.example"), Some(true));
    }
}
