//! What becomes of objects that several exports bring, and of what exporters only claim.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::collections::VecDeque;

use coldcase_schemas::ledger::Absence;
use coldcase_schemas::plan::{NamingContexts, Query};
use coldcase_schemas::{RawAttribute, Snapshot};

use super::*;
use crate::export::{Answer, KnownBits, Object, Precision, Record, Right};
use crate::wire;

/// An export made by a test.
struct Made {
    label: Label,
    records: VecDeque<Result<Record, ImportError>>,
    /// Attributes that it would show of every query; `None`: it answers none.
    shows: Option<Vec<&'static str>>,
    partial: Option<String>,
    unreadable: u64,
}

impl Export for Made {
    fn label(&self) -> &Label {
        &self.label
    }

    fn next_record(&mut self) -> Result<Option<Record>, ImportError> {
        self.records.pop_front().transpose()
    }

    fn answer(&self, query: &Query, _: &NamingContexts) -> Answer {
        match &self.shows {
            None => Answer::NotAsked("it has none".to_owned()),
            Some(shows) => Answer::Asked {
                attributes: query
                    .attributes()
                    .into_iter()
                    .filter(|name| shows.contains(name))
                    .collect(),
                partial: self.partial.clone(),
            },
        }
    }

    fn limits(&self) -> Vec<String> {
        vec!["It is made up.".to_owned()]
    }

    fn unreadable(&self) -> u64 {
        self.unreadable
    }

    fn progress(&self) -> (u64, u64) {
        (0, 0)
    }
}

fn made(taken_at: Option<&str>, objects: Vec<Object>) -> Made {
    Made {
        label: Label {
            format: Format::Ldif,
            variant: String::new(),
            server: String::new(),
            taken_at: taken_at.map(str::to_owned),
            description: String::new(),
        },
        records: objects
            .into_iter()
            .map(|object| Ok(Record::Object(object)))
            .collect(),
        shows: Some(vec!["objectGUID", "objectClass", "sAMAccountName"]),
        partial: None,
        unreadable: 0,
    }
}

const DOMAIN: &str = "S-1-5-21-1-2-3";

fn object(dn: &str, class: &str, more: &[(&str, &[u8])]) -> Object {
    let classes = match class {
        "gmsa" => vec!["top", "user", "computer", "msDS-GroupManagedServiceAccount"],
        class => vec!["top", class],
    };
    let classes = classes
        .into_iter()
        .map(|class| class.as_bytes().to_vec())
        .collect();
    let mut attributes = vec![RawAttribute::new("objectClass", classes)];
    attributes.extend(
        more.iter()
            .map(|(name, value)| RawAttribute::new(*name, vec![value.to_vec()])),
    );
    Object {
        place: Place::Line(1),
        entry: Entry {
            dn: dn.to_owned(),
            attributes,
        },
        rounded: Vec::new(),
    }
}

fn sid(rid: u32) -> Vec<u8> {
    wire::sid(&format!("{DOMAIN}-{rid}")).unwrap()
}

const GUID: &[u8] = &[7; 16];
const NOW: Option<&str> = Some("2026-03-31T14:00:00Z");
const BEFORE: Option<&str> = Some("2025-03-31T14:00:00Z");

fn run(exports: Vec<Made>, options: &Options) -> Result<(Snapshot, Imported), ImportFailure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("snapshot");
    let given = exports
        .into_iter()
        .enumerate()
        .map(|(number, export)| Given {
            name: format!("export-{number}"),
            sha256: "00".to_owned(),
            bytes: 1,
            export: Box::new(export),
        })
        .collect();
    let imported = import(given, options, &path, &mut |_, _| ())?;
    Ok((Snapshot::open(&path).unwrap(), imported))
}

fn imported(exports: Vec<Made>) -> (Snapshot, Imported) {
    run(exports, &Options::default()).unwrap()
}

