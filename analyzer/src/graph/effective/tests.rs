//! The effective-rights frame against the access check itself, asked one principal and one attribute at a time.
//!
//! Owns small directories in which each short cut of the frame would show. Deliberately not the controller's own answers:
//! those are acceptance tests.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashMap;

use coldcase_winsec::access::{AccessList, Node, Outcome, Requester, SidSet};
use coldcase_winsec::{Ace, AceBody, AceFlags, AceType, Acl, KnownAce, SecurityDescriptor};
use proptest::prelude::*;

use super::*;
use crate::frames::Analysis;
use crate::graph::Answers;
use crate::graph::random::{self, ANONYMOUS, Dacl, Domain, EVERYONE, Subject};
use crate::graph::right::whole_object;
use crate::graph::token::index;
use crate::load::made::{Made, sid};

const KINDS: [(Kind, &str); 10] = [
    (Kind::User, "top\nuser"),
    (Kind::Computer, "top\nuser\ncomputer"),
    (
        Kind::Gmsa,
        "top\nuser\ncomputer\nmsDS-GroupManagedServiceAccount",
    ),
    (
        Kind::Dmsa,
        "top\nuser\ncomputer\nmsDS-DelegatedManagedServiceAccount",
    ),
    (
        Kind::Smsa,
        "top\nuser\ncomputer\nmsDS-ManagedServiceAccount",
    ),
    (Kind::Group, "top\ngroup"),
    (Kind::OrganizationalUnit, "top\norganizationalUnit"),
    (Kind::Domain, "top\ndomainDNS"),
    (Kind::KdsRootKey, "top\nmsKds-ProvRootKey"),
    (Kind::Gpo, "top\ncontainer\ngroupPolicyContainer"),
];

/// A descriptor of an object of some kind in a random domain.
struct Scene {
    analysis: Analysis,
    list: AccessList,
    prepared: Prepared,
    rights: Vec<Right>,
    /// Everybody with a SID, with the SIDs that the model puts in his token.
    everybody: Vec<(Holder, HashSet<Sid>)>,
    sids: HashMap<Holder, Sid>,
    /// Whose descriptor it is.
    object: usize,
    /// Its SID, if it is a group: PRINCIPAL SELF is everybody in it.
    own: Option<Sid>,
}

impl Scene {
    fn new(domain: &Domain, dacl: &Dacl, kind: usize) -> Self {
        // What an ACE may be typed with: the nodes of the rights that are looked for, and what is none.
        let mut types: Vec<Guid> = rights(kind)
            .iter()
            .flat_map(|right| parts_of(&right.form))
            .flat_map(|part| guids(part.node))
            .collect();
        types.push(Guid::from_fields(9, 9, 9, [9; 8]));
        types.sort_unstable();
        types.dedup();
        Self::of(domain, &dacl.descriptor(domain, &types), kind)
    }

    fn of(domain: &Domain, descriptor: &SecurityDescriptor, kind: usize) -> Self {
        let mut made = domain.made();
        let id = made.bytes(descriptor.encode());
        let group = made
            .objects
            .iter()
            .rposition(|object| object.kind == Kind::Group);
        let object = match group.filter(|_| KINDS[kind].0 == Kind::Group) {
            Some(group) => group,
            None => made.add(
                KINDS[kind].1.rsplit('\n').next().unwrap(),
                "CN=object,DC=corp,DC=example",
            ),
        };
        made.objects[object].descriptor = Some(id);
        let analysis = Analysis::new(made.directory());
        let own = analysis.directory.objects[object].sid.clone();
        let prepared = analysis
            .prepared_of(id, own.is_some().then_some(object))
            .unwrap();
        let all = 0..Holder::try_from(analysis.effective.tokens.len()).unwrap();
        let sids: HashMap<Holder, Sid> = all
            .filter_map(|holder| Some((holder, analysis.sid_of(holder)?.clone())))
            .collect();
        let mut everybody: Vec<_> = sids
            .iter()
            .map(|(holder, sid)| (*holder, domain.token(sid)))
            .collect();
        everybody.sort_unstable_by_key(|(holder, _)| *holder);
        Self {
            list: AccessList::new(descriptor),
            prepared,
            rights: rights(kind),
            everybody,
            sids,
            analysis,
            object,
            own,
        }
    }

