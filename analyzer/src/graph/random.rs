//! Random small domains and DACLs for property tests, and their tokens by the letter.
//!
//! Owns what is drawn and the slow model of a token. Deliberately shares nothing with [`super::token`] but the
//! directory that both are made of.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashSet;

use coldcase_winsec::{
    AccessMask, Ace, AceBody, AceFlags, AceType, Acl, Control, Guid, KnownAce, SecurityDescriptor,
    Sid,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::load::made::{HEAD, Made, domain_sid, sid};

/// In every token of somebody who logs on.
pub(crate) const EVERYBODY: [&str; 5] = ["S-1-1-0", "S-1-5-2", "S-1-5-11", "S-1-5-15", "S-1-18-1"];
pub(crate) const EVERYONE: &str = "S-1-1-0";
pub(crate) const ANONYMOUS: &str = "S-1-5-7";
const CONTROLLERS: &str = "S-1-5-9";

/// SIDs from elsewhere. Some stand in groups, some in a DACL only, the last in no group.
const ELSEWHERE: [&str; 7] = [
    EVERYONE,
    "S-1-5-11",
    "S-1-5-2",
    ANONYMOUS,
    CONTROLLERS,
    "S-1-5-21-9-9-9-1105",
    "S-1-5-21-9-9-9-1106",
];

/// SELF, OWNER RIGHTS, CREATOR OWNER.
const PLACEHOLDERS: [&str; 3] = ["S-1-5-10", "S-1-3-4", "S-1-3-0"];

/// groupType: global, domain-local and universal security groups, BUILTIN, not readable, and two distribution groups
/// (MS-ADTS 2.2.12).
const GROUP_TYPES: [Option<i64>; 7] = [
    Some(0x8000_0002),
    Some(0x8000_0004),
    Some(-0x7fff_fff8),
    Some(-0x7fff_fffb),
    None,
    Some(2),
    Some(8),
];

const CLASSES: [&str; 5] = [
    "user",
    "computer",
    "msDS-GroupManagedServiceAccount",
    "msDS-DelegatedManagedServiceAccount",
    "msDS-ManagedServiceAccount",
];

/// Somebody, or a SID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Person(usize),
    Group(usize),
    Elsewhere(usize),
}

#[derive(Debug, Clone)]
pub(crate) struct Person {
    class: usize,
    /// The group of primaryGroupID.
    pub(crate) primary: Option<usize>,
    controller: bool,
}

impl Person {
    pub(crate) fn is_user(&self) -> bool {
        CLASSES[self.class] == "user"
    }

    pub(crate) fn is_controller(&self) -> bool {
        self.controller && CLASSES[self.class] == "computer"
    }
}

/// Persons, groups and who is in what. Every number is taken modulo how many there are.
#[derive(Debug, Clone)]
pub(crate) struct Domain {
    pub(crate) persons: Vec<Person>,
    pub(crate) groups: Vec<Option<i64>>,
    /// (group, member)
    pub(crate) members: Vec<(usize, Subject)>,
    pub(crate) history: Vec<(Subject, Subject)>,
    /// Objects that are nobody. With enough of them, a small set is kept as a list.
    pub(crate) filler: usize,
}

/// One ACE.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    allow: bool,
    conditional: bool,
    flags: u8,
    mask: u32,
    /// Of the object types offered.
    object_type: Option<usize>,
    trustee: Trustee,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trustee {
    Subject(Subject),
    Placeholder(usize),
}

/// A DACL with its owner.
#[derive(Debug, Clone)]
pub(crate) struct Dacl {
    owner: Option<Trustee>,
    /// `None`: NULL DACL.
    pub(crate) lines: Option<Vec<Line>>,
}

/// Domains of 2 to 15 persons and 3 to 10 groups.
pub(crate) fn domains() -> impl Strategy<Value = Domain> {
    let person = (
        0..CLASSES.len(),
        option::weighted(0.5, 0..8_usize),
        proptest::bool::weighted(0.2),
    );
    let person = person.prop_map(|(class, primary, controller)| Person {
        class,
        primary,
        controller,
    });
    (
        vec(person, 2..=15),
        vec(select(GROUP_TYPES.to_vec()), 3..=10),
        vec((0..32_usize, subject()), 0..=40),
        vec((subject(), subject()), 0..=3),
        select(vec![0_usize, 400]),
    )
        .prop_map(|(persons, groups, members, history, filler)| Domain {
            persons,
            groups,
            members,
            history,
            filler,
        })
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        5 => (0..32_usize).prop_map(Subject::Person),
        5 => (0..32_usize).prop_map(Subject::Group),
        1 => (0..ELSEWHERE.len()).prop_map(Subject::Elsewhere),
    ]
}

/// DACLs of up to 25 ACEs.
pub(crate) fn dacls() -> impl Strategy<Value = Dacl> {
    let lines = prop_oneof![1 => Just(None), 39 => vec(line(), 0..=25).prop_map(Some)];
    (option::weighted(0.9, trustee()), lines).prop_map(|(owner, lines)| Dacl { owner, lines })
}