fn conflicts(snapshot: &Snapshot) -> Vec<(String, String, String)> {
    let mut statement = snapshot
        .database()
        .prepare("SELECT attribute, kept_value, other_value FROM conflict ORDER BY 1, 2")
        .unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn objects_are_sorted_into_the_queries_of_the_plan() {
    let user = object(
        "CN=u,DC=b",
        "user",
        &[("objectGUID", GUID), ("objectSid", &sid(1))],
    );
    let unit = object("OU=o,DC=b", "organizationalUnit", &[]);
    let other = object("CN=p,DC=b", "printQueue", &[("telephoneNumber", b"1")]);
    let second = object("CN=v,DC=b", "user", &[("unicodePwd", b"x")]);
    let (snapshot, imported) = imported(vec![made(NOW, vec![user, unit, other, second])]);
    let ledger = snapshot.ledger().unwrap();
    let stored = |name: &str| {
        ledger
            .iter()
            .find(|row| row.plan.name == name)
            .unwrap()
            .stored
    };
    assert_eq!(
        (
            stored("users"),
            stored("containers"),
            stored("other-objects")
        ),
        (2, 1, 1)
    );
    assert!(ledger.iter().all(|row| row.is_complete()));
    let users = ledger.iter().find(|row| row.plan.name == "users").unwrap();
    assert_eq!(
        users.plan.attributes,
        ["objectGUID", "objectClass", "sAMAccountName"]
    );
    assert_eq!(users.plan.base, "DC=b");
    let manifest = &imported.manifest;
    assert_eq!(
        (manifest.domain.as_str(), manifest.taken_at.as_str()),
        ("b", NOW.unwrap())
    );
    assert_eq!(manifest.counts.secrets_dropped, 1);
    assert_eq!(manifest.exports[0].limits, ["It is made up."]);
    assert_eq!(manifest.exports[0].objects, 4);
    let printer = snapshot.entry("CN=p,DC=b").unwrap().unwrap();
    assert_eq!(
        printer.values("telephoneNumber"),
        None,
        "nobody asks for it"
    );
}

#[test]
fn the_newer_wins_and_both_give_what_they_have() {
    let now = object(
        "CN=new,DC=b",
        "user",
        &[("objectGUID", GUID), ("userAccountControl", b"512")],
    );
    let before = object(
        "CN=old,DC=b",
        "user",
        &[
            ("objectGUID", GUID),
            ("userAccountControl", b"514"),
            ("mail", b"a@b"),
        ],
    );
    let group = object("CN=g,DC=b", "group", &[("member", b"CN=old,DC=b")]);
    let (snapshot, imported) = imported(vec![
        made(BEFORE, vec![before, group]),
        made(NOW, vec![now]),
    ]);
    let user = snapshot.entry("CN=new,DC=b").unwrap().unwrap();
    assert_eq!(
        user.values("userAccountControl"),
        Some(&[b"512".to_vec()][..])
    );
    assert_eq!(user.values("mail"), Some(&[b"a@b".to_vec()][..]));
    assert_eq!(imported.conflicts, 2);
    assert_eq!(
        conflicts(&snapshot),
        [
            (
                "distinguishedName".to_owned(),
                "CN=new,DC=b".to_owned(),
                "CN=old,DC=b".to_owned()
            ),
            (
                "userAccountControl".to_owned(),
                "512".to_owned(),
                "514".to_owned()
            ),
        ]
    );
    // A link to the old name leads to the object.
    let group = snapshot.entry("CN=g,DC=b").unwrap().unwrap();
    assert_eq!(group.values("member"), Some(&[b"CN=new,DC=b".to_vec()][..]));
}

#[test]
fn an_object_in_capitals_is_the_same_and_moves_to_its_query() {
    let shouted = object(
        "CN=G,DC=B",
        "user",
        &[("objectSid", &sid(5)), ("description", b"d")],
    );
    let member = object(
        "CN=T,DC=B",
        "group",
        &[("member", format!("<SID={DOMAIN}-5>").as_bytes())],
    );
    let exact = object(
        "CN=g,DC=b",
        "gmsa",
        &[("objectSid", &sid(5)), ("objectGUID", GUID)],
    );
    let (snapshot, imported) = imported(vec![
        made(NOW, vec![shouted, member]),
        made(BEFORE, vec![exact]),
    ]);
    assert_eq!(imported.conflicts, 0, "{:?}", conflicts(&snapshot));
    let gmsa = snapshot.entry("CN=g,DC=b").unwrap().unwrap();
    assert_eq!(gmsa.values("description"), Some(&[b"d".to_vec()][..]));
    let ledger = snapshot.ledger().unwrap();
    let stored = |name: &str| {
        ledger
            .iter()
            .find(|row| row.plan.name == name)
            .map(|row| row.stored)
    };
    assert_eq!(stored("service-accounts"), Some(1));
    assert_eq!(stored("users"), Some(0));
    let group = snapshot.entry("CN=T,DC=B").unwrap().unwrap();
    assert_eq!(group.values("member"), Some(&[b"CN=g,DC=b".to_vec()][..]));
}

#[test]
fn two_objects_with_one_identity_stay_two() {
    let one = object("CN=a,DC=b", "user", &[("objectSid", &sid(5))]);
    let two = object("CN=c,DC=b", "user", &[("objectSid", &sid(5))]);
    let recreated = object(
        "CN=a,DC=b",
        "user",
        &[("objectSid", &sid(6)), ("objectGUID", GUID)],
    );
    let (snapshot, imported) = imported(vec![made(NOW, vec![one, two, recreated])]);
    assert_eq!(imported.manifest.counts.objects, 2);
    let told = conflicts(&snapshot);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter()
            .all(|one| one.0.is_empty() && one.1.contains("SID S-1-5-21-1-2-3-5"))
    );
}