    /// GUID of the object's class.
    fn root(&self) -> Option<Guid> {
        let directory = &self.analysis.directory;
        directory
            .classes
            .root(&directory.objects[self.object].classes)
    }

    fn engine(&self) -> &Effective {
        &self.analysis.effective
    }

    /// What the access check says to this token, the owner's implicit WRITE_DAC aside, which is a row of its own.
    fn decide(&self, token: &HashSet<Sid>, part: &Part) -> Outcome {
        let who = SidSet {
            sids: token,
            object: self.own.as_ref(),
            owner: self.list.owner(),
        };
        self.list.decide(&who, part.bit, &part.node, true)
    }

    /// Whether a right is held in the worst and in the best case.
    fn holds(&self, token: &HashSet<Sid>, form: &Form) -> (bool, bool) {
        let outcomes: Vec<Outcome> = parts_of(form)
            .iter()
            .map(|part| self.decide(token, part))
            .collect();
        let of = |granted: &dyn Fn(&Outcome) -> bool| match form {
            Form::Any(_) => outcomes.iter().any(granted),
            Form::Whole(..) | Form::All(_) => outcomes.iter().all(granted),
        };
        (
            of(&|outcome| outcome.least.is_granted()),
            of(&|outcome| outcome.most.is_granted()),
        )
    }

    /// Not Everyone itself, and not anonymous. A SID of the past may put Authenticated Users into their tokens too: that
    /// makes them nobody who logged on.
    fn logs_on(&self, who: Holder) -> bool {
        let name = &self.sids[&who];
        [EVERYONE, ANONYMOUS]
            .iter()
            .all(|outside| *name != sid(outside))
    }

    /// Whether a row says it of somebody.
    fn covers(&self, row: &Held, who: Holder, token: &HashSet<Sid>) -> bool {
        token.contains(&self.sids[&row.holder])
            && !row
                .except
                .as_ref()
                .is_some_and(|except| except.contains(who))
    }
}

fn rights(kind: usize) -> Vec<Right> {
    let (kind, classes) = KINDS[kind];
    let empty = Made::new().directory();
    Rights::new(&empty.schema).of(kind, empty.classes.root(classes))
}

fn parts_of(form: &Form) -> Vec<Part> {
    match form {
        Form::Whole(mask, node) => bits(*mask).map(|bit| Part { bit, node: *node }).collect(),
        Form::Any(parts) | Form::All(parts) => parts.clone(),
    }
}

fn guids(node: Node) -> Vec<Guid> {
    match node {
        Node::Object => Vec::new(),
        Node::EveryAttribute { class } => class.into_iter().collect(),
        Node::Attribute {
            class,
            property_set,
            attribute,
        } => class
            .into_iter()
            .chain(property_set)
            .chain([attribute])
            .collect(),
        Node::ObjectOfClass(guid)
        | Node::ChildClass(guid)
        | Node::ControlRight(guid)
        | Node::ValidatedWrite(guid) => {
            vec![guid]
        }
    }
}

/// Rows, with groups put in place of their members, say of each holder what the access check says to his own token.
fn agree(scene: &Scene) -> Result<(), TestCaseError> {
    let rows = scene
        .engine()
        .all_held(&scene.prepared, &scene.rights, true);
    for right in &scene.rights {
        let of: Vec<&Held> = rows.iter().filter(|row| row.right == right.kind).collect();
        for (who, token) in &scene.everybody {
            let (least, most) = scene.holds(token, &right.form);
            let told: Vec<&&Held> = of
                .iter()
                .filter(|row| scene.covers(row, *who, token))
                .collect();
            let name = &scene.sids[who];
            let whole = matches!(right.form, Form::Whole(..));
            if whole && !scene.logs_on(*who) {
                continue;
            }
            // Full control is told only where it comes through one trustee.
            if !whole || !most {
                prop_assert_eq!(
                    !told.is_empty(),
                    most,
                    "{:?} of {}: {:?}",
                    right.kind,
                    name,
                    of
                );
            }
            prop_assert!(
                least || told.iter().all(|row| row.unknown),
                "{:?} of {} is not certain: {:?}",
                right.kind,
                name,
                of
            );
        }
    }
    Ok(())
}

