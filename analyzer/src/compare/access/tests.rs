//! One cause after the other, in the smallest directories that have it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use coldcase_schemas::diff::{CauseKind, Direction, Power};

use super::*;
use crate::compare::Matching;
use crate::frames::Analysis;
use crate::load::Directory;
use crate::load::made::{HEAD, Made, domain_sid};

/// Attributes that may be empty.
const ASKED: [&str; 4] = [
    "msDS-GroupMSAMembership",
    "msDS-AllowedToActOnBehalfOfOtherIdentity",
    "msDS-AllowedToDelegateTo",
    "servicePrincipalName",
];

const ANNA: &str = "S-1-5-21-1-2-3-1101";
const HELPDESK: &str = "S-1-5-21-1-2-3-1201";
const RESET: &str = "00299570-246d-11d0-a768-00aa006e0529";
const SPN: &str = "f3a64788-5306-11d1-a9c5-0000f80367c1";

/// Places of a small domain.
#[derive(Clone, Copy)]
struct Places {
    unit: usize,
    service: usize,
    managed: usize,
    anna: usize,
    ben: usize,
    helpdesk: usize,
    inner: usize,
    admins: usize,
}

/// A domain with a service account and a gMSA in a unit, two people and three groups, of which everything was seen.
fn domain() -> (Made, Places) {
    let mut made = Made::new();
    made.complete = vec![
        "groups",
        "users",
        "computers",
        "service-accounts",
        "foreign-principals",
    ];
    made.by_administrator();
    let unit_dn = format!("OU=Services,{HEAD}");
    let unit = made.add("organizationalUnit", &unit_dn);
    let service = made.principal("user", "svc-sql", &unit_dn, 1_001);
    made.objects[service].spns = vec!["MSSQLSvc/sql.corp.example".to_owned()];
    let class = "msDS-GroupManagedServiceAccount";
    let managed = made.principal(class, "gmsa-web$", &unit_dn, 1_002);
    let places = Places {
        unit,
        service,
        managed,
        anna: made.principal("user", "anna.berg", HEAD, 1_101),
        ben: made.principal("user", "ben.cole", HEAD, 1_102),
        helpdesk: made.principal("group", "Helpdesk", HEAD, 1_201),
        inner: made.principal("group", "Inner", HEAD, 1_202),
        admins: made.principal("group", "Domain Admins", HEAD, 512),
    };
    for place in [unit, service, managed, places.anna, places.ben] {
        made.protect(place, "O:DAD:(A;;GA;;;DA)");
    }
    (made, places)
}

/// Compares a domain before and after.
fn compare(
    before: impl FnOnce(&mut Made, Places),
    after: impl FnOnce(&mut Made, Places),
) -> Vec<AccessChange> {
    compare_loaded(before, after, |_, _| ())
}

/// The same, with a change to the later directory once it is loaded.
fn compare_loaded(
    before: impl FnOnce(&mut Made, Places),
    after: impl FnOnce(&mut Made, Places),
    loaded: impl FnOnce(&mut Directory, Places),
) -> Vec<AccessChange> {
    let (mut old, places) = domain();
    before(&mut old, places);
    let (mut new, places) = domain();
    after(&mut new, places);
    let (mut old, mut new) = (old.directory(), new.directory());
    for row in old.ledger.iter_mut().chain(&mut new.ledger) {
        row.plan.attributes = ASKED.map(str::to_owned).to_vec();
    }
    loaded(&mut new, places);
    let (old, new) = (Analysis::new(old), Analysis::new(new));
    let matching = Matching::of(&old.directory, &new.directory);
    access(&Pair {
        old: &old,
        new: &new,
        matching: &matching,
    })
}

/// `gained reset svc-sql: Helpdesk (2) [reset-password] because AllowAdded`
fn said(changes: &[AccessChange]) -> Vec<String> {
    let name = |change: &AccessChange| change.account.sam_account_name.clone().unwrap();
    let kinds = |change: &AccessChange| {
        let kinds = change
            .causes
            .iter()
            .map(|cause| format!("{:?}", cause.kind));
        kinds.collect::<Vec<_>>().join("+")
    };
    changes
        .iter()
        .map(|change| {
            format!(
                "{} {} {}: {} ({}) [{}] because {}",
                match change.direction {
                    Direction::Gained => "gained",
                    Direction::Lost => "lost",
                    Direction::Unknown => "unknown",
                },
                change.power.as_str(),
                name(change),
                change.holder_name,
                change.principals,
                change.rights.join(" "),
                kinds(change)
            )
        })
        .collect()
}

