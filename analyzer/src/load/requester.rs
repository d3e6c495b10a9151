//! On whose behalf the directory was asked, and what that proves of the kinds that default permissions hide.
//!
//! Owns the token and the groups that see everything. Deliberately does not judge by what was seen: somebody may have
//! been given one KDS root key, or the dMSAs of one unit, to read.

use anyhow::Result;
use coldcase_schemas::Snapshot;
use coldcase_schemas::report::Privileges;
use coldcase_winsec::Sid;

/// NT AUTHORITY\SYSTEM and BUILTIN\Administrators (MS-DTYP 2.4.2.4).
const SYSTEM: &str = "S-1-5-18";
const ADMINISTRATORS: &str = "S-1-5-32-544";
/// RIDs of Domain Admins and Enterprise Admins (MS-DTYP 2.4.2.4).
const DOMAIN_ADMINS: u32 = 512;
const ENTERPRISE_ADMINS: u32 = 519;

/// The requester's security context, as far as the controller told it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requester {
    /// SIDs of groups in the token: tokenGroups of the root DSE (MS-ADTS 3.1.1.3.2). Empty if not known.
    token: Vec<Sid>,
    /// True if the domain is the root of its forest.
    in_root_domain: bool,
    /// Whoever imported the snapshot says that an administrator of the forest made the export.
    by_word: bool,
}

impl Requester {
    /// What the snapshot holds of the root DSE.
    ///
    /// # Errors
    /// The table cannot be read. A value that is no SID counts as not there.
    pub(super) fn load(snapshot: &Snapshot) -> Result<Self> {
        let values = snapshot.root_dse("tokenGroups")?;
        let own = snapshot.root_dse("defaultNamingContext")?;
        Ok(Self {
            token: values
                .iter()
                .filter_map(|value| Sid::parse(value).ok())
                .collect(),
            in_root_domain: !own.is_empty()
                && own == snapshot.root_dse("rootDomainNamingContext")?,
            by_word: snapshot.collection()?.administrator_by_word,
        })
    }

    /// Somebody with these SIDs, in the root domain.
    #[cfg(test)]
    pub(crate) fn with(token: Vec<Sid>) -> Self {
        Self {
            token,
            in_root_domain: true,
            by_word: false,
        }
    }

    /// True if it is known whose eyes these were.
    pub(crate) fn is_known(&self) -> bool {
        self.by_word || !self.token.is_empty()
    }

    /// As the report says it.
    pub(crate) fn privileges(&self, domain: Option<&Sid>) -> Privileges {
        if self.administers_forest(domain) {
            Privileges::Forest
        } else if self.administers_domain(domain) {
            Privileges::Domain
        } else if self.is_known() {
            Privileges::Ordinary
        } else {
            Privileges::Unknown
        }
    }

    /// True for an administrator of the domain: the head of the domain gives Administrators and Enterprise Admins every
    /// object below it by inheritance, and the classes that ordinary users do not see give Domain Admins theirs (MS-ADSC,
    /// defaultSecurityDescriptor of msDS-DelegatedManagedServiceAccount and msDS-PasswordSettings).
    pub(crate) fn administers_domain(&self, domain: Option<&Sid>) -> bool {
        self.administers_forest(domain)
            || self.token.iter().any(|sid| {
                sid.to_string() == ADMINISTRATORS
                    || (sid.rid() == Some(DOMAIN_ADMINS) && sid.domain().as_ref() == domain)
            })
    }

    /// True for whom the class of KDS root keys gives access: SYSTEM, Enterprise Admins and Domain Admins of the root
    /// domain (MS-ADSC 2.159, msKds-ProvRootKey).
    pub(crate) fn administers_forest(&self, domain: Option<&Sid>) -> bool {
        self.by_word
            || self.token.iter().any(|sid| {
                let of_a_domain = sid.domain().is_some();
                sid.to_string() == SYSTEM
                    || (of_a_domain && sid.rid() == Some(ENTERPRISE_ADMINS))
                    || (self.in_root_domain
                        && sid.rid() == Some(DOMAIN_ADMINS)
                        && sid.domain().as_ref() == domain)
            })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::str::FromStr as _;

    use super::*;

    const DOMAIN: &str = "S-1-5-21-1-2-3";

    fn sids(texts: &[&str]) -> Vec<Sid> {
        texts
            .iter()
            .map(|text| Sid::from_str(text).unwrap())
            .collect()
    }

    #[test]
    fn in_one_word() {
        let word = |token: &[&str], root: bool| {
            let requester = Requester {
                token: sids(token),
                in_root_domain: root,
                by_word: false,
            };
            requester.privileges(Sid::from_str(DOMAIN).ok().as_ref())
        };
        assert_eq!(word(&["S-1-5-21-1-2-3-512"], true), Privileges::Forest);
        assert_eq!(word(&["S-1-5-21-1-2-3-512"], false), Privileges::Domain);
        assert_eq!(word(&["S-1-5-11"], true), Privileges::Ordinary);
        assert_eq!(word(&[], true), Privileges::Unknown);
    }

    /// (administers the domain, administers the forest)
    fn administers(token: &[&str], in_root_domain: bool) -> (bool, bool) {
        let requester = Requester {
            token: sids(token),
            in_root_domain,
            by_word: false,
        };
        let domain = Sid::from_str(DOMAIN).unwrap();
        (
            requester.administers_domain(Some(&domain)),
            requester.administers_forest(Some(&domain)),
        )
    }

    #[test]
    fn whoever_sees_everything() {
        let admins = ["S-1-5-21-1-2-3-512", "S-1-5-32-545"];
        assert_eq!(administers(&admins, true), (true, true));
        // A child domain's administrators get nothing in the configuration.
        assert_eq!(administers(&admins, false), (true, false));
        assert_eq!(administers(&["S-1-5-32-544"], true), (true, false));
        assert_eq!(administers(&["S-1-5-21-9-9-9-519"], false), (true, true));
        assert_eq!(administers(&["S-1-5-18"], false), (true, true));
    }

    #[test]
    fn others_prove_nothing() {
        for token in [
            &[][..],
            &["S-1-5-11", "S-1-5-21-1-2-3-513"],
            // Administrators of another domain, and an alias that ends alike.
            &["S-1-5-21-9-9-9-512"],
            &["S-1-5-32-512", "S-1-5-32-519"],
        ] {
            assert_eq!(administers(token, true), (false, false), "{token:?}");
        }
    }
}
