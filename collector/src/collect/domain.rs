//! One domain: connect, read, write, seal.
//!
//! Owns what is kept when a run is interrupted. Deliberately does not know which servers there are.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use coldcase_schemas::container::Clear;
use coldcase_schemas::exit::CollectExit;
use coldcase_schemas::ledger::{CoverageRow, LedgerRow, QueryOutcome, QueryPlan};
use coldcase_schemas::plan::{NamingContexts, Selection};
use coldcase_schemas::policy::PolicySetting;
use coldcase_schemas::snapshot::{Collection, Place};
use coldcase_schemas::{Event, Manifest, RawAttribute, SnapshotWriter};

use super::output::{self, Wanted};
use super::{Run, readable, summary, way};
use crate::arguments::Scope;
use crate::coverage;
use crate::ldap::{Connection, Failure};
use crate::progress::{self, Progress};
use crate::pseudonym::{Pseudonymizer, Sids};
use crate::reader::{self, Left, Manners, Message, Opened, Servers, first_text, now};
use crate::sysvol;
use crate::transport::Server;
use crate::work::{Leftover, Work};

const PROGRAM: &str = concat!("coldcase-collect ", env!("CARGO_PKG_VERSION"));

/// The ledger's name for the settings of group policies.
const SYSVOL: &str = "sysvol";

/// What became of a domain.
pub(super) struct Done {
    pub(super) manifest: Manifest,
    pub(super) output: PathBuf,
}

impl Done {
    pub(super) fn exit(&self) -> CollectExit {
        if self.manifest.complete {
            CollectExit::Complete
        } else {
            CollectExit::Partial
        }
    }
}

/// Collects the domain that `candidates` answer for.
pub(super) fn collect(run: &Run<'_>, candidates: Vec<Server>, wanted: &Wanted) -> Result<Done> {
    let shown = &run.arguments.output;
    let mut servers = Servers::new(
        candidates,
        run.way.clone(),
        run.identity.clone(),
        Arc::clone(&run.stop),
    );
    let opened = servers.open_any(&mut |note| progress::note(shown, &note))?;
    collect_from(run, servers, opened, wanted)
}

/// As [`collect`], with a connection that is open already.
pub(super) fn collect_from(
    run: &Run<'_>,
    servers: Servers,
    mut opened: Opened,
    wanted: &Wanted,
) -> Result<Done> {
    let contexts = naming_contexts(&opened.root_dse)?;
    let sysvol_folder = sysvol_folder(run, &contexts)?;
    let highest = first_text(&opened.root_dse, "highestCommittedUSN");
    let mut pseudonyms = match &run.key {
        Some(key) => Some(pseudonymizer(run, key, &mut opened.connection, &contexts)?),
        None => None,
    };
    let account = opened.connection.who_am_i();
    let mut begun = begin(
        run,
        &servers,
        &opened,
        &contexts,
        wanted,
        (account, pseudonyms.as_mut()),
    )?;
    let reading = &run.arguments.reading;
    let selection = selection(reading.scope);
    let tasks = reader::tasks(
        selection,
        &opened.database,
        &contexts,
        &begun.writer.ledger()?,
        &begun.writer.partitions()?,
    );
    let mut progress = Progress::new(
        &run.arguments.output,
        &output::domain_name(&contexts.domain),
        tasks.len(),
        highest.and_then(|text| text.parse().ok()),
    );
    let manners = Manners {
        page_size: reading.page_size,
        rate: reading.rate,
        retries: reading.retries,
        partition_size: reading.partition_size,
    };
    let read = reader::start(servers, opened, manners, tasks);
    let mut wrote = Ok(());
    for message in read.messages {
        wrote = take(
            &mut begun.writer,
            pseudonyms.as_mut(),
            &mut progress,
            message,
        );
        if wrote.is_err() {
            // The receiver goes with the loop, and the reader ends.
            break;
        }
    }
    let left = read.thread.join();
    progress.clear();
    let failed = || format!("{} cannot be written", begun.output.display());
    wrote.with_context(failed)?;
    let Ok(Left {
        mut connection,
        stopped,
    }) = left
    else {
        bail!("the thread that reads has failed; this is a fault of the program");
    };
    if stopped {
        return Err(interrupted(&begun).into());
    }
    let coverage = coverage(&mut begun.writer, &mut connection)?;
    drop(connection);
    if let Some(folder) = &sysvol_folder {
        read_sysvol(
            folder,
            &mut begun.writer,
            pseudonyms.as_mut(),
            &mut progress,
        )?;
    }
    seal(run, begun, &coverage)
}