fn allow_reset(whom: &str) -> String {
    format!("O:DAD:(A;;GA;;;DA)(OA;;CR;{RESET};;{whom})")
}

fn both_in_helpdesk(made: &mut Made, places: Places) {
    made.member(places.helpdesk, places.anna);
    made.member(places.helpdesk, places.ben);
}

#[test]
fn a_group_that_is_named_is_told_once() {
    let changes = compare(both_in_helpdesk, |made, places| {
        both_in_helpdesk(made, places);
        made.protect(places.service, &allow_reset(HELPDESK));
    });
    assert_eq!(
        said(&changes),
        ["gained reset svc-sql: Helpdesk (2) [reset-password] because AllowAdded"]
    );
    assert_eq!(changes[0].examples, ["anna.berg", "ben.cole"]);
    assert!(
        changes[0].causes[0]
            .text
            .contains("to Helpdesk\" was added")
    );
    let at = changes[0].causes[0].at.as_ref().unwrap();
    assert_eq!(at.sam_account_name.as_deref(), Some("svc-sql"));
}

#[test]
fn an_entry_that_is_inherited_is_told_where_it_comes_from() {
    let changes = compare(
        |_, _| (),
        |made, places| {
            let own = format!("O:DAD:(A;;GA;;;DA)(A;CI;GA;;;{ANNA})");
            made.protect(places.unit, &own);
            let below = format!("O:DAD:(A;;GA;;;DA)(A;CIID;GA;;;{ANNA})");
            made.protect(places.service, &below);
        },
    );
    assert_eq!(
        said(&changes),
        [
            "gained reset svc-sql: anna.berg (1) [reset-password] because AllowAdded",
            "gained control svc-sql: anna.berg (1) [full-control] because AllowAdded",
        ]
    );
    let cause = &changes[0].causes[0];
    let at = cause.at.as_ref().unwrap();
    assert_eq!(at.dn.as_deref(), Some("OU=Services,DC=corp,DC=example"));
    assert!(cause.text.contains("is inherited"), "{}", cause.text);
}

#[test]
fn who_joins_a_group_is_told_by_name_and_a_nested_group_once() {
    let named = |made: &mut Made, places: Places| {
        made.protect(places.service, &allow_reset(HELPDESK));
        made.member(places.inner, places.ben);
    };
    let changes = compare(named, |made, places| {
        named(made, places);
        made.member(places.helpdesk, places.anna);
        made.member(places.helpdesk, places.inner);
    });
    assert_eq!(
        said(&changes),
        [
            "gained reset svc-sql: Inner (1) [reset-password] because MemberAdded",
            "gained reset svc-sql: anna.berg (1) [reset-password] because MemberAdded",
        ]
    );
    assert_eq!(changes[1].causes[0].text, "anna.berg was added to Helpdesk");
    let at = changes[1].causes[0].at.as_ref().unwrap();
    assert_eq!(at.sam_account_name.as_deref(), Some("Helpdesk"));
}

#[test]
fn who_leaves_a_group_that_is_denied_gains() {
    let denied = |made: &mut Made, places: Places| {
        let text = format!("O:DAD:(OD;;CR;{RESET};;{HELPDESK})(OA;;CR;{RESET};;{ANNA})");
        made.protect(places.service, &text);
    };
    let changes = compare(
        |made, places| {
            denied(made, places);
            made.member(places.helpdesk, places.anna);
        },
        denied,
    );
    assert_eq!(
        said(&changes),
        ["gained reset svc-sql: anna.berg (1) [reset-password] because MemberRemoved"]
    );
}

