//! `coldcase paths`: who can take over what, step by step.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use coldcase_schemas::exit::AnalyzeExit;
use serde::Serialize;

use super::source::Source;
use super::timings::Timings;
use super::{load, output, tables};
use crate::arguments::{PathsArguments, TablesFormat};
use crate::export;
use crate::frames::Analysis;
use crate::load::Found;
use crate::paths::{Answer, Chain, OUTSIDE, Overview, Step, Towards, Unseen};
use crate::report::{shortened, table, visible, wrap};

/// What is told of each list unless all is asked for.
const TOLD: usize = 10;

/// An answer and what it is about.
#[derive(Debug, Serialize)]
struct Document<'a> {
    snapshot: Source,
    #[serde(flatten)]
    answer: &'a Answer,
}

pub(super) fn run(arguments: &PathsArguments) -> Result<AnalyzeExit> {
    match arguments.format {
        TablesFormat::Csv => tables::needs_folder(arguments.output.as_deref())?,
        _ => output::can_take(arguments.output.as_deref())?,
    }
    let mut timings = Timings::new(arguments.timings);
    let analysis = load(&arguments.snapshot, &arguments.config)?;
    timings.stage("load")?;
    let from = arguments
        .from
        .as_deref()
        .map(|text| node_of(&analysis, text))
        .transpose()?;
    let to = arguments
        .to
        .as_deref()
        .map(|text| node_of(&analysis, text))
        .transpose()?;
    analysis.controls();
    timings.stage("rights")?;
    let graph = analysis.control_graph();
    timings.stage("graph")?;
    let most = if arguments.all { usize::MAX } else { TOLD };
    let name = |node: u32| graph.name(&analysis, node);
    let not_evaluated = Unseen::of(&analysis);
    let answer = match (from, to) {
        (None, None) => Answer::Overview(graph.overview(&analysis, most)),
        (Some(from), Some(to)) => {
            if from == to {
                bail!("--from and --to are the same, {}; name two", name(from));
            }
            let chain = graph.between(&analysis, from, to);
            Answer::Between {
                from: name(from),
                to: name(to),
                through_tier0: match chain {
                    Some(_) => None,
                    None => graph.to_tier0(&analysis, from),
                },
                chain,
                not_evaluated,
            }
        }
        (Some(from), None) => Answer::From {
            from: name(from),
            tier0: graph.is_tier0(from),
            to_tier0: graph.to_tier0(&analysis, from),
            accounts: graph.reached(&analysis, from, most),
            not_evaluated,
        },
        (None, Some(to)) => Answer::To {
            to: name(to),
            tier0: graph.is_tier0(to),
            by: graph.reaching(&analysis, to, most),
            reach_tier0: graph
                .sources()
                .iter()
                .filter(|node| graph.hops(*node).is_some())
                .count(),
            not_evaluated,
        },
    };
    timings.stage("questions")?;
    let file = arguments.output.as_deref();
    let width = output::style(file, true).width;
    match arguments.format {
        TablesFormat::Csv => {
            let about = Source::of(&analysis).in_words();
            tables::folder(file, &export::of_paths(&answer, &about))?;
        }
        TablesFormat::Json => output::json(
            file,
            &Document {
                snapshot: Source::of(&analysis),
                answer: &answer,
            },
        )?,
        TablesFormat::Text => output::to(file, |out| {
            writeln!(out, "Control paths, {}\n", Source::of(&analysis).in_words())?;
            write(out, &answer, width)
        })?,
    }
    timings.stage("write")?;
    Ok(AnalyzeExit::Clean)
}

fn node_of(analysis: &Analysis, text: &str) -> Result<u32> {
    match analysis.directory.find(text)? {
        Found::Object(place) => Ok(u32::try_from(place)?),
        Found::Sid(sid) => analysis
            .effective
            .tokens
            .of(&analysis.directory, &sid)
            .with_context(|| format!("no object and no ACE of the snapshot has the SID {sid}, so nothing leads from or to it")),
    }
}

