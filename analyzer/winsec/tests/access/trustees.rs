//! SIDs that stand for others, and the owner (MS-ADTS 5.1.3.3 and 5.1.3.3.1, MS-DTYP 2.4.2.4).

use std::collections::HashSet;

use coldcase_winsec::AccessMask;
use coldcase_winsec::access::{AccessList, Node, SidSet, Trustee};

use crate::{
    AS_OWNER, MEMBER, NOTHING, OBJECT, OWNER, SERVICE_PRINCIPAL_NAME, USER, WRITE, ask, ask_of,
    denied, descriptor, granted, guid, sid, spn,
};

#[test]
fn creator_owner_is_nobody() {
    let sddl = format!("O:{OWNER}D:(A;;GA;;;CO)(A;;GA;;;CG)");
    let token = [OWNER, USER, "S-1-3-0", "S-1-3-1"];
    assert_eq!(ask(&sddl, &token, WRITE, spn()), NOTHING);
    assert!(AccessList::new(&descriptor(&sddl)).entries().is_empty());
}

#[test]
fn principal_self_is_the_object() {
    let sddl = format!("D:(OA;;SW;{SERVICE_PRINCIPAL_NAME};;PS)");
    let node = Node::ValidatedWrite(guid(SERVICE_PRINCIPAL_NAME));
    assert_eq!(
        ask(&sddl, &[OBJECT], AccessMask::SELF_WRITE, node),
        granted(0)
    );
    assert_eq!(ask(&sddl, &[USER], AccessMask::SELF_WRITE, node), NOTHING);
    // Only the object's SID matters; and an object without one is nobody.
    let list = AccessList::new(&descriptor(&sddl));
    let sids = HashSet::from([sid("S-1-5-10"), sid(OBJECT)]);
    let who = SidSet {
        sids: &sids,
        object: None,
        owner: None,
    };
    assert_eq!(
        list.decide(&who, AccessMask::SELF_WRITE, &node, false),
        NOTHING
    );
}

#[test]
fn an_owner_reads_and_writes_the_dacl_in_spite_of_denies() {
    let sddl = format!("O:{OWNER}D:(D;;GA;;;{OWNER})(A;;GA;;;{USER})");
    assert_eq!(
        ask(&sddl, &[OWNER], AccessMask::READ_CONTROL, Node::Object),
        AS_OWNER
    );
    assert_eq!(
        ask(&sddl, &[OWNER], AccessMask::WRITE_DACL, Node::Object),
        AS_OWNER
    );
    assert_eq!(
        ask(&sddl, &[OWNER], AccessMask::WRITE_OWNER, Node::Object),
        denied(0)
    );
    assert_eq!(
        ask(&sddl, &[USER], AccessMask::WRITE_DACL, Node::Object),
        granted(1)
    );
}

#[test]
fn owner_rights_replace_what_the_owner_holds_implicitly() {
    let write_dacl = |sddl: &str| ask(sddl, &[OWNER], AccessMask::WRITE_DACL, Node::Object);
    let by = |ace: &str| format!("O:{OWNER}D:{ace}");
    assert_eq!(write_dacl(&by("(A;;RC;;;OW)")), NOTHING);
    assert_eq!(write_dacl(&by("(D;;WP;;;OW)")), NOTHING);
    assert_eq!(write_dacl(&by(&format!("(OA;;RP;{MEMBER};;OW)"))), NOTHING);
    assert_eq!(write_dacl(&by("(XA;;RP;;;OW;(@User.a == 1))")), NOTHING);
    assert_eq!(write_dacl(&by("(D;;WD;;;OW)(A;;WD;;;WD)")), denied(0));
    assert_eq!(write_dacl(&by("(A;;RCWDWO;;;OW)")), granted(0));
    assert_eq!(write_dacl(&by("(A;CIIO;RC;;;OW)")), AS_OWNER);

    let sddl = by("(A;;RCWO;;;OW)");
    assert_eq!(
        ask(&sddl, &[OWNER], AccessMask::WRITE_OWNER, Node::Object),
        granted(0)
    );
    assert_eq!(
        ask(&sddl, &[USER], AccessMask::WRITE_OWNER, Node::Object),
        NOTHING
    );
    let list = AccessList::new(&descriptor(&sddl));
    assert_eq!(list.implicit_owner_rights(false), AccessMask::NONE);
    assert!(
        list.entries()
            .iter()
            .all(|entry| entry.trustee == Trustee::OwnerRights)
    );
}

#[test]
fn blocking_takes_the_implicit_write_of_the_dacl_away() {
    let list = AccessList::new(&descriptor(&format!("O:{OWNER}D:(A;;WD;;;{USER})")));
    let ask = |token, bit| ask_of(&list, token, bit, Node::Object, true);
    assert_eq!(ask(&[OWNER], AccessMask::WRITE_DACL), NOTHING);
    assert_eq!(ask(&[OWNER], AccessMask::READ_CONTROL), AS_OWNER);
    assert_eq!(ask(&[OWNER, USER], AccessMask::WRITE_DACL), granted(0));
}
