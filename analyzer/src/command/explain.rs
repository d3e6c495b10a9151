//! `coldcase explain`: everything there is to say of one account.

use anyhow::{Context, Result, bail};
use coldcase_schemas::exit::AnalyzeExit;

use super::{open, output, progress, tables};
use crate::arguments::{ExplainArguments, TablesFormat};
use crate::assumptions;
use crate::exceptions::{Exceptions, apply};
use crate::explain::{Explainer, write_text};
use crate::export;
use crate::frames::{Analysis, Frames};
use crate::load::{Directory, Found, Kind};
use crate::report::{Judged, assemble, visible};
use crate::rules::{Pack, evaluate};

pub(super) fn run(arguments: &ExplainArguments) -> Result<AnalyzeExit> {
    match arguments.format {
        TablesFormat::Csv => tables::needs_folder(arguments.output.as_deref())?,
        _ => output::can_take(arguments.output.as_deref())?,
    }
    let mut pack = Pack::load(arguments.rules.as_deref())?;
    let given = assumptions::load(arguments.config.config.as_deref(), &arguments.snapshot)?;
    let exceptions = Exceptions::load(arguments.exceptions.as_deref(), &arguments.snapshot)?;
    let snapshot = open(&arguments.snapshot)?;
    let directory =
        Directory::load(&snapshot).with_context(|| arguments.snapshot.display().to_string())?;
    drop(snapshot);
    // A mistyped name is told before anything is computed.
    let place = account(&directory, &arguments.account)?;
    progress::say("finding who holds which rights");
    let analysis = Analysis::under(given, directory);
    let frames = Frames::build(&analysis, pack.pages.iter().map(|page| page.sql.as_str()))?;
    let mut evaluations = evaluate(&analysis, &frames, &mut pack)?;
    let day = analysis.directory.clock.day();
    let judged = Judged {
        results: apply(&exceptions.list, &pack, &mut evaluations, day),
        file: exceptions.file,
        text: exceptions.text,
    };
    let report = assemble(&analysis, &pack, &evaluations, judged);
    let explanation = Explainer::new(&analysis, &pack, &report)
        .explain(place)
        .context("the account is not in the snapshot")?;
    let file = arguments.output.as_deref();
    match arguments.format {
        TablesFormat::Csv => tables::folder(file, &export::of_explanation(&explanation))?,
        TablesFormat::Json => output::json(file, &explanation)?,
        TablesFormat::Text => {
            let style = output::style(file, arguments.all);
            output::to(file, |out| write_text(&explanation, style, out))?;
        }
    }
    Ok(AnalyzeExit::Clean)
}

/// The place of the user, computer, managed account or group that somebody typed.
fn account(directory: &Directory, text: &str) -> Result<usize> {
    let place = match directory.find(text)? {
        Found::Object(place) => place,
        Found::Sid(sid) => bail!(
            "no object of the snapshot has the SID {sid}; `coldcase access SNAP --as {sid}` shows what it may do"
        ),
    };
    let object = directory.objects.get(place);
    let object = object.with_context(|| format!("{text:?} names nothing"))?;
    if !object.kind.is_principal() && object.kind != Kind::Group {
        bail!(
            "{} is no account but of kind {}; name a user, computer, managed service account or group \
             (`coldcase paths SNAP --to` shows who reaches any object)",
            visible(&object.dn),
            object.kind.as_str()
        );
    }
    Ok(place)
}
