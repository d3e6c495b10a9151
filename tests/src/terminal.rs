//! A terminal of a given width, as a program on it sees one: a pseudo-terminal of the kernel.
//!
//! Deliberately interprets nothing: what the program wrote comes back as it is, line ends aside.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::programs::{Ended, path, workspace};

/// Runs `coldcase` with its standard output on a terminal of `columns`, and with these environment variables beside the
/// test's own.
///
/// # Errors
/// It cannot be built or started, or there is no pseudo-terminal.
pub fn coldcase_on(
    columns: u16,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<Ended> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).context("no pseudo-terminal")?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let size = Winsize {
        ws_row: 50,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let theirs = OpenOptions::new()
        .read(true)
        .write(true)
        .open(name.to_str().context("its name is not UTF-8")?)?;
    tcsetwinsize(theirs.as_fd(), size)?;
    let mut command = Command::new(path("coldcase")?);
    command
        .args(arguments)
        .current_dir(workspace())
        .env_remove("NO_COLOR")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(theirs)
        .stderr(Stdio::piped());
    let child = command.spawn().context("coldcase cannot be started")?;
    // It holds the other end, which must be closed for reading to end.
    drop(command);
    let shown = everything(File::from(ours));
    let ended = child.wait_with_output()?;
    Ok(Ended {
        code: ended.status.code().unwrap_or(-1),
        stdout: String::from_utf8(shown)
            .context("standard output is not UTF-8")?
            .replace("\r\n", "\n"),
        stderr: String::from_utf8(ended.stderr).context("standard error is not UTF-8")?,
    })
}

/// Until the last program on the terminal has ended, which reads as an error.
fn everything(mut terminal: File) -> Vec<u8> {
    let mut shown = Vec::new();
    let mut part = [0; 4096];
    while let Ok(count @ 1..) = terminal.read(&mut part) {
        shown.extend(part.iter().take(count));
    }
    shown
}
