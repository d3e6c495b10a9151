//! What is told of accounts in small made-up directories.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use coldcase_schemas::diff::Power;
use coldcase_schemas::explain::{Knowledge, PowerHolder, PowerOver, Reach, Rotation};
use coldcase_winsec::{Guid, ManagedPasswordId, TICKS_PER_CYCLE};

use super::powers::Holders;
use super::reach::Neighbours;
use super::rotation;
use super::tallies::Tallies;
use crate::frames::Analysis;
use crate::load::made::{HEAD, Made, guid};

const UNIT: &str = "OU=Services,DC=corp,DC=example";

/// Every query that says who holds what came to its end.
fn seen() -> Made {
    let mut made = Made::new();
    made.by_administrator();
    made.complete = vec![
        "domain",
        "service-accounts",
        "users",
        "computers",
        "groups",
        "foreign-principals",
        "containers",
        "schema-classes",
        "schema-attributes",
    ];
    made
}

fn powers(made: Made, place: usize) -> Vec<PowerOver> {
    let analysis = Analysis::new(made.directory());
    let object = analysis.object(place).unwrap();
    Holders::new(&analysis, analysis.owners()).powers(place, object)
}

fn power(made: Made, place: usize, wanted: Power) -> PowerOver {
    let mut powers = powers(made, place).into_iter();
    powers.find(|power| power.power == wanted).unwrap()
}

fn reach(made: Made, place: usize) -> Reach {
    let analysis = Analysis::new(made.directory());
    let tallies = Tallies::new(&analysis);
    let object = analysis.object(place).unwrap();
    Neighbours::new(&analysis).reach(place, object, analysis.owners(), &tallies)
}

fn names(holders: &[PowerHolder]) -> Vec<&str> {
    holders.iter().map(|holder| holder.name.as_str()).collect()
}

/// A user with a service principal name.
fn service(made: &mut Made, name: &str, rid: u32) -> usize {
    let place = made.principal("user", name, UNIT, rid);
    made.objects[place].spns = vec![format!("HTTP/{name}")];
    place
}

#[test]
fn an_inherited_entry_names_its_container_and_a_group_its_members() {
    let mut made = seen();
    let unit = made.add("organizationalUnit", UNIT);
    let account = service(&mut made, "svc", 1103);
    let desk = made.principal("group", "Helpdesk", HEAD, 1200);
    for (name, rid) in [("anna", 1104), ("ole", 1105)] {
        let person = made.principal("user", name, HEAD, rid);
        made.member(desk, person);
    }
    // The account is in the group too, and no one else to itself.
    made.member(desk, account);
    let reset = "CR;00299570-246d-11d0-a768-00aa006e0529;";
    made.protect(
        unit,
        &format!("O:DAD:(OA;CIIO;{reset};S-1-5-21-1-2-3-1200)"),
    );
    made.protect(
        account,
        &format!(
            "O:DAD:(OA;CIIOID;{reset};S-1-5-21-1-2-3-1104)(OA;ID;{reset};S-1-5-21-1-2-3-1200)"
        ),
    );
    let told = power(made, account, Power::Reset);
    assert_eq!(told.knowledge, Knowledge::Known);
    assert_eq!(names(&told.others), ["Helpdesk"]);
    let holder = &told.others[0];
    assert_eq!((holder.principals, holder.tier0_principals), (2, 0));
    assert_eq!(holder.examples, ["anna", "ole"]);
    let right = &holder.rights[0];
    assert_eq!(right.right, "reset-password");
    assert_eq!(right.inherited_from.as_deref(), Some(UNIT));
    assert!(
        right.cause.contains("to Helpdesk (ACE 1, inherited)"),
        "{}",
        right.cause
    );
}

#[test]
fn full_control_resets_too_and_administrators_stand_apart() {
    let mut made = seen();
    let account = service(&mut made, "svc", 1103);
    made.principal("user", "anna", HEAD, 1104);
    made.protect(account, "O:DAD:(A;;GA;;;S-1-5-21-1-2-3-1104)(A;;GA;;;SY)");
    let all = powers(made, account);
    for wanted in [Power::Reset, Power::Control] {
        let told = all.iter().find(|power| power.power == wanted).unwrap();
        assert_eq!(names(&told.others), ["anna"], "{wanted:?}");
        assert!(names(&told.administrators).contains(&"NT AUTHORITY\\SYSTEM"));
    }
    assert_eq!(all[0].knowledge, Knowledge::NotApplicable);
}

#[test]
fn no_dacl_is_everybody_and_what_cannot_be_read_is_not_known() {
    let mut made = seen();
    let open = service(&mut made, "open", 1103);
    let hidden = service(&mut made, "hidden", 1104);
    let broken = service(&mut made, "broken", 1105);
    let closed = service(&mut made, "closed", 1106);
    made.protect(open, "O:DAD:NO_ACCESS_CONTROL");
    made.objects[broken].descriptor = Some(made.bytes(vec![1, 2, 3]));
    made.protect(closed, "O:DAD:");
    let told = power(made.clone(), open, Power::Control);
    assert!(told.others[0].broad, "{told:?}");
    assert!(told.others[0].rights[0].cause.contains("no DACL"));
    for (place, why) in [(hidden, "not readable"), (broken, "malformed")] {
        for wanted in [Power::Reset, Power::Control] {
            let told = power(made.clone(), place, wanted);
            assert_eq!(told.knowledge, Knowledge::Unknown);
            assert!(told.why.contains(why), "{}", told.why);
        }
    }
    let told = power(made, closed, Power::Control);
    assert_eq!((told.knowledge, told.others.len()), (Knowledge::Known, 0));
}

