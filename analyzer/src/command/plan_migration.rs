//! `coldcase plan-migration`: how user accounts that run services become managed accounts.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use coldcase_schemas::exit::AnalyzeExit;
use coldcase_schemas::migration::MigrationPlan;

use super::{open, output, tables};
use crate::arguments::{PlanMigrationArguments, TablesFormat};
use crate::assumptions;
use crate::export;
use crate::frames::{Analysis, Frames};
use crate::load::{Directory, Found, Kind};
use crate::migration::{plan, write_text};
use crate::report::{Judged, assemble, visible};
use crate::rules::{Pack, evaluate};

/// Windows PowerShell takes a file without it for one in the system's code page, where other characters are quotes.
const BYTE_ORDER_MARK: &str = "\u{feff}";

pub(super) fn run(arguments: &PlanMigrationArguments) -> Result<AnalyzeExit> {
    match arguments.format {
        TablesFormat::Csv => tables::needs_folder(arguments.output.as_deref())?,
        _ => output::can_take(arguments.output.as_deref())?,
    }
    let mut pack = Pack::load(arguments.rules.as_deref())?;
    let given = assumptions::load(arguments.config.config.as_deref(), &arguments.snapshot)?;
    let snapshot = open(&arguments.snapshot)?;
    let directory =
        Directory::load(&snapshot).with_context(|| arguments.snapshot.display().to_string())?;
    drop(snapshot);
    // A mistyped name is told before anything is computed.
    let only = arguments
        .accounts
        .iter()
        .map(|account| user(&directory, account))
        .collect::<Result<Vec<usize>>>()?;
    let analysis = Analysis::under(given, directory);
    let frames = Frames::build(&analysis, pack.pages.iter().map(|page| page.sql.as_str()))?;
    let evaluations = evaluate(&analysis, &frames, &mut pack)?;
    let report = assemble(&analysis, &pack, &evaluations, Judged::default());
    let named = !only.is_empty();
    let plan = plan(&analysis, &report, named.then_some(only.as_slice()));
    if let Some(folder) = &arguments.script {
        write_scripts(&plan, folder)?;
    }
    let file = arguments.output.as_deref();
    match arguments.format {
        TablesFormat::Csv => tables::folder(file, &export::of_plan(&plan))?,
        TablesFormat::Json => output::json(file, &plan)?,
        TablesFormat::Text => {
            let style = output::style(file, arguments.all);
            let scripts = named && arguments.script.is_none();
            output::to(file, |out| write_text(&plan, scripts, style, out))?;
        }
    }
    Ok(AnalyzeExit::Clean)
}

/// The place of the user that somebody typed.
fn user(directory: &Directory, text: &str) -> Result<usize> {
    let place = match directory.find(text)? {
        Found::Object(place) => place,
        Found::Sid(sid) => {
            bail!("no object of the snapshot has the SID {sid}; name a user account")
        }
    };
    let object = directory.objects.get(place);
    let object = object.with_context(|| format!("{text:?} names nothing"))?;
    if object.kind != Kind::User {
        bail!(
            "{} is no user account but of kind {}; only user accounts are migrated (`coldcase explain SNAP` shows any)",
            visible(&object.dn),
            object.kind.as_str()
        );
    }
    Ok(place)
}

/// Two files for each account that can be migrated. A file that is there is never written over: somebody may have reviewed
/// it.
fn write_scripts(plan: &MigrationPlan, folder: &Path) -> Result<()> {
    output::folder(folder)?;
    for script in plan
        .accounts
        .iter()
        .filter_map(|account| account.script.as_ref())
    {
        for (what, text) in [("migrate", &script.migrate), ("rollback", &script.rollback)] {
            let path = folder.join(format!("{}.{what}.ps1", script.file_stem));
            let written = File::create_new(&path).and_then(|mut file| {
                file.write_all(BYTE_ORDER_MARK.as_bytes())?;
                file.write_all(text.as_bytes())
            });
            written.with_context(|| {
                format!(
                    "{} cannot be written; nothing is written over, so choose an empty folder",
                    path.display()
                )
            })?;
        }
    }
    Ok(())
}
