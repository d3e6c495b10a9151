//! The descriptor in msDS-GroupMSAMembership as somebody wrote it: owner and order.
//!
//! Deliberately does not say whom it lets in: that is [`super::readers`].

use coldcase_winsec::{AceFlags, Acl, Sid};

use super::analysis::Analysis;
use crate::load::Object;

/// What the list of readers of a managed account looks like; nothing if it is absent or malformed.
#[derive(Debug, Default)]
pub(super) struct ReaderList {
    /// SID in text.
    pub(super) owner: Option<String>,
    /// The owner is one that may be expected, as a trustee may be in `controls`.
    pub(super) owner_expected: Option<bool>,
    /// See [`is_canonical`].
    pub(super) canonical: Option<bool>,
}

impl ReaderList {
    pub(super) fn of(analysis: &Analysis, object: &Object) -> Self {
        let managed = object.kind.is_managed();
        let id = object.readers.filter(|_| managed);
        let Some(descriptor) = id.and_then(|id| analysis.whole_descriptor(id)) else {
            return Self::default();
        };
        let owner = descriptor.owner.as_ref();
        let expected = |sid: &Sid| analysis.principals.is_expected(&analysis.directory, sid);
        Self {
            owner: owner.map(Sid::to_string),
            owner_expected: owner.map(expected),
            canonical: descriptor.dacl.as_ref().map(is_canonical),
        }
    }
}

/// Explicit ACEs before inherited ones, and of the explicit ones those that deny before those that allow (MS-DTYP 2.4.5).
/// Inherited ones have an order for each container they come from, which the list does not show.
fn is_canonical(acl: &Acl) -> bool {
    let rank = |denies: bool, flags: AceFlags| match (flags.contains(AceFlags::INHERITED), denies) {
        (true, _) => 2,
        (false, true) => 0,
        (false, false) => 1,
    };
    let known = acl
        .aces
        .iter()
        .filter_map(|ace| Some((ace.known()?, ace.flags)));
    known
        .filter(|(known, _)| known.ace_type.denies() || known.ace_type.allows())
        .map(|(known, flags)| rank(known.ace_type.denies(), flags))
        .is_sorted()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made};

    /// owner, whether it is expected, whether the order is canonical.
    fn of(
        text: Option<&str>,
        bytes: Option<Vec<u8>>,
    ) -> (Option<String>, Option<bool>, Option<bool>) {
        let mut made = Made::new();
        let place = made.principal("msDS-GroupManagedServiceAccount", "g$", HEAD, 1103);
        let id = text
            .map(|text| made.sddl(text))
            .or_else(|| bytes.map(|bytes| made.bytes(bytes)));
        made.objects[place].readers = id;
        let analysis = Analysis::new(made.directory());
        let list = ReaderList::of(&analysis, analysis.object(place).unwrap());
        (list.owner, list.owner_expected, list.canonical)
    }

    #[test]
    fn owners_are_expected_or_not() {
        let administrators = of(Some("O:BAD:(A;;GA;;;DC)"), None);
        assert_eq!(
            administrators,
            (Some("S-1-5-32-544".to_owned()), Some(true), Some(true))
        );
        let user = of(Some("O:S-1-5-21-1-2-3-1200D:(A;;GA;;;DC)"), None);
        assert_eq!((user.1, user.2), (Some(false), Some(true)));
        assert_eq!(of(Some("D:(A;;GA;;;DC)"), None), (None, None, Some(true)));
        assert_eq!(of(Some("O:WDD:"), None).1, Some(false));
    }

    #[test]
    fn denies_come_first() {
        let order = |text: &str| of(Some(text), None).2;
        assert_eq!(order("O:BAD:(D;;GA;;;DU)(A;;GA;;;DC)"), Some(true));
        assert_eq!(order("O:BAD:(A;;GA;;;DC)(D;;GA;;;DU)"), Some(false));
        assert_eq!(order("O:BAD:(A;;GA;;;DC)(D;ID;GA;;;DU)"), Some(true));
        assert_eq!(order("O:BAD:(A;ID;GA;;;DC)(D;ID;GA;;;DU)"), Some(true));
        assert_eq!(order("O:BAD:(A;ID;GA;;;DC)(A;;GA;;;DU)"), Some(false));
        assert_eq!(order("O:BAD:"), Some(true));
        assert_eq!(order("O:BA"), None);
    }

    #[test]
    fn what_is_broken_or_absent_says_nothing() {
        assert_eq!(of(None, None), (None, None, None));
        assert_eq!(of(None, Some(vec![1, 2, 3])), (None, None, None));
    }
}
