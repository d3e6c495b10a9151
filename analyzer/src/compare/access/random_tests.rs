//! Comparisons of random directories against a model that asks of everybody, one right of one account at a time.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet, HashSet};

use coldcase_schemas::diff::{CauseKind, Direction};
use coldcase_winsec::access::{AccessList, SidSet};
use coldcase_winsec::{AccessMask, Guid, Sid};
use proptest::collection::vec;
use proptest::prelude::*;

use super::clusters::not_found;
use super::*;
use crate::compare::Matching;
use crate::compare::people::People;
use crate::frames::Analysis;
use crate::graph::random::{self, Dacl, Domain};
use crate::graph::{Answers, Form, Part, RightKind};
use crate::load::made::{domain_sid, sid};

/// Queries without which somebody might have been there unseen.
const COMPLETE: [&str; 5] = [
    "groups",
    "users",
    "computers",
    "service-accounts",
    "foreign-principals",
];

/// A domain with permissions for its accounts.
#[derive(Debug, Clone)]
struct Scene {
    domain: Domain,
    /// Permissions, lists of readers and of who may act for users; each account has one of each.
    dacls: Vec<Dacl>,
    readers: Vec<Dacl>,
    blocked: bool,
}

/// What may be of the earlier domain or of another.
#[derive(Debug, Clone, Copy)]
struct Mix([bool; 8]);

impl Mix {
    fn of(self, old: &Scene, other: &Scene) -> Scene {
        let Self(
            [
                persons,
                groups,
                members,
                history,
                dacls,
                readers,
                blocked,
                some,
            ],
        ) = self;
        let domain = Domain {
            persons: pick(persons, &old.domain.persons, &other.domain.persons),
            groups: pick(groups, &old.domain.groups, &other.domain.groups),
            members: if some && !members {
                // Most of them stay.
                let kept = old.domain.members.iter().skip(1);
                kept.chain(other.domain.members.first()).copied().collect()
            } else {
                pick(members, &old.domain.members, &other.domain.members)
            },
            history: pick(history, &old.domain.history, &other.domain.history),
            filler: old.domain.filler,
        };
        Scene {
            domain,
            dacls: if some && !dacls {
                let mut kept = old.dacls.clone();
                kept[0] = other.dacls[0].clone();
                kept
            } else {
                pick(dacls, &old.dacls, &other.dacls)
            },
            readers: pick(readers, &old.readers, &other.readers),
            blocked: if blocked { other.blocked } else { old.blocked },
        }
    }
}

fn pick<T: Clone>(other: bool, one: &[T], another: &[T]) -> Vec<T> {
    if other { another } else { one }.to_vec()
}

impl Scene {
    fn analysis(&self) -> Analysis {
        let mut made = self.domain.made();
        made.complete = COMPLETE.to_vec();
        made.by_administrator();
        if self.blocked {
            made.ds_heuristics = Some("00000000010000000002000000011".to_owned());
        }
        let types = types();
        let ids = |made: &mut crate::load::made::Made, dacls: &[Dacl]| -> Vec<i64> {
            dacls
                .iter()
                .map(|dacl| made.bytes(dacl.descriptor(&self.domain, &types).encode()))
                .collect()
        };
        let (dacls, readers) = (ids(&mut made, &self.dacls), ids(&mut made, &self.readers));
        for (number, object) in made.objects.iter_mut().enumerate() {
            if !object.kind.is_principal() {
                continue;
            }
            object.spns = vec![format!("HTTP/{}", object.display_name())];
            object.descriptor = Some(dacls[number % dacls.len()]);
            object.readers = Some(readers[number % readers.len()]);
            object.allowed_to_act = Some(readers[(number + 1) % readers.len()]);
        }
        Analysis::new(made.directory())
    }

    /// Everybody by SID who can be told of a side.
    fn somebody(&self, sides: [&Analysis; 2], own: &Analysis) -> BTreeSet<Sid> {
        let accounts = own.directory.objects.iter();
        let mut sids: BTreeSet<Sid> = accounts
            .filter(|object| object.kind.is_principal())
            .filter_map(|object| object.sid.clone())
            .collect();
        let strangers = [
            "S-1-5-9",
            "S-1-5-21-9-9-9-1105",
            "S-1-5-21-9-9-9-1106",
            "S-1-5-21-1-2-3-515",
        ];
        sids.extend(strangers.map(sid).into_iter().filter(|sid| {
            sides.iter().any(|side| {
                let tokens = &side.effective.tokens;
                tokens.of(&side.directory, sid).is_some()
            })
        }));
        sids
    }

