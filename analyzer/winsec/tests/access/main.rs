//! The access check by example, one for each point of the specification. Here is how the examples
//! ask.

mod by_logon;
mod every_attribute;
mod group_managed;
mod object_types;
mod trustees;
mod walk;

use std::collections::HashSet;

use coldcase_winsec::access::{AccessList, Decider, Decision, Node, Outcome, SidSet};
use coldcase_winsec::{AccessMask, Guid, SddlDomains, SecurityDescriptor, Sid};

const USER: &str = "S-1-5-21-1-2-3-1104";
const OWNER: &str = "S-1-5-21-1-2-3-1105";
const OBJECT: &str = "S-1-5-21-1-2-3-1106";
const DOMAIN_ADMINS: &str = "S-1-5-21-1-2-3-512";
const EVERYONE: &str = "S-1-1-0";

const COMPUTER: &str = "bf967a86-0de6-11d0-a285-00aa003049e2";
const PUBLIC_INFORMATION: &str = "e48d0154-bcf8-11d1-8702-00c04fb96050";
const SERVICE_PRINCIPAL_NAME: &str = "f3a64788-5306-11d1-a9c5-0000f80367c1";
const COMPANY: &str = "f0f8ff88-1191-11d0-a060-00aa006c33ed";
const MEMBER: &str = "bf9679c0-0de6-11d0-a285-00aa003049e2";
const MEMBERSHIP: &str = "bc0ac240-79a9-11d0-9020-00c04fc2d4cf";
const DELEGATED_ACCOUNT: &str = "0feb936f-47b3-49f2-9386-1dedc2c23765";
const RESET_PASSWORD: &str = "00299570-246d-11d0-a768-00aa006e0529";
const CHANGE_PASSWORD: &str = "ab721a53-1e2f-11d0-9819-00aa0040529b";

fn domains() -> SddlDomains {
    let domain = Some(sid("S-1-5-21-1-2-3"));
    SddlDomains {
        domain: domain.clone(),
        forest_root: domain.clone(),
        machine: domain,
    }
}

fn sid(text: &str) -> Sid {
    text.parse()
        .unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

fn guid(text: &str) -> Guid {
    text.parse()
        .unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

fn descriptor(sddl: &str) -> SecurityDescriptor {
    SecurityDescriptor::from_sddl(sddl, &domains()).unwrap_or_else(|error| unreachable!("{error}"))
}

/// What a token of these SIDs gets on the object with SID `OBJECT`.
fn ask(sddl: &str, token: &[&str], bit: AccessMask, node: Node) -> Outcome {
    ask_of(&AccessList::new(&descriptor(sddl)), token, bit, node, false)
}

fn ask_of(
    list: &AccessList,
    token: &[&str],
    bit: AccessMask,
    node: Node,
    blocked: bool,
) -> Outcome {
    let sids: HashSet<Sid> = token.iter().map(|text| sid(text)).collect();
    let who = SidSet {
        sids: &sids,
        object: Some(&sid(OBJECT)),
        owner: list.owner(),
    };
    list.decide(&who, bit, &node, blocked)
}

fn granted(position: usize) -> Outcome {
    certain(Decision::Granted(Decider::Ace(position)))
}

fn denied(position: usize) -> Outcome {
    certain(Decision::Denied(Some(position)))
}

const fn certain(decision: Decision) -> Outcome {
    Outcome {
        least: decision,
        most: decision,
    }
}

const NOTHING: Outcome = certain(Decision::Denied(None));
const AS_OWNER: Outcome = certain(Decision::Granted(Decider::Owner));
const WITHOUT_DACL: Outcome = certain(Decision::Granted(Decider::NullDacl));

const WRITE: AccessMask = AccessMask::WRITE_PROPERTY;
const CONTROL: AccessMask = AccessMask::CONTROL_ACCESS;

fn spn() -> Node {
    Node::Attribute {
        class: Some(guid(COMPUTER)),
        property_set: Some(guid(PUBLIC_INFORMATION)),
        attribute: guid(SERVICE_PRINCIPAL_NAME),
    }
}

fn company() -> Node {
    Node::Attribute {
        class: Some(guid(COMPUTER)),
        property_set: Some(guid(PUBLIC_INFORMATION)),
        attribute: guid(COMPANY),
    }
}

/// In no property set.
fn member() -> Node {
    Node::Attribute {
        class: Some(guid(COMPUTER)),
        property_set: None,
        attribute: guid(MEMBER),
    }
}

fn right(text: &str) -> Node {
    Node::ControlRight(guid(text))
}
