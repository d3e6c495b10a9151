//! One account: what it is, what was found, who can take it, what it reaches, and what is not known.

use coldcase_schemas::diff::Power;
use coldcase_schemas::explain::{Explanation, Moment, Reach, UnknownFact};

use super::{Cell, FINDINGS, Table, access};
use crate::explain::words;
use crate::report::{name_of, risk_in_words};

const FACTS: [(&str, u16); 2] = [("what", 40), ("value", 100)];

const FOUND: [(&str, u16); 9] = [
    ("severity", 10),
    ("title", 60),
    ("facts", 80),
    ("adds to risk", 12),
    ("rule", 9),
    ("rule id", 32),
    ("finding", 18),
    ("accepted by", 18),
    ("how to fix it", 80),
];

const POWERS: [(&str, u16); 13] = [
    ("may", 10),
    ("who", 30),
    ("who is", 14),
    ("administrator or tier 0", 12),
    ("everybody or nearly", 12),
    ("stands for", 10),
    ("some of them", 40),
    ("right", 20),
    ("in words", 30),
    ("through", 80),
    ("inherited from", 40),
    ("all are listed", 12),
    ("why not", 50),
];

const REACH: [(&str, u16); 3] = [("what", 26), ("object", 60), ("through", 80)];

/// The tables of an explanation.
pub(crate) fn of_explanation(told_of: &Explanation) -> Vec<Table> {
    vec![
        facts(told_of),
        findings(told_of),
        powers(told_of),
        reach(&told_of.reach),
        not_known(told_of),
    ]
}

fn facts(told_of: &Explanation) -> Table {
    let mut table = Table::new("Account", &FACTS);
    let mut say = |what: &str, value: Cell| table.push(vec![Cell::text(what), value]);
    let (account, identity, rotation) = (&told_of.account, &told_of.identity, &told_of.rotation);
    say("account", Cell::text(&told_of.name));
    say("kind", Cell::text(&account.kind));
    for (what, value) in [
        ("DN", &account.dn),
        ("SID", &account.sid),
        ("objectGUID", &account.object_guid),
        ("userPrincipalName", &identity.user_principal_name),
        ("description", &identity.description),
        ("managed by", &identity.managed_by),
    ] {
        say(what, Cell::maybe(value.as_ref()));
    }
    say("domain", Cell::text(&told_of.snapshot.domain));
    say(
        "snapshot taken at (UTC)",
        Cell::moment(&told_of.snapshot.taken_at),
    );
    let open = told_of.not_judged.len();
    match &told_of.risk {
        Some(risk) => {
            say("risk of 100", Cell::text(risk_in_words(risk.risk, open)));
            say("worth", Cell::number(risk.impact));
            say("worth because", Cell::text(&risk.impact_reason));
        }
        None => say("risk of 100", Cell::text("no rule found anything of it")),
    }
    say("service account", Cell::flag(identity.service_account));
    say("enabled", Cell::flag(identity.enabled));
    say("tier 0", Cell::flag(identity.tier0));
    let moment = |moment: &Option<Moment>| match moment {
        Some(moment) => Cell::moment(&moment.at),
        None => Cell::Empty,
    };
    say("created (UTC)", moment(&identity.created));
    say("password set (UTC)", moment(&rotation.password_set));
    say("new password due (UTC)", moment(&rotation.due));
    say("last logon (UTC)", moment(&rotation.last_logon));
    let interval = rotation.interval_days.map_or(Cell::Empty, Cell::integer);
    say("password interval, days", interval);
    for spn in &identity.spns {
        say("SPN", Cell::text(&spn.spn));
    }
    for host in &identity.hosts {
        say("runs on", Cell::text(words::host(host)));
    }
    table
}

fn findings(told_of: &Explanation) -> Table {
    let mut table = Table::new(FINDINGS, &FOUND);
    let terms = told_of.risk.as_ref().map_or(&[][..], |risk| &risk.findings);
    for explained in &told_of.findings {
        let finding = &explained.finding;
        let rule = told_of.rules.iter().find(|rule| rule.id == finding.rule);
        let term = terms.iter().find(|term| term.id == finding.id);
        table.push(vec![
            Cell::text(finding.severity.as_str()),
            Cell::maybe(rule.map(|rule| &rule.title)),
            Cell::list(&explained.facts),
            term.map_or(Cell::Empty, |term| Cell::number(term.share)),
            Cell::maybe(rule.map(|rule| &rule.code)),
            Cell::text(&finding.rule),
            Cell::text(&finding.id),
            Cell::maybe(finding.accepted.as_ref().map(|by| &by.owner)),
            Cell::maybe(rule.map(|rule| rule.fix.replace('\n', " "))),
        ]);
    }
    table
}

