//! `coldcase import`: other tools' exports become a snapshot, or are described.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use coldcase_import::listing::{Brings, Listing, list};
use coldcase_import::{Given, Imported, Options, import, recognise};
use coldcase_schemas::exit::AnalyzeExit;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{output, progress, tables};
use crate::arguments::{ImportArguments, TableFormat};
use crate::export::{Cell, Table};
use crate::report::{Column, counted, fitting, visible, wrap};

const PROGRAM: &str = concat!("coldcase ", env!("CARGO_PKG_VERSION"), " import");

pub(super) fn run(arguments: &ImportArguments) -> Result<AnalyzeExit> {
    match &arguments.output {
        Some(output) if !arguments.list => write(arguments, output),
        _ => describe(arguments),
    }
}

fn open(path: &Path) -> Result<Given> {
    let shown = visible(&path.to_string_lossy());
    progress::say(&format!("reading {shown}"));
    recognise::open(path, &mut |_| ()).with_context(|| path.display().to_string())
}

fn write(arguments: &ImportArguments, path: &Path) -> Result<AnalyzeExit> {
    if path.exists() {
        bail!("{} is there already; name another file", path.display());
    }
    let taken_at = arguments.taken_at.as_deref().map(time).transpose()?;
    let mut given = Vec::new();
    for export in &arguments.exports {
        given.push(open(export)?);
    }
    let options = Options {
        domain: arguments.domain.clone(),
        taken_at,
        keep_all: arguments.all_attributes,
        program: PROGRAM.to_owned(),
        collected_as: arguments.collected_as.clone().unwrap_or_default(),
        administrator: arguments.administrator,
    };
    let names: Vec<String> = given.iter().map(|one| visible(&one.name)).collect();
    let names = names.join(", ");
    let imported = import(given, &options, path, &mut |read, all| {
        let percent = read.saturating_mul(100).checked_div(all).unwrap_or(0);
        progress::say(&format!("importing {names}: {percent} %"));
    })
    .with_context(|| names.clone())?;
    output::to(None, |out| summary(&imported, path, out))?;
    Ok(AnalyzeExit::Clean)
}

fn time(text: &str) -> Result<String> {
    let moment: Timestamp = text.parse().with_context(|| {
        format!("--taken-at {text} is no time; write it like 2026-03-31T14:00:00Z")
    })?;
    Ok(moment.round(jiff::Unit::Second)?.to_string())
}

fn summary(imported: &Imported, path: &Path, out: &mut dyn Write) -> io::Result<()> {
    let manifest = &imported.manifest;
    let width = output::style(None, true).width;
    let mut say = |label: &str, text: &str| -> io::Result<()> {
        for (index, line) in wrap(&visible(text), width, 14).into_iter().enumerate() {
            match index {
                0 => writeln!(out, "{label:<13} {}", line.trim_start())?,
                _ => writeln!(out, "{line}")?,
            }
        }
        Ok(())
    };
    say("Written", &path.to_string_lossy())?;
    say("Domain", &manifest.domain)?;
    say("Taken at", &manifest.taken_at)?;
    for export in &manifest.exports {
        say(
            "From",
            &format!(
                "{}, {}: {}",
                export.name,
                export.format,
                counted(export.objects as usize, "object")
            ),
        )?;
    }
    say("Objects", &manifest.counts.objects.to_string())?;
    if imported.other_domains > 0 {
        say(
            "Left out",
            &format!(
                "{} of other domains",
                counted(imported.other_domains as usize, "object")
            ),
        )?;
    }
    if manifest.counts.secrets_dropped > 0 {
        say(
            "Secrets",
            &format!(
                "{} dropped",
                counted(manifest.counts.secrets_dropped as usize, "value")
            ),
        )?;
    }
    if imported.conflicts > 0 {
        say(
            "Conflicts",
            &format!(
                "{}; coldcase sql {} \"SELECT * FROM conflicts\" tells where",
                counted(imported.conflicts as usize, "contradiction"),
                path.to_string_lossy()
            ),
        )?;
    }
    let troubles: u64 = manifest.exports.iter().map(|export| export.troubles).sum();
    if troubles > 0 {
        say(
            "Troubles",
            &format!(
                "{} not understood and left out; coldcase sql {} \"SELECT * FROM export_notes\" lists what",
                counted(troubles as usize, "thing"),
                path.to_string_lossy()
            ),
        )?;
    }
    if !manifest.complete {
        say(
            "PARTIAL",
            "not everything that a collection brings is there:",
        )?;
        for missing in &manifest.missing {
            say("", &format!("- {missing}"))?;
        }
    }
    for export in &manifest.exports {
        for limit in &export.limits {
            say("Limit", limit)?;
        }
    }
    say(
        "Next",
        &format!("coldcase report {}", path.to_string_lossy()),
    )
}

fn describe(arguments: &ImportArguments) -> Result<AnalyzeExit> {
    let mut listed = Vec::new();
    for path in &arguments.exports {
        let mut given = open(path)?;
        let name = visible(&given.name);
        let listing = list(given.export.as_mut(), &mut |read, all| {
            let percent = read.saturating_mul(100).checked_div(all).unwrap_or(0);
            progress::say(&format!("reading {name}: {percent} %"));
        });
        listed.push((given, listing));
    }
    match arguments.format {
        TableFormat::Json => {
            let all: Vec<Value> = listed
                .iter()
                .map(|(given, listing)| as_json(given, listing))
                .collect();
            output::json(None, &all)?;
        }
        TableFormat::Csv => tables::csv(None, &as_table(&listed))?,
        TableFormat::Text => output::to(None, |out| {
            for (number, (given, listing)) in listed.iter().enumerate() {
                if number > 0 {
                    writeln!(out)?;
                }
                as_text(given, listing, out)?;
            }
            Ok(())
        })?,
    }
    Ok(AnalyzeExit::Clean)
}

