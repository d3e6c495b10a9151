//! Which ACEs count, and which of them decides (MS-ADTS 5.1.3.3.1 and 5.1.3.3.3, MS-DTYP 2.5.3.2).

use coldcase_winsec::access::{AccessList, Decider, Decision, Node};
use coldcase_winsec::{AccessMask, Ace, AceBody, AceFlags, Acl, SecurityDescriptor};

use crate::{
    AS_OWNER, CONTROL, DOMAIN_ADMINS, EVERYONE, MEMBER, NOTHING, OWNER, PUBLIC_INFORMATION,
    RESET_PASSWORD, SERVICE_PRINCIPAL_NAME, USER, WITHOUT_DACL, WRITE, ask, ask_of, company,
    denied, descriptor, granted, member, right, spn,
};

#[test]
fn the_first_ace_decides_for_each_right_and_node() {
    let deny_first = format!(
        "D:(OD;;WP;{SERVICE_PRINCIPAL_NAME};;{USER})(OA;;RPWP;{PUBLIC_INFORMATION};;{USER})(D;;WP;;;{USER})"
    );
    assert_eq!(ask(&deny_first, &[USER], WRITE, spn()), denied(0));
    assert_eq!(
        ask(&deny_first, &[USER], AccessMask::READ_PROPERTY, spn()),
        granted(1)
    );
    assert_eq!(ask(&deny_first, &[USER], WRITE, company()), granted(1));
    assert_eq!(ask(&deny_first, &[USER], WRITE, member()), denied(2));

    let allow_first = format!("D:(OA;;WP;{SERVICE_PRINCIPAL_NAME};;{USER})(D;;WP;;;{USER})");
    assert_eq!(ask(&allow_first, &[USER], WRITE, spn()), granted(0));
    assert_eq!(ask(&allow_first, &[USER], WRITE, company()), denied(1));
}

#[test]
fn only_aces_for_the_token_count() {
    let sddl = format!("D:(D;;WP;;;{OWNER})(A;;WP;;;{DOMAIN_ADMINS})");
    assert_eq!(ask(&sddl, &[USER], WRITE, spn()), NOTHING);
    assert_eq!(ask(&sddl, &[USER, DOMAIN_ADMINS], WRITE, spn()), granted(1));
    assert_eq!(ask(&sddl, &[OWNER, DOMAIN_ADMINS], WRITE, spn()), denied(0));
}

#[test]
fn inherit_only_aces_decide_nothing_and_others_whatever_they_pass_on() {
    let sddl = format!("D:(D;CIIO;WP;;;{USER})(OA;CI;WP;;{MEMBER};{USER})");
    assert_eq!(ask(&sddl, &[USER], WRITE, spn()), granted(1));
    let list = AccessList::new(&descriptor(&sddl));
    assert_eq!(list.entries().len(), 1);
    let inherited = descriptor(&format!("D:AI(A;ID;WP;;;{USER})"));
    let inherited = AccessList::new(&inherited);
    assert!(inherited.entries().iter().all(|entry| entry.inherited));
}

#[test]
fn no_dacl_grants_everything_and_an_empty_one_nothing() {
    for sddl in ["", "D:NO_ACCESS_CONTROL"] {
        let list = AccessList::new(&descriptor(sddl));
        assert!(list.is_null());
        assert_eq!(
            ask_of(&list, &[], AccessMask::WRITE_OWNER, Node::Object, true),
            WITHOUT_DACL
        );
        assert_eq!(
            ask_of(&list, &[], CONTROL, right(RESET_PASSWORD), true),
            WITHOUT_DACL
        );
        // A privilege's, not a descriptor's.
        let system = AccessMask::ACCESS_SYSTEM_SECURITY;
        assert_eq!(ask_of(&list, &[], system, Node::Object, true), NOTHING);
    }
    let empty = format!("O:{OWNER}D:");
    assert!(!AccessList::new(&descriptor(&empty)).is_null());
    assert_eq!(
        ask(&empty, &[OWNER], AccessMask::READ_CONTROL, Node::Object),
        AS_OWNER
    );
    assert_eq!(
        ask(&empty, &[OWNER], AccessMask::WRITE_DACL, Node::Object),
        AS_OWNER
    );
    assert_eq!(
        ask(&empty, &[OWNER], AccessMask::READ_PROPERTY, spn()),
        NOTHING
    );
    assert_eq!(
        ask(&empty, &[USER], AccessMask::READ_CONTROL, Node::Object),
        NOTHING
    );
}

