//! `coldcase accept`: writes an exception for a finding of a snapshot.

use anyhow::{Result, bail};
use coldcase_schemas::exit::AnalyzeExit;
use coldcase_schemas::report::Finding;

use super::{analyse, output};
use crate::arguments::AcceptArguments;
use crate::exceptions::{Exception, NAME, add, day};
use crate::report::{visible, wrap};
use crate::rules::{Pack, evaluate, identity};

pub(super) fn run(arguments: &AcceptArguments) -> Result<AnalyzeExit> {
    let until = day(&arguments.until)?;
    for (option, text) in [
        ("--owner", &arguments.owner),
        ("--reason", &arguments.reason),
    ] {
        if text.trim().is_empty() {
            bail!("{option} is empty; who reads the report next year needs it");
        }
    }
    let mut pack = Pack::load(arguments.rules.as_deref())?;
    let (analysis, frames) = analyse(
        &arguments.snapshot,
        &arguments.config,
        pack.pages.iter().map(|page| page.sql.as_str()),
    )?;
    let today = analysis.directory.clock.day();
    if until < today {
        bail!(
            "--until {until} is before the snapshot was taken, on {today}; the exception would never hold"
        );
    }
    let evaluations = evaluate(&analysis, &frames, &mut pack)?;
    let wanted: Vec<&Finding> = evaluations
        .iter()
        .flat_map(|evaluation| &evaluation.findings)
        .map(|weighed| &weighed.finding)
        .filter(|finding| finding.id.eq_ignore_ascii_case(arguments.finding.trim()))
        .collect();
    let finding = match wanted.as_slice() {
        [finding] => finding,
        [] => {
            let snapshot = arguments.snapshot.display();
            bail!(
                "there is no finding {} in {snapshot}; `coldcase report {snapshot} --all` prints the ids (with the same --rules and --config)",
                arguments.finding
            )
        }
        several => bail!(
            "{} findings have the id {}; write the exception by hand with rule, subject and key",
            several.len(),
            arguments.finding
        ),
    };
    let exception = Exception {
        rule: finding.rule.clone(),
        subject: identity(&finding.subject).to_owned(),
        key: finding.key.clone(),
        evidence: finding.evidence_sha256.clone(),
        severity: finding.severity,
        owner: arguments.owner.trim().to_owned(),
        reason: arguments.reason.trim().to_owned(),
        until: until.to_string(),
    };
    let page = pack.find(&finding.rule);
    let name = finding.subject.sam_account_name.as_deref();
    let about = format!(
        "{} {}: {}",
        finding.id,
        name.or(finding.subject.dn.as_deref()).unwrap_or_default(),
        page.map_or("", |page| page.front.title.as_str()),
    );
    let file = match &arguments.exceptions {
        Some(file) => file.clone(),
        None => arguments.snapshot.with_file_name(NAME),
    };
    let replaced = add(&file, &exception, &about)?;
    let width = output::style(None, true).width;
    output::to(None, |out| {
        let verb = match replaced {
            Some(_) => "accepted anew",
            None => "accepted",
        };
        let instead = replaced.as_ref().map_or_else(String::new, |former| {
            format!(
                " in place of the entry of {} until {}",
                former.owner, former.until
            )
        });
        let text = format!(
            "{about}: {verb} until {until} by {}{instead}; written to {}",
            exception.owner,
            file.display()
        );
        for line in wrap(&visible(&text), width, 0) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    })?;
    Ok(AnalyzeExit::Clean)
}
