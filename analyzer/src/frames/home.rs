//! Where managed service accounts live: in the container that the domain keeps for them, or elsewhere.
//!
//! Owns the well-known container of otherWellKnownObjects. Units that somebody approves of are no fact of the directory,
//! but an assumption (`units.managed`).

use super::analysis::Analysis;
use crate::load::Object;

/// GUID_MANAGED_SERVICE_ACCOUNTS_CONTAINER_W (MS-ADTS 6.1.1.4).
const CONTAINER: &str = "1EB93889E40C45DF9F0C64D23BBB6237";

/// The container for managed service accounts.
#[derive(Debug)]
pub(super) struct Home {
    /// DN in lower case; `None` if the head does not show it.
    dn: Option<String>,
    /// DNs in lower case of the units that somebody approves of.
    approved: Vec<String>,
}

impl Home {
    pub(super) fn new(analysis: &Analysis) -> Self {
        let directory = &analysis.directory;
        let head = directory
            .head
            .and_then(|place| directory.objects.get(place));
        let values = directory.values("otherWellKnownObjects").iter();
        let dn = values
            .filter(|(object, _)| head.is_some_and(|head| head.id == *object))
            .find_map(|(_, value)| container(value))
            .map(|dn| dn.to_lowercase());
        let approved = &analysis.assumptions.units.managed;
        let approved = approved.iter().map(|dn| dn.trim().to_lowercase());
        Self {
            dn,
            approved: approved.collect(),
        }
    }

    /// object_id of the container, if it is in the snapshot.
    pub(super) fn id(&self, analysis: &Analysis) -> Option<i64> {
        let place = analysis.directory.place_of_dn(self.dn.as_deref()?)?;
        analysis.object(place).map(|object| object.id)
    }

    /// `managed-accounts` in the container or below it, `approved` in a unit that somebody approves of or below it, else
    /// `elsewhere`; `None` for what is no managed account, and if the container is not known.
    pub(super) fn of(&self, object: &Object) -> Option<&'static str> {
        let container = self.dn.as_deref()?;
        object.kind.is_managed().then(|| {
            let dn = object.dn.to_lowercase();
            if is_below(&dn, container) {
                "managed-accounts"
            } else if self.approved.iter().any(|unit| is_below(&dn, unit)) {
                "approved"
            } else {
                "elsewhere"
            }
        })
    }
}

/// The DN of a DN-Binary value `B:32:GUID:DN` (MS-ADTS 3.1.1.2.2.2.3), if the GUID is that of the container.
fn container(value: &[u8]) -> Option<&str> {
    let mut parts = std::str::from_utf8(value).ok()?.splitn(4, ':');
    let (kind, length, digits) = (parts.next()?, parts.next()?, parts.next()?);
    let it = kind == "B" && length == "32" && digits.eq_ignore_ascii_case(CONTAINER);
    it.then(|| parts.next())
        .flatten()
        .filter(|dn| !dn.is_empty())
}

/// Whether `dn` ends with `container` after a comma that is not escaped (RFC 4514 2.4).
fn is_below(dn: &str, container: &str) -> bool {
    let Some(before) = dn
        .strip_suffix(container)
        .and_then(|rest| rest.strip_suffix(','))
    else {
        return false;
    };
    let escapes = before.bytes().rev().take_while(|byte| *byte == b'\\');
    escapes.count() % 2 == 0
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made};

    #[test]
    fn values_of_strangers_are_no_container() {
        let good = format!("B:32:{}:CN=Apps", CONTAINER.to_lowercase());
        assert_eq!(container(good.as_bytes()), Some("CN=Apps"));
        // A colon in the DN is part of it.
        let colon = format!("B:32:{CONTAINER}:CN=a:b,DC=c");
        assert_eq!(container(colon.as_bytes()), Some("CN=a:b,DC=c"));
        for odd in [
            "",
            "B:32",
            "B:32:00:CN=x",
            "B:31:1EB93889E40C45DF9F0C64D23BBB6237:CN=x",
        ] {
            assert_eq!(container(odd.as_bytes()), None, "{odd}");
        }
        assert_eq!(container(format!("B:32:{CONTAINER}:").as_bytes()), None);
        assert_eq!(container(&[0xff, 0xfe]), None);
    }

    #[test]
    fn an_escaped_comma_is_part_of_a_name() {
        assert!(is_below("cn=a,cn=msa,dc=x", "cn=msa,dc=x"));
        assert!(is_below("cn=a,ou=b,cn=msa,dc=x", "cn=msa,dc=x"));
        assert!(is_below(r"cn=a\\,cn=msa,dc=x", "cn=msa,dc=x"));
        assert!(!is_below(r"cn=a\,cn=msa,dc=x", "cn=msa,dc=x"));
        assert!(!is_below("cn=msa,dc=x", "cn=msa,dc=x"));
        assert!(!is_below("cn=a,cn=xmsa,dc=x", "msa,dc=x"));
    }

    #[test]
    fn without_the_value_nothing_is_elsewhere() {
        let mut made = Made::new();
        let unit = made.add("organizationalUnit", &format!("OU=Apps,{HEAD}"));
        let parent = made.objects[unit].dn.clone();
        let account = made.principal("msDS-GroupManagedServiceAccount", "g$", &parent, 1103);
        let user = made.principal("user", "svc", &parent, 1104);
        let analysis = Analysis::new(made.directory());
        let gmsa = analysis.object(account).unwrap();
        let hidden = Home::new(&analysis);
        assert_eq!(hidden.of(gmsa), None);
        assert_eq!(hidden.id(&analysis), None);
        let home = |dn: &str| Home {
            dn: Some(dn.to_lowercase()),
            approved: Vec::new(),
        };
        assert_eq!(home(&parent).of(gmsa), Some("managed-accounts"));
        assert_eq!(home(&parent).id(&analysis), Some(2));
        assert_eq!(home(&parent).of(analysis.object(user).unwrap()), None);
        let gone = home(&format!("CN=Managed Service Accounts,{HEAD}"));
        assert_eq!(gone.of(gmsa), Some("elsewhere"));
        assert_eq!(gone.id(&analysis), None);
        let approving = |unit: &str| Home {
            approved: vec![unit.to_lowercase()],
            ..home(&format!("CN=Managed Service Accounts,{HEAD}"))
        };
        assert_eq!(approving(&parent).of(gmsa), Some("approved"));
        assert_eq!(
            approving(&format!("OU=Other,{HEAD}")).of(gmsa),
            Some("elsewhere")
        );
    }
}
