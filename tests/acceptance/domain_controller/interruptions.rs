//! Kills, and a network that fails: whatever happens on the way, the end is the same.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use coldcase_schemas::Snapshot;
use coldcase_tests::dc::DomainController;
use coldcase_tests::programs::{Ended, collect_in, path};
use coldcase_tests::proxy::{Action, Afterwards, Plan, Proxy, Stream};
use coldcase_tests::seed::Seeded;

use super::{as_administrator, content};

/// Small parts, so that there is something to go on from in a small domain.
const SMALL_PARTS: [&str; 4] = ["--partition-size", "300", "--page-size", "50"];

pub(super) fn a_killed_run_goes_on(controller: &DomainController) {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.sqlite.zst");
    let ended = as_administrator(controller, &["-o", whole.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let undisturbed = content::of(&whole);

    let mut seeded = Seeded::new(3);
    let mut killed = 0;
    for round in 0..4 {
        let output = folder.path().join(format!("killed-{round}.sqlite.zst"));
        let work = folder.path().join("corp.example.coldcase-work");
        let mut resume = false;
        for _ in 0..3 {
            let wait = Duration::from_millis(300 + seeded.below(900));
            if kill_after(controller, &output, resume, wait) {
                killed += 1;
                nothing_else_is_left(folder.path(), &work);
                // Killed before there was anything: the next start begins, it does not go on.
                resume = work.join("snapshot.sqlite").exists();
                // Killed between the last step and the removal of the working folder.
                if output.exists() && work.exists() {
                    fs::remove_dir_all(&work).unwrap();
                }
            }
            if output.exists() {
                break;
            }
        }
        if !output.exists() {
            let mut arguments = vec!["-o", output.to_str().unwrap()];
            arguments.extend(SMALL_PARTS);
            if resume {
                arguments.push("--resume");
            }
            let ended = as_administrator(controller, &arguments);
            assert_eq!(ended.code, 0, "round {round}: {ended:?}");
        }
        content::assert_same(
            &undisturbed,
            &content::of(&output),
            &format!("round {round}"),
        );
        nothing_is_left(folder.path());
    }
    assert!(killed >= 4, "only {killed} runs were killed");
}

/// Starts a slow run and kills it. False if it had ended before.
fn kill_after(controller: &DomainController, output: &Path, resume: bool, wait: Duration) -> bool {
    let password = output.with_extension("password");
    fs::write(&password, controller.admin_password()).unwrap();
    let mut command = Command::new(path("coldcase-collect").unwrap());
    command
        .args(["--server", &controller.address().to_string()])
        .args(["--user", controller.admin_user(), "--password-file"])
        .arg(&password)
        .arg("--ca-file")
        .arg(controller.ca_file())
        .args(SMALL_PARTS)
        .args(["--rate", "1500", "--quiet", "-o"])
        .arg(output)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if resume {
        command.arg("--resume");
    }
    let mut child = command.spawn().unwrap();
    std::thread::sleep(wait);
    if child.try_wait().unwrap().is_some() {
        return false;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

fn nothing_is_left(folder: &Path) {
    let left = left_in(folder);
    assert!(left.is_empty(), "{left:?}");
}

/// A kill leaves the working folder, and nothing beside it.
fn nothing_else_is_left(folder: &Path, work: &Path) {
    let mut left = left_in(folder);
    left.retain(|path| path != work);
    assert!(left.is_empty(), "{left:?}");
}

fn left_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .filter(|entry| entry.file_name().to_string_lossy().contains("coldcase-"))
        .map(|entry| entry.path())
        .collect()
}

pub(super) fn a_disturbed_run_ends_as_an_undisturbed_one(controller: &DomainController) {
    let folder = tempfile::tempdir().unwrap();
    let target = SocketAddr::from((controller.address(), 636));
    let calm = folder.path().join("calm.sqlite.zst");
    let proxy = Proxy::start(target, Plan::undisturbed()).unwrap();
    let ended = through(&proxy, controller, &calm, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let undisturbed = content::of(&calm);
    let length = proxy.bytes_seen(Stream::ToClient);
    drop(proxy);

    let mut partial = 0;
    // TLS records differ by some bytes between runs: the last fault must still happen.
    let length = length - 500;
    for (number, plan) in Plan::spread(7, 50, length).into_iter().enumerate() {
        let what = format!("fault {number}: {plan:?}");
        let output = folder.path().join(format!("{number}.sqlite.zst"));
        let proxy = Proxy::start(target, plan).unwrap();
        let ended = through(&proxy, controller, &output, &["--retries", "1"]);
        drop(proxy);
        match ended.code {
            // Asked again, merely delayed, or cut after the last query had been answered.
            0 => {}
            // Cut before it could begin: nothing was written, and a new run is a new run.
            2 => {
                assert!(!output.exists(), "{what}");
                assert!(!ended.stderr.contains("fault of the program"), "{ended:?}");
                let ended = straight(controller, &output, &[]);
                assert_eq!(ended.code, 0, "{what}: {ended:?}");
            }
            3 => {
                partial += 1;
                assert!(
                    !Snapshot::open(&output).unwrap().manifest().complete,
                    "{what}"
                );
                assert!(ended.stdout.contains("PARTIAL"), "{what}: {ended:?}");
                let ended = straight(controller, &output, &["--resume"]);
                assert_eq!(ended.code, 0, "{what}: {ended:?}");
            }
            other => panic!("{what}: exit code {other}: {ended:?}"),
        }
        content::assert_same(&undisturbed, &content::of(&output), &what);
        nothing_is_left(folder.path());
    }
    eprintln!("50 faults in {length} bytes, {partial} partial snapshots were completed");
    assert!(partial > 5, "{partial} partial snapshots");
}

fn through(proxy: &Proxy, controller: &DomainController, output: &Path, more: &[&str]) -> Ended {
    from(&proxy.address().to_string(), controller, output, more)
}

/// Not through the proxy: as the next day, when the network works again.
fn straight(controller: &DomainController, output: &Path, more: &[&str]) -> Ended {
    from(&controller.address().to_string(), controller, output, more)
}

fn from(server: &str, controller: &DomainController, output: &Path, more: &[&str]) -> Ended {
    let mut arguments = vec![
        "--server",
        server,
        "--user",
        controller.admin_user(),
        "--password-stdin",
        "--ca-file",
        controller.ca_file().to_str().unwrap(),
        "--timeout",
        "15",
        "--quiet",
        "-o",
        output.to_str().unwrap(),
    ];
    arguments.extend(SMALL_PARTS);
    arguments.extend(more);
    collect_in(&arguments, controller.admin_password(), &[]).unwrap()
}

pub(super) fn a_resumed_run_is_the_same_run(controller: &DomainController) {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("a.sqlite.zst");
    let target = SocketAddr::from((controller.address(), 636));
    let plan = Plan::at(Stream::ToClient, 60_000, Action::Reset, Afterwards::Refuse);
    let proxy = Proxy::start(target, plan).unwrap();
    let ended = through(&proxy, controller, &output, &["--retries", "1"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    drop(proxy);
    let refused = |more: &[&str], sentence: &str| {
        let ended = straight(controller, &output, more);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            ended.stderr.contains(sentence),
            "{sentence}: {}",
            ended.stderr
        );
    };
    refused(&[], "is already there");
    refused(
        &["--resume", "--scope", "service-accounts"],
        "had another scope",
    );
    let other = folder.path().join("b.sqlite.zst");
    let ended = straight(controller, &other, &[]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("add --resume"), "{}", ended.stderr);
    let before = fs::read(&output).unwrap();
    let ended = straight(controller, &other, &["--start-over"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(fs::read(&output).unwrap(), before, "evidence");
    refused(&["--resume"], "there is nothing to resume");
}
