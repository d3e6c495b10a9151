//! Every attribute of the object at once (MS-ADTS 5.1.3.3.3, rules on what a deny does to the nodes
//! above).

use coldcase_winsec::access::{AccessList, Decider, Decision, Node, Outcome};
use coldcase_winsec::{AccessMask, AceBody, AceType};

use crate::{
    COMPUTER, DELEGATED_ACCOUNT, EVERYONE, MEMBER, NOTHING, OWNER, PUBLIC_INFORMATION,
    RESET_PASSWORD, SERVICE_PRINCIPAL_NAME, USER, WITHOUT_DACL, WRITE, ask, ask_of, company,
    denied, descriptor, granted, guid, member, spn,
};

fn every() -> Node {
    Node::EveryAttribute {
        class: Some(guid(COMPUTER)),
    }
}

fn write_all(sddl: &str) -> Outcome {
    ask(sddl, &[USER, EVERYONE], WRITE, every())
}

#[test]
fn an_allow_must_be_for_the_whole() {
    let by = |object_type: &str| write_all(&format!("D:(OA;;WP;{object_type};;{USER})"));
    assert_eq!(by(""), granted(0));
    assert_eq!(by(COMPUTER), granted(0));
    for part in [PUBLIC_INFORMATION, MEMBER, RESET_PASSWORD] {
        assert_eq!(by(part), NOTHING);
    }
    let unknown_class = Node::EveryAttribute { class: None };
    let sddl = format!("D:(OA;;WP;{COMPUTER};;{USER})(A;;WP;;;{EVERYONE})");
    assert_eq!(ask(&sddl, &[USER], WRITE, unknown_class), NOTHING);
    assert_eq!(ask(&sddl, &[EVERYONE], WRITE, unknown_class), granted(1));
    assert_eq!(write_all(""), WITHOUT_DACL);
}

#[test]
fn a_part_denied_before_the_whole_is_allowed_denies_the_whole() {
    for part in [SERVICE_PRINCIPAL_NAME, PUBLIC_INFORMATION, COMPUTER] {
        for whole in ["", COMPUTER] {
            let sddl = format!("D:(OD;;WP;{part};;{EVERYONE})(OA;;WP;{whole};;{USER})");
            assert_eq!(write_all(&sddl), denied(0), "{sddl}");
        }
    }
    // The attributes outside the set are granted, and the object without its parts.
    let sddl = format!("D:(OD;;WP;{PUBLIC_INFORMATION};;{EVERYONE})(A;;WP;;;{USER})");
    let write = |node| ask(&sddl, &[USER, EVERYONE], WRITE, node);
    assert_eq!(write(spn()), denied(0));
    assert_eq!(write(member()), granted(1));
    assert_eq!(write(Node::Object), granted(1));
    assert_eq!(write(Node::ObjectOfClass(guid(COMPUTER))), granted(1));
}

#[test]
fn a_part_denied_after_the_whole_is_allowed_takes_nothing_away() {
    for part in [SERVICE_PRINCIPAL_NAME, PUBLIC_INFORMATION, COMPUTER] {
        for whole in ["", COMPUTER] {
            let sddl = format!("D:(OA;;WP;{whole};;{USER})(OD;;WP;{part};;{EVERYONE})");
            assert_eq!(write_all(&sddl), granted(0), "{sddl}");
        }
    }
}

#[test]
fn only_denies_of_this_right_to_the_requester_count() {
    let sddl = format!("D:(OD;;WP;{MEMBER};;{OWNER})(A;;WP;;;{USER})");
    assert_eq!(write_all(&sddl), granted(1));
    assert_eq!(ask(&sddl, &[USER, OWNER], WRITE, every()), denied(0));
    let sddl = format!("D:(OD;;RPCR;{MEMBER};;{USER})(A;;RPWP;;;{USER})");
    assert_eq!(write_all(&sddl), granted(1));
    assert_eq!(
        ask(&sddl, &[USER], AccessMask::READ_PROPERTY, every()),
        denied(0)
    );
    let sddl = format!("D:(OD;CIIO;WP;{MEMBER};;{USER})(A;;WP;;;{USER})");
    assert_eq!(write_all(&sddl), granted(1));
}

#[test]
fn a_conditional_deny_of_a_part_leaves_the_whole_open() {
    let open = Outcome {
        least: Decision::Denied(Some(0)),
        most: Decision::Granted(Decider::Ace(1)),
    };
    // SDDL has no conditional deny with an object type.
    let mut value = descriptor(&format!("D:(OD;;WP;{MEMBER};;{USER})(A;;WP;;;{USER})"));
    for ace in value.dacl.iter_mut().flat_map(|acl| &mut acl.aces).take(1) {
        if let AceBody::Known(known) = &mut ace.body {
            known.ace_type = AceType::AccessDeniedCallbackObject;
        }
    }
    let list = AccessList::new(&value);
    assert_eq!(ask_of(&list, &[USER], WRITE, every(), false), open);
    assert_eq!(ask_of(&list, &[USER], WRITE, company(), false), granted(1));

    let whole = "(XD;;WP;;;WD;(@User.Title == \"PM\"))";
    assert_eq!(write_all(&format!("D:{whole}(A;;WP;;;{USER})")), open);

    let ntlm = "S-1-5-64-10";
    let sddl = format!("D:(OD;;WP;{MEMBER};;{ntlm})(A;;WP;;;{USER})");
    assert_eq!(ask(&sddl, &[USER, ntlm], WRITE, every()), open);
    assert_eq!(ask(&sddl, &[USER, ntlm], WRITE, company()), granted(1));
}

#[test]
fn what_is_simplified() {
    // What is no attribute of the object is taken for one.
    let sddl = format!("D:(OD;;WP;{DELEGATED_ACCOUNT};;{EVERYONE})(A;;WP;;;{USER})");
    assert_eq!(write_all(&sddl), denied(0));
    // A part counts as denied although it was granted before; and the parts do not add up.
    let sddl = format!(
        "D:(OA;;WP;{MEMBER};;{USER})(OD;;WP;{MEMBER};;{USER})(OA;;WP;{PUBLIC_INFORMATION};;{USER})(A;;WP;;;{USER})"
    );
    assert_eq!(write_all(&sddl), denied(1));
    // Nothing is lost: each attribute tells.
    for node in [spn(), company(), member()] {
        assert!(ask(&sddl, &[USER], WRITE, node).least.is_granted());
    }
}

#[test]
fn the_relevant_entries_are_the_denies_and_the_allows_for_the_whole() {
    let list = AccessList::new(&descriptor(&format!(
        "D:(OD;;WP;{MEMBER};;{USER})(OA;;WP;{MEMBER};;{USER})(OA;;WP;{COMPUTER};;{OWNER})(A;;RP;;;{USER})(A;;WP;;;{USER})"
    )));
    let relevant = |class| {
        let node = Node::EveryAttribute { class };
        let entries = list.relevant(WRITE, &node);
        entries.map(|entry| entry.position).collect::<Vec<_>>()
    };
    assert_eq!(relevant(Some(guid(COMPUTER))), [0, 2, 4]);
    assert_eq!(relevant(None), [0, 4]);
}