    /// 0, 1 if a condition decides, 2.
    fn levels(&self, analysis: &Analysis, who: &Sid, place: usize) -> BTreeMap<RightKind, u8> {
        let object = &analysis.directory.objects[place];
        let mut levels = BTreeMap::new();
        let mut add = |right, certain: bool| {
            levels.insert(right, if certain { 2 } else { 1 });
        };
        let tokens = &analysis.effective.tokens;
        let token = self.domain.token(who);
        match tokens.of(&analysis.directory, who) {
            Some(holder) => {
                let mut answers =
                    Answers::new(&analysis.effective, &analysis.directory, holder, None);
                for right in &answers.of(place, object).unwrap().rights {
                    add(right.kind, !right.unknown);
                }
            }
            // No descriptor of this side names it.
            None => {
                let root = analysis.directory.classes.root(&object.classes);
                // Who is in Domain or Enterprise Admins is not concerned.
                let exempt = [512, 519]
                    .iter()
                    .any(|rid| token.contains(&domain_sid(*rid)));
                let blocked = analysis.effective.blocks(object.kind) && !exempt;
                for right in analysis.effective.rights.of(object.kind, root) {
                    let (parts, any) = match right.form {
                        Form::Whole(mask, node) => (
                            crate::graph::bits(mask)
                                .map(|bit| Part { bit, node })
                                .collect(),
                            false,
                        ),
                        Form::All(parts) => (parts, false),
                        Form::Any(parts) => (parts, true),
                    };
                    let level = decide(
                        analysis,
                        (object.descriptor, object.sid.as_ref()),
                        &token,
                        &parts,
                        any,
                        blocked,
                    );
                    if level > 0 {
                        add(right.kind, level == 2);
                    }
                }
                if owns(analysis, object.descriptor, &token, blocked) {
                    add(RightKind::Owner, true);
                }
                if matches!(object.kind, Kind::Gmsa | Kind::Dmsa) {
                    let part = Part::whole(AccessMask::READ_PROPERTY);
                    let level = decide(
                        analysis,
                        (object.readers, None),
                        &token,
                        &[part],
                        true,
                        true,
                    );
                    if level > 0 {
                        add(RightKind::ReadPassword, level == 2);
                    }
                }
            }
        }
        let acting = [AccessMask::READ_PROPERTY, AccessMask::CONTROL_ACCESS].map(Part::whole);
        let level = decide(
            analysis,
            (object.allowed_to_act, None),
            &token,
            &acting,
            true,
            true,
        );
        if level > 0 {
            add(RightKind::ActFor, level == 2);
        }
        levels
    }
}

/// Whether being the owner is what grants the right to change the DACL.
fn owns(analysis: &Analysis, descriptor: Option<i64>, token: &HashSet<Sid>, blocked: bool) -> bool {
    let descriptor = analysis.directory.descriptors.get(descriptor.unwrap());
    let list = AccessList::new(descriptor.unwrap());
    let implicit = list.implicit_owner_rights(blocked);
    !list.is_null()
        && implicit.contains(AccessMask::WRITE_DACL)
        && list.owner().is_some_and(|owner| token.contains(owner))
}

fn decide(
    analysis: &Analysis,
    (descriptor, own): (Option<i64>, Option<&Sid>),
    token: &HashSet<Sid>,
    parts: &[Part],
    any: bool,
    blocked: bool,
) -> u8 {
    let descriptor = analysis.directory.descriptors.get(descriptor.unwrap());
    let list = AccessList::new(descriptor.unwrap());
    let who = SidSet {
        sids: token,
        object: own,
        owner: list.owner(),
    };
    let outcomes: Vec<_> = parts
        .iter()
        .map(|part| list.decide(&who, part.bit, &part.node, blocked))
        .collect();
    let least = |outcome: &coldcase_winsec::access::Outcome| outcome.least.is_granted();
    let most = |outcome: &coldcase_winsec::access::Outcome| outcome.most.is_granted();
    let (least, most) = match any {
        true => (outcomes.iter().any(least), outcomes.iter().any(most)),
        false => (outcomes.iter().all(least), outcomes.iter().all(most)),
    };
    u8::from(most && !outcomes.is_empty()) + u8::from(least && !outcomes.is_empty())
}