#[test]
fn generic_rights_are_those_of_directory_objects() {
    let sddl = format!("D:(A;;GR;;;{USER})(A;;GW;;;{USER})(A;;GA;;;{USER})");
    for (bit, position) in [
        (AccessMask::READ_PROPERTY, 0),
        (AccessMask::LIST_OBJECT, 0),
        (AccessMask::WRITE_PROPERTY, 1),
        (AccessMask::SELF_WRITE, 1),
        (AccessMask::CONTROL_ACCESS, 2),
        (AccessMask::DELETE_TREE, 2),
    ] {
        assert_eq!(ask(&sddl, &[USER], bit, Node::Object), granted(position));
    }
    for ignored in [
        AccessMask::SYNCHRONIZE,
        AccessMask::GENERIC_ALL,
        AccessMask::NONE,
    ] {
        assert_eq!(ask(&sddl, &[USER], ignored, Node::Object), NOTHING);
    }
}

#[test]
fn conditions_keep_both_outcomes() {
    let ask = |sddl: &str| ask(sddl, &[USER], WRITE, spn());
    let condition = "(@User.Title == \"PM\")";
    let allow = ask(&format!("D:(XA;;WP;;;{USER};{condition})"));
    assert_eq!(allow.least, Decision::Denied(None));
    assert_eq!(allow.most, Decision::Granted(Decider::Ace(0)));
    assert!(allow.is_unknown());

    let deny = ask(&format!("D:(XD;;WP;;;{USER};{condition})(A;;WP;;;{USER})"));
    assert_eq!(deny.least, Decision::Denied(Some(0)));
    assert_eq!(deny.most, Decision::Granted(Decider::Ace(1)));
    assert!(deny.is_unknown());

    let both = ask(&format!("D:(XA;;WP;;;{USER};{condition})(A;;WP;;;{USER})"));
    assert_eq!([both.least.ace(), both.most.ace()], [Some(1), Some(0)]);
    assert!(!both.is_unknown());

    let late = ask(&format!("D:(A;;WP;;;{USER})(XD;;WP;;;{USER};{condition})"));
    assert_eq!(late, granted(0));
}

#[test]
fn aces_that_are_not_understood_are_told() {
    let mut value = descriptor(&format!("D:(A;;WP;;;{USER})"));
    let raw = |flags, ace_type| Ace {
        flags,
        body: AceBody::Unknown {
            ace_type,
            bytes: vec![0; 4],
        },
    };
    let mut aces = value.dacl.take().unwrap_or_default().aces;
    assert!(
        AccessList::new(&SecurityDescriptor {
            dacl: Some(Acl::new(aces.clone())),
            ..value.clone()
        })
        .not_understood()
        .is_empty()
    );
    aces.extend([
        raw(AceFlags::NONE, 0x04),
        raw(AceFlags::NONE, 0x77),
        raw(AceFlags::INHERIT_ONLY, 0x77),
        raw(AceFlags::NONE, 0x02),
        raw(AceFlags::INHERITED, 0x05),
    ]);
    value.dacl = Some(Acl::new(aces));
    let list = AccessList::new(&value);
    assert_eq!(list.not_understood(), [1, 2, 5]);
    assert_eq!(ask_of(&list, &[USER], WRITE, spn(), false), granted(0));
}

#[test]
fn two_thousand_aces_are_walked_to_the_last() {
    // An ACL holds at most 65,535 bytes: object ACEs of 40 and plain ones of 20.
    let others: String = (0..999)
        .map(|index| {
            let (even, odd) = (10_000 + 2 * index, 10_001 + 2 * index);
            format!("(OD;;WP;{SERVICE_PRINCIPAL_NAME};;S-1-5-{even})(D;;WP;;;S-1-5-{odd})")
        })
        .collect();
    let sddl = format!("D:{others}(A;;WP;;;{EVERYONE})(D;;WP;;;{EVERYONE})");
    let value = descriptor(&sddl);
    assert_eq!(SecurityDescriptor::decode(&value.encode()).value, value);
    assert_eq!(value.dacl.map(|acl| acl.aces.len()), Some(2_000));
    let (even, odd) = ("S-1-5-11996", "S-1-5-11997");
    assert_eq!(ask(&sddl, &[USER, EVERYONE], WRITE, spn()), granted(1_998));
    assert_eq!(ask(&sddl, &[even, EVERYONE], WRITE, spn()), denied(1_996));
    assert_eq!(
        ask(&sddl, &[even, EVERYONE], WRITE, company()),
        granted(1_998)
    );
    assert_eq!(
        ask(&sddl, &[odd, EVERYONE], WRITE, company()),
        denied(1_997)
    );
    let list = AccessList::new(&descriptor(&sddl));
    let (spn, company) = (spn(), company());
    assert_eq!(list.relevant(WRITE, &spn).count(), 2_000);
    assert_eq!(list.relevant(WRITE, &company).count(), 1_001);
}
