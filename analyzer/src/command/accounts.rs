//! `coldcase accounts`: the inventory of service accounts.

use std::collections::BTreeMap;

use anyhow::Result;
use coldcase_schemas::exit::AnalyzeExit;
use serde_json::{Map, Value};

use super::sql::rows as rows_of;
use super::{analyse, output, tables};
use crate::arguments::{AccountsArguments, TableFormat};
use crate::explain::{taken_over_in_words, taken_over_unknown};
use crate::export::Table;
use crate::frames::Analysis;
use crate::paths::{Takeover, Unseen};
use crate::report::{
    Column, Judged, assemble, fitting, risk_in_words, unjudged, unseen, visible, wrap,
};
use crate::rules::{Pack, evaluate, run as run_query, text};

const INVENTORY: &str = "
    SELECT a.object_id, a.sam_account_name, a.kind, a.enabled, a.tier0, a.password_days, a.last_logon_days,
           a.spn_count, a.interval_days, a.managed_by, a.sid, a.dn, o.object_guid, r.readers
    FROM accounts a
    JOIN objects o ON o.object_id = a.object_id
    LEFT JOIN (SELECT account_id, COUNT(*) AS readers FROM readers GROUP BY account_id) r
      ON r.account_id = a.object_id";

pub(super) fn run(arguments: &AccountsArguments) -> Result<AnalyzeExit> {
    output::can_take(arguments.output.as_deref())?;
    let mut pack = Pack::load(arguments.rules.as_deref())?;
    let (analysis, frames) = analyse(
        &arguments.snapshot,
        &arguments.config,
        pack.pages
            .iter()
            .map(|page| page.sql.as_str())
            .chain([INVENTORY]),
    )?;
    let evaluations = evaluate(&analysis, &frames, &mut pack)?;
    let report = assemble(&analysis, &pack, &evaluations, Judged::default());
    let judged: BTreeMap<&str, (f64, Vec<&str>)> = report
        .accounts
        .iter()
        .filter_map(|account| {
            let open = unjudged(&report, account);
            Some((account.subject.dn.as_deref()?, (account.risk, open)))
        })
        .collect();
    let inventory = run_query(&mut frames.sql(), INVENTORY)?;
    let names = inventory.get_column_names();
    let mut rows: Vec<Map<String, Value>> = rows_of(&inventory)
        .into_iter()
        .map(|row| names.iter().map(|name| name.to_string()).zip(row).collect())
        .collect();
    let takeovers = Takeovers::of(&analysis);
    for row in &mut rows {
        let id = row.remove("object_id").and_then(|id| id.as_i64());
        takeovers.tell(id, row);
        let judged = row
            .get("dn")
            .and_then(Value::as_str)
            .and_then(|dn| judged.get(dn));
        let (risk, open) = judged.cloned().unwrap_or_default();
        row.insert("risk".to_owned(), Value::from(risk));
        row.insert("not_judged_by".to_owned(), Value::from(open));
    }
    rows.sort_by(|a, b| {
        let number =
            |row: &Map<String, Value>| row.get("risk").and_then(Value::as_f64).unwrap_or(0.0);
        let name =
            |row: &Map<String, Value>| row.get("dn").and_then(Value::as_str).map(str::to_owned);
        number(b)
            .total_cmp(&number(a))
            .then_with(|| name(a).cmp(&name(b)))
    });
    let file = arguments.output.as_deref();
    match arguments.format {
        TableFormat::Json => {
            for row in &mut rows {
                row.remove(IN_WORDS);
            }
            output::json(file, &rows)?;
            return Ok(AnalyzeExit::Clean);
        }
        TableFormat::Csv => {
            let names = names.iter().map(|name| name.as_str());
            let names = names.filter(|name| *name != "object_id");
            let ours = [
                "taken_over_by",
                "taken_over_by_at_least",
                "risk",
                "not_judged_by",
            ];
            let heads: Vec<&str> = names.chain(ours).collect();
            let cells = rows.iter().map(|row| {
                let cells = heads.iter().map(|head| row.get(*head).cloned());
                cells.map(Option::unwrap_or_default).collect()
            });
            tables::csv(file, &Table::of_values("Accounts", &heads, cells))?;
            return Ok(AnalyzeExit::Clean);
        }
        TableFormat::Text => {}
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| COLUMNS.iter().map(|(name, _)| cell(row, name)).collect())
        .collect();
    let columns = COLUMNS.map(|(_, column)| column);
    let width = output::style(file, true).width;
    let (shown, left_out) = fitting(&columns, &cells, width);
    let open = rows.iter().any(|row| unjudged_by(row) > 0);
    let hidden = hidden(&analysis);
    output::to(file, |out| {
        out.write_all(shown.as_bytes())?;
        writeln!(out)?;
        let bound = if hidden.is_empty() { "" } else { "At least " };
        let mut text = format!(
            "{bound}{} service accounts{hidden}. An empty cell is not set or not readable.",
            rows.len()
        );
        if !left_out.is_empty() {
            let names = left_out.join(", ");
            text.push_str(&format!(" For {names} there is no room: --format json."));
        }
        told(&text, width, out)?;
        told(
            "\"taken by\" counts the users, computers and managed accounts outside tier 0 that are seen to be able to \
             take the account over by rights, in any number of steps, whether or not a rule calls that a finding and \
             adds a risk; a password that can be guessed or read is a finding and not counted here. `coldcase explain SNAP ACCOUNT` names them.",
            width,
            out,
        )?;
        if open {
            let text = "\"not judged\" counts the rules that could not judge the account; so its risk is at least (≥) \
                        what is shown. Not seen:";
            let why = unseen(&report).join("; ");
            told(&format!("{text} {why}."), width, out)?;
        }
        Ok(())
    })?;
    Ok(AnalyzeExit::Clean)
}

