//! Samba's processes: starts them, waits until they answer, ends exactly those.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::provision::SMB_CONF;
use super::{command, packages};

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);
const LDAPS: u16 = 636;

/// The running server. Its root process leads a process group of its own that holds all its workers.
pub(super) struct Server {
    /// Its standard input is a pipe that only this process holds: with `--interactive`, Samba ends when it closes.
    root: Child,
}

impl Server {
    /// Starts Samba from the configuration in `directory` and waits until LDAPS answers on `address`.
    pub(super) fn start(directory: &Path, address: Ipv4Addr, ca_file: &Path) -> Result<Server> {
        let log = directory.join("samba.log");
        let output =
            File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let errors = output
            .try_clone()
            .context("cannot share Samba's log file")?;
        let root = Command::new(packages::program_path("samba")?)
            .arg(format!(
                "--configfile={}",
                directory.join(SMB_CONF).display()
            ))
            // --interactive is --foreground plus "end when standard input closes"; it would serve all from one process.
            .args([
                "--interactive",
                "--model=prefork",
                "--no-process-group",
                "--debug-stdout",
            ])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .context("cannot start samba")?;
        let mut server = Server { root };
        match server.wait_for_ldaps(directory, address, ca_file) {
            Ok(()) => Ok(server),
            Err(error) => {
                Err(error.context(format!("Samba's log ends with:\n{}", command::tail(&log))))
            }
        }
    }

    /// Ends all processes and waits until the last one is gone. Does nothing if they have ended.
    pub(super) fn stop(&mut self) {
        if matches!(self.root.try_wait(), Ok(Some(_))) && !self.signal("0") {
            return;
        }
        for signal in ["TERM", "KILL"] {
            if !self.signal(signal) {
                break;
            }
            let deadline = Instant::now() + STOP_LIMIT;
            let _ = command::wait(&mut self.root, STOP_LIMIT);
            // Workers outlive the root process for a moment, and hold its ports.
            while self.signal("0") {
                if Instant::now() >= deadline {
                    break;
                }
                thread::sleep(POLL);
            }
        }
    }

    pub(super) fn process_id(&self) -> u32 {
        self.root.id()
    }

    fn wait_for_ldaps(
        &mut self,
        directory: &Path,
        address: Ipv4Addr,
        ca_file: &Path,
    ) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        let socket = SocketAddr::from((address, LDAPS));
        while TcpStream::connect_timeout(&socket, POLL).is_err() {
            if let Some(status) = self.root.try_wait().context("cannot watch samba")? {
                bail!("samba ended before it answered ({status})");
            }
            if Instant::now() >= deadline {
                bail!(
                    "samba does not listen on {socket} after {} s",
                    START_LIMIT.as_secs()
                );
            }
            thread::sleep(POLL);
        }
        // The port opens before the worker behind it is ready; this also proves the certificate.
        let mut probe = Command::new(packages::program_path("ldapsearch")?);
        probe
            .args([
                "-x",
                "-LLL",
                "-o",
                "nettimeout=30",
                "-H",
                &format!("ldaps://{address}"),
            ])
            .args(["-s", "base", "-b", "", "defaultNamingContext"])
            .env("LDAPTLS_CACERT", ca_file);
        command::run(&mut probe, directory, "probe", START_LIMIT)?;
        Ok(())
    }

    /// Signals the whole group, which the root process started here leads. False if nobody is left in it.
    fn signal(&self, name: &str) -> bool {
        // Without a signal call in the standard library, the shell's own `kill` sends it.
        Command::new("/bin/sh")
            .args([
                "-c",
                "kill -s \"$0\" -- \"-$1\"",
                name,
                &self.root.id().to_string(),
            ])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
