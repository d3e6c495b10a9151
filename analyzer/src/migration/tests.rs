//! The text of a plan, narrow and wide, and accounts that a snapshot would be much work for.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use coldcase_schemas::migration::{Effect, MigrationPlan, ObstacleKind, Verdict};

use super::*;
use crate::load::made::{HEAD, Made};
use crate::report::{Judged, Style, assemble};
use crate::rules::Pack;

/// Every query that decides something came to its end.
fn seen() -> Made {
    let mut made = Made::new();
    made.by_administrator();
    made.functional_level = Some(7);
    made.complete = vec![
        "domain",
        "users",
        "computers",
        "groups",
        "cross-refs",
        "trusts",
        "kds-root-keys",
    ];
    made
}

fn host(made: &mut Made, name: &str, rid: u32, build: i64) {
    let place = made.principal("computer", &format!("{name}$"), HEAD, rid);
    made.objects[place].host_name = Some(format!("{}.corp.example", name.to_lowercase()));
    made.objects[place].operating_system = Some("Windows Server".to_owned());
    made.objects[place].operating_system_version = Some(format!("10.0 ({build})"));
}

fn service(made: &mut Made, name: &str, rid: u32, hosts: &[&str]) -> usize {
    let place = made.principal("user", name, HEAD, rid);
    let spns = hosts
        .iter()
        .map(|host| format!("{name}/{host}.corp.example"));
    made.objects[place].spns = spns.collect();
    made.objects[place].last_logon = Some(134_108_352_000_000_000);
    made.protect(place, "O:DA");
    place
}

fn planned(made: Made) -> MigrationPlan {
    let analysis = Analysis::new(made.directory());
    let pack = Pack::load(None).unwrap();
    let report = assemble(&analysis, &pack, &[], Judged::default());
    plan(&analysis, &report, None)
}

fn several() -> Made {
    let mut made = seen();
    host(&mut made, "WEB01", 1101, 20348);
    host(&mut made, "WEB02", 1102, 20348);
    host(&mut made, "OLD01", 1103, 6003);
    service(&mut made, "svc-web", 1201, &["web01", "web02"]);
    service(&mut made, "svc-old", 1202, &["old01"]);
    service(
        &mut made,
        "svc-lost",
        1203,
        &["a-load-balancer-with-a-long-name"],
    );
    let delegate = service(&mut made, "svc-front", 1204, &["web01"]);
    made.objects[delegate].delegates_to = vec!["MSSQLSvc/web02.corp.example:1433".to_owned()];
    made
}

fn text(plan: &MigrationPlan, width: u16) -> String {
    let style = Style {
        colour: false,
        width,
        all: true,
    };
    let mut out = Vec::new();
    write_text(plan, false, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_plan_in_80_and_160_columns() {
    let plan = planned(several());
    let words = |text: &str| {
        let words = text.split_whitespace().map(str::to_owned);
        words.collect::<Vec<_>>()
    };
    let (narrow, wide) = (text(&plan, 80), text(&plan, 160));
    for (text, width) in [(&narrow, 80), (&wide, 160)] {
        for line in text.lines() {
            assert!(line.chars().count() <= width, "wider than {width}: {line}");
        }
    }
    assert_eq!(words(&narrow), words(&wide));
    insta::assert_snapshot!("plan_80", narrow);
    insta::assert_snapshot!("plan_160", wide);
}

#[test]
fn each_candidate_has_a_name_of_its_own() {
    let plan = planned(several());
    let mut names: Vec<&str> = plan
        .accounts
        .iter()
        .filter_map(|account| account.new_name.as_deref())
        .collect();
    assert_eq!(names.len(), 2);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["gmsa-front", "gmsa-web"]);
}

#[test]
fn somebody_without_an_object_keeps_an_account_from_its_script() {
    let mut made = several();
    let account = made
        .objects
        .iter()
        .position(|object| object.sam_account_name.as_deref() == Some("svc-web"));
    let named = made.sddl("O:DAD:(A;;RP;;;S-1-5-21-9-9-9-1105)");
    made.objects[account.unwrap()].allowed_to_act = Some(named);
    let plan = planned(made);
    let account = plan
        .accounts
        .iter()
        .find(|account| account.name == "svc-web");
    let account = account.unwrap();
    assert_eq!(account.verdict, Verdict::Gmsa);
    assert!(account.script.is_none());
    let told = account.obstacles.iter().any(|obstacle| {
        obstacle.kind == ObstacleKind::NotShown && obstacle.effect == Effect::Unknown
    });
    assert!(told, "{:#?}", account.obstacles);
}