/// What is told, and what is left out, in all that somebody who logs on may do.
fn nothing_is_lost(scene: &Scene) -> Result<(), TestCaseError> {
    let engine = scene.engine();
    let all = engine.all_held(&scene.prepared, &scene.rights, true);
    let told = engine.held_of(&scene.prepared, &scene.rights, true);
    prop_assert!(told.iter().all(|row| all.contains(row)));
    for row in &all {
        let everybody = scene.everybody.iter();
        let covered = everybody.filter(|(who, token)| scene.covers(row, *who, token));
        for (who, token) in covered.filter(|(who, _)| scene.logs_on(*who)) {
            let by = |other: &Held| {
                (other.right == row.right || row.right.follows_from(other.right))
                    && other.unknown <= row.unknown
                    && scene.covers(other, *who, token)
            };
            let name = &scene.sids[who];
            prop_assert!(told.iter().any(by), "{row:?} of {name} is lost");
        }
    }
    Ok(())
}

fn cases() -> impl Strategy<Value = (Domain, Dacl, usize)> {
    (random::domains(), random::dacls(), 0..KINDS.len())
}

proptest! {
    // A failure is reported with its input; no file is left behind.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_say_what_the_check_says((domain, dacl, kind) in cases()) {
        agree(&Scene::new(&domain, &dacl, kind))?;
    }

    /// Nobody is missed whose own token has every bit by the ACEs of one trustee.
    #[test]
    fn full_control_through_one_trustee_is_told((domain, dacl, kind) in cases()) {
        let scene = Scene::new(&domain, &dacl, kind);
        let rows = scene.engine().all_held(&scene.prepared, &scene.rights, true);
        for right in &scene.rights {
            let Form::Whole(mask, node) = right.form else { continue };
            for (who, token) in scene.everybody.iter().filter(|(who, _)| scene.logs_on(*who)) {
                let told = rows.iter().filter(|row| row.right == right.kind).any(|row| scene.covers(row, *who, token));
                let through_one = token.iter().any(|trustee| {
                    bits(mask).all(|bit| {
                        let outcome = scene.decide(token, &Part { bit, node });
                        let decider = outcome.most.ace().filter(|_| outcome.most.is_granted());
                        let entry = scene.list.entries().iter().find(|entry| Some(entry.position) == decider);
                        let by = entry.map(|entry| match &entry.trustee {
                            Trustee::Sid(sid) => Some(sid),
                            Trustee::OwnerRights => scene.list.owner(),
                            Trustee::PrincipalSelf => scene.own.as_ref(),
                        });
                        by == Some(Some(trustee))
                    })
                });
                prop_assert!(told || !through_one || scene.list.is_null(), "{} has full control", scene.sids[who]);
                prop_assert!(told || !scene.list.is_null());
            }
        }
    }

    /// What is left out follows from what is told.
    #[test]
    fn weaker_rights_are_left_out_for_stronger_ones((domain, dacl, kind) in cases()) {
        nothing_is_lost(&Scene::new(&domain, &dacl, kind))?;
    }

    /// The sets that other questions start from are exact as well.
    #[test]
    fn sets_say_what_the_check_says((domain, dacl, kind) in cases()) {
        let scene = Scene::new(&domain, &dacl, kind);
        for right in &scene.rights {
            let Form::Any(parts) = &right.form else { continue };
            let reached = scene.engine().reached(&scene.prepared, parts);
            for (who, token) in &scene.everybody {
                let expected = if scene.list.is_null() { (true, true) } else { scene.holds(token, &right.form) };
                let place = index(*who);
                prop_assert_eq!((reached.certain.contains(place), reached.possible.contains(place)), expected);
            }
        }
        let owners = scene.engine().reached_by_owner(&scene.prepared);
        for (who, token) in &scene.everybody {
            let owns = SidSet { sids: token, object: scene.own.as_ref(), owner: scene.list.owner() }.owns();
            let implicit = scene.list.implicit_owner_rights(false).contains(AccessMask::WRITE_DACL);
            prop_assert_eq!(owners.possible.contains(index(*who)), owns && implicit);
        }
    }

    /// One token asked for by name is told the same as all at once.
    #[test]
    fn answers_say_what_the_check_says((domain, dacl, kind) in cases()) {
        let scene = Scene::new(&domain, &dacl, kind);
        let directory = &scene.analysis.directory;
        for (who, token) in &scene.everybody {
            let mut answers = Answers::new(scene.engine(), directory, *who, None);
            let answer = answers.of(scene.object, &directory.objects[scene.object]).unwrap();
            let requester = SidSet { sids: token, object: scene.own.as_ref(), owner: scene.list.owner() };
            let decide = |part: &Part| scene.list.decide(&requester, part.bit, &part.node, false);
            for right in &scene.rights {
                let outcomes: Vec<Outcome> = parts_of(&right.form).iter().map(decide).collect();
                let of = |granted: &dyn Fn(&Outcome) -> bool| match right.form {
                    Form::Any(_) => outcomes.iter().any(granted),
                    Form::Whole(..) | Form::All(_) => outcomes.iter().all(granted),
                };
                let (least, most) = (of(&|outcome| outcome.least.is_granted()), of(&|outcome| outcome.most.is_granted()));
                let told = answer.rights.iter().find(|told| told.kind == right.kind);
                let name = &scene.sids[who];
                prop_assert_eq!(told.map(|told| told.unknown), most.then_some(!least), "{:?} of {}", right.kind, name);
            }
            let part = Part::whole(AccessMask::WRITE_DACL);
            let (dacl, certain) = (answer.sd_rights | answer.unknown_sd_rights, answer.sd_rights);
            prop_assert_eq!((dacl & 4 != 0, certain & 4 != 0), {
                let outcome = scene.list.decide(&requester, part.bit, &whole_object(scene.root()), false);
                (outcome.most.is_granted(), outcome.least.is_granted())
            });
        }
    }

    /// Being the owner is told of whoever holds the owner's SID, unless an ACE for OWNER RIGHTS or the heuristics take
    /// it away; from an administrator of the domain they do not.
    #[test]
    fn owners((domain, dacl, kind) in cases(), blocked in any::<bool>()) {
        let scene = Scene::new(&domain, &dacl, kind);
        let rows = scene.engine().held_of(&scene.prepared, &scene.rights, blocked);
        let admins = crate::load::made::domain_sid(512);
        for (who, token) in scene.everybody.iter().filter(|(who, _)| scene.logs_on(*who)) {
            let told = rows.iter().filter(|row| row.right == RightKind::Owner).any(|row| scene.covers(row, *who, token));
            let who = SidSet { sids: token, object: scene.own.as_ref(), owner: scene.list.owner() };
            let asked = Part::whole(AccessMask::WRITE_DACL);
            let outcome = scene.list.decide(&who, asked.bit, &asked.node, blocked && !token.contains(&admins));
            let owner = outcome.most == Decision::Granted(coldcase_winsec::access::Decider::Owner);
            if !scene.list.is_null() {
                prop_assert!(owner || !told);
                // Who is an administrator besides, and is not the owner as one, needs no such row.
                prop_assert!(told || !owner || (blocked && token.contains(&admins)));
            }
        }
    }
}