#[test]
fn what_was_not_collected_makes_a_list_partial() {
    let mut made = seen();
    made.complete.retain(|query| *query != "groups");
    let account = service(&mut made, "svc", 1103);
    made.protect(account, "O:DAD:");
    let told = power(made, account, Power::Control);
    assert_eq!(told.knowledge, Knowledge::Partly);
    assert!(told.why.contains("groups"), "{}", told.why);
}

#[test]
fn readers_are_told_by_their_group_and_who_is_denied_is_counted() {
    let mut made = seen();
    let account = made.principal("msDS-GroupManagedServiceAccount", "gmsa$", HEAD, 1103);
    let hosts = made.principal("group", "Hosts", HEAD, 1200);
    let mut computers = Vec::new();
    for (name, rid) in [
        ("A$", 1104),
        ("B$", 1105),
        ("C$", 1106),
        ("D$", 1107),
        ("E$", 1108),
    ] {
        let computer = made.principal("computer", name, HEAD, rid);
        made.member(hosts, computer);
        computers.push(computer);
    }
    let list = made.sddl("O:DAD:(D;;RP;;;S-1-5-21-1-2-3-1106)(A;;RP;;;S-1-5-21-1-2-3-1200)");
    made.objects[account].readers = Some(list);
    let told = power(made.clone(), account, Power::Read);
    assert_eq!(told.knowledge, Knowledge::Known);
    let holder = &told.others[0];
    assert_eq!((holder.name.as_str(), holder.principals), ("Hosts", 4));
    assert_eq!(holder.rights[0].denied, 1);
    assert_eq!(holder.examples, ["A$", "B$", "D$", "E$"]);
    made.objects[account].readers = None;
    let told = power(made, account, Power::Read);
    assert_eq!(told.knowledge, Knowledge::Unknown);
}

/// Each right has its own set of those who are denied it, and here it is the same.
#[test]
fn a_holder_whose_members_are_denied_several_rights_is_told_once() {
    let mut made = seen();
    let account = service(&mut made, "svc", 1103);
    let desk = made.principal("group", "Helpdesk", HEAD, 1200);
    for (name, rid) in [("anna", 1104), ("ole", 1105), ("uwe", 1106)] {
        let person = made.principal("user", name, HEAD, rid);
        made.member(desk, person);
    }
    made.protect(
        account,
        "O:DAD:(D;;WDWO;;;S-1-5-21-1-2-3-1105)(A;;WDWO;;;S-1-5-21-1-2-3-1200)",
    );
    let told = power(made, account, Power::Control);
    assert_eq!(names(&told.others), ["Helpdesk"]);
    let rights: Vec<(&str, u64)> = told.others[0]
        .rights
        .iter()
        .map(|right| (right.right.as_str(), right.denied))
        .collect();
    assert_eq!(rights, [("write-dacl", 1), ("write-owner", 1)]);
    assert_eq!(told.others[0].examples, ["anna", "uwe"]);
}

#[test]
fn members_of_other_domains_are_counted_as_not_known() {
    let mut made = seen();
    let account = service(&mut made, "svc", 1103);
    let desk = made.principal("group", "Helpdesk", HEAD, 1200);
    let foreign = made.foreign("S-1-5-21-7-7-7-1104");
    made.member(desk, foreign);
    made.protect(
        account,
        "O:DAD:(A;;GA;;;S-1-5-21-1-2-3-1200)(A;;GA;;;S-1-5-21-8-8-8-1104)",
    );
    let told = power(made, account, Power::Control);
    assert_eq!(names(&told.others), ["Helpdesk", "S-1-5-21-8-8-8-1104"]);
    for holder in &told.others {
        assert_eq!(
            (holder.principals, holder.outside),
            (0, 1),
            "{}",
            holder.name
        );
    }
}

#[test]
fn who_delegates_to_a_service_of_it_impersonates_users_to_it() {
    let mut made = seen();
    let account = service(&mut made, "svc", 1103);
    let front = service(&mut made, "front", 1104);
    made.objects[front].delegates_to = vec!["HTTP/svc".to_owned()];
    let acting = made.sddl("O:DAD:(A;;GA;;;S-1-5-21-1-2-3-1105)");
    made.principal("computer", "WEB$", HEAD, 1105);
    made.objects[account].allowed_to_act = Some(acting);
    let told = power(made.clone(), account, Power::Delegate);
    assert_eq!(names(&told.others), ["WEB$", "front"]);
    assert!(told.others[1].rights[0].cause.contains("names HTTP/svc"));
    let reached = reach(made, front);
    assert_eq!(
        reached.delegates_to[0]
            .account
            .as_ref()
            .unwrap()
            .sam_account_name
            .as_deref(),
        Some("svc")
    );
}