#[test]
fn of_two_objects_with_one_sid_each_keeps_its_claims() {
    let of = |name: &str| object(name, "user", &[("objectSid", &sid(5))]);
    let claim = |right: &str| {
        Ok(Record::Claim(Claim::Right(Right {
            place: Place::Line(2),
            object: format!("{DOMAIN}-5"),
            trustee: format!("{DOMAIN}-6"),
            right: right.to_owned(),
            inherited: None,
        })))
    };
    let mut export = made(NOW, vec![of("CN=a,DC=b")]);
    export.records.push_back(claim("Owns"));
    export
        .records
        .push_back(Ok(Record::Object(of("CN=c,DC=b"))));
    export.records.push_back(claim("GenericAll"));
    let (snapshot, _) = imported(vec![export]);
    let mut statement = snapshot
        .database()
        .prepare("SELECT object || ' ' || right_name FROM interpreted_right ORDER BY 1")
        .unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0));
    let rows: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
    assert_eq!(rows, ["CN=c,DC=b GenericAll", "S-1-5-21-1-2-3-5 Owns"]);
}

#[test]
fn a_well_known_sid_has_several_objects() {
    let guid = |number: u8| vec![number; 16];
    let of = |dn: &str, number: u8| {
        let authenticated = wire::sid("S-1-5-11").unwrap();
        object(
            dn,
            "foreignSecurityPrincipal",
            &[("objectSid", &authenticated), ("objectGUID", &guid(number))],
        )
    };
    let here = of("CN=S-1-5-11,CN=ForeignSecurityPrincipals,DC=b", 1);
    let there = of(
        "CN=Authenticated Users,CN=WellKnown Security Principals,CN=Configuration,DC=b",
        2,
    );
    let (_, imported) = imported(vec![made(NOW, vec![here, there])]);
    assert_eq!(
        (imported.conflicts, imported.manifest.counts.objects),
        (0, 2)
    );
}

#[test]
fn several_domains_are_told_apart() {
    let here = || object("CN=u,DC=b", "user", &[("objectSid", &sid(1))]);
    let there = || {
        object(
            "CN=u,DC=c,DC=b",
            "user",
            &[("objectSid", &wire::sid("S-1-5-21-9-9-9-1").unwrap())],
        )
    };
    let error = run(vec![made(NOW, vec![here(), there()])], &Options::default())
        .map(|_| ())
        .unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("b, c.b") && said.contains("--domain"),
        "{said}"
    );
    let choose = |domain: &str| Options {
        domain: Some(domain.to_owned()),
        ..Options::default()
    };
    let (snapshot, imported) = run(vec![made(NOW, vec![here(), there()])], &choose("C.B")).unwrap();
    assert_eq!(
        (imported.manifest.domain.as_str(), imported.other_domains),
        ("c.b", 1)
    );
    assert!(snapshot.entry("CN=u,DC=b").unwrap().is_none());
    let error = run(vec![made(NOW, vec![here()])], &choose("x.y"))
        .map(|_| ())
        .unwrap_err();
    assert!(
        error.to_string().contains("the domains in it are b"),
        "{error}"
    );
}

