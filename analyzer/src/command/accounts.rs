//! `coldcase accounts`: the inventory of service accounts.

use std::collections::BTreeMap;

use anyhow::Result;
use coldcase_schemas::exit::AnalyzeExit;
use serde_json::{Map, Value};

use super::sql::rows as rows_of;
use super::{analyse, output};
use crate::arguments::{AccountsArguments, Format};
use crate::report::{Judged, assemble, table};
use crate::rules::{Pack, evaluate, run as run_query, text};

const INVENTORY: &str = "
    SELECT a.object_id, a.sam_account_name, a.kind, a.enabled, a.tier0, a.password_days, a.last_logon_days,
           a.spn_count, a.interval_days, a.managed_by, a.sid, a.dn, o.object_guid, r.readers
    FROM accounts a
    JOIN objects o ON o.object_id = a.object_id
    LEFT JOIN (SELECT account_id, COUNT(*) AS readers FROM readers GROUP BY account_id) r
      ON r.account_id = a.object_id";

pub(super) fn run(arguments: &AccountsArguments) -> Result<AnalyzeExit> {
    let mut pack = Pack::load(None)?;
    let (analysis, frames) = analyse(
        &arguments.snapshot,
        &arguments.config,
        pack.pages.iter().map(|page| page.sql.as_str()),
    )?;
    let evaluations = evaluate(&analysis, &frames, &mut pack)?;
    let report = assemble(&analysis, &pack, &evaluations, Judged::default());
    let risks: BTreeMap<&str, f64> = report
        .accounts
        .iter()
        .filter_map(|account| Some((account.subject.dn.as_deref()?, account.risk)))
        .collect();
    let inventory = run_query(&mut frames.sql(), INVENTORY)?;
    let names = inventory.get_column_names();
    let mut rows: Vec<Map<String, Value>> = rows_of(&inventory)
        .into_iter()
        .map(|row| names.iter().map(|name| name.to_string()).zip(row).collect())
        .collect();
    for row in &mut rows {
        row.remove("object_id");
        let risk = row
            .get("dn")
            .and_then(Value::as_str)
            .and_then(|dn| risks.get(dn));
        row.insert("risk".to_owned(), Value::from(risk.copied().unwrap_or(0.0)));
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
    if arguments.format == Format::Json {
        output::json(file, &rows)?;
        return Ok(AnalyzeExit::Clean);
    }
    let head = [
        "account",
        "kind",
        "risk",
        "enabled",
        "tier 0",
        "password days",
        "logon days",
        "SPNs",
        "readers",
    ];
    let columns = [
        "sam_account_name",
        "kind",
        "risk",
        "enabled",
        "tier0",
        "password_days",
        "last_logon_days",
        "spn_count",
        "readers",
    ];
    let shown = rows.iter().map(|row| {
        columns
            .iter()
            .map(|column| match (*column, row.get(*column)) {
                // Whole days are enough for people.
                ("password_days" | "last_logon_days", Some(Value::Number(days))) => {
                    format!("{:.0}", days.as_f64().unwrap_or_default())
                }
                (_, Some(cell)) => text(cell),
                (_, None) => String::new(),
            })
            .collect()
    });
    let shown = table(&head, shown, output::style(file, true).width);
    output::to(file, |out| {
        out.write_all(shown.as_bytes())?;
        writeln!(
            out,
            "\n{} service accounts. An empty cell is not set or not readable.",
            rows.len()
        )
    })?;
    Ok(AnalyzeExit::Clean)
}
