//! The descriptor that every group managed service account is born with.

use coldcase_winsec::AccessMask;
use coldcase_winsec::access::{AccessList, Node};

use crate::{
    CHANGE_PASSWORD, CONTROL, DOMAIN_ADMINS, EVERYONE, NOTHING, OBJECT, RESET_PASSWORD,
    SERVICE_PRINCIPAL_NAME, USER, ask, ask_of, denied, descriptor, granted, guid, right,
};

/// The defaultSecurityDescriptor of msDS-GroupManagedServiceAccount.
const GROUP_MANAGED_DEFAULT: &str = "D:(OD;;CR;00299570-246d-11d0-a768-00aa006e0529;;WD)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;AO)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;;RPCRLCLORCSDDT;;;CO)(OA;;WP;4c164200-20c0-11d0-a768-00aa006e0529;;CO)(OA;;SW;72e39547-7b18-11d1-adef-00c04fd8d5cd;;CO)(OA;;SW;f3a64788-5306-11d1-a9c5-0000f80367c1;;CO)(OA;;WP;3e0abfd0-126a-11d0-a060-00aa006c33ed;bf967a86-0de6-11d0-a285-00aa003049e2;CO)(OA;;WP;5f202010-79a5-11d0-9020-00c04fc2d4cf;bf967a86-0de6-11d0-a285-00aa003049e2;CO)(OA;;WP;bf967950-0de6-11d0-a285-00aa003049e2;bf967a86-0de6-11d0-a285-00aa003049e2;CO)(OA;;WP;bf967953-0de6-11d0-a285-00aa003049e2;bf967a86-0de6-11d0-a285-00aa003049e2;CO)(OA;;SW;f3a64788-5306-11d1-a9c5-0000f80367c1;;PS)(OA;;RPWP;77B5B886-944A-11d1-AEBD-0000F80367C1;;PS)(OA;;SW;72e39547-7b18-11d1-adef-00c04fd8d5cd;;PS)(A;;RPLCLORC;;;AU)(OA;;RPWP;bf967a7f-0de6-11d0-a285-00aa003049e2;;CA)(OA;;RP;46a9b11d-60ae-405a-b7e8-ff8a58d456d2;;S-1-5-32-560)(OA;;RP;e362ed86-b728-0842-b27d-2dea7a9df218;;WD)";

#[test]
fn nobody_resets_the_password_of_a_group_managed_account() {
    let admin = [DOMAIN_ADMINS, EVERYONE];
    let list = AccessList::new(&descriptor(GROUP_MANAGED_DEFAULT));
    let control = |node| ask_of(&list, &admin, CONTROL, node, false);
    assert_eq!(control(right(RESET_PASSWORD)), denied(0));
    assert_eq!(control(right(CHANGE_PASSWORD)), granted(1));
    assert_eq!(control(Node::Object), granted(1));
    for bit in (0..32).map(|bit| AccessMask(1 << bit)) {
        let outcome = ask_of(&list, &admin, bit, Node::Object, false);
        assert_eq!(
            outcome.least.is_granted(),
            AccessMask::DS_FULL_CONTROL.contains(bit)
        );
    }
    // The account itself: a validated SPN, by PRINCIPAL SELF.
    let write = Node::ValidatedWrite(guid(SERVICE_PRINCIPAL_NAME));
    let own = ask_of(
        &list,
        &[OBJECT, EVERYONE],
        AccessMask::SELF_WRITE,
        write,
        false,
    );
    assert!(own.least.is_granted());
    assert_eq!(
        ask_of(
            &list,
            &[USER, EVERYONE],
            AccessMask::SELF_WRITE,
            write,
            false
        ),
        NOTHING
    );

    // In the other order the same two ACEs let the administrators reset it.
    let swapped = format!("D:(A;;GA;;;DA)(OD;;CR;{RESET_PASSWORD};;WD)");
    assert_eq!(
        ask(&swapped, &admin, CONTROL, right(RESET_PASSWORD)),
        granted(0)
    );
}