/// A group with Everyone in it has the SID of somebody, who has that of Authenticated Users: everybody is in both, and
/// who did not log on may do nothing all the same.
#[test]
fn sids_of_the_past_log_nobody_on() {
    let everyone = Subject::Elsewhere(0);
    let mut domain = Domain::plain(4, 5, vec![(0, everyone), (1, Subject::Group(0))]);
    domain.history = vec![
        (Subject::Person(2), Subject::Elsewhere(1)),
        (Subject::Group(0), Subject::Person(2)),
    ];
    let mut descriptor = Dacl::empty().descriptor(&domain, &[]);
    let ace = |ace_type, group| Ace {
        flags: AceFlags::NONE,
        body: AceBody::Known(KnownAce::new(
            ace_type,
            AccessMask(0x000f_01ff),
            domain.sid(Subject::Group(group)),
        )),
    };
    descriptor.dacl = Some(Acl::new(vec![
        ace(AceType::AccessDenied, 2),
        ace(AceType::AccessAllowed, 0),
    ]));
    let scene = Scene::of(&domain, &descriptor, 0);
    let everyone = (scene.everybody.iter()).find(|(who, _)| scene.sids[who] == sid(EVERYONE));
    assert!(everyone.unwrap().1.contains(&sid("S-1-5-11")));
    nothing_is_lost(&scene).unwrap();
}

