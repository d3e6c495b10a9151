//! Every service account, and every other object of which something was found or could not be judged.
//!
//! Deliberately has no description: people keep passwords in it, and the file travels.

use coldcase_schemas::report::AccountRisk;

use super::{ACCOUNTS, Cell, FINDINGS, Places, Sources, Table, identity};
use crate::explain::why_hidden;
use crate::frames::Analysis;
use crate::history::Moment;
use crate::load::Object;
use crate::report::{name_of, unjudged};

const COLUMNS: [(&str, u16); 24] = [
    ("account", 26),
    ("kind", 14),
    ("risk", 8),
    ("risk may be more", 12),
    ("risk, accepted aside", 12),
    ("findings", 9),
    ("accepted findings", 10),
    ("worth", 7),
    ("worth because", 40),
    ("service account", 9),
    ("enabled", 10),
    ("tier 0", 10),
    ("password set (UTC)", 20),
    ("last logon (UTC)", 20),
    ("created (UTC)", 20),
    ("password interval, days", 10),
    ("SPNs", 9),
    ("SPN list", 50),
    ("rules that could not judge it", 12),
    ("these rules", 50),
    ("operating system", 20),
    ("DN", 50),
    ("SID", 20),
    ("objectGUID", 20),
];

/// The column that leads to the findings.
const FOUND: usize = 5;

pub(super) fn table(sources: &Sources<'_>, places: &Places<'_>) -> Table {
    let analysis = sources.analysis;
    let directory = &analysis.directory;
    let mut table = Table::new(ACCOUNTS, &COLUMNS);
    for account in &sources.report.accounts {
        let dn = account.subject.dn.as_deref();
        let place = dn.and_then(|dn| directory.place_of_dn(dn));
        let object = place.and_then(|place| analysis.object(place));
        let open = unjudged(sources.report, account);
        let mut row = risk(account, open.len());
        row.extend(match object {
            Some(object) => state(analysis, account, place, object),
            None => vec![Cell::Empty; 9],
        });
        row.push(Cell::count(open.len()));
        row.push(Cell::list(&open));
        row.push(Cell::maybe(
            object.and_then(|object| object.operating_system.as_ref()),
        ));
        row.extend(identity(&account.subject));
        table.push(row);
        if let Some(first) = places.findings.get(&account.subject) {
            table.link(FOUND, FINDINGS, *first);
        }
    }
    table
}

fn risk(account: &AccountRisk, open: usize) -> Vec<Cell> {
    let accepted = account.findings.iter().filter(|term| term.accepted);
    vec![
        Cell::text(name_of(&account.subject)),
        Cell::text(&account.subject.kind),
        Cell::number(account.risk),
        // No risk is above 100.
        Cell::flag(open > 0 && account.risk < 100.0),
        Cell::number(account.net_risk),
        Cell::count(account.findings.len()),
        Cell::count(accepted.count()),
        Cell::number(account.impact),
        Cell::text(&account.impact_reason),
    ]
}

fn state(
    analysis: &Analysis,
    account: &AccountRisk,
    place: Option<usize>,
    object: &Object,
) -> Vec<Cell> {
    let hidden = |attribute: &str| why_hidden(analysis, object, attribute).is_some();
    let principal = object.kind.is_principal();
    let or_unknown = |cell: Option<Cell>, attribute: &str| match cell {
        Some(cell) => cell,
        None if principal && hidden(attribute) => Cell::not_known(),
        None => Cell::Empty,
    };
    let password = match object.password_set {
        Some(0) => Some(Cell::text("never set")),
        set => set.and_then(moment),
    };
    let spns = object.spns.len();
    let spns_seen = spns > 0 || !hidden("servicePrincipalName");
    vec![
        Cell::flag(object.is_service_account()),
        if principal {
            Cell::flag(account.enabled)
        } else {
            Cell::Empty
        },
        if principal {
            Cell::flag(place.map(|place| analysis.principals.is_tier0(place)))
        } else {
            Cell::Empty
        },
        match password {
            Some(cell) => cell,
            None if principal && object.password_set.is_none() => Cell::not_known(),
            None => Cell::Empty,
        },
        or_unknown(object.last_logon.and_then(moment), "lastLogonTimestamp"),
        or_unknown(object.created.and_then(moment), "whenCreated"),
        object.password_interval.map_or(Cell::Empty, Cell::integer),
        match (principal, spns_seen) {
            (true, true) => Cell::count(spns),
            (true, false) => Cell::not_known(),
            (false, _) => Cell::Empty,
        },
        Cell::list(&object.spns),
    ]
}

/// FILETIME ticks; `None` for the values that mean never.
fn moment(ticks: i64) -> Option<Cell> {
    Moment::of_filetime(ticks).map(|moment| Cell::moment(&moment.to_string()))
}