fn write(out: &mut dyn Write, answer: &Answer, width: u16) -> io::Result<()> {
    // Each part may end with a blank line; one is enough before what follows.
    let mut found = Vec::new();
    write_found(&mut found, answer, width)?;
    out.write_all(found.trim_ascii_end())?;
    writeln!(out)?;
    let sentences = answer.not_evaluated().sentences();
    if !sentences.is_empty() {
        writeln!(
            out,
            "\nNot evaluated, so that ways through it are not seen:"
        )?;
    }
    for sentence in sentences {
        for line in wrap(&visible(&sentence), width, 2) {
            writeln!(out, "{line}")?;
        }
    }
    writeln!(out)?;
    for line in wrap(OUTSIDE, width, 0) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn write_found(out: &mut dyn Write, answer: &Answer, width: u16) -> io::Result<()> {
    match answer {
        Answer::Overview(overview) => write_overview(out, overview, width)?,
        Answer::Between {
            chain: Some(chain), ..
        } => write_chain(out, chain, width)?,
        Answer::Between {
            from,
            to,
            through_tier0: Some(chain),
            ..
        } => {
            let (from, to) = (visible(from), visible(to));
            for line in wrap(
                &format!("{from} reaches tier 0, and with it everything in the domain, {to} too:"),
                width,
                0,
            ) {
                writeln!(out, "{line}")?;
            }
            writeln!(out)?;
            write_chain(out, chain, width)?;
        }
        Answer::Between {
            from,
            to,
            chain: None,
            ..
        } => {
            let text = format!("No way is seen from {} to {}.", visible(from), visible(to));
            for line in wrap(&text, width, 0) {
                writeln!(out, "{line}")?;
            }
        }
        Answer::From {
            from,
            tier0,
            to_tier0,
            accounts,
            not_evaluated,
        } => {
            let from = visible(from);
            match to_tier0 {
                Some(chain) => write_chain(out, chain, width)?,
                None => {
                    let text = if *tier0 {
                        format!("{from} is in tier 0.")
                    } else {
                        format!("No way is seen from {from} to tier 0.")
                    };
                    for line in wrap(&text, width, 0) {
                        writeln!(out, "{line}")?;
                    }
                    writeln!(out)?;
                }
            }
            let text = format!(
                "Service accounts it can take over{}: {}{}",
                if to_tier0.is_some() {
                    " without tier 0, which hands it all of them"
                } else {
                    ""
                },
                at_least(not_evaluated),
                accounts.count
            );
            for line in wrap(&text, width, 0) {
                writeln!(out, "{line}")?;
            }
            writeln!(out)?;
            write_chains(out, accounts, width)?;
        }
        Answer::To {
            to,
            by,
            tier0,
            reach_tier0,
            not_evaluated,
        } => {
            // Of what is in tier 0 the ways that come to it first are few, and not what was asked.
            let first = if *tier0 { " and come to it first" } else { "" };
            let text = format!(
                "Users, computers and managed accounts outside tier 0 that reach {}{first}: {}{}",
                visible(to),
                at_least(not_evaluated),
                by.count
            );
            for line in wrap(&text, width, 0) {
                writeln!(out, "{line}")?;
            }
            writeln!(out)?;
            write_chains(out, by, width)?;
            if *reach_tier0 > 0 {
                let is = if *tier0 { "It is in tier 0. " } else { "" };
                let (who, reach) = match reach_tier0 {
                    1 => ("1 user, computer or managed account", "reaches"),
                    _ => ("users, computers and managed accounts", "reach"),
                };
                let count = match reach_tier0 {
                    1 => String::new(),
                    count => format!("{count} "),
                };
                let text = format!(
                    "{is}Besides, {count}{who} outside tier 0 {reach} tier 0, and with it everything in the domain: `coldcase paths SNAP` shows how."
                );
                for line in wrap(&text, width, 0) {
                    writeln!(out, "{line}")?;
                }
            }
        }
    }
    Ok(())
}

/// What stands before a count that may be more.
fn at_least(unseen: &Unseen) -> &'static str {
    if unseen.sentences().is_empty() {
        ""
    } else {
        "at least "
    }
}

/// What stands below a list that was cut.
fn write_left_out(out: &mut dyn Write, left_out: usize) -> io::Result<()> {
    match left_out {
        0 => Ok(()),
        more => writeln!(out, "  … and {more} more (--all)\n"),
    }
}

