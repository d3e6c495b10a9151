//! From arguments to sealed snapshots.
//!
//! Owns which domains are collected and how the program ends. Deliberately does not talk LDAP.

mod domain;
mod forest;
mod output;
mod readable;
mod summary;
mod way;

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail};
use coldcase_schemas::exit::CollectExit;
use coldcase_schemas::pseudonym::Key;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::arguments::{Arguments, Command};
use crate::discovery::Resolver;
use crate::encryption::Recipients;
use crate::work::Work;
use crate::{completions, explain, progress, transport};

/// Runs one collection.
///
/// # Errors
/// Nothing was written: bad arguments, no connection, refused bind, unwritable output.
pub fn run(arguments: &Arguments) -> Result<CollectExit> {
    match &arguments.command {
        Some(Command::Explain { attribute }) => {
            explain::attributes(attribute.as_deref())?;
            return Ok(CollectExit::Complete);
        }
        Some(Command::NewKey { file }) => {
            new_key(file)?;
            return Ok(CollectExit::Complete);
        }
        Some(Command::Completions { shell }) => {
            completions::completions(*shell)?;
            return Ok(CollectExit::Complete);
        }
        Some(Command::Man { folder }) => {
            completions::man(folder)?;
            return Ok(CollectExit::Complete);
        }
        None => {}
    }
    if arguments.reading.dry_run {
        explain::queries(arguments)?;
        return Ok(CollectExit::Complete);
    }
    if let Some(keytab) = &arguments.account.keytab {
        transport::with_keytab(keytab)?;
    }
    let place = if arguments.target.forest {
        output::Wanted::In(arguments.output.output.clone().unwrap_or_default())
    } else {
        output::Wanted::of(arguments)
    }
    .place();
    // First of all: what a crash left in the clear lies there until somebody takes it away.
    for swept in Work::sweep(&place, arguments.reading.resume) {
        let sentence = format!("removed {}, which a crash had left", swept.display());
        progress::note(&arguments.output, &sentence);
    }
    let run = Run::prepare(arguments)?;
    if arguments.target.forest {
        return forest::collect(&run);
    }
    let servers = run.servers_named()?;
    let done = domain::collect(&run, servers, &output::Wanted::of(arguments))?;
    Ok(done.exit())
}

/// What holds for every domain of a run.
struct Run<'a> {
    arguments: &'a Arguments,
    way: transport::Way,
    identity: transport::Identity,
    recipients: Option<Recipients>,
    key: Option<Key>,
    resolver: Resolver,
    /// Set when the user wants the program to end.
    stop: Arc<AtomicBool>,
}

impl<'a> Run<'a> {
    fn prepare(arguments: &'a Arguments) -> Result<Self> {
        let target = &arguments.target;
        if target.server.is_none() && target.domain.is_none() {
            bail!(
                "whom to ask? give --server HOST, or --domain DOMAIN to have one found; --help shows examples"
            );
        }
        if arguments.privacy.in_memory && arguments.reading.start_over {
            bail!("with --in-memory nothing is left to throw away; leave out --start-over");
        }
        if !arguments.target.forest
            && let Some(output) = &arguments.output.output
            && !arguments.reading.resume
        {
            output::refuse_existing(output)?;
        }
        let recipients = match arguments.privacy.recipient.as_slice() {
            [] => None,
            some => Some(Recipients::parse(some)?),
        };
        let key = arguments
            .privacy
            .pseudonyms
            .as_deref()
            .map(|file| {
                Key::read(file)
                    .with_context(|| format!("the key {} cannot be used", file.display()))
            })
            .transpose()?;
        let way = way::way(target, &arguments.account)?;
        let identity = way::identity(&arguments.account)?;
        way::warn(arguments);
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // The second one ends the program at once.
            signal_hook::flag::register_conditional_shutdown(signal, 2, Arc::clone(&stop))?;
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        Ok(Self {
            arguments,
            resolver: Resolver::new(target.dns_server, way.timeout)?,
            way,
            identity,
            recipients,
            key,
            stop,
        })
    }
}

fn new_key(file: &Path) -> Result<()> {
    Key::create(file).with_context(|| format!("{} cannot be written", file.display()))?;
    writeln!(
        io::stdout(),
        "{} is the key. Keep it: without it nobody can undo the pseudonyms, with it everybody can.\n\
         Use the same key for every collection, so that snapshots can be compared.",
        file.display()
    )?;
    Ok(())
}