#[test]
fn what_only_some_objects_show_was_not_asked_of_all() {
    let mut some = made(BEFORE, Vec::new());
    some.shows = Some(vec!["pwdLastSet"]);
    some.partial = Some("only three accounts were asked for".to_owned());
    let whole = made(NOW, vec![object("CN=u,DC=b", "user", &[])]);
    let mut none = made(BEFORE, Vec::new());
    none.shows = None;
    let (snapshot, _) = imported(vec![some, whole, none]);
    let ledger = snapshot.ledger().unwrap();
    let users = ledger.iter().find(|row| row.plan.name == "users").unwrap();
    assert!(users.is_complete());
    assert_eq!(
        users.plan.attributes,
        ["objectGUID", "objectClass", "sAMAccountName"]
    );

    let mut some = made(NOW, vec![object("CN=u,DC=b", "user", &[])]);
    some.partial = Some("only three accounts were asked for".to_owned());
    let (_, imported) = imported(vec![some]);
    assert!(!imported.manifest.complete);
    assert!(imported.manifest.missing[0].contains("only three accounts"));
}

#[test]
fn an_export_that_breaks_off_is_partial() {
    let mut broken = made(NOW, vec![object("CN=u,DC=b", "user", &[])]);
    broken.records.push_back(Err(ImportError::broken(
        Place::Offset(99),
        "a record of 7 bytes",
    )));
    let (snapshot, imported) = imported(vec![broken]);
    assert!(snapshot.entry("CN=u,DC=b").unwrap().is_some());
    assert!(!imported.manifest.complete);
    let told = imported.manifest.missing.join("\n");
    assert!(
        told.contains("export-0 was not read to its end") && told.contains("offset 99"),
        "{told}"
    );
    assert!(
        snapshot
            .ledger()
            .unwrap()
            .iter()
            .all(|row| !row.is_complete() || row.plan.name == "other-objects")
    );
}

#[test]
fn a_time_is_needed() {
    let options = Options {
        taken_at: NOW.map(str::to_owned),
        ..Options::default()
    };
    let said = |exports: Vec<Made>, options: &Options| {
        run(exports, options).map(|_| ()).unwrap_err().to_string()
    };
    for exports in [
        vec![made(None, Vec::new())],
        // One lends its time to no other.
        vec![made(BEFORE, Vec::new()), made(None, Vec::new())],
    ] {
        let last = exports.len() - 1;
        let said = said(exports, &Options::default());
        assert!(
            said.contains("--taken-at") && said.contains(&format!("export-{last} ")),
            "{said}"
        );
    }
    let (_, imported) = run(vec![made(None, Vec::new())], &options).unwrap();
    assert_eq!(imported.manifest.taken_at, NOW.unwrap());
    let said = said(vec![made(BEFORE, Vec::new())], &options);
    assert!(
        said.contains("export-0 at 2025-03-31T14:00:00Z; leave it out"),
        "{said}"
    );
    // The one without a time is the newer one here.
    let user = |control: &[u8]| object("CN=u,DC=b", "user", &[("userAccountControl", control)]);
    let exports = vec![
        made(BEFORE, vec![user(b"512")]),
        made(None, vec![user(b"514")]),
    ];
    let (snapshot, imported) = run(exports, &options).unwrap();
    assert_eq!(imported.manifest.taken_at, NOW.unwrap());
    let user = snapshot.entry("CN=u,DC=b").unwrap().unwrap();
    assert_eq!(
        user.values("userAccountControl"),
        Some(&[b"514".to_vec()][..])
    );
    assert_eq!(imported.manifest.exports[0].name, "export-1");
    assert!(imported.manifest.exports[0].limits[0].contains("in one place"));
    assert!(imported.manifest.exports[1].limits[0].contains("before another export"));
}

#[test]
fn what_the_newer_was_asked_for_and_does_not_show_is_a_contradiction() {
    let now = object("CN=u,DC=b", "user", &[("objectGUID", GUID)]);
    let before = object(
        "CN=u,DC=b",
        "user",
        &[
            ("objectGUID", GUID),
            ("sAMAccountName", b"u"),
            ("mail", b"a@b"),
        ],
    );
    let two = || {
        vec![
            made(NOW, vec![now.clone()]),
            made(BEFORE, vec![before.clone()]),
        ]
    };
    let (snapshot, _) = imported(two());
    let user = snapshot.entry("CN=u,DC=b").unwrap().unwrap();
    assert!(user.values("sAMAccountName").is_some() && user.values("mail").is_some());
    let absent = (
        "sAMAccountName".to_owned(),
        "u".to_owned(),
        NOT_SHOWN.to_owned(),
    );
    assert_eq!(conflicts(&snapshot), [absent], "nobody asked for mail");
    let mut part = two();
    part[0].partial = Some("only three accounts were asked for".to_owned());
    assert_eq!(conflicts(&imported(part).0), []);
}

