//! What an object type covers (MS-ADTS 5.1.3.3.3 to 5.1.3.3.5, 3.1.1.4.4).

use coldcase_winsec::AccessMask;
use coldcase_winsec::access::Node;

use crate::{
    CHANGE_PASSWORD, COMPUTER, CONTROL, DELEGATED_ACCOUNT, EVERYONE, MEMBER, MEMBERSHIP, NOTHING,
    PUBLIC_INFORMATION, RESET_PASSWORD, SERVICE_PRINCIPAL_NAME, USER, WRITE, ask, company, denied,
    granted, guid, member, right, spn,
};

#[test]
fn an_object_type_covers_its_node_and_all_below() {
    let by = |object_type: &str| {
        let sddl = format!("D:(OA;;WP;{object_type};;{USER})");
        [
            Node::Object,
            Node::ObjectOfClass(guid(COMPUTER)),
            spn(),
            company(),
            member(),
        ]
        .map(|node| ask(&sddl, &[USER], WRITE, node).least.is_granted())
    };
    assert_eq!(by(""), [true, true, true, true, true]);
    assert_eq!(by(COMPUTER), [false, true, true, true, true]);
    assert_eq!(by(PUBLIC_INFORMATION), [false, false, true, true, false]);
    assert_eq!(
        by(SERVICE_PRINCIPAL_NAME),
        [false, false, true, false, false]
    );
    assert_eq!(by(RESET_PASSWORD), [false; 5]);
}

#[test]
fn full_control_typed_with_the_class_is_full_control() {
    let sddl = format!("D:(OA;;GA;{COMPUTER};;{USER})");
    let whole = Node::ObjectOfClass(guid(COMPUTER));
    assert_eq!(
        ask(&sddl, &[USER], AccessMask::WRITE_DACL, whole),
        granted(0)
    );
    assert_eq!(
        ask(&sddl, &[USER], AccessMask::WRITE_DACL, Node::Object),
        NOTHING
    );
}

#[test]
fn child_classes_rights_and_validated_writes_have_nothing_above_them() {
    let cases = [
        (
            AccessMask::CREATE_CHILD,
            Node::ChildClass(guid(DELEGATED_ACCOUNT)),
            DELEGATED_ACCOUNT,
        ),
        (
            AccessMask::DELETE_CHILD,
            Node::ChildClass(guid(COMPUTER)),
            COMPUTER,
        ),
        (CONTROL, right(RESET_PASSWORD), RESET_PASSWORD),
        (
            AccessMask::SELF_WRITE,
            Node::ValidatedWrite(guid(MEMBER)),
            MEMBER,
        ),
    ];
    for (bit, node, own) in cases {
        let by = |object_type: &str| {
            let sddl = format!("D:(OA;;CCDCSWCR;{object_type};;{USER})");
            ask(&sddl, &[USER], bit, node)
        };
        assert_eq!(by(""), granted(0));
        assert_eq!(by(own), granted(0));
        for other in [CHANGE_PASSWORD, MEMBERSHIP, PUBLIC_INFORMATION] {
            assert_eq!(by(other), NOTHING, "{node:?} {other}");
        }
        assert_eq!(
            ask(&format!("D:(A;;CCDCSWCR;;;{USER})"), &[USER], bit, node),
            granted(0)
        );
    }
}

#[test]
fn an_ou_may_deny_one_class_of_children() {
    let sddl = format!("D:(OD;CI;CC;{DELEGATED_ACCOUNT};;WD)(A;CI;CC;;;{USER})");
    let create = |class| ask(&sddl, &[USER, EVERYONE], AccessMask::CREATE_CHILD, class);
    assert_eq!(create(Node::ChildClass(guid(DELEGATED_ACCOUNT))), denied(0));
    assert_eq!(create(Node::ChildClass(guid(COMPUTER))), granted(1));
    assert_eq!(create(Node::Object), granted(1));
}

#[test]
fn a_confidential_attribute_takes_control_access_over_it() {
    let read = |sddl: &str| {
        [AccessMask::READ_PROPERTY, CONTROL]
            .map(|bit| ask(sddl, &[USER], bit, spn()).least.is_granted())
    };
    assert_eq!(read(&format!("D:(A;;RP;;;{USER})")), [true, false]);
    assert_eq!(
        read(&format!("D:(OA;;RPCR;{PUBLIC_INFORMATION};;{USER})")),
        [true, true]
    );
    assert_eq!(
        read(&format!(
            "D:(A;;RP;;;{USER})(OA;;CR;{RESET_PASSWORD};;{USER})"
        )),
        [true, false]
    );
}