/// DACLs of up to 8 ACEs that only allow.
pub(crate) fn allowing() -> impl Strategy<Value = Dacl> {
    let plain = line().prop_map(|line| Line {
        allow: true,
        ..line
    });
    (option::weighted(0.5, trustee()), vec(plain, 0..=8)).prop_map(|(owner, lines)| Dacl {
        owner,
        lines: Some(lines),
    })
}

fn trustee() -> impl Strategy<Value = Trustee> {
    prop_oneof![
        12 => subject().prop_map(Trustee::Subject),
        1 => (0..PLACEHOLDERS.len()).prop_map(Trustee::Placeholder),
    ]
}

fn line() -> impl Strategy<Value = Line> {
    const FULL: u32 = 0xf_01ff;
    let masks = prop_oneof![
        3 => select(vec![FULL, 0x1000_0000, FULL & !0x2_0000, FULL & !0x4_0000, 0x2_0094]),
        4 => select(vec![0x20, 0x4_0000, 0x8_0000, 0x100, 0x110, 0x10, 0x28, 0x1, 0x2, 0x8, 0x1_0000, 0x2_0000]),
        1 => any::<u32>(),
    ];
    let flags = prop_oneof![6 => Just(0), 2 => Just(0x10), 1 => Just(0x0a), 1 => any::<u8>()];
    (
        proptest::bool::weighted(0.65),
        proptest::bool::weighted(0.12),
        flags,
        masks,
        option::weighted(0.4, 0..64_usize),
        trustee(),
    )
        .prop_map(
            |(allow, conditional, flags, mask, object_type, trustee)| Line {
                allow,
                conditional,
                flags,
                mask,
                object_type,
                trustee,
            },
        )
}

impl Domain {
    /// Users and global groups without more.
    pub(crate) fn plain(persons: usize, groups: usize, members: Vec<(usize, Subject)>) -> Self {
        let person = Person {
            class: 0,
            primary: None,
            controller: false,
        };
        Self {
            persons: vec![person; persons],
            groups: vec![GROUP_TYPES[0]; groups],
            members,
            history: Vec::new(),
            filler: 0,
        }
    }

    /// The directory, with the foreign principals that are needed.
    pub(crate) fn made(&self) -> Made {
        let mut made = Made::new();
        let foreign: Vec<usize> = self
            .members
            .iter()
            .filter_map(|(_, member)| match member {
                Subject::Elsewhere(number) => Some(*number % ELSEWHERE.len()),
                _ => None,
            })
            .collect();
        let mut places = vec![None; ELSEWHERE.len()];
        for number in foreign {
            places[number].get_or_insert_with(|| made.foreign(ELSEWHERE[number]));
        }
        let groups: Vec<usize> = (0..self.groups.len())
            .map(|number| {
                let place = made.principal(
                    "group",
                    &format!("g{number}"),
                    HEAD,
                    rid(Subject::Group(number)),
                );
                made.objects[place].group_type = self.groups[number];
                place
            })
            .collect();
        let persons: Vec<usize> = (0..self.persons.len())
            .map(|number| {
                let person = &self.persons[number];
                let class = CLASSES[person.class];
                let place = made.principal(
                    class,
                    &format!("p{number}"),
                    HEAD,
                    rid(Subject::Person(number)),
                );
                let object = &mut made.objects[place];
                object.primary_group_id = person
                    .primary
                    .map(|group| i64::from(rid(Subject::Group(group % self.groups.len()))));
                if person.controller {
                    object.user_account_control = Some(0x2000);
                }
                place
            })
            .collect();
        let place = |subject: Subject| match self.known(subject) {
            Subject::Person(number) => Some(persons[number]),
            Subject::Group(number) => Some(groups[number]),
            Subject::Elsewhere(number) => places[number],
        };
        for (group, member) in &self.members {
            made.member(groups[group % groups.len()], place(*member).unwrap());
        }
        for (who, past) in &self.history {
            made.history
                .extend(place(*who).map(|place| (place, self.sid(*past))));
        }
        for number in 0..self.filler {
            made.add("container", &format!("CN=filler-{number},{HEAD}"));
        }
        made
    }

    /// Numbers within bounds.
    fn known(&self, subject: Subject) -> Subject {
        match subject {
            Subject::Person(number) => Subject::Person(number % self.persons.len()),
            Subject::Group(number) => Subject::Group(number % self.groups.len()),
            Subject::Elsewhere(number) => Subject::Elsewhere(number % ELSEWHERE.len()),
        }
    }

    pub(crate) fn sid(&self, subject: Subject) -> Sid {
        match self.known(subject) {
            Subject::Elsewhere(number) => sid(ELSEWHERE[number]),
            known => domain_sid(rid(known)),
        }
    }