#[test]
fn denies_order_and_owners() {
    let with = |text: String| {
        move |made: &mut Made, places: Places| {
            made.member(places.helpdesk, places.anna);
            made.protect(places.service, &text);
        }
    };
    let deny = format!("(OD;;CR;{RESET};;{HELPDESK})");
    let allow = format!("(OA;;CR;{RESET};;{ANNA})");
    let denied = compare(
        with(format!("O:DAD:{allow}")),
        with(format!("O:DAD:{deny}{allow}")),
    );
    assert_eq!(
        said(&denied),
        ["lost reset svc-sql: anna.berg (1) [reset-password] because DenyAdded"]
    );
    let reordered = compare(
        with(format!("O:DAD:{deny}{allow}")),
        with(format!("O:DAD:{allow}{deny}")),
    );
    assert_eq!(
        said(&reordered),
        ["gained reset svc-sql: anna.berg (1) [reset-password] because Reordered"]
    );
    let owner = compare(
        with("O:DAD:(A;;GA;;;DA)".to_owned()),
        with(format!("O:{ANNA}D:(A;;GA;;;DA)")),
    );
    assert_eq!(
        said(&owner),
        ["gained control svc-sql: anna.berg (1) [owner write-dacl] because Owner"]
    );
    let limited = compare(
        with(format!("O:{ANNA}D:(A;;RC;;;OW)")),
        with(format!("O:{ANNA}D:(A;;GA;;;DA)")),
    );
    assert_eq!(
        said(&limited),
        ["gained control svc-sql: anna.berg (1) [owner write-dacl] because AllowRemoved"]
    );
    let none = compare(
        with("O:DAD:(A;;GA;;;DA)".to_owned()),
        with("O:DA".to_owned()),
    );
    assert!(said(&none).iter().any(|line| line.contains("Everyone (")
        && line.ends_with("[full-control owner] because Descriptor")
        || line.ends_with("[full-control] because Descriptor")));
}

#[test]
fn neither_alone_is_told_as_both() {
    let changes = compare(
        |_, _| (),
        |made, places| {
            made.member(places.helpdesk, places.anna);
            made.protect(places.service, &allow_reset(HELPDESK));
        },
    );
    assert_eq!(
        said(&changes),
        [
            "gained reset svc-sql: Helpdesk (1) [reset-password] because Together+AllowAdded+MemberAdded"
        ]
    );
}

#[test]
fn primary_groups_and_sids_of_the_past() {
    let named = |made: &mut Made, places: Places| {
        made.protect(places.service, &allow_reset(HELPDESK));
    };
    let primary = compare(named, |made, places| {
        named(made, places);
        made.objects[places.anna].primary_group_id = Some(1_201);
    });
    assert_eq!(
        said(&primary),
        ["gained reset svc-sql: anna.berg (1) [reset-password] because Token"]
    );
    assert_eq!(
        primary[0].causes[0].text,
        "Helpdesk is the primary group of anna.berg now"
    );
    let past = compare(
        |made, places| {
            named(made, places);
            made.history.push((places.anna, domain_sid(1_201)));
        },
        named,
    );
    assert_eq!(
        said(&past),
        ["lost reset svc-sql: anna.berg (1) [reset-password] because Token"]
    );
    assert!(past[0].causes[0].text.contains("sIDHistory any more"));
}

#[test]
fn the_schema_and_heuristics() {
    let set = "e48d0154-bcf8-11d1-8702-00c04fb96050";
    let public = |made: &mut Made, places: Places| {
        let text = format!("O:DAD:(OA;;WP;{set};;{ANNA})");
        made.protect(places.service, &text);
    };
    // The attribute goes out of the property set.
    let schema = compare_loaded(public, public, |directory, _| {
        directory.schema.forget_set("servicePrincipalName");
    });
    assert_eq!(
        said(&schema),
        ["lost control svc-sql: anna.berg (1) [write-spn] because Schema"]
    );
    assert!(schema[0].causes[0].text.contains("write-spn"));
    let owned = |made: &mut Made, places: Places| {
        made.protect(places.managed, &format!("O:{ANNA}D:(A;;GA;;;DA)"));
    };
    let heuristics = compare(owned, |made, places| {
        owned(made, places);
        made.ds_heuristics = Some("00000000010000000002000000011".to_owned());
    });
    assert_eq!(
        said(&heuristics),
        ["lost control gmsa-web$: anna.berg (1) [owner write-dacl] because DsHeuristics"]
    );
}

