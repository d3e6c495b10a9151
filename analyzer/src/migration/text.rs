//! A plan for people: how many of what, what stands in the way, then an account after the other.
//!
//! Owns layout only. Everything it says is in the JSON too.

use std::io::{self, Write};

use coldcase_schemas::migration::{
    AccountPlan, Effect, MigrationPlan, Obstacle, PlannedHost, PresentValues, Target, Verdict,
};
use coldcase_schemas::report::Subject;

use crate::explain::{fact, heading, item};
use crate::report::{
    Column, Style, counted, fitting, name_of, paragraph, risk_in_words, visible, wrap,
};

/// Accounts that are told in detail before the rest is counted.
const DETAILED: usize = 5;

/// Writes the plan; `scripts` says whether PowerShell is shown too.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn write(
    plan: &MigrationPlan,
    scripts: bool,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    summary(plan, style, out)?;
    if plan.accounts.is_empty() {
        return paragraph(
            "No user account has a service principal name, or other signs that it runs a service.",
            style,
            0,
            out,
        );
    }
    table(plan, style, out)?;
    let detailed = match style.all || scripts {
        true => plan.accounts.len(),
        false => DETAILED.min(plan.accounts.len()),
    };
    for account in plan.accounts.iter().take(detailed) {
        details(account, scripts, style, out)?;
    }
    let more = plan.accounts.len() - detailed;
    if more > 0 {
        writeln!(out)?;
        let text = format!(
            "{} in detail: --all, or name them after the snapshot.",
            counted(more, "more account")
        );
        paragraph(&text, style, 0, out)?;
    }
    if !plan.not_seen.is_empty() {
        heading("Not seen", style, out)?;
        for sentence in &plan.not_seen {
            item(sentence, style, 2, out)?;
        }
    }
    Ok(())
}

fn summary(plan: &MigrationPlan, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let snapshot = &plan.snapshot;
    let title = format!("Migration plan: {}", visible(&snapshot.domain));
    writeln!(out, "{}\n", style.bold(&title))?;
    fact("Snapshot", &snapshot.taken_at, style, out)?;
    let text = match plan.summary.accounts {
        1 => "1 user account that runs a service, or may".to_owned(),
        count => format!("{count} user accounts that run a service, or may"),
    };
    fact("Accounts", &text, style, out)?;
    for count in plan
        .summary
        .verdicts
        .iter()
        .filter(|count| count.accounts > 0)
    {
        let after = match count.after_preparation {
            0 => String::new(),
            after => format!(" ({after} after preparation)"),
        };
        let text = format!("{:>4}  {}{after}", count.accounts, count.verdict.about());
        writeln!(out, "{:18}{text}", "")?;
    }
    for (effect, label) in EFFECTS {
        let of = plan.summary.obstacles.iter();
        let of = of.filter(|count| count.effect == effect);
        let list: Vec<String> = of
            .map(|count| format!("{} ({})", count.kind.about(), count.accounts))
            .collect();
        if !list.is_empty() {
            fact(label, &list.join(", "), style, out)?;
        }
    }
    if !plan.domain.is_empty() {
        heading("What holds for every account", style, out)?;
        obstacles(&plan.domain, style, out)?;
    }
    writeln!(out)
}

/// Labels by effect, in the order of what decides most.
const EFFECTS: [(Effect, &str); 4] = [
    (Effect::Blocks, "Ruled out by"),
    (Effect::Unknown, "Unknown"),
    (Effect::First, "To do before"),
    (Effect::Warns, "To look at"),
];

