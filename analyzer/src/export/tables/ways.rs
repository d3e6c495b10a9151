//! Control paths: a row is a step of a way, of a choke, or an account that others can take over.
//!
//! Each list says in the summary how many of it are told and how many are not.

use super::{Cell, Table};
use crate::paths::{Answer, Chain, OUTSIDE, Overview, Step, Towards};

const SUMMARY: [(&str, u16); 2] = [("what", 60), ("value", 60)];

const WAYS: [(&str, u16); 13] = [
    ("list", 26),
    ("way", 6),
    ("from", 26),
    ("to", 26),
    ("steps", 6),
    ("step", 6),
    ("step from", 26),
    ("by", 20),
    ("in words", 30),
    ("step to", 26),
    ("step to DN", 50),
    ("evidence", 80),
    ("something to be done", 10),
];

const EXPOSED: [(&str, u16); 4] = [
    ("account", 26),
    ("tier 0", 10),
    ("can be taken over by (outside tier 0)", 20),
    ("DN", 50),
];

const CHOKES: [(&str, u16); 8] = [
    ("choke", 6),
    ("cuts off", 8),
    ("step from", 26),
    ("by", 20),
    ("in words", 30),
    ("step to", 26),
    ("step to DN", 50),
    ("evidence", 80),
];

/// The tables of an answer; `about` is the snapshot in words.
pub(crate) fn of_paths(answer: &Answer, about: &str) -> Vec<Table> {
    let (mut summary, mut ways) = (Table::new("Summary", &SUMMARY), Table::new("Ways", &WAYS));
    let mut say = |what: &str, value: Cell| summary.push(vec![Cell::text(what), value]);
    say("snapshot", Cell::text(about));
    let mut outline = None;
    match answer {
        Answer::Overview(overview) => {
            counted(overview, &mut say);
            add("everybody to tier 0", &overview.everybody, &mut ways);
            let list = "service account to tier 0";
            add(list, &overview.service_accounts, &mut ways);
            outline = Some([exposed(overview), chokes(overview)]);
        }
        Answer::Between {
            from,
            to,
            chain,
            through_tier0,
            ..
        } => {
            say("from", Cell::text(from));
            say("to", Cell::text(to));
            say("a way is seen", Cell::flag(chain.is_some()));
            add("between", chain, &mut ways);
            add("to tier 0", through_tier0, &mut ways);
        }
        Answer::From {
            from,
            tier0,
            to_tier0,
            accounts,
            ..
        } => {
            say("from", Cell::text(from));
            say("it is in tier 0", Cell::flag(*tier0));
            towards("service accounts it can take over", accounts, &mut say);
            add("to tier 0", to_tier0, &mut ways);
            add("to a service account", &accounts.chains, &mut ways);
        }
        Answer::To {
            to,
            tier0,
            by,
            reach_tier0,
            ..
        } => {
            say("to", Cell::text(to));
            say("it is in tier 0", Cell::flag(*tier0));
            towards(
                "users, computers and managed accounts outside tier 0 that reach it",
                by,
                &mut say,
            );
            say(
                "those that reach tier 0, and so everything",
                Cell::count(*reach_tier0),
            );
            add("from outside tier 0", &by.chains, &mut ways);
        }
    }
    for sentence in answer.not_evaluated().sentences() {
        say(
            "not evaluated, so that ways through it are not seen",
            Cell::text(sentence),
        );
    }
    say("never looked at", Cell::text(OUTSIDE));
    let mut tables = vec![summary, ways];
    tables.extend(outline.into_iter().flatten());
    tables
}

fn counted(overview: &Overview, say: &mut impl FnMut(&str, Cell)) {
    say(
        "users, computers and managed accounts outside tier 0",
        Cell::count(overview.principals),
    );
    say("those that reach tier 0", Cell::count(overview.reaching));
    for distance in &overview.distances {
        say(
            &format!("those that reach it in {} steps", distance.hops),
            Cell::count(distance.principals),
        );
    }
    let left_out = overview.left_out;
    for (list, count) in [
        (
            "service accounts that reach tier 0",
            left_out.service_accounts,
        ),
        ("accounts that can be taken over", left_out.exposed),
        ("steps to cut", left_out.chokes),
    ] {
        untold(list, count, say);
    }
}

fn towards(what: &str, towards: &Towards, say: &mut impl FnMut(&str, Cell)) {
    say(what, Cell::count(towards.count));
    untold("ways", towards.left_out, say);
}

fn untold(list: &str, count: usize, say: &mut impl FnMut(&str, Cell)) {
    if count > 0 {
        let what = format!("{list} that are not in these tables (--all)");
        say(&what, Cell::count(count));
    }
}

fn add<'a>(list: &str, chains: impl IntoIterator<Item = &'a Chain>, table: &mut Table) {
    for (way, chain) in chains.into_iter().enumerate() {
        for (number, step) in chain.steps.iter().enumerate() {
            let mut row = vec![
                Cell::text(list),
                Cell::count(way + 1),
                Cell::text(&chain.from),
                Cell::text(&chain.to),
                Cell::count(chain.hops),
                Cell::count(number + 1),
            ];
            row.extend(self::step(step));
            row.push(Cell::flag(step.act));
            table.push(row);
        }
    }
}

fn step(step: &Step) -> [Cell; 6] {
    [
        Cell::text(&step.from),
        Cell::text(step.by),
        Cell::text(step.words),
        Cell::text(&step.to),
        Cell::maybe(step.to_dn.as_ref()),
        Cell::text(&step.evidence),
    ]
}

fn exposed(overview: &Overview) -> Table {
    let mut table = Table::new("Exposed", &EXPOSED);
    for exposed in &overview.exposed {
        table.push(vec![
            Cell::text(&exposed.account),
            Cell::flag(exposed.tier0),
            Cell::count(exposed.taken_over_by),
            Cell::text(&exposed.dn),
        ]);
    }
    table
}

fn chokes(overview: &Overview) -> Table {
    let mut table = Table::new("Chokes", &CHOKES);
    for (number, choke) in overview.chokes.iter().enumerate() {
        for step in &choke.steps {
            let mut row = vec![Cell::count(number + 1), Cell::count(choke.cuts)];
            row.extend(self::step(step));
            table.push(row);
        }
    }
    table
}