/// A snapshot that is being written.
struct Begun {
    writer: SnapshotWriter,
    work: Option<Work>,
    output: PathBuf,
    /// True if the output is the partial snapshot that this run left before.
    replaces: bool,
}

fn begin(
    run: &Run<'_>,
    servers: &Servers,
    opened: &Opened,
    contexts: &NamingContexts,
    wanted: &Wanted,
    (account, pseudonyms): (Option<String>, Option<&mut Pseudonymizer>),
) -> Result<Begun> {
    let reading = &run.arguments.reading;
    let encrypted = run.recipients.is_some();
    let mut collection = Collection {
        program: PROGRAM.to_owned(),
        server: first_text(&opened.root_dse, "dnsHostName")
            .unwrap_or_else(|| servers.name().to_owned()),
        collected_as: account.unwrap_or_else(|| way::account_name(&run.arguments.account)),
        taken_at: current_time(&opened.root_dse).unwrap_or_else(now),
        scope: selection(reading.scope).as_str().to_owned(),
        connection: way::connection(&run.arguments.target),
        pseudonyms: match (&run.key, run.arguments.privacy.rebase_sids) {
            (None, _) => String::new(),
            (Some(_), false) => "names".to_owned(),
            (Some(_), true) => "names and SIDs".to_owned(),
        },
        administrator_by_word: false,
    };
    let mut root_dse = Event::RootDse(opened.root_dse.clone());
    let mut domain = output::domain_name(&contexts.domain);
    let mut domain_context = contexts.domain.clone();
    if let Some(pseudonyms) = pseudonyms {
        root_dse = pseudonyms.event(root_dse);
        collection.server = pseudonyms.text(&collection.server);
        collection.collected_as = pseudonyms.text(&collection.collected_as);
        if let Event::RootDse(attributes) = &root_dse {
            domain_context = first_text(attributes, "defaultNamingContext").unwrap_or_default();
            domain = output::domain_name(&domain_context);
        }
    }
    let place = wanted.place();
    if run.arguments.privacy.in_memory {
        let output = wanted.file(&domain_context, &collection.taken_at, encrypted);
        output::refuse_existing(&output)?;
        let mut writer = SnapshotWriter::begin(&Place::Memory, collection)?;
        writer.record(&root_dse)?;
        return Ok(Begun {
            writer,
            work: None,
            output,
            replaces: false,
        });
    }
    let leftover = match (reading.resume, reading.start_over) {
        (true, _) if run.arguments.target.forest => Leftover::ResumeIfAny,
        (true, _) => Leftover::Resume,
        (false, true) => Leftover::StartOver,
        (false, false) => Leftover::Refuse,
    };
    let (work, resumed) = Work::enter(&place, &domain, leftover, encrypted)?;
    let database = work.database();
    // Killed before anything was stored: there is nothing to go on from, so it begins.
    let resumed = resumed && !discard_unbegun(&database)?;
    if resumed {
        let writer = SnapshotWriter::resume(&database).with_context(|| {
            format!(
                "the interrupted run in {} cannot be resumed",
                work.folder().display()
            )
        })?;
        refuse_other_run(&writer, &collection, &root_dse, &work)?;
        let taken_at = writer.collection().taken_at.clone();
        let output = wanted.file(&domain_context, &taken_at, encrypted);
        let replaces = output::is_own_partial(&output, &taken_at);
        if replaces {
            let sentence = format!(
                "{} is the partial snapshot of this run; the complete one takes its place",
                output.display()
            );
            progress::note(&run.arguments.output, &sentence);
        } else {
            output::refuse_existing(&output)?;
        }
        return Ok(Begun {
            writer,
            work: Some(work),
            output,
            replaces,
        });
    }
    let output = wanted.file(&domain_context, &collection.taken_at, encrypted);
    output::refuse_existing(&output)?;
    let mut writer = SnapshotWriter::begin(&Place::File(&database), collection)
        .with_context(|| format!("{} cannot be written", database.display()))?;
    writer.record(&root_dse)?;
    Ok(Begun {
        writer,
        work: Some(work),
        output,
        replaces: false,
    })
}

