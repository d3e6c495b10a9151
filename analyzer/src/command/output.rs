//! Where output goes: standard output or a file, with or without colour.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use coldcase_schemas::container::read_manifest;
use serde::Serialize;

use super::progress;
use crate::history::is_case;
use crate::report::Style;

/// Columns where the width is not known, as in a file.
const WIDTH: u16 = 80;

/// Wider lines are hard to read.
const WIDEST: u16 = 140;

/// Writes with `write` to `file`, or to standard output.
pub(super) fn to(
    file: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    can_take(file)?;
    progress::clear();
    let written = match file {
        Some(path) => whole(path, write),
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            write(&mut out).and_then(|()| out.flush())
        }
    };
    match written {
        // A pager that was closed early has seen enough.
        Err(error) if file.is_none() && error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.with_context(|| match file {
            Some(path) => format!("{} cannot be written", path.display()),
            None => "standard output cannot be written".to_owned(),
        }),
    }
}

/// Whether output can go to `file`: said before the work, not after it.
///
/// # Errors
/// If the file is evidence that nothing is written over, or its folder is not there.
pub(super) fn can_take(file: Option<&Path>) -> Result<()> {
    let Some(path) = file else { return Ok(()) };
    if read_manifest(path).is_ok() {
        bail!(
            "{} is a snapshot; snapshots are evidence and are never overwritten, choose another file",
            path.display()
        );
    }
    if is_case(path) {
        bail!(
            "{} is a case file, which nothing is written over; choose another file",
            path.display()
        );
    }
    let folder = path.parent();
    if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty())
        && !folder.is_dir()
    {
        bail!(
            "{} cannot be written, since there is no folder {}; make it or choose another",
            path.display(),
            folder.display()
        );
    }
    Ok(())
}

/// Makes a folder for output where there is none.
pub(super) fn folder(path: &Path) -> Result<()> {
    if path.exists() && !path.is_dir() {
        bail!("{} is a file, not a folder; name another", path.display());
    }
    fs::create_dir_all(path)
        .with_context(|| format!("the folder {} cannot be made", path.display()))
}

/// Writes a file so that it holds all of it, or what it held before. A device or a pipe is written to as it is.
fn whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let there = fs::symlink_metadata(path).ok();
    if there.as_ref().is_some_and(|file| !file.is_file()) {
        let mut out = BufWriter::new(File::create(path)?);
        write(&mut out)?;
        return out.flush();
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".coldcase-");
    // As any program makes a file: what the user's umask leaves.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut out = BufWriter::new(builder.tempfile_in(folder.unwrap_or(Path::new(".")))?);
    write(&mut out)?;
    let made = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    if let Some(there) = there {
        made.as_file().set_permissions(there.permissions())?;
    }
    made.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Writes pretty JSON with a final line feed.
pub(super) fn json(file: Option<&Path>, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    to(file, |out| out.write_all(text.as_bytes()))
}

/// Whether output without a file would be shown to a person.
pub(super) fn is_to_terminal(file: Option<&Path>) -> bool {
    file.is_none() && io::stdout().is_terminal()
}

/// Columns of the terminal that errors are told on; `None` where they go elsewhere.
pub(super) fn error_width() -> Option<u16> {
    let terminal = io::stderr().is_terminal();
    let size = terminal_size::terminal_size_of(io::stderr());
    size.filter(|_| terminal)
        .map(|(terminal_size::Width(width), _)| width.clamp(40, WIDEST))
}

/// Colour only on a terminal and without NO_COLOR; the terminal's width, or 80.
#[expect(
    clippy::disallowed_methods,
    reason = "NO_COLOR is how users switch colour off; it changes no fact"
)]
pub(super) fn style(file: Option<&Path>, all: bool) -> Style {
    let terminal = file.is_none() && io::stdout().is_terminal();
    let width = match terminal_size::terminal_size() {
        Some((terminal_size::Width(width), _)) if terminal => width.clamp(40, WIDEST),
        _ => WIDTH,
    };
    Style {
        colour: terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        width,
        all,
    }
}