    /// The SIDs in the token of whoever has this one: tried again and again until nothing comes to it. Only groups
    /// with security switched on stand in a token (MS-ADTS 2.2.12), SIDs of the past always.
    pub(crate) fn token(&self, who: &Sid) -> HashSet<Sid> {
        let mut token = HashSet::from([who.clone()]);
        if *who == sid(ANONYMOUS) {
            token.insert(sid(EVERYONE));
        } else if *who != sid(EVERYONE) {
            token.extend(EVERYBODY.iter().map(|text| sid(text)));
        }
        let security =
            |group: usize| self.groups[group].is_none_or(|flags| flags & 0x8000_0000 != 0);
        loop {
            let before = token.len();
            for (group, member) in &self.members {
                let group = group % self.groups.len();
                if security(group) && token.contains(&self.sid(*member)) {
                    token.insert(self.sid(Subject::Group(group)));
                }
            }
            for (number, person) in self.persons.iter().enumerate() {
                if !token.contains(&self.sid(Subject::Person(number))) {
                    continue;
                }
                // An account without one that can be read is taken for one of Domain Users, Domain Controllers or Domain
                // Computers; the last are no object here.
                let usual = match (person.is_user(), person.is_controller()) {
                    (true, _) => Some(1),
                    (_, true) => Some(2),
                    _ => None,
                };
                let primary = person.primary.map(|group| group % self.groups.len());
                if primary.is_none() && usual.is_none() {
                    token.insert(domain_sid(515));
                }
                let primary = primary.or(usual.filter(|group| *group < self.groups.len()));
                token.extend(
                    primary
                        .filter(|group| security(*group))
                        .map(|group| self.sid(Subject::Group(group))),
                );
                if person.is_controller() {
                    token.insert(sid(CONTROLLERS));
                }
            }
            for (whose, past) in &self.history {
                // A SID without an object has no attribute to hold another.
                if self.has_object(*whose) && token.contains(&self.sid(*whose)) {
                    token.insert(self.sid(*past));
                }
            }
            if token.len() == before {
                return token;
            }
        }
    }

    fn has_object(&self, subject: Subject) -> bool {
        let known = self.known(subject);
        !matches!(known, Subject::Elsewhere(_))
            || self
                .members
                .iter()
                .any(|(_, member)| self.known(*member) == known)
    }
}

impl Line {
    /// An ACE for OWNER RIGHTS, which takes something away whatever it holds.
    pub(crate) fn is_for_owners(&self) -> bool {
        matches!(self.trustee, Trustee::Placeholder(number) if PLACEHOLDERS[number] == "S-1-3-4")
    }
}

impl Dacl {
    /// A DACL without ACEs, and no owner.
    pub(crate) fn empty() -> Self {
        Self {
            owner: None,
            lines: Some(Vec::new()),
        }
    }

    /// As a descriptor; object types are taken from those offered.
    pub(crate) fn descriptor(&self, domain: &Domain, object_types: &[Guid]) -> SecurityDescriptor {
        let trustee = |trustee: Trustee| match trustee {
            Trustee::Subject(subject) => domain.sid(subject),
            Trustee::Placeholder(number) => sid(PLACEHOLDERS[number]),
        };
        let ace = |line: &Line| {
            let object_type = line
                .object_type
                .map(|number| object_types[number % object_types.len()]);
            let ace_type = match (line.allow, line.conditional, object_type.is_some()) {
                (true, false, false) => AceType::AccessAllowed,
                (true, false, true) => AceType::AccessAllowedObject,
                (true, true, false) => AceType::AccessAllowedCallback,
                (true, true, true) => AceType::AccessAllowedCallbackObject,
                (false, false, false) => AceType::AccessDenied,
                (false, false, true) => AceType::AccessDeniedObject,
                (false, true, false) => AceType::AccessDeniedCallback,
                (false, true, true) => AceType::AccessDeniedCallbackObject,
            };
            let known = KnownAce {
                object_type,
                ..KnownAce::new(ace_type, AccessMask(line.mask), trustee(line.trustee))
            };
            Ace {
                flags: AceFlags(line.flags),
                body: AceBody::Known(known),
            }
        };
        SecurityDescriptor {
            control: Control::SE_DACL_PRESENT | Control::SE_SELF_RELATIVE,
            owner: self.owner.map(trustee),
            dacl: self
                .lines
                .as_ref()
                .map(|lines| Acl::new(lines.iter().map(ace).collect())),
            ..SecurityDescriptor::default()
        }
    }
}

/// The first three groups are Domain Admins, Domain Users and Domain Controllers.
fn rid(subject: Subject) -> u32 {
    match subject {
        Subject::Group(number @ 0..=2) => [512, 513, 516][number],
        Subject::Group(number) => 1_200 + u32::try_from(number).unwrap(),
        Subject::Person(number) | Subject::Elsewhere(number) => {
            1_100 + u32::try_from(number).unwrap()
        }
    }
}