#[test]
fn a_null_dacl_gives_everything_to_everybody() {
    let mut made = Made::new();
    let id = made.sddl("O:DAD:NO_ACCESS_CONTROL");
    let analysis = Analysis::new(made.directory());
    let rows = analysis
        .effective
        .held(&analysis.prepared(id).unwrap(), Kind::Gmsa, None);
    let everyone = analysis
        .effective
        .tokens
        .of(&analysis.directory, &sid(EVERYONE));
    let found: Vec<_> = rows
        .iter()
        .map(|row| (Some(row.holder), row.right, row.ace, row.unknown))
        .collect();
    assert_eq!(found, [(everyone, RightKind::FullControl, None, false)]);
}

/// Some tools delegate ACE by ACE, and never clear up.
#[test]
fn two_thousand_aces() {
    let member = |number: usize| {
        (
            number % 12,
            if number.is_multiple_of(3) {
                Subject::Group(number)
            } else {
                Subject::Person(number)
            },
        )
    };
    let domain = Domain::plain(
        12,
        12,
        (0..60).map(|number| member(number * 7 + 3)).collect(),
    );
    let mut descriptor = Dacl::empty().descriptor(&domain, &[]);
    let aces = (0..2_000_usize).map(|number| {
        let trustee = match number % 5 {
            0 => domain.sid(Subject::Group(number / 5)),
            1 => domain.sid(Subject::Person(number / 5)),
            _ => Sid::new(5, &[32, 600 + u32::try_from(number).unwrap()]).unwrap(),
        };
        let ace_type = if number % 4 < 2 {
            AceType::AccessDenied
        } else {
            AceType::AccessAllowed
        };
        let body = AceBody::Known(KnownAce::new(
            ace_type,
            AccessMask(1 << (number * 31 % 20)),
            trustee,
        ));
        Ace {
            flags: AceFlags::NONE,
            body,
        }
    });
    descriptor.dacl = Some(Acl::new(aces.collect()));
    descriptor.try_encode().unwrap();
    for kind in 0..KINDS.len() {
        let scene = Scene::of(&domain, &descriptor, kind);
        assert_eq!(scene.list.entries().len(), 2_000);
        agree(&scene).unwrap();
    }
}

/// Whether somebody reads a password by a list that is malformed is not known, whatever he may besides.
#[test]
fn malformed_readers_are_said() {
    let mut made = Made::new();
    let account = made.principal(
        "msDS-GroupManagedServiceAccount",
        "gmsa$",
        "DC=corp,DC=example",
        1_200,
    );
    let low = made.principal("user", "low", "DC=corp,DC=example", 1_100);
    made.protect(account, "O:DAD:(A;;GA;;;DA)");
    made.objects[account].readers = Some(made.bytes(vec![1, 2, 3]));
    let analysis = Analysis::new(made.directory());
    let low = Holder::try_from(low).unwrap();
    let mut answers = Answers::new(&analysis.effective, &analysis.directory, low, None);
    let answer = answers
        .of(account, &analysis.directory.objects[account])
        .unwrap();
    assert!(answer.readers_malformed && answer.rights.is_empty());
}

/// A primary group stands in the token even if its object was not collected.
#[test]
fn a_primary_group_without_an_object() {
    let mut made = Made::new();
    let low = made.principal("user", "low", "DC=corp,DC=example", 1_100);
    let target = made.add("organizationalUnit", "OU=x,DC=corp,DC=example");
    made.protect(target, "O:DAD:(A;;GA;;;S-1-5-21-1-2-3-513)");
    let analysis = Analysis::new(made.directory());
    let low = Holder::try_from(low).unwrap();
    let mut answers = Answers::new(&analysis.effective, &analysis.directory, low, None);
    let answer = answers
        .of(target, &analysis.directory.objects[target])
        .unwrap();
    assert!(
        answer
            .rights
            .iter()
            .any(|right| right.kind == RightKind::FullControl)
    );
}