/// What an entry may be typed with.
fn types() -> Vec<Guid> {
    let empty = crate::load::made::Made::new().directory();
    let named = [
        "servicePrincipalName",
        "msDS-KeyCredentialLink",
        "msDS-GroupMSAMembership",
        "userAccountControl",
        "User-Force-Change-Password",
        "user",
        "msDS-GroupManagedServiceAccount",
    ];
    let mut types: Vec<Guid> = named
        .iter()
        .filter_map(|name| empty.schema.guid(name))
        .collect();
    types.extend(empty.schema.property_set("servicePrincipalName"));
    types
}

fn scenes() -> impl Strategy<Value = (Scene, Scene)> {
    let scene = || {
        (
            random::domains(),
            vec(random::dacls(), 3),
            vec(random::dacls(), 2),
            any::<bool>(),
        )
            .prop_map(|(domain, dacls, readers, blocked)| Scene {
                domain,
                dacls,
                readers,
                blocked,
            })
    };
    let mix = proptest::array::uniform8(proptest::bool::weighted(0.3)).prop_map(Mix);
    (scene(), scene(), mix).prop_map(|(old, other, mix)| {
        let new = mix.of(&old, &other);
        (old, new)
    })
}

/// Account, who, right, gained or lost, certain.
type Fact = (Sid, Sid, RightKind, bool, bool);

/// By asking of everybody.
fn facts(scenes: [&Scene; 2], sides: [&Analysis; 2]) -> BTreeSet<Fact> {
    let mut facts = BTreeSet::new();
    let people: Vec<BTreeSet<Sid>> = (0..2)
        .map(|side| scenes[side].somebody(sides, sides[side]))
        .collect();
    let accounts: BTreeSet<Sid> = sides
        .iter()
        .flat_map(|side| &side.directory.objects)
        .filter(|object| object.is_service_account())
        .filter_map(|object| object.sid.clone())
        .collect();
    for account in &accounts {
        for who in people[0].union(&people[1]).filter(|who| *who != account) {
            let levels: Vec<BTreeMap<RightKind, u8>> = (0..2)
                .map(|side| {
                    let there = people[side].contains(who);
                    match sides[side]
                        .directory
                        .place_of_sid(account)
                        .filter(|_| there)
                    {
                        Some(place) => scenes[side].levels(sides[side], who, place),
                        None => BTreeMap::new(),
                    }
                })
                .collect();
            let rights: BTreeSet<RightKind> = levels
                .iter()
                .flat_map(|levels| levels.keys().copied())
                .collect();
            for right in rights {
                for (here, gained) in [(1, true), (0, false)] {
                    let level = |side: usize| levels[side].get(&right).copied().unwrap_or(0);
                    let told = match (level(here), level(1 - here)) {
                        (2, 0 | 1) => Some(true),
                        (1, 0) => Some(false),
                        _ => None,
                    };
                    let expected = {
                        let side = sides[here];
                        side.principals.is_expected(&side.directory, who)
                    };
                    if let Some(certain) = told.filter(|_| !expected) {
                        facts.insert((account.clone(), who.clone(), right, gained, certain));
                    }
                }
            }
        }
    }
    facts
}

/// As the rows tell it.
fn told(pair: &Pair<'_>) -> Vec<(Sid, Vec<Sid>, Template)> {
    let people = People::of(pair);
    let accounts = accounts(pair);
    let mut told = Vec::new();
    compared(&people, &accounts, |places, found| {
        let place = |when: When| people.side(when).object((*places.get(when))?);
        let account = place(When::After).or(place(When::Before)).unwrap();
        let own = account.sid.clone().unwrap();
        for template in found {
            let members = template.members.iter().map(|one| people.sid(*one).unwrap());
            let members = members.filter(|sid| **sid != own).cloned().collect();
            told.push((own.clone(), members, template.clone()));
        }
    });
    told
}

