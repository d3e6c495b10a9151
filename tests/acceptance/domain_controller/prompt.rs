//! The password that is typed: asked for on a terminal, and not shown there.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use coldcase_schemas::Snapshot;
use coldcase_tests::dc::DomainController;
use coldcase_tests::programs::path;

pub(super) fn a_typed_password_is_not_shown(controller: &DomainController) {
    const ECHOED: &str = "shown while it is typed";
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("a.sqlite.zst");
    let mut terminal = Terminal::start(&format!(
        "tty && read line && exec '{}' --server {} --user '{}' --ca-file '{}' -o '{}'",
        path("coldcase-collect").unwrap().display(),
        controller.address(),
        controller.admin_user(),
        controller.ca_file().display(),
        output.display()
    ));
    // The terminal shows what is typed into it, until the program forbids it.
    let device = terminal.wait_for(|shown| Some(shown.split_once("\r\n")?.0.to_owned()));
    terminal.type_line(ECHOED);
    terminal.wait_for(|shown| shown.contains(ECHOED).then_some(()));
    terminal.wait_for(|shown| shown.contains("Password of ").then_some(()));
    // Only a person is slow enough not to be faster than the program.
    terminal.wait_for(|_| (!echoes(&device)).then_some(()));
    terminal.type_line(controller.admin_password());
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains(controller.admin_password()), "{shown}");
    assert!(shown.contains("SHA-256"), "{shown}");
    assert!(Snapshot::open(&output).unwrap().manifest().complete);
}

/// A shell on a terminal of its own. `script` (bsdutils) is on every Debian.
struct Terminal {
    script: Child,
    keyboard: ChildStdin,
    screen: Receiver<Vec<u8>>,
    shown: String,
}

impl Terminal {
    /// Runs a shell command there.
    fn start(command: &str) -> Terminal {
        let mut script = Command::new("script")
            .args(["--quiet", "--return", "--command", command, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let keyboard = script.stdin.take().unwrap();
        let mut stdout = script.stdout.take().unwrap();
        let (sender, screen) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = stdout.read(&mut buffer) {
                let _ = sender.send(buffer[..length].to_vec());
            }
        });
        Terminal {
            script,
            keyboard,
            screen,
            shown: String::new(),
        }
    }

    fn type_line(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    /// Waits until `found` finds something in what was shown so far.
    fn wait_for<T>(&mut self, found: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(found) = found(&self.shown) {
                return found;
            }
            assert!(Instant::now() < deadline, "{}", self.shown);
            if let Ok(bytes) = self.screen.recv_timeout(Duration::from_millis(20)) {
                self.shown.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }

    /// The exit code of the command, and all that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        for bytes in self.screen {
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
        (self.script.wait().unwrap().code(), self.shown)
    }
}

/// True if a terminal shows what is typed.
fn echoes(device: &str) -> bool {
    let settings = Command::new("stty")
        .args(["-a", "-F", device])
        .output()
        .unwrap();
    let settings = String::from_utf8(settings.stdout).unwrap();
    let mut settings = settings.split_whitespace();
    settings
        .find_map(|setting| match setting {
            "echo" => Some(true),
            "-echo" => Some(false),
            _ => None,
        })
        .unwrap()
}