const COLUMNS: [Column; 4] = [
    column("query", false),
    column("objects", true),
    column("attributes", true),
    column("seen", false),
];

const fn column(head: &'static str, number: bool) -> Column {
    Column {
        head,
        number,
        dispensable: 0,
    }
}

fn as_text(given: &Given, listing: &Listing, out: &mut dyn Write) -> io::Result<()> {
    let width = output::style(None, true).width;
    let label = given.export.label();
    let format = format!("{} {}", label.format.as_str(), label.variant);
    writeln!(out, "{}: {}", visible(&given.name), visible(format.trim()))?;
    let mut say = |label: &str, text: &str| -> io::Result<()> {
        for (index, line) in wrap(&visible(text), width, 16).into_iter().enumerate() {
            match index {
                0 => writeln!(out, "  {label:<13} {}", line.trim_start())?,
                _ => writeln!(out, "{line}")?,
            }
        }
        Ok(())
    };
    say(
        "Made",
        label
            .taken_at
            .as_deref()
            .unwrap_or("it does not say when: give --taken-at"),
    )?;
    if !label.server.is_empty() {
        say("Server", &label.server)?;
    }
    if !label.description.is_empty() {
        say("Description", &label.description)?;
    }
    for (domain, objects) in &listing.domains {
        say(
            "Domain",
            &format!("{domain}: {}", counted(*objects as usize, "object")),
        )?;
    }
    if listing.rights > 0 {
        say(
            "Rights",
            &format!("{} claimed without their descriptors", listing.rights),
        )?;
    }
    let rows: Vec<Vec<String>> = listing
        .queries
        .iter()
        .map(|brings| {
            let asked = brings.shown + brings.not_shown.len();
            vec![
                brings.query.to_owned(),
                brings.objects.to_string(),
                format!("{} of {asked}", brings.shown),
                seen(brings).to_owned(),
            ]
        })
        .collect();
    let (shown, _) = fitting(&COLUMNS, &rows, width.saturating_sub(2));
    writeln!(out)?;
    for line in shown.lines() {
        writeln!(out, "  {line}")?;
    }
    writeln!(out)?;
    let mut say = |text: &str| -> io::Result<()> {
        for (index, line) in wrap(&visible(text), width, 4).into_iter().enumerate() {
            let line = if index == 0 {
                format!("  - {}", line.trim_start())
            } else {
                line
            };
            writeln!(out, "{line}")?;
        }
        Ok(())
    };
    match listing.other_objects {
        0 => (),
        1 => say("1 object more is of a kind that no rule looks at.")?,
        more => say(&format!(
            "{more} objects more are of kinds that no rule looks at."
        ))?,
    }
    for brings in listing.queries.iter().filter(|brings| brings.asked) {
        if let Some(why) = &brings.partial {
            say(&format!("{}: {why}.", brings.query))?;
        }
    }
    for limit in &listing.limits {
        say(limit)?;
    }
    if let Some(broken) = &listing.broken {
        say(&format!("It was not read to its end: {broken}."))?;
    }
    let (troubles, first) = &listing.troubles;
    if *troubles > 0 {
        say(&format!(
            "{} not understood, among them:",
            counted(*troubles as usize, "thing")
        ))?;
        for trouble in first {
            let about = trouble
                .attribute
                .as_deref()
                .or(trouble.dn.as_deref())
                .unwrap_or_default();
            say(&format!("{} {about}: {}", trouble.place, trouble.what))?;
        }
    }
    Ok(())
}

fn seen(brings: &Brings) -> &'static str {
    match (brings.asked, &brings.partial) {
        (false, _) => "not asked",
        (true, Some(_)) => "in part",
        (true, None) => "all",
    }
}

fn as_json(given: &Given, listing: &Listing) -> Value {
    let label = given.export.label();
    let queries: Vec<Value> = listing
        .queries
        .iter()
        .map(|brings| {
            json!({
                "query": brings.query,
                "objects": brings.objects,
                "seen": seen(brings),
                "why": brings.partial,
                "not_shown": brings.not_shown,
            })
        })
        .collect();
    let domains: Vec<Value> = listing
        .domains
        .iter()
        .map(|(name, objects)| json!({ "name": name, "objects": objects }))
        .collect();
    let troubles: Vec<Value> = listing
        .troubles
        .1
        .iter()
        .map(|trouble| {
            json!({
                "place": trouble.place.to_string(),
                "dn": trouble.dn,
                "attribute": trouble.attribute,
                "what": trouble.what,
            })
        })
        .collect();
    json!({
        "name": given.name,
        "format": label.format.as_str(),
        "variant": label.variant,
        "server": label.server,
        "taken_at": label.taken_at,
        "sha256": given.sha256,
        "bytes": given.bytes,
        "domains": domains,
        "queries": queries,
        "other_objects": listing.other_objects,
        "claimed_rights": listing.rights,
        "limits": listing.limits,
        "broken": listing.broken,
        "troubles": listing.troubles.0,
        "first_troubles": troubles,
    })
}

fn as_table(listed: &[(Given, Listing)]) -> Table {
    let mut table = Table::new(
        "Exports",
        &[
            ("export", 30),
            ("format", 24),
            ("query", 24),
            ("objects", 10),
            ("seen", 12),
            ("why", 60),
        ],
    );
    for (given, listing) in listed {
        for brings in &listing.queries {
            table.push(vec![
                Cell::text(&given.name),
                Cell::text(given.export.label().format.as_str()),
                Cell::text(brings.query),
                Cell::count(brings.objects),
                Cell::text(seen(brings)),
                Cell::text(brings.partial.as_deref().unwrap_or_default()),
            ]);
        }
    }
    table
}
