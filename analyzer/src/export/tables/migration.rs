//! A migration plan: a row is an account, something that stands in its way, or a step.

use coldcase_schemas::migration::{AccountPlan, Effect, MigrationPlan, Obstacle, Possible};

use super::{ACCOUNTS, Cell, Table, identity};
use crate::report::risk_in_words;

const PLANS: [(&str, u16); 16] = [
    ("account", 26),
    ("what can become of it", 30),
    ("why", 80),
    ("ready", 8),
    ("dMSA", 9),
    ("gMSA", 9),
    ("sMSA", 9),
    ("risk", 10),
    ("risk that goes away", 10),
    ("runs on", 40),
    ("new name", 20),
    ("script", 9),
    ("why no script", 40),
    ("DN", 50),
    ("SID", 20),
    ("objectGUID", 20),
];

const OBSTACLES: [(&str, u16); 5] = [
    ("account", 26),
    ("what", 24),
    ("does", 20),
    ("about", 20),
    ("seen", 80),
];

const STEPS: [(&str, u16); 4] = [("account", 26), ("step", 6), ("what", 40), ("how", 80)];

/// The tables of a plan.
pub(crate) fn of_plan(plan: &MigrationPlan) -> Vec<Table> {
    let mut accounts = Table::new(ACCOUNTS, &PLANS);
    let mut obstacles = Table::new("Obstacles", &OBSTACLES);
    let mut steps = Table::new("Steps", &STEPS);
    for of_all in &plan.domain {
        obstacles.push(obstacle("", of_all));
    }
    for account in &plan.accounts {
        accounts.push(planned(account));
        for own in &account.obstacles {
            obstacles.push(obstacle(&account.name, own));
        }
        for (number, step) in account.steps.iter().enumerate() {
            steps.push(vec![
                Cell::text(&account.name),
                Cell::count(number + 1),
                Cell::text(&step.title),
                Cell::text(&step.detail),
            ]);
        }
    }
    vec![summary(plan), accounts, obstacles, steps]
}

fn summary(plan: &MigrationPlan) -> Table {
    let mut table = Table::new("Summary", &[("what", 50), ("value", 60)]);
    let mut say = |what: &str, value: Cell| table.push(vec![Cell::text(what), value]);
    say("domain", Cell::text(&plan.snapshot.domain));
    say("taken at (UTC)", Cell::moment(&plan.snapshot.taken_at));
    let accounts = "user accounts that run a service or seem to";
    say(accounts, Cell::count(plan.summary.accounts));
    for count in &plan.summary.verdicts {
        say(count.verdict.about(), Cell::count(count.accounts));
    }
    for sentence in &plan.not_seen {
        say("not seen", Cell::text(sentence));
    }
    table
}

fn planned(plan: &AccountPlan) -> Vec<Cell> {
    let mut row = vec![
        Cell::text(&plan.name),
        Cell::text(plan.verdict.about()),
        Cell::list(&plan.why),
        plan.ready.map_or(Cell::Empty, Cell::flag),
    ];
    // Always three, in this order.
    row.extend(plan.options.iter().map(|option| {
        Cell::flag(match option.possible {
            Possible::Yes => Some(true),
            Possible::No => Some(false),
            Possible::Unknown => None,
        })
    }));
    row.extend([
        Cell::text(risk_in_words(plan.gain.risk, plan.gain.not_judged)),
        Cell::number(plan.gain.gain),
        Cell::list(plan.hosts.iter().map(|host| &host.name)),
        Cell::maybe(plan.new_name.as_ref()),
        Cell::maybe(plan.script.as_ref().map(|script| &script.file_stem)),
        Cell::maybe(plan.script_withheld.as_ref()),
    ]);
    row.extend(identity(&plan.account));
    row
}

/// `account` is empty for what holds for all of them.
fn obstacle(account: &str, obstacle: &Obstacle) -> Vec<Cell> {
    let account = match account {
        "" => "every account",
        name => name,
    };
    let does = match obstacle.effect {
        Effect::Blocks => "rules out",
        Effect::Unknown => "is not known",
        Effect::First => "must be done before",
        Effect::Warns => "must be looked at",
    };
    vec![
        Cell::text(account),
        Cell::text(obstacle.kind.about()),
        Cell::text(does),
        Cell::list(obstacle.targets.iter().map(|target| target.about())),
        Cell::text(&obstacle.evidence),
    ]
}
