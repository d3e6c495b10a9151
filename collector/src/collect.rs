//! One collection from arguments to a sealed snapshot.
//!
//! Owns reading the password, choosing the output and saying how it ended.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use coldcase_schemas::attribute::{ATTRIBUTES, SECRETS};
use coldcase_schemas::exit::CollectExit;
use coldcase_schemas::plan::NamingContexts;
use coldcase_schemas::snapshot::Collection;
use coldcase_schemas::{Event, Manifest, RawAttribute, SnapshotWriter, Source};

use crate::arguments::Arguments;
use crate::directory::{Directory, now};
use crate::ldap::{Connection, Credentials, Failure, Target, read_authorities};
use crate::progress::Progress;

/// The longest password that is read.
const PASSWORD_LIMIT: u64 = 4096;

/// Runs one collection.
///
/// # Errors
/// Nothing was written: bad arguments, no connection, refused bind, unwritable output.
pub fn run(arguments: &Arguments) -> Result<CollectExit> {
    if arguments.list_attributes {
        list_attributes()?;
        return Ok(CollectExit::Complete);
    }
    // clap requires both unless the list is asked for.
    let server = arguments.server.as_deref().context("--server is missing")?;
    let user = arguments.user.as_deref().context("--user is missing")?;
    if let Some(output) = &arguments.output {
        refuse_existing(output)?;
    }
    let target = Target {
        server: server.to_owned(),
        authorities: arguments
            .ca_file
            .as_deref()
            .map(read_authorities)
            .transpose()?,
        timeout: Duration::from_secs(arguments.timeout),
    };
    let credentials = Credentials {
        user: user.to_owned(),
        password: read_password(arguments)?,
    };
    let mut connection = Connection::open(&target, &credentials)?;
    let root_dse = connection.root_dse()?;
    let taken_at = current_time(&root_dse).unwrap_or_else(now);
    let contexts = naming_contexts(&root_dse)?;
    let output = match &arguments.output {
        Some(output) => output.clone(),
        None => default_output(&contexts.domain, &taken_at),
    };
    refuse_existing(&output)?;

    let collection = Collection {
        program: concat!("coldcase-collect ", env!("CARGO_PKG_VERSION")).to_owned(),
        server: first(&root_dse, "dnsHostName").unwrap_or_else(|| server.to_owned()),
        collected_as: user.to_owned(),
        taken_at,
    };
    let mut writer = SnapshotWriter::create(&output, collection)
        .with_context(|| format!("{} cannot be written", output.display()))?;
    let mut directory = Directory::new(
        connection,
        server.to_owned(),
        arguments.page_size,
        root_dse,
        contexts,
    );
    let mut progress = Progress::new();
    let mut wrote = Ok(());
    while let Ok(Some(event)) = directory.next_event() {
        match &event {
            Event::QueryStarted(plan) => progress.query(&plan.name),
            Event::Entry(_) => progress.entry(),
            Event::RootDse(_) | Event::QueryEnded(_) => {}
        }
        wrote = writer.record(&event);
        if wrote.is_err() {
            break;
        }
    }
    progress.clear();
    wrote.with_context(|| format!("{} cannot be written", output.display()))?;
    let manifest = writer
        .finish()
        .with_context(|| format!("{} cannot be written", output.display()))?;
    summarize(&manifest, &output)?;
    Ok(if manifest.complete {
        CollectExit::Complete
    } else {
        CollectExit::Partial
    })
}

fn summarize(manifest: &Manifest, output: &Path) -> Result<()> {
    let size = fs::metadata(output)?.len();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{}: {} objects, {} links, {} distinct descriptors of {} ({} KiB)",
        output.display(),
        manifest.counts.objects,
        manifest.counts.links,
        manifest.counts.security_descriptors,
        manifest.domain,
        size.div_ceil(1024)
    )?;
    if !manifest.complete {
        writeln!(
            out,
            "This snapshot is PARTIAL. It says so itself; missing are:"
        )?;
        for missing in &manifest.missing {
            writeln!(out, "  - {missing}")?;
        }
    }
    Ok(())
}

fn list_attributes() -> Result<()> {
    let mut out = io::stdout().lock();
    for attribute in ATTRIBUTES {
        writeln!(out, "{:<42} {}", attribute.name, attribute.reason)?;
    }
    writeln!(
        out,
        "\nNever asked for, and dropped if a server sends them anyway:"
    )?;
    writeln!(out, "  {}", SECRETS.join(", "))?;
    Ok(())
}

fn read_password(arguments: &Arguments) -> Result<String> {
    let mut password = String::new();
    if let Some(path) = &arguments.password_file {
        fs::File::open(path)
            .and_then(|file| file.take(PASSWORD_LIMIT).read_to_string(&mut password))
            .with_context(|| format!("the password file {} cannot be read", path.display()))?;
    } else {
        io::stdin()
            .lock()
            .take(PASSWORD_LIMIT)
            .read_to_string(&mut password)
            .context("the password cannot be read from standard input")?;
    }
    let password = password.strip_suffix('\n').unwrap_or(&password);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        // RFC 4513, section 5.1.2: a name with an empty password is an unauthenticated bind, which sees nothing.
        bail!("the password is empty");
    }
    Ok(password.to_owned())
}

fn refuse_existing(output: &Path) -> Result<()> {
    if output.exists() {
        bail!(
            "{} is already there; snapshots are evidence and are never overwritten",
            output.display()
        );
    }
    Ok(())
}

fn naming_contexts(root_dse: &[RawAttribute]) -> Result<NamingContexts, Failure> {
    let context = |name: &str| {
        first(root_dse, name).ok_or_else(|| {
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
    let text = first(root_dse, "currentTime")?;
    let time = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text.split('.').next()?).ok()?;
    let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().to_string())
}

fn first(attributes: &[RawAttribute], name: &str) -> Option<String> {
    let attribute = attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))?;
    String::from_utf8(attribute.values.first()?.clone()).ok()
}

/// `corp.example-20260131T060000Z.sqlite.zst`. Only letters a file system can take.
fn default_output(naming_context: &str, taken_at: &str) -> PathBuf {
    let domain: Vec<&str> = naming_context
        .split(',')
        .filter_map(|part| part.split_once('='))
        .map(|(_, label)| label)
        .collect();
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
            .collect()
    };
    let stamp: String = taken_at
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    PathBuf::from(format!("{}-{stamp}.sqlite.zst", plain(&domain.join("."))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_snapshots() {
        assert_eq!(
            default_output("DC=corp,DC=example", "2026-01-31T06:00:00Z"),
            PathBuf::from("corp.example-20260131T060000Z.sqlite.zst")
        );
        assert_eq!(
            default_output("DC=../../x", "t"),
            PathBuf::from("....x-t.sqlite.zst")
        );
    }

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