/// Removes the database of a run that was killed while it made its tables; true if it was one.
fn discard_unbegun(database: &Path) -> Result<bool> {
    if SnapshotWriter::was_begun(database).unwrap_or(true) {
        return Ok(false);
    }
    for file in SnapshotWriter::files(database) {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| file.display().to_string());
            }
            _ => {}
        }
    }
    Ok(true)
}

/// An interrupted run goes on only as the run that it was.
fn refuse_other_run(
    writer: &SnapshotWriter,
    now: &Collection,
    root_dse: &Event,
    work: &Work,
) -> Result<()> {
    let before = writer.collection();
    let context = writer.root_dse("defaultNamingContext")?;
    let same_domain = matches!(root_dse, Event::RootDse(attributes)
        if attributes.iter().any(|attribute| attribute.name.eq_ignore_ascii_case("defaultNamingContext")
            && attribute.values == context));
    let differs = [
        ("domain", !same_domain),
        ("account", before.collected_as != now.collected_as),
        ("program version", before.program != now.program),
        ("scope", before.scope != now.scope),
        ("pseudonyms", before.pseudonyms != now.pseudonyms),
    ];
    for (what, differs) in differs {
        if differs {
            bail!(
                "the interrupted run in {} had another {what}; resume it as it was begun, or use --start-over",
                work.folder().display()
            );
        }
    }
    Ok(())
}

/// Writes down what the reader tells.
fn take(
    writer: &mut SnapshotWriter,
    mut pseudonyms: Option<&mut Pseudonymizer>,
    progress: &mut Progress,
    message: Message,
) -> Result<(), coldcase_schemas::SnapshotError> {
    let events: Vec<Event> = match message {
        Message::Note(sentence) => {
            progress.note(&sentence);
            return Ok(());
        }
        Message::Entries(entries) => {
            progress.page(entries.len() as u64);
            entries.into_iter().map(Event::Entry).collect()
        }
        Message::Event(event) => {
            match &event {
                Event::QueryStarted(plan) => progress.query(&plan.name),
                Event::PartitionStarted(plan) => progress.part(plan),
                Event::QueryEnded(outcome) => progress.query_ended(outcome),
                _ => {}
            }
            vec![event]
        }
    };
    for event in events {
        match pseudonyms.as_deref_mut() {
            Some(pseudonyms) => {
                writer.record(&pseudonyms.event(event))?;
                for (token, sealed) in pseudonyms.take_new() {
                    writer.record_pseudonym(&token, &sealed)?;
                }
            }
            None => writer.record(&event)?,
        }
    }
    Ok(())
}

fn pseudonymizer(
    run: &Run<'_>,
    key: &coldcase_schemas::pseudonym::Key,
    connection: &mut Connection,
    contexts: &NamingContexts,
) -> Result<Pseudonymizer> {
    let sids = if run.arguments.privacy.rebase_sids {
        Sids::Rebase
    } else {
        Sids::Keep
    };
    Ok(Pseudonymizer::new(
        key.clone(),
        sids,
        readable::names(connection, &contexts.domain)?,
    ))
}

/// Why attributes did not come, written into the snapshot.
fn coverage(
    writer: &mut SnapshotWriter,
    connection: &mut Option<Connection>,
) -> Result<Vec<CoverageRow>> {
    let queries: Vec<String> = writer
        .ledger()?
        .into_iter()
        .map(|row| row.plan.name)
        .collect();
    let rows = coverage::tell_apart(writer, connection, &queries)?;
    writer.record_coverage(&rows)?;
    Ok(rows)
}

/// The folder with the group policies of this domain, checked before hours are spent on the rest. In a forest it is the
/// one named after the domain: the two default policies have the same GUID everywhere.
fn sysvol_folder(run: &Run<'_>, contexts: &NamingContexts) -> Result<Option<PathBuf>> {
    let Some(folder) = &run.arguments.reading.sysvol else {
        return Ok(None);
    };
    let folder = if run.arguments.target.forest {
        folder.join(output::domain_name(&contexts.domain))
    } else {
        folder.clone()
    };
    sysvol::look(&folder)?;
    Ok(Some(folder))
}