/// Counted for each group, with the objects that share a descriptor together, and without the account itself.
#[test]
fn rights_over_others_are_counted_by_whom_they_come_from() {
    let mut made = seen();
    let account = service(&mut made, "svc", 1103);
    let writers = made.principal("group", "Writers", HEAD, 1200);
    made.member(writers, account);
    for number in 0..12 {
        let person = made.principal("user", &format!("p{number:02}"), HEAD, 1300 + number);
        made.protect(
            person,
            "O:DAD:(A;;WD;;;S-1-5-21-1-2-3-1200)(A;;WO;;;S-1-5-21-1-2-3-1103)",
        );
    }
    made.protect(
        account,
        "O:DAD:(A;;WD;;;S-1-5-21-1-2-3-1200)(A;;WO;;;S-1-5-21-1-2-3-1103)",
    );
    let told = reach(made, account);
    let rights: Vec<(&str, Option<&str>, u64, usize)> = told
        .rights
        .iter()
        .map(|right| {
            let via = right.via.as_deref();
            (
                right.right.as_str(),
                via,
                right.objects,
                right.examples.len(),
            )
        })
        .collect();
    // The group's right over the account is one over an object like any other.
    assert_eq!(
        rights,
        [
            ("write-owner", None, 12, 10),
            ("write-dacl", Some("Writers"), 13, 10)
        ]
    );
    assert_eq!(told.rights[0].examples[0], "p00");
    assert_eq!(told.groups[0].name, "Writers");
    assert!(told.groups[0].direct);
}

#[test]
fn who_reaches_it_is_counted_for_other_accounts_too() {
    let mut made = seen();
    let person = made.principal("user", "ole", HEAD, 1103);
    made.principal("user", "anna", HEAD, 1104);
    made.protect(person, "O:DAD:(A;;GA;;;S-1-5-21-1-2-3-1104)");
    let told = reach(made, person);
    assert_eq!(told.taken_over_by, 1);
    assert_eq!(told.taken_over_ways[0].from, "anna");
    assert_eq!(told.taken_over_unknown, None);
    assert!(!told.taken_over_by_everybody);
}

fn rotation(change: impl FnOnce(&mut crate::load::Object)) -> Rotation {
    let mut made = seen();
    let place = made.principal("msDS-GroupManagedServiceAccount", "gmsa$", HEAD, 1103);
    change(&mut made.objects[place]);
    let analysis = Analysis::new(made.directory());
    rotation::of(&analysis, analysis.object(place).unwrap())
}

/// Cycles from 1601 to the clock of made directories, 2026-01-01.
const NOW: i64 = 372_547;

fn password_id(cycle: i64) -> Vec<u8> {
    let part = |number: i64| i32::try_from(number).unwrap();
    let key: Guid = guid("11111111-0000-4000-8000-000000000001");
    ManagedPasswordId {
        version: 1,
        flags: 2,
        l0: part(cycle / 1024),
        l1: part(cycle / 32 % 32),
        l2: part(cycle % 32),
        root_key_id: key,
        domain: "corp.example".to_owned(),
        forest: "corp.example".to_owned(),
        additional_data: Vec::new(),
    }
    .encode()
}

#[test]
fn a_password_is_due_an_interval_after_the_later_of_epoch_and_change() {
    let told = rotation(|object| {
        object.password_id = Some(password_id(NOW - 24));
        object.password_interval = Some(30);
        object.password_set = Some((NOW - 12) * TICKS_PER_CYCLE);
        object.last_logon = Some(0);
    });
    let due = told.due.unwrap();
    // 120 hours after the change 30 days are not over.
    assert!((-25.5..=-24.5).contains(&due.days), "{due:?}");
    let epoch = told.current.unwrap().epoch.unwrap();
    assert!((9.5..=10.5).contains(&epoch.days), "{epoch:?}");
    assert_eq!(told.last_logon, None);
    // Whoever collected sees root keys, but the query for them is not in the ledger.
    assert_eq!(told.root_key.unwrap().present, None);
}

#[test]
fn what_an_account_does_not_show_of_its_password_is_not_known() {
    let told = rotation(|_| ());
    let unknown: Vec<&str> = told.unknown.iter().map(|fact| &*fact.attribute).collect();
    assert!(unknown.contains(&"pwdLastSet"), "{unknown:?}");
    assert!(unknown.contains(&"msDS-ManagedPasswordId"), "{unknown:?}");
    assert_eq!((told.due, told.must_change), (None, false));
    let told = rotation(|object| {
        object.password_id = Some(vec![1, 2, 3]);
        object.password_set = Some(0);
    });
    let fact = told
        .unknown
        .iter()
        .find(|fact| fact.attribute == "msDS-ManagedPasswordId");
    assert!(fact.unwrap().why.contains("malformed"));
    assert!(told.must_change && told.password_set.is_none());
}
