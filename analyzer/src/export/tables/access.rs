//! Who can read the password of a service account, reset it, control the account or impersonate users to it, and by
//! which entry.
//!
//! Owns layout only: who holds what is told by [`crate::explain`], so both say the same. What is not known has a row of
//! its own, and so has that nobody was found.

use coldcase_schemas::diff::Power;
use coldcase_schemas::explain::{Knowledge, PowerHolder, PowerOver};

use super::{ACCOUNTS, Cell, Places, Sources, Table};
use crate::explain::Holders;
use crate::report::name_of;
use crate::rules::subject_of;

const COLUMNS: [(&str, u16); 16] = [
    ("account", 26),
    ("kind", 8),
    ("may", 10),
    ("who", 30),
    ("who is", 14),
    ("administrator or tier 0", 12),
    ("everybody or nearly", 12),
    ("stands for", 10),
    ("some of them", 40),
    ("rights", 30),
    ("through", 80),
    ("inherited from", 40),
    ("a condition decides", 12),
    ("all are listed", 12),
    ("why not", 50),
    ("SID", 20),
];

pub(super) fn table(sources: &Sources<'_>, places: &Places<'_>) -> Table {
    let analysis = sources.analysis;
    let mut holders = Holders::new(analysis, analysis.owners());
    let mut table = Table::new("Access", &COLUMNS);
    for account in &sources.report.accounts {
        let dn = account.subject.dn.as_deref();
        let place = dn.and_then(|dn| analysis.directory.place_of_dn(dn));
        let Some((place, object)) = place.and_then(|place| Some((place, analysis.object(place)?)))
        else {
            continue;
        };
        if !object.is_service_account() {
            continue;
        }
        let subject = subject_of(object);
        let link = places.subjects.get(&account.subject).copied();
        let mut add = |row: Vec<Cell>| {
            let mut whole = vec![Cell::text(name_of(&subject)), Cell::text(&subject.kind)];
            whole.extend(row);
            table.push(whole);
            if let Some(link) = link {
                table.link(0, ACCOUNTS, link);
            }
        };
        for power in holders.powers(place, object) {
            let told = power.others.iter().map(|holder| (holder, false));
            let expected = power.administrators.iter().map(|holder| (holder, true));
            for (holder, expected) in told.chain(expected) {
                add(held(&power, holder, expected));
            }
            add_nobody(&power, &mut add);
        }
    }
    table
}

fn held(power: &PowerOver, holder: &PowerHolder, expected: bool) -> Vec<Cell> {
    let rights = &holder.rights;
    let mut row = vec![
        Cell::text(may(power.power)),
        Cell::text(&holder.name),
        Cell::text(&holder.holder.kind),
        Cell::flag(expected),
        Cell::flag(holder.broad),
        Cell::count(holder.principals),
        Cell::list(&holder.examples),
        Cell::list(unique(rights.iter().map(|right| right.right.as_str()))),
        Cell::list(unique(rights.iter().map(|right| right.cause.as_str()))),
        Cell::list(unique(
            rights
                .iter()
                .filter_map(|right| right.inherited_from.as_deref()),
        )),
        Cell::flag(rights.iter().any(|right| right.conditional)),
    ];
    row.extend(known(power));
    row.push(Cell::maybe(holder.holder.sid.as_ref()));
    row
}

/// A row for a power of which nobody was found to hold it, or of which that is not known.
fn add_nobody(power: &PowerOver, add: &mut impl FnMut(Vec<Cell>)) {
    let Some(who) = nobody(power) else {
        return;
    };
    let mut row = vec![Cell::text(may(power.power)), who];
    row.extend(vec![Cell::Empty; 9]);
    row.extend(known(power));
    row.push(Cell::Empty);
    add(row);
}

/// Who holds a power of which nobody was found to hold it, or of which that is not known.
pub(super) fn nobody(power: &PowerOver) -> Option<Cell> {
    let nobody = power.others.is_empty() && power.administrators.is_empty();
    match power.knowledge {
        Knowledge::NotApplicable => None,
        Knowledge::Unknown => Some(Cell::not_known()),
        _ if !nobody => None,
        Knowledge::Partly => Some(Cell::text("nobody was seen")),
        Knowledge::Known => Some(Cell::text("nobody")),
    }
}

/// Whether all who hold it are listed, and why not.
pub(super) fn known(power: &PowerOver) -> [Cell; 2] {
    let all = power.knowledge == Knowledge::Known;
    [Cell::flag(all), Cell::text(&power.why)]
}

pub(super) fn may(power: Power) -> &'static str {
    match power {
        Power::Read => "read",
        Power::Reset => "reset",
        Power::Control => "control",
        Power::Delegate => "act for users",
    }
}

/// Each once, in the order of the first.
fn unique<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut unique: Vec<&str> = Vec::new();
    for text in texts {
        if !unique.contains(&text) {
            unique.push(text);
        }
    }
    unique
}