#[test]
fn a_member_by_sid_is_compared_with_whom_it_is() {
    let alias = format!("<SID={DOMAIN}-5>");
    let of = |name: &str, rid: u32| object(name, "user", &[("objectSid", &sid(rid))]);
    let group = |member: &[u8]| {
        object(
            "CN=g,DC=b",
            "group",
            &[("objectSid", &sid(9)), ("member", member)],
        )
    };
    for (member, contradict) in [("CN=mallory,DC=b", 0), ("CN=alice,DC=b", 1)] {
        let now = made(
            NOW,
            vec![
                of("CN=mallory,DC=b", 5),
                of("CN=alice,DC=b", 6),
                group(alias.as_bytes()),
            ],
        );
        let before = made(BEFORE, vec![group(member.as_bytes())]);
        let (snapshot, imported) = imported(vec![now, before]);
        assert_eq!(imported.conflicts, contradict, "{:?}", conflicts(&snapshot));
        let group = snapshot.entry("CN=g,DC=b").unwrap().unwrap();
        assert_eq!(
            group.values("member"),
            Some(&[b"CN=mallory,DC=b".to_vec()][..])
        );
    }
}

#[test]
fn the_word_of_an_administrator_is_not_taken_from_who_was_shown_less() {
    let options = Options {
        administrator: true,
        ..Options::default()
    };
    let export = || made(NOW, vec![object("CN=u,DC=b", "user", &[])]);
    let (snapshot, imported) = run(vec![export()], &options).unwrap();
    assert!(snapshot.collection().unwrap().administrator_by_word);
    assert_eq!(imported.manifest.exports[0].limits[0], BY_WORD);
    let mut contradicts = export();
    contradicts.unreadable = 16;
    let (snapshot, imported) = run(vec![export(), contradicts], &options).unwrap();
    assert!(!snapshot.collection().unwrap().administrator_by_word);
    let limits = &imported.manifest.exports[0].limits;
    assert!(limits[0].contains("is not taken: 16 objects"), "{limits:?}");
    let coverage = snapshot.coverage().unwrap();
    assert!(!coverage.is_empty());
    assert!(coverage.iter().all(|row| row.absence != Absence::NoValue));
}

#[test]
fn claims_and_rounded_values_are_kept_apart_from_the_raw() {
    let mut user = object(
        "CN=u,DC=b",
        "user",
        &[("pwdLastSet", b"132827764040000000")],
    );
    user.rounded
        .push(("pwdLastSet".to_owned(), Precision::Second));
    let mut export = made(NOW, vec![user]);
    let right = |inherited| {
        Ok(Record::Claim(Claim::Right(Right {
            place: Place::Line(2),
            object: format!("{DOMAIN}-5"),
            trustee: format!("{DOMAIN}-6"),
            right: "GenericAll".to_owned(),
            inherited: Some(inherited),
        })))
    };
    let bits = |mask, value| {
        Ok(Record::Claim(Claim::Bits(KnownBits {
            place: Place::Line(2),
            object: format!("{DOMAIN}-5"),
            attribute: "userAccountControl".to_owned(),
            mask,
            value,
        })))
    };
    export.records.extend([
        right(true),
        right(false),
        bits(0b0011, 0b0001),
        bits(0b0111, 0b0110),
    ]);
    export.records.push_back(Ok(Record::Trouble(Trouble {
        place: Place::Line(9),
        dn: None,
        attribute: Some("member".to_owned()),
        what: "it is odd".to_owned(),
    })));
    let (snapshot, imported) = imported(vec![export]);
    let one = |sql: &str| -> String {
        snapshot
            .database()
            .query_row(sql, [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(
        one("SELECT right_name || inherited FROM interpreted_right"),
        "GenericAll0"
    );
    // Both bits that are said twice contradict each other.
    assert_eq!(one("SELECT mask || ' ' || value FROM known_bits"), "4 4");
    assert_eq!(one("SELECT CAST(step AS TEXT) FROM rounded"), "10000000");
    assert_eq!(
        one("SELECT place || ': ' || text FROM export_note WHERE kind = 'trouble'"),
        "line 9: it is odd"
    );
    assert_eq!(imported.manifest.exports[0].troubles, 1);
}