#[test]
fn readers_and_who_acts() {
    let list = |made: &mut Made| made.sddl(&format!("O:DAD:(A;;0xf01ff;;;{HELPDESK})"));
    let changes = compare(both_in_helpdesk, |made, places| {
        both_in_helpdesk(made, places);
        let id = list(made);
        made.objects[places.managed].readers = Some(id);
        made.objects[places.managed].allowed_to_act = Some(id);
    });
    assert_eq!(
        said(&changes),
        [
            "gained read gmsa-web$: Helpdesk (2) [read-password] because Descriptor",
            "gained delegate gmsa-web$: Helpdesk (2) [act-for] because Descriptor",
        ]
    );
}

#[test]
fn a_list_that_was_not_asked_for_is_unknown() {
    let list = |made: &mut Made, places: Places| {
        let id = made.sddl(&format!("O:DAD:(A;;0xf01ff;;;{ANNA})"));
        made.objects[places.managed].readers = Some(id);
    };
    let changes = compare_loaded(
        list,
        |_, _| (),
        |directory, _| {
            for row in &mut directory.ledger {
                row.plan.attributes.clear();
            }
        },
    );
    assert_eq!(
        said(&changes),
        ["unknown read gmsa-web$: anna.berg (1) [read-password] because NotSeen"]
    );
}

#[test]
fn constrained_delegation_by_name_and_by_who_answers() {
    let name = || vec!["MSSQLSvc/sql.corp.example".to_owned()];
    let named = compare(
        |_, _| (),
        |made, places| made.objects[places.anna].delegates_to = name(),
    );
    assert_eq!(
        said(&named),
        ["gained delegate svc-sql: anna.berg (1) [constrained-delegation] because Attribute"]
    );
    let at = named[0].causes[0].at.as_ref().unwrap();
    assert_eq!(at.sam_account_name.as_deref(), Some("anna.berg"));
    let moved = compare(
        |made, places| made.objects[places.anna].delegates_to = name(),
        |made, places| {
            made.objects[places.anna].delegates_to = name();
            made.objects[places.service].spns = vec!["HTTP/other".to_owned()];
            made.objects[places.managed].spns = name();
        },
    );
    assert_eq!(
        said(&moved),
        [
            "gained delegate gmsa-web$: anna.berg (1) [constrained-delegation] because Attribute",
            "lost delegate svc-sql: anna.berg (1) [constrained-delegation] because Attribute",
        ]
    );
}

#[test]
fn new_people_and_new_accounts() {
    let named = |made: &mut Made, places: Places| {
        made.protect(places.service, &allow_reset(HELPDESK));
    };
    let people = compare(named, |made, places| {
        named(made, places);
        let carl = made.principal("user", "carl", HEAD, 1_103);
        made.member(places.helpdesk, carl);
    });
    assert_eq!(
        said(&people),
        ["gained reset svc-sql: carl (1) [reset-password] because Created"]
    );
    let account = compare(both_in_helpdesk, |made, places| {
        both_in_helpdesk(made, places);
        let new = made.principal("user", "svc-new", HEAD, 1_003);
        made.objects[new].spns = vec!["HTTP/new".to_owned()];
        made.protect(new, &allow_reset(HELPDESK));
    });
    assert_eq!(
        said(&account),
        ["gained reset svc-new: Helpdesk (2) [reset-password] because Created"]
    );
}

#[test]
fn administrators_are_not_told() {
    let changes = compare(
        |_, _| (),
        |made, places| {
            made.member(places.admins, places.anna);
            made.protect(places.service, &allow_reset(ANNA));
        },
    );
    assert_eq!(said(&changes), Vec::<String>::new());
}

#[test]
fn many_who_join_are_told_as_the_group() {
    let people = |made: &mut Made, places: Places| -> Vec<usize> {
        made.protect(places.service, &allow_reset(HELPDESK));
        (0..12)
            .map(|number| {
                made.principal("user", &format!("user-{number:02}"), HEAD, 1_300 + number)
            })
            .collect()
    };
    let changes = compare(
        |made, places| drop(people(made, places)),
        |made, places| {
            for one in people(made, places) {
                made.member(places.helpdesk, one);
            }
        },
    );
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].holder_name, "Helpdesk");
    assert_eq!(changes[0].principals, 12);
    assert_eq!(changes[0].examples.len(), 10);
    assert_eq!(changes[0].causes.len(), 11);
    let last = &changes[0].causes[10];
    assert_eq!(
        (last.kind, last.text.as_str()),
        (CauseKind::MemberAdded, "2 more changes of the kind")
    );
}