fn powers(told_of: &Explanation) -> Table {
    let mut table = Table::new("Powers", &POWERS);
    for power in &told_of.powers {
        let may = access::may(power.power);
        let others = power.others.iter().map(|holder| (holder, false));
        let administrators = power.administrators.iter().map(|holder| (holder, true));
        for (holder, expected) in others.chain(administrators) {
            for right in &holder.rights {
                let mut row = vec![
                    Cell::text(may),
                    Cell::text(&holder.name),
                    Cell::text(&holder.holder.kind),
                    Cell::flag(expected),
                    Cell::flag(holder.broad),
                    Cell::count(holder.principals),
                    Cell::list(&holder.examples),
                    Cell::text(&right.right),
                    Cell::text(&right.about),
                    Cell::text(&right.cause),
                    Cell::maybe(right.inherited_from.as_ref()),
                ];
                row.extend(access::known(power));
                table.push(row);
            }
        }
        if let Some(nobody) = access::nobody(power) {
            let mut row = vec![Cell::text(may), nobody];
            row.extend(vec![Cell::Empty; 9]);
            row.extend(access::known(power));
            table.push(row);
        }
    }
    table
}

fn reach(reach: &Reach) -> Table {
    let mut table = Table::new("Reach", &REACH);
    let mut say = |what: &str, object: Cell, through: Cell| {
        table.push(vec![Cell::text(what), object, through]);
    };
    let own = reach.tier0_way.iter().map(|way| ("way to tier 0", way));
    let others = reach.taken_over_ways.iter();
    for (what, way) in own.chain(others.map(|way| ("is taken over by", way))) {
        let steps = way.steps.iter();
        let steps = steps.map(|step| format!("{} {} {}", step.from, step.words, step.to));
        let end = if what == "way to tier 0" {
            &way.to
        } else {
            &way.from
        };
        say(what, Cell::text(end), Cell::list(steps));
    }
    let few = "service accounts that it can take over";
    say(few, Cell::count(reach.service_accounts), Cell::Empty);
    say(
        "principals outside tier 0 that can take it over",
        Cell::count(reach.taken_over_by),
        Cell::maybe(reach.taken_over_unknown.as_ref()),
    );
    for group in &reach.groups {
        let what = match group.class.as_deref() {
            Some("tier0") => "is in a group of tier 0",
            Some(_) => "is in a group of operators",
            None => "is in a group",
        };
        say(what, Cell::text(&group.name), Cell::text(&group.via));
    }
    for right in &reach.rights {
        let what = if right.everybodys {
            "right that everybody has"
        } else {
            "right"
        };
        say(
            what,
            Cell::text(words::right(right)),
            Cell::maybe(right.via.as_ref()),
        );
    }
    for target in &reach.delegates_to {
        let account = target.account.as_ref().map(name_of);
        say(
            "delegates to",
            Cell::text(&target.spn),
            Cell::maybe(account),
        );
    }
    table
}

fn not_known(told_of: &Explanation) -> Table {
    let mut table = Table::new("Unknown", &[("what", 34), ("why", 100)]);
    let mut say = |what: &str, why: &str| table.push(vec![Cell::text(what), Cell::text(why)]);
    for rule in &told_of.not_judged {
        let what = format!("{} {}", rule.code, rule.rule);
        say(what.trim(), &rule.why);
    }
    let unknown = |facts: &[UnknownFact], say: &mut dyn FnMut(&str, &str)| {
        for fact in facts {
            say(&fact.attribute, &fact.why);
        }
    };
    unknown(&told_of.identity.unknown, &mut say);
    unknown(&told_of.rotation.unknown, &mut say);
    if let Some(why) = &told_of.reach.delegates_to_unknown {
        say(Power::Delegate.as_str(), why);
    }
    for sentence in &told_of.not_seen {
        say("not seen", sentence);
    }
    table
}