/// Group policy settings. The ledger has a row for them, so that nobody takes "not read" for "not set".
fn read_sysvol(
    folder: &Path,
    writer: &mut SnapshotWriter,
    mut pseudonyms: Option<&mut Pseudonymizer>,
    progress: &mut Progress,
) -> Result<()> {
    let started = now();
    writer.forget_policy_settings(SYSVOL)?;
    let mut settings = Vec::new();
    let summary = sysvol::read(folder, |setting| settings.push(setting))?;
    for skipped in &summary.skipped {
        progress.note(&format!("{}: {}", skipped.path.display(), skipped.reason));
    }
    writer.record(&Event::QueryStarted(QueryPlan {
        name: SYSVOL.to_owned(),
        base: "Policies".to_owned(),
        scope: "sub".to_owned(),
        filter: "GptTmpl.inf, registry.pol".to_owned(),
        attributes: Vec::new(),
        server: String::new(),
        started,
    }))?;
    for setting in settings {
        let setting = match pseudonyms.as_deref_mut() {
            Some(pseudonyms) => PolicySetting {
                name: if setting.section == sysvol::GROUP_MEMBERSHIP {
                    pseudonyms.setting(&setting.name)
                } else {
                    setting.name
                },
                value: pseudonyms.setting(&setting.value),
                ..setting
            },
            None => setting,
        };
        writer.record_policy_setting(&setting)?;
    }
    for (token, sealed) in pseudonyms.map(|one| one.take_new()).unwrap_or_default() {
        writer.record_pseudonym(&token, &sealed)?;
    }
    let text = if summary.complete {
        String::new()
    } else {
        format!("{} files or lines were not read", summary.skipped_count)
    };
    writer.record(&Event::QueryEnded(QueryOutcome {
        pages: 1,
        entries: summary.settings,
        references: 0,
        result_code: summary.complete.then_some(0),
        result_text: text,
        ended: now(),
        complete: summary.complete,
    }))?;
    Ok(())
}

fn seal(run: &Run<'_>, begun: Begun, coverage: &[CoverageRow]) -> Result<Done> {
    let Begun {
        writer,
        work,
        output,
        replaces,
    } = begun;
    let ledger: Vec<LedgerRow> = writer.ledger()?;
    let manifest = match &run.recipients {
        Some(recipients) => writer.finish_in(&output, recipients, replaces),
        None => writer.finish_in(&output, &Clear, replaces),
    }
    .with_context(|| format!("{} cannot be written", output.display()))?;
    let resumable = match work {
        Some(work) if manifest.complete => {
            work.discard();
            None
        }
        Some(work) if work.is_kept() => Some(work.folder().to_owned()),
        _ => None,
    };
    let printed = summary::End {
        manifest: &manifest,
        ledger: &ledger,
        coverage,
        output: &output,
        encrypted: run.recipients.is_some(),
        resumable: resumable.as_deref(),
        brief: run.arguments.output.quiet,
    }
    .print();
    match printed {
        Ok(()) => {}
        // The snapshot is there, whether or not somebody reads about it.
        Err(error) => progress::note(
            &run.arguments.output,
            &format!("the end could not be shown: {error}"),
        ),
    }
    Ok(Done { manifest, output })
}

fn interrupted(begun: &Begun) -> Failure {
    let objects = begun.writer.counts().objects;
    Failure::new(match &begun.work {
        Some(work) if work.is_kept() => format!(
            "stopped; what came is kept in {}, the same command with --resume goes on with it",
            work.folder().display()
        ),
        _ => format!("stopped; {objects} objects were thrown away, nothing is left on disk"),
    })
}

fn selection(scope: Scope) -> Selection {
    match scope {
        Scope::All => Selection::All,
        Scope::ServiceAccounts => Selection::ServiceAccounts,
    }
}

pub(super) fn naming_contexts(root_dse: &[RawAttribute]) -> Result<NamingContexts, Failure> {
    let context = |name: &str| {
        first_text(root_dse, name).ok_or_else(|| {
            Failure::new(format!(
                "the server does not name its {name}; is it an Active Directory domain controller?"
            ))
        })
    };
    Ok(NamingContexts {
        domain: context("defaultNamingContext")?,
        configuration: context("configurationNamingContext")?,
        schema: context("schemaNamingContext")?,
    })
}

/// The server's own clock: the times in the directory are the server's too.
fn current_time(root_dse: &[RawAttribute]) -> Option<String> {
    let text = first_text(root_dse, "currentTime")?;
    let time = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text.split('.').next()?).ok()?;
    let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_the_servers() {
        let root_dse = [RawAttribute::new(
            "currentTime",
            vec![b"20260131060000.0Z".to_vec()],
        )];
        assert_eq!(
            current_time(&root_dse).as_deref(),
            Some("2026-01-31T06:00:00Z")
        );
        assert_eq!(current_time(&[]), None);
    }
}