#[test]
fn what_a_side_does_not_show_is_unknown() {
    let hidden = compare(
        |made, places| made.objects[places.service].descriptor = None,
        |made, places| made.protect(places.service, &allow_reset(ANNA)),
    );
    assert_eq!(
        said(&hidden),
        ["unknown reset svc-sql: anna.berg (1) [reset-password] because NotSeen"]
    );
    let broken = compare(
        |made, places| made.protect(places.service, &allow_reset(ANNA)),
        |made, places| {
            let id = made.bytes(vec![1, 2, 3]);
            made.objects[places.service].descriptor = Some(id);
        },
    );
    assert_eq!(
        said(&broken),
        ["unknown reset svc-sql: anna.berg (1) [reset-password] because NotSeen"]
    );
    assert!(broken[0].causes[0].text.contains("the later snapshot"));
    // Who was in the group is not known; whom the entry names is.
    let named = |made: &mut Made, places: Places| {
        made.protect(places.service, &allow_reset(HELPDESK));
    };
    let groups = compare(
        |made, places| {
            named(made, places);
            made.complete.retain(|name| *name != "groups");
        },
        |made, places| {
            named(made, places);
            made.member(places.helpdesk, places.anna);
        },
    );
    assert_eq!(
        said(&groups),
        ["unknown reset svc-sql: Helpdesk (1) [reset-password] because NotSeen"]
    );
    let by_name = compare(
        |made, _| made.complete.retain(|name| *name != "groups"),
        |made, places| made.protect(places.service, &allow_reset(ANNA)),
    );
    assert_eq!(
        said(&by_name),
        ["gained reset svc-sql: anna.berg (1) [reset-password] because AllowAdded"]
    );
    // People whom the earlier side may not have seen.
    let people = compare(
        |made, places| {
            named(made, places);
            made.complete.retain(|name| *name != "users");
        },
        |made, places| {
            named(made, places);
            let carl = made.principal("user", "carl", HEAD, 1_103);
            made.member(places.helpdesk, carl);
        },
    );
    assert_eq!(
        said(&people),
        ["unknown reset svc-sql: Helpdesk (1) [reset-password] because NotSeen"]
    );
}

#[test]
fn a_move_brings_other_entries() {
    let other = format!("OU=Other,{HEAD}");
    let unit = |made: &mut Made| {
        let place = made.add("organizationalUnit", &other);
        made.protect(
            place,
            &format!("O:DAD:(A;;GA;;;DA)(OA;CI;CR;{RESET};;{ANNA})"),
        );
    };
    let changes = compare(
        |made, _| unit(made),
        |made, places| {
            unit(made);
            made.objects[places.service].dn = format!("CN=svc-sql,{other}");
            let text = format!("O:DAD:(A;;GA;;;DA)(OA;CIID;CR;{RESET};;{ANNA})");
            made.protect(places.service, &text);
        },
    );
    assert_eq!(
        said(&changes),
        ["gained reset svc-sql: anna.berg (1) [reset-password] because AllowAdded"]
    );
    assert!(changes[0].causes[0].text.contains("came by a move"));
}

#[test]
fn an_entry_that_loses_its_condition_is_a_gain() {
    let conditional = format!("O:DAD:(XA;;WP;;;{ANNA};(@USER.a == 1))");
    let changes = compare(
        move |made, places| made.protect(places.service, &conditional),
        |made, places| {
            let text = format!("O:DAD:(OA;;WP;{SPN};;{ANNA})");
            made.protect(places.service, &text);
        },
    );
    let lost: Vec<_> = changes
        .iter()
        .filter(|change| change.direction == Direction::Lost)
        .collect();
    assert!(lost.iter().all(|change| change.conditional));
    let gained: Vec<_> = changes
        .iter()
        .filter(|change| change.direction == Direction::Gained)
        .collect();
    assert_eq!(gained.len(), 1);
    assert_eq!(gained[0].rights, ["write-spn"]);
    assert_eq!(gained[0].power, Power::Control);
    assert!(!gained[0].conditional);
}