proptest! {
    // Each case loads two directories and asks of everybody: a fourth of the usual number of cases.
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: ProptestConfig::default().cases.div_ceil(4),
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_changed_between_a_directory_and_itself((scene, _) in scenes()) {
        let analysis = scene.analysis();
        let matching = Matching::of(&analysis.directory, &analysis.directory);
        let pair = Pair { old: &analysis, new: &analysis, matching: &matching };
        prop_assert_eq!(access(&pair), Vec::new());
    }

    /// What rows tell is what a check of each person, account and right on both sides finds, and nothing else.
    #[test]
    fn rows_tell_what_the_check_says_of_everybody((old, new) in scenes()) {
        let (before, after) = (old.analysis(), new.analysis());
        let matching = Matching::of(&before.directory, &after.directory);
        let pair = Pair { old: &before, new: &after, matching: &matching };
        let facts = facts([&old, &new], [&before, &after]);
        let told = told(&pair);
        let mut covered: BTreeSet<&Fact> = BTreeSet::new();
        for (account, members, template) in &told {
            prop_assert!(!template.unknown, "{:?}", template);
            prop_assert!(!template.why.is_empty(), "{:?}", template);
            // Somebody who is granted it on one side alone is so because of something that can be named.
            prop_assert!(!template.why.contains(&not_found()), "{:?}", template);
            for who in members {
                for fact in &facts {
                    let (of, whom, right, gained, certain) = fact;
                    let same = of == account
                        && whom == who
                        && *gained == (template.on == When::After)
                        && *certain != template.conditional;
                    let named = |right: RightKind| template.rights.contains(&right.as_str());
                    let follows = ALL.iter().any(|strong| named(*strong) && right.follows_from(*strong));
                    if same && (named(*right) || follows) {
                        covered.insert(fact);
                    }
                }
                for right in ALL.iter().filter(|right| template.rights.contains(&right.as_str())) {
                    let fact = (account.clone(), who.clone(), *right, template.on == When::After, !template.conditional);
                    prop_assert!(facts.contains(&fact), "told and not so: {:?} by {:?}", fact, template);
                }
            }
        }
        for fact in &facts {
            prop_assert!(covered.contains(fact), "not told: {:?}", fact);
        }
    }

    /// Looked at the other way round, everything is lost that was gained, by the same causes.
    #[test]
    fn the_other_way_round_is_the_mirror_image((old, new) in scenes()) {
        let (before, after) = (old.analysis(), new.analysis());
        let there = Matching::of(&before.directory, &after.directory);
        let back = Matching::of(&after.directory, &before.directory);
        let one = access(&Pair { old: &before, new: &after, matching: &there });
        let other = access(&Pair { old: &after, new: &before, matching: &back });
        let plain: BTreeSet<String> = one.iter().map(|change| said(change, false)).collect();
        let mirrored: BTreeSet<String> = other.iter().map(|change| said(change, true)).collect();
        prop_assert_eq!(plain, mirrored);
    }
}

/// Rights that rows can name.
const ALL: [RightKind; 19] = [
    RightKind::Owner,
    RightKind::FullControl,
    RightKind::WriteAll,
    RightKind::WriteDacl,
    RightKind::WriteOwner,
    RightKind::Delete,
    RightKind::ResetPassword,
    RightKind::WriteSpn,
    RightKind::WriteKeyCredential,
    RightKind::WriteAltIdentities,
    RightKind::WriteAllowedToAct,
    RightKind::WriteDelegateTo,
    RightKind::WriteAccountControl,
    RightKind::WriteLogonScript,
    RightKind::WriteReaders,
    RightKind::WritePredecessor,
    RightKind::WriteSuccessor,
    RightKind::ReadPassword,
    RightKind::ActFor,
];

/// A row in one line, the other way round if asked.
fn said(change: &AccessChange, mirrored: bool) -> String {
    let direction = match (change.direction, mirrored) {
        (Direction::Gained, true) => Direction::Lost,
        (Direction::Lost, true) => Direction::Gained,
        (direction, _) => direction,
    };
    let kinds: BTreeSet<CauseKind> = change
        .causes
        .iter()
        .map(|cause| match (cause.kind, mirrored) {
            (CauseKind::AllowAdded, true) => CauseKind::AllowRemoved,
            (CauseKind::AllowRemoved, true) => CauseKind::AllowAdded,
            (CauseKind::DenyAdded, true) => CauseKind::DenyRemoved,
            (CauseKind::DenyRemoved, true) => CauseKind::DenyAdded,
            (CauseKind::MemberAdded, true) => CauseKind::MemberRemoved,
            (CauseKind::MemberRemoved, true) => CauseKind::MemberAdded,
            (CauseKind::Created, true) => CauseKind::Deleted,
            (CauseKind::Deleted, true) => CauseKind::Created,
            (kind, _) => kind,
        })
        .collect();
    format!(
        "{direction:?} {:?} {:?} {:?} by {:?} ({}) {:?} conditional: {} because {kinds:?}",
        change.account.sid,
        change.power,
        change.rights,
        change.holder.sid,
        change.principals,
        change.examples,
        change.conditional,
    )
}
