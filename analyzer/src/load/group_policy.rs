//! Group policies: their objects, where they are linked, and the settings taken from SYSVOL.
//!
//! Owns the reading of gPLink. Deliberately does not say to which machines a policy applies: order, inheritance,
//! security and WMI filters are not looked at.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::policy::PolicySetting;
use rusqlite::Connection;

/// GPLO_DISABLE, "ignore this link" (MS-GPOL 2.2.2).
const LINK_DISABLED: u32 = 1;
/// GPLO_FORCE, "enforced".
const LINK_ENFORCED: u32 = 2;

/// A groupPolicyContainer.
#[derive(Debug, Clone)]
pub(crate) struct GroupPolicy {
    pub(crate) object_id: i64,
    pub(crate) display_name: Option<String>,
    /// MS-GPOL 2.2.4.
    pub(crate) flags: Option<i64>,
}

/// Everything a snapshot tells of group policies.
#[derive(Debug, Default)]
pub(crate) struct GroupPolicies {
    /// By folded DN.
    objects: BTreeMap<String, GroupPolicy>,
    /// Folded DNs that a link which is not disabled names.
    linked: BTreeSet<String>,
    /// True if every unit and the head of the domain were asked for their links.
    links_known: bool,
    /// Folded DN of the container of all policies of the domain, with the comma before it.
    container: String,
    pub(crate) settings: Vec<PolicySetting>,
}

impl GroupPolicies {
    /// `links_known`: see the field; `head`: DN of the domain.
    pub(super) fn load(
        database: &Connection,
        head: Option<&str>,
        links_known: bool,
        odd_links: &[(i64, Vec<u8>)],
    ) -> rusqlite::Result<Self> {
        let mut policies = Self {
            links_known,
            container: format!(",cn=policies,cn=system,{}", head.unwrap_or("")).to_lowercase(),
            ..Self::default()
        };
        let mut statement = database.prepare(
            "SELECT name.dn, object.id, object.\"displayName\", object.\"flags\"
             FROM object JOIN name ON name.id = object.id
             WHERE object.query IN (SELECT id FROM query WHERE name = 'gpos') ORDER BY object.id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let dn: String = row.get(0)?;
            let policy = GroupPolicy {
                object_id: row.get(1)?,
                display_name: row.get(2)?,
                flags: row.get(3)?,
            };
            policies.objects.insert(dn.to_lowercase(), policy);
        }
        let mut statement =
            database.prepare("SELECT \"gPLink\" FROM object WHERE \"gPLink\" IS NOT NULL")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            policies.link(&row.get::<_, String>(0)?);
        }
        for (_, value) in odd_links {
            policies.link(&String::from_utf8_lossy(value));
        }
        let mut statement = database.prepare(
            "SELECT gpo, side, source, section, name, kind, value FROM policy_setting
             ORDER BY gpo, side, source, section, name",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(PolicySetting {
                gpo: row.get(0)?,
                side: row.get(1)?,
                source: row.get(2)?,
                section: row.get(3)?,
                name: row.get(4)?,
                kind: row.get(5)?,
                value: row.get(6)?,
            })
        })?;
        policies.settings = rows.collect::<Result<_, _>>()?;
        Ok(policies)
    }

    /// The object of the policy with this GUID in braces.
    pub(crate) fn object(&self, gpo: &str) -> Option<&GroupPolicy> {
        self.objects.get(&self.dn(gpo))
    }

    /// True if the head of the domain or a unit links it; `None` if none was seen to and not all were seen. Links of
    /// sites are not collected.
    pub(crate) fn linked(&self, gpo: &str) -> Option<bool> {
        let linked = self.linked.contains(&self.dn(gpo));
        (linked || self.links_known).then_some(linked)
    }

    fn dn(&self, gpo: &str) -> String {
        format!("cn={}{}", gpo.to_lowercase(), self.container)
    }

    fn link(&mut self, value: &str) {
        self.linked
            .extend(policy_links(value).map(|link| link.policy));
    }
}

/// A link to a group policy that is not disabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PolicyLink {
    /// Folded DN of the policy.
    pub(crate) policy: String,
    /// Holds below units that block inheritance as well.
    pub(crate) enforced: bool,
}

/// The links in a gPLink value, `[LDAP://DN;OPTIONS]…` (MS-GPOL 2.2.2), without those that are disabled.
pub(crate) fn policy_links(value: &str) -> impl Iterator<Item = PolicyLink> {
    const PREFIX: &str = "ldap://";
    value.split('[').skip(1).filter_map(|link| {
        let (path, options) = link.split(']').next()?.rsplit_once(';')?;
        let options = options.trim().parse::<u32>().unwrap_or(0);
        let path = path.to_lowercase();
        let policy = path
            .strip_prefix(PREFIX)
            .filter(|_| options & LINK_DISABLED == 0)?;
        Some(PolicyLink {
            policy: policy.to_owned(),
            enforced: options & LINK_ENFORCED != 0,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GPO: &str = "{31B2F340-016D-11D2-945F-00C04FB984F9}";
    const DN: &str =
        "cn={31B2F340-016D-11D2-945F-00C04FB984F9},CN=Policies,cn=system,DC=corp,DC=example";

    fn with(link: &str, links_known: bool) -> GroupPolicies {
        let mut policies = GroupPolicies {
            links_known,
            container: ",cn=policies,cn=system,dc=corp,dc=example".to_owned(),
            ..GroupPolicies::default()
        };
        policies.link(link);
        policies
    }

    #[test]
    fn links() {
        for (link, linked) in [
            (format!("[LDAP://{DN};0]"), true),
            (format!("[LDAP://cn=x;0][LDAP://{DN};2]"), true),
            (format!("[LDAP://{DN};1]"), false),
            (format!("[LDAP://{DN};3]"), false),
            (format!("[LDAP://{DN}0"), false),
            (format!("[LDAP://{DN},DC=other;0]"), false),
            (" ".to_owned(), false),
        ] {
            assert_eq!(with(&link, true).linked(GPO), Some(linked), "{link}");
        }
    }

    #[test]
    fn what_was_not_seen_is_not_unlinked() {
        assert_eq!(with("", false).linked(GPO), None);
        assert_eq!(
            with(&format!("[LDAP://{DN};0]"), false).linked(GPO),
            Some(true)
        );
    }
}