fn write_overview(out: &mut dyn Write, overview: &Overview, width: u16) -> io::Result<()> {
    let bound = match at_least(&overview.not_evaluated) {
        "" => "",
        _ => "At least ",
    };
    let text = format!(
        "{bound}{} of {} users, computers and managed accounts outside tier 0 reach tier 0.",
        overview.reaching, overview.principals
    );
    for line in wrap(&text, width, 0) {
        writeln!(out, "{line}")?;
    }
    let most = overview
        .distances
        .iter()
        .map(|distance| distance.principals)
        .max()
        .unwrap_or(1)
        .max(1);
    let room = usize::from(width).saturating_sub(30).clamp(10, 40);
    for distance in &overview.distances {
        let bar = "█".repeat((distance.principals * room).div_ceil(most));
        let steps = if distance.hops == 1 { "step " } else { "steps" };
        writeln!(
            out,
            "  in {:>2} {steps} {:>7}  {bar}",
            distance.hops, distance.principals
        )?;
    }
    writeln!(out)?;
    if !overview.everybody.is_empty() {
        writeln!(out, "EVERYBODY reaches tier 0\n")?;
        for chain in &overview.everybody {
            write_chain(out, chain, width)?;
        }
    }
    writeln!(out, "SERVICE ACCOUNTS THAT REACH TIER 0\n")?;
    if overview.service_accounts.is_empty() {
        writeln!(out, "  None is seen.\n")?;
    }
    for chain in &overview.service_accounts {
        write_chain(out, chain, width)?;
    }
    write_left_out(out, overview.left_out.service_accounts)?;
    writeln!(out, "SERVICE ACCOUNTS MOST EXPOSED\n")?;
    let rows = overview.exposed.iter().map(|exposed| {
        vec![
            shortened(&exposed.account, usize::from(width) / 2),
            if exposed.tier0 { "yes" } else { "no" }.to_owned(),
            format!("{bound}{}", exposed.taken_over_by).to_lowercase(),
        ]
    });
    out.write_all(
        table(
            &["account", "tier 0", "can be taken over by (outside tier 0)"],
            rows,
            width,
        )
        .as_bytes(),
    )?;
    writeln!(out)?;
    write_left_out(out, overview.left_out.exposed)?;
    writeln!(out, "STEPS TO CUT FIRST\n")?;
    if overview.chokes.is_empty() {
        writeln!(out, "  No step is shared by two or more of them.")?;
    }
    for choke in &overview.chokes {
        let cuts = if choke.cuts == 1 {
            "cuts 1 off:".to_owned()
        } else {
            format!("cuts {} off:", choke.cuts)
        };
        writeln!(out, "  {cuts}")?;
        for step in &choke.steps {
            write_step(out, step, true, width)?;
        }
    }
    writeln!(out)?;
    write_left_out(out, overview.left_out.chokes)?;
    writeln!(out, "More: --from WHO, --to WHAT, both, or --all.")
}

fn write_chains(out: &mut dyn Write, towards: &Towards, width: u16) -> io::Result<()> {
    for chain in &towards.chains {
        write_chain(out, chain, width)?;
    }
    write_left_out(out, towards.left_out)
}

fn write_chain(out: &mut dyn Write, chain: &Chain, width: u16) -> io::Result<()> {
    let steps = if chain.hops == 1 { "step" } else { "steps" };
    let (from, to) = (visible(&chain.from), visible(&chain.to));
    for line in wrap(
        &format!("{from} reaches {to} in {} {steps}", chain.hops),
        width,
        2,
    ) {
        writeln!(out, "{line}")?;
    }
    for step in &chain.steps {
        write_step(out, step, false, width)?;
    }
    writeln!(out)
}

/// "… may reset the password of svc-sql", and what proves it in the line below.
fn write_step(out: &mut dyn Write, step: &Step, named: bool, width: u16) -> io::Result<()> {
    let to = visible(&step.to);
    let text = if named {
        format!("{} {} {to}", visible(&step.from), step.words)
    } else {
        format!("→ {} {to}", step.words)
    };
    for line in wrap(&text, width, 4) {
        writeln!(out, "{line}")?;
    }
    if step.evidence.is_empty() || !step.act {
        return Ok(());
    }
    for line in wrap(&visible(&step.evidence), width, 8) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
