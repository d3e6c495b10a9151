//! Whether everybody is denied to reset the password of an account, as the schema has it for gMSAs and dMSAs.
//!
//! Owns that one question, put to the access check. Deliberately does not say who could reset it otherwise: that is in the
//! frame `controls`.

use std::collections::BTreeSet;

use coldcase_winsec::access::{AccessList, Decision, Node, Trustee};
use coldcase_winsec::{AccessMask, Sid};

use super::analysis::Analysis;
use crate::load::well_known_guid;

/// Whether the descriptor denies User-Force-Change-Password to everybody (MS-ADSC 2.140 gives gMSAs and dMSAs such an entry).
///
/// A deny for Everyone counts as far as the access check gets to it: it must hold for the object itself and for this right
/// or all, and no entry before it may allow the right to anybody. A conditional deny does not count. `None` if the
/// descriptor is not readable, or has entries that are not understood.
pub(super) fn reset_denied(analysis: &Analysis, descriptor: Option<i64>) -> Option<bool> {
    let list = AccessList::new(analysis.whole_descriptor(descriptor?)?);
    if list.is_null() {
        return Some(false);
    }
    if !list.not_understood().is_empty() {
        return None;
    }
    let node = Node::ControlRight(well_known_guid("User-Force-Change-Password")?);
    let everyone = Trustee::Sid(Sid::new(1, &[0]).ok()?);
    let entries: Vec<_> = list.relevant(AccessMask::CONTROL_ACCESS, &node).collect();
    let named: BTreeSet<&Trustee> = entries.iter().map(|entry| &entry.trustee).collect();
    // Everybody holds Everyone; of several trustees in one token, none is allowed more than each by itself, if each is denied.
    let denied = named.into_iter().chain([&everyone]).all(|trustee| {
        let own = entries
            .iter()
            .copied()
            .filter(|entry| entry.trustee == *trustee || entry.trustee == everyone);
        matches!(AccessList::first_of(own).most, Decision::Denied(Some(_)))
    });
    Some(denied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made};

    const RESET: &str = "00299570-246d-11d0-a768-00aa006e0529";

    fn of(aces: &str) -> Option<bool> {
        let mut made = Made::new();
        let place = made.principal("msDS-GroupManagedServiceAccount", "g$", HEAD, 1103);
        made.protect(place, &format!("O:DAD:{}", aces.replace("RESET", RESET)));
        let analysis = Analysis::new(made.directory());
        reset_denied(&analysis, analysis.object(place)?.descriptor)
    }

    #[test]
    fn an_entry_that_the_access_check_gets_to() {
        for aces in [
            "(OD;;CR;RESET;;WD)",
            "(OD;;CR;RESET;;WD)(A;;GA;;;DA)",
            "(D;;CR;;;WD)(OA;;CR;RESET;;S-1-5-21-1-2-3-1300)",
            "(D;;GA;;;WD)",
            // Inherited, with nothing before it that matters.
            "(A;;RPWP;;;S-1-5-21-1-2-3-1300)(OD;ID;CR;RESET;;WD)",
            // For the class of what inherits it, which plays no part once it is on the object.
            "(OD;;CR;RESET;bf967a86-0de6-11d0-a285-00aa003049e2;WD)",
            // Somebody else is denied before he is allowed.
            "(OD;;CR;RESET;;S-1-5-21-1-2-3-1300)(A;;CR;;;S-1-5-21-1-2-3-1300)(OD;;CR;RESET;;WD)",
        ] {
            assert_eq!(of(aces), Some(true), "{aces}");
        }
    }

    #[test]
    fn an_entry_that_only_looks_like_it() {
        for aces in [
            "",
            // Below the object only.
            "(OD;CIIO;CR;RESET;;WD)",
            // Another right (User-Change-Password), other bits, other trustees.
            "(OD;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD)",
            "(D;;RPWP;;;WD)",
            "(OD;;CR;RESET;;AU)",
            "(OD;;CR;RESET;;S-1-5-21-1-2-3-1300)",
            // Behind what it should forbid.
            "(OA;;CR;RESET;;S-1-5-21-1-2-3-1300)(OD;;CR;RESET;;WD)",
            "(A;;GA;;;S-1-5-21-1-2-3-1300)(OD;ID;CR;RESET;;WD)",
            "(OA;;CR;RESET;;WD)(OD;;CR;RESET;;WD)",
        ] {
            assert_eq!(of(aces), Some(false), "{aces}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_known() {
        let analysis = Analysis::new(Made::new().directory());
        assert_eq!(reset_denied(&analysis, None), None);
    }
}