fn table(plan: &MigrationPlan, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let column = |head, number, dispensable| Column {
        head,
        number,
        dispensable,
    };
    let columns = [
        column("account", false, 0),
        column("gain", true, 0),
        column("risk", true, 1),
        column("verdict", false, 0),
        column("hosts", true, 2),
        column("new name", false, 3),
    ];
    let rows: Vec<Vec<String>> = plan
        .accounts
        .iter()
        .map(|account| {
            vec![
                account.name.clone(),
                format!("{:.2}", account.gain.gain),
                risk_in_words(account.gain.risk, account.gain.not_judged),
                short(account),
                account.hosts.len().to_string(),
                account.new_name.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let (text, left_out) = fitting(&columns, &rows, style.width);
    out.write_all(text.as_bytes())?;
    writeln!(out)?;
    let mut text =
        "gain is how much of the risk (0 to 100) goes away with the user account.".to_owned();
    if !left_out.is_empty() {
        text.push_str(&format!(
            " There is no room for {}: --format json.",
            left_out.join(", ")
        ));
    }
    paragraph(&text, style, 0, out)
}

fn short(account: &AccountPlan) -> String {
    let text = match account.verdict {
        Verdict::Dmsa => "dMSA",
        Verdict::Gmsa => "gMSA",
        Verdict::Smsa => "sMSA",
        Verdict::UnderWay => "under way",
        Verdict::StaysUser => "stays a user",
        Verdict::NotDecidable => "not decidable",
    };
    match account.ready {
        Some(false) => format!("{text}, after preparation"),
        _ => text.to_owned(),
    }
}

fn details(
    account: &AccountPlan,
    scripts: bool,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut title = format!("{}: {}", visible(&account.name), account.verdict.about());
    if let Some(name) = &account.new_name {
        title.push_str(&format!(", {name}$"));
    }
    heading(&title, style, out)?;
    for (number, why) in account.why.iter().enumerate() {
        fact(if number == 0 { "because" } else { "" }, why, style, out)?;
    }
    let gain = &account.gain;
    let risk = risk_in_words(gain.risk, gain.not_judged);
    let mut text = format!("{risk} of 100, of which {:.2} goes away", gain.gain);
    if !gain.ends.is_empty() {
        text.push_str(&format!(" with {}", gain.ends.join(", ")));
    }
    fact("risk", &text, style, out)?;
    let hints: Vec<String> = account
        .hints
        .iter()
        .map(|hint| match &hint.detail {
            Some(detail) => format!("{} ({detail})", hint.hint),
            None => hint.hint.clone(),
        })
        .collect();
    if !hints.is_empty() {
        fact("used as service", &hints.join(", "), style, out)?;
    }
    for (number, planned) in account.hosts.iter().enumerate() {
        fact(
            if number == 0 { "hosts" } else { "" },
            &host(planned),
            style,
            out,
        )?;
    }
    carried(&account.present, style, out)?;
    if !account.obstacles.is_empty() {
        writeln!(out, "\n  In the way")?;
        obstacles(&account.obstacles, style, out)?;
    }
    writeln!(out, "\n  Steps")?;
    for (number, step) in account.steps.iter().enumerate() {
        let text = format!("{}. {}: {}", number + 1, step.title, step.detail);
        for (line, text) in wrap(&visible(&text), style.width, 7)
            .into_iter()
            .enumerate()
        {
            let indent = if line == 0 { 4 } else { 7 };
            writeln!(out, "{:indent$}{}", "", text.trim_start())?;
        }
    }
    match (&account.script, &account.script_withheld) {
        (Some(script), _) if scripts => {
            for (what, text) in [("migrate", &script.migrate), ("rollback", &script.rollback)] {
                writeln!(
                    out,
                    "\n  {}.{what}.ps1, to be reviewed before it is run:\n",
                    script.file_stem
                )?;
                for line in text.lines() {
                    writeln!(out, "{}", visible(line))?;
                }
            }
            Ok(())
        }
        (Some(script), _) => {
            let text = format!(
                "PowerShell to review: --script FOLDER writes {0}.migrate.ps1 and {0}.rollback.ps1.",
                script.file_stem
            );
            writeln!(out)?;
            paragraph(&text, style, 2, out)
        }
        (None, Some(why)) if account.new_name.is_some() => {
            writeln!(out)?;
            paragraph(&visible(&format!("No PowerShell: {why}.")), style, 2, out)
        }
        (None, _) => Ok(()),
    }
}

fn host(host: &PlannedHost) -> String {
    let system = match (&host.computer, &host.operating_system) {
        (None, _) => "no computer of the snapshot",
        (Some(_), Some(system)) => system,
        (Some(_), None) => "its system is not shown",
    };
    format!("{}: {system}", host.name)
}

/// What must be carried over. A list that is empty is not told: it may not have been shown, as obstacles then say.
fn carried(present: &PresentValues, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let names = |subjects: &[Subject]| -> Vec<String> {
        subjects
            .iter()
            .map(|subject| name_of(subject).to_owned())
            .collect()
    };
    let groups: Vec<String> = present
        .groups
        .iter()
        .map(|held| {
            let mark = if held.privileged { " (privileged)" } else { "" };
            format!("{}{mark}", name_of(&held.group))
        })
        .collect();
    for (label, values) in [
        ("SPNs", present.spns.clone()),
        ("groups", groups),
        ("delegates to", present.delegates_to.clone()),
        ("impersonates to", names(&present.impersonates_to)),
        ("impersonated by", names(&present.impersonated_by)),
    ] {
        if !values.is_empty() {
            fact(label, &values.join(", "), style, out)?;
        }
    }
    Ok(())
}

fn obstacles(list: &[Obstacle], style: Style, out: &mut dyn Write) -> io::Result<()> {
    for obstacle in list {
        let word = match obstacle.effect {
            Effect::Blocks => "rules out",
            Effect::Unknown => "unknown",
            Effect::First => "before",
            Effect::Warns => "look at",
        };
        let about: Vec<&str> = obstacle
            .targets
            .iter()
            .map(|target| target.about())
            .collect();
        let about = match about.len() {
            0 => String::new(),
            count if count == Target::ALL.len() && obstacle.effect == Effect::Blocks => {
                " every managed account".to_owned()
            }
            count if count == Target::ALL.len() => String::new(),
            _ => format!(" {}", about.join(" and ")),
        };
        let text = format!("{word}{about}: {}", obstacle.evidence);
        item(&text, style, 4, out)?;
    }
    Ok(())
}
