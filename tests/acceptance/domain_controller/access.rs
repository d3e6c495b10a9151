//! Effective access as the analyzer computes it against effective access as a domain controller computes it, for every
//! principal of a tangled domain and every object that the controller shows to it.

mod departures;
mod facts;
mod model;
mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::thread;

use coldcase_tests::dc::{
    Answers, DomainController, Kind, Options, PlantedObject, Population, Reading,
};
use coldcase_tests::programs::coldcase;
use serde_json::Value;

use self::departures::Departure;
use self::facts::Facts;
use self::model::Token;
use self::tally::{Claim, Tally};
use super::{as_administrator, skipped};

/// Of the random population.
const SEED: u64 = 5_133;
/// Objects of the tangle that are compared, at least.
const OBJECTS: usize = 215;
/// Principals that ask, at least.
const PRINCIPALS: usize = 60;
/// Pairs that are compared, at least.
const PAIRS: u64 = 10_000;
/// Decisions on attributes that are compared, at least.
const DECISIONS: u64 = 1_000_000;
/// Analyzers at a time.
const AT_ONCE: usize = 2;

#[test]
fn the_analyzer_grants_what_the_controller_grants() {
    if skipped("effective access against a domain controller") {
        return;
    }
    let options = Options::default().population(Population::Tangled { seed: SEED });
    let mut controller = DomainController::start_with(&options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("tangle.sqlite.zst");
    // Random descriptors hide some objects from the administrator too. What is proven is what an analyzer makes of a
    // descriptor, not what a collector may read.
    controller.restart_reading(Reading::Everything).unwrap();
    let ended = as_administrator(&controller, &["-o", snapshot.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    controller.restart_reading(Reading::AsGranted).unwrap();

    let (base, tangle) = (controller.base_dn().to_owned(), controller.tangle());
    let (users, builtin) = (format!("CN=Users,{base}"), format!("CN=Builtin,{base}"));
    let places = [
        ("base", base.as_str()),
        ("sub", &tangle),
        ("sub", &users),
        ("sub", &builtin),
    ];
    let facts = Facts::read(&controller, &places);
    let inside = format!(",{}", tangle.to_lowercase());
    let planted = facts.objects.keys().filter(|dn| dn.ends_with(&inside));
    assert!(planted.count() >= OBJECTS);
    let principals = controller.askers();
    assert!(principals.len() >= PRINCIPALS);
    let answers = controller.effective(&principals, &places).unwrap();

    let asked: Vec<_> = principals.into_iter().zip(&answers).collect();
    let tally = compare(&snapshot, &facts, &asked);
    let said = format!(
        "seed {SEED}, planted {:?}: {} principals asked about {} objects\n{tally}",
        planted_kinds(&controller),
        asked.len(),
        facts.objects.len()
    );
    // Not eprintln!, which the test runner keeps to itself when a test passes.
    let _ = writeln!(std::io::stderr(), "{said}");
    assert_eq!(tally.unexplained, 0, "{}", tally.shown.join("\n"));
    assert!(
        tally.pairs >= PAIRS && tally.decisions >= DECISIONS,
        "{said}"
    );
    // Both answers must occur, and often.
    let all = tally.decisions + tally.others;
    assert!((all / 20..all / 2).contains(&tally.granted), "{said}");
    assert!(tally.unseen > 0, "every object was shown to everybody");
    for departure in Departure::ALL {
        assert!(
            tally.explained.contains_key(&departure),
            "{departure:?} did not occur: it is no departure any more, or the tangle does not show it"
        );
    }
}

/// How many objects of each kind there are.
fn planted_kinds(controller: &DomainController) -> BTreeMap<Kind, usize> {
    let mut kinds = BTreeMap::new();
    for object in &controller.planted().objects {
        *kinds.entry(object.kind).or_default() += 1;
    }
    kinds
}

/// Every principal, several at a time.
fn compare(snapshot: &Path, facts: &Facts, asked: &[(&PlantedObject, &Answers)]) -> Tally {
    let size = asked.len().div_ceil(AT_ONCE);
    let one = |(principal, answers): &(&PlantedObject, &Answers)| {
        let sid = principal.sid.as_deref().unwrap();
        one_principal(facts, sid, answers, &claims(facts, snapshot, sid))
    };
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let running: Vec<_> = asked
            .chunks(size)
            .map(|some| scope.spawn(|| some.iter().map(one).collect::<Vec<_>>()))
            .collect();
        for thread in running {
            for other in thread.join().unwrap() {
                tally.add(other);
            }
        }
    });
    tally
}

/// Compares everything that the controller showed to the principal with this SID.
fn one_principal(
    facts: &Facts,
    sid: &str,
    answers: &Answers,
    claims: &BTreeMap<String, Claim>,
) -> Tally {
    assert!(answers.token.contains(sid), "{sid} is not in its own token");
    let token = Token::new(facts, &answers.token);
    let mut tally = Tally {
        unseen: facts.objects.len() as u64,
        ..Tally::default()
    };
    for (dn, told) in &answers.objects {
        let dn = dn.to_lowercase();
        let Some(object) = facts.objects.get(&dn) else {
            panic!("{dn} is not in the database");
        };
        tally.unseen -= 1;
        let Some(claim) = claims.get(&dn) else {
            panic!("the analyzer says nothing of {dn}");
        };
        tally.compare(facts, (sid, &token), (&dn, object), claim, told);
    }
    tally
}

/// What the analyzer says of the principal with this SID, by DN in small letters.
fn claims(facts: &Facts, snapshot: &Path, sid: &str) -> BTreeMap<String, Claim> {
    let snapshot = snapshot.to_str().unwrap();
    let ended = coldcase(&["access", snapshot, "--as", sid, "--format", "json"]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let lines = ended.stdout.lines();
    lines.filter_map(|line| claim(facts, sid, line)).collect()
}

/// One line of the analyzer; `None` if its object is not among those that are asked about.
fn claim(facts: &Facts, sid: &str, line: &str) -> Option<(String, Claim)> {
    let line: Value = serde_json::from_str(line).unwrap();
    let dn = line["target"]["dn"].as_str().unwrap().to_lowercase();
    if !facts.objects.contains_key(&dn) {
        return None;
    }
    assert_eq!(line["principal"]["sid"], sid, "{dn}");
    assert_eq!(line["evaluated"], true, "{dn}: {}", line["reason"]);
    let names = |key: &str| -> BTreeSet<String> {
        let names = line[key].as_array().unwrap().iter();
        names
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    let claim = Claim {
        sd_rights: line["sd_rights"].as_u64().unwrap().try_into().unwrap(),
        write_attributes: names("write_attributes"),
        create_classes: names("create_classes"),
    };
    Some((dn, claim))
}