/// What a person sees of an account, by the name of the fact.
const COLUMNS: [(&str, Column); 11] = [
    ("sam_account_name", column("account", false, 0)),
    ("kind", column("kind", false, 0)),
    ("risk", column("risk", true, 0)),
    ("not_judged_by", column("not judged", true, 0)),
    (IN_WORDS, column("taken by", true, 0)),
    ("enabled", column("enabled", false, 0)),
    ("tier0", column("tier 0", false, 0)),
    ("password_days", column("password days", true, 1)),
    ("last_logon_days", column("logon days", true, 2)),
    ("spn_count", column("SPNs", true, 4)),
    ("readers", column("readers", true, 3)),
];

/// Why there may be more service accounts than were seen; empty if there are not.
fn hidden(analysis: &Analysis) -> String {
    match Unseen::of_accounts(analysis).as_slice() {
        [] => String::new(),
        why => format!(", since {}", why.join(" and ")),
    }
}

/// Who can take the accounts over, and how sure that is.
struct Takeovers<'a> {
    analysis: &'a Analysis,
    known: BTreeMap<i64, &'a Takeover>,
    complete: bool,
}

impl<'a> Takeovers<'a> {
    fn of(analysis: &'a Analysis) -> Self {
        let all = analysis.control_graph().takeovers(analysis).iter();
        Self {
            analysis,
            known: all
                .filter_map(|takeover| Some((analysis.object(takeover.place)?.id, takeover)))
                .collect(),
            complete: Unseen::of(analysis).sentences().is_empty(),
        }
    }

    /// `taken_over_by`: how many, NULL if that is not known or it is everybody; `taken_over_by_at_least`: whether there may
    /// be more; and the words for people.
    fn tell(&self, id: Option<i64>, row: &mut Map<String, Value>) {
        let takeover = id.and_then(|id| self.known.get(&id));
        let object = takeover.and_then(|takeover| self.analysis.object(takeover.place));
        let (Some(takeover), Some(object)) = (takeover, object) else {
            return;
        };
        let unknown = taken_over_unknown(self.analysis, object).is_some();
        let words = taken_over_in_words(
            takeover.by_everybody,
            takeover.taken_over_by,
            unknown,
            self.complete,
        );
        let nobody_knows = unknown && takeover.taken_over_by == 0;
        let count = (!takeover.by_everybody && !nobody_knows).then_some(takeover.taken_over_by);
        row.insert("taken_over_by".to_owned(), Value::from(count));
        let at_least = takeover.by_everybody || unknown || !self.complete;
        row.insert("taken_over_by_at_least".to_owned(), Value::from(at_least));
        row.insert(IN_WORDS.to_owned(), Value::from(words));
    }
}

/// Not a fact of its own: what stands in the table.
const IN_WORDS: &str = "taken_over_in_words";

const fn column(head: &'static str, number: bool, dispensable: u8) -> Column {
    Column {
        head,
        number,
        dispensable,
    }
}

fn cell(row: &Map<String, Value>, name: &str) -> String {
    match (name, row.get(name)) {
        ("risk", Some(Value::Number(risk))) => {
            risk_in_words(risk.as_f64().unwrap_or_default(), unjudged_by(row))
        }
        ("not_judged_by", _) => unjudged_by(row).to_string(),
        // Whole days are enough for people.
        ("password_days" | "last_logon_days", Some(Value::Number(days))) => {
            format!("{:.0}", days.as_f64().unwrap_or_default())
        }
        // Tier 0 is what leads there: that nothing is seen to lead there is all that can be said of the others.
        ("tier0", Some(Value::Bool(false))) => "unseen".to_owned(),
        (_, Some(cell)) => text(cell),
        (_, None) => String::new(),
    }
}

fn unjudged_by(row: &Map<String, Value>) -> usize {
    row.get("not_judged_by")
        .and_then(Value::as_array)
        .map_or(0, Vec::len)
}

fn told(text: &str, width: u16, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    for line in wrap(&visible(text), width, 0) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
