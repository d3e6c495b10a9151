//! Names for new accounts.
//!
//! The name of a managed account has at most 15 characters, since its sAMAccountName ends with `$` and is a computer's
//! otherwise. Deliberately keeps only letters, digits and hyphens: such a name needs no quoting anywhere.

use std::collections::HashSet;

use coldcase_schemas::migration::Target;

use crate::load::Directory;

/// Longest name.
const LENGTH: usize = 15;

/// What service accounts are called in front; it says nothing any more in the new name.
const MARKS: &[&str] = &["svc-", "svc_", "sa-", "sa_", "srv-", "srv_", "svc", "s-"];

/// Names that are taken.
pub(super) struct NewNames {
    taken: HashSet<String>,
}

impl NewNames {
    pub(super) fn new(directory: &Directory) -> Self {
        let names = directory.objects.iter().flat_map(|object| {
            let account = object.sam_account_name.as_deref();
            [account, object.name.as_deref()]
        });
        let names = names
            .flatten()
            .map(|name| name.trim_end_matches('$').to_lowercase());
        Self {
            taken: names.collect(),
        }
    }

    /// A name that nobody has yet, and its group of hosts neither.
    pub(super) fn give(&mut self, old: &str, target: Target) -> String {
        let old = old.to_lowercase();
        let mark = MARKS.iter().find_map(|mark| old.strip_prefix(mark));
        let own: String = mark
            .unwrap_or(&old)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let own = match own.trim_matches('-') {
            "" => "service",
            own => own,
        };
        let whole = format!("{}-{own}", target.about().to_lowercase());
        let mut number = 1;
        loop {
            let end = match number {
                1 => String::new(),
                number => format!("-{number}"),
            };
            let start: String = whole.chars().take(LENGTH - end.len()).collect();
            let name = format!("{}{end}", start.trim_end_matches('-'));
            let hosts = hosts_group(&name);
            if !self.taken.contains(&name) && !self.taken.contains(&hosts) {
                self.taken.insert(name.clone());
                self.taken.insert(hosts);
                return name;
            }
            number += 1;
        }
    }
}

/// The group of hosts that may read the password.
pub(super) fn hosts_group(name: &str) -> String {
    format!("{name}-hosts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made};

    #[test]
    fn names_are_short_plain_and_given_once() {
        let mut made = Made::new();
        made.principal("msDS-GroupManagedServiceAccount", "gmsa-sql$", HEAD, 1103);
        let mut names = NewNames::new(&made.directory());
        assert_eq!(names.give("svc-crm", Target::Gmsa), "gmsa-crm");
        assert_eq!(names.give("SVC_CRM", Target::Gmsa), "gmsa-crm-2");
        assert_eq!(names.give("svc-sql", Target::Gmsa), "gmsa-sql-2");
        assert_eq!(names.give("svc-sql", Target::Dmsa), "dmsa-sql");
        assert_eq!(
            names.give("svc-reporting-europe", Target::Gmsa),
            "gmsa-reporting"
        );
        assert_eq!(
            names.give("svc-reporting-asia", Target::Gmsa),
            "gmsa-reportin-2"
        );
        assert_eq!(names.give("'; calc; '", Target::Smsa), "smsa-calc");
        assert_eq!(names.give("\u{202e}\u{4e2d}", Target::Gmsa), "gmsa-service");
        for number in 0..120 {
            let name = names.give("x".repeat(40).as_str(), Target::Gmsa);
            assert!(name.len() <= LENGTH, "{number}: {name}");
        }
    }
}
