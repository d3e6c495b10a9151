//! What makes a tool pleasant: something to try it on, completions, man pages, files written whole.

use std::fs;
use std::process::{Command, Stdio};

use coldcase_tests::programs::{coldcase, path, workspace};

#[test]
fn the_demo_writes_snapshots_and_the_report_of_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let named = demo.to_str().unwrap();
    let ended = coldcase(&["demo", named]).unwrap();
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut names: Vec<String> = fs::read_dir(&demo)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 13, "{names:?}");
    for name in names.iter().filter(|name| *name != "report.html") {
        let there = fs::read(demo.join(name)).unwrap();
        let here = fs::read(workspace().join("fixtures/snapshots").join(name)).unwrap();
        assert!(there == here, "{name} is another snapshot");
    }
    let report = fs::read_to_string(demo.join("report.html")).unwrap();
    assert!(report.contains("contoso.example") && report.trim_end().ends_with("</html>"));
    // The commands that it names run.
    let commands = ended
        .stdout
        .lines()
        .filter_map(|line| line.trim().strip_prefix("coldcase "));
    let mut tried = 0;
    for command in commands.filter(|command| !command.contains('*')) {
        let words: Vec<&str> = command.split(' ').collect();
        let ended = coldcase(&words).unwrap();
        assert_eq!(ended.code, 0, "{command}: {}", ended.stderr);
        tried += 1;
    }
    assert!(tried >= 4, "{}", ended.stdout);
    // What lies there already is not written over.
    let again = coldcase(&["demo", named]).unwrap();
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("is not empty"), "{}", again.stderr);
}

#[test]
fn every_shell_completes_and_every_command_has_a_page() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = coldcase(&["completions", shell]).unwrap();
        assert_eq!(ended.code, 0, "{shell}: {}", ended.stderr);
        for command in ["plan-migration", "report", "--format"] {
            let option = command.trim_start_matches('-');
            assert!(ended.stdout.contains(option), "{shell} lacks {command}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let ended = coldcase(&["man", pages.to_str().unwrap()]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let help = coldcase(&["--help"]).unwrap().stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| {
        let name = line.strip_prefix("  ")?;
        (!name.starts_with(' ')).then(|| name.split(' ').next().unwrap_or_default())
    });
    let mut found = 0;
    for name in names.filter(|name| *name != "help") {
        let page = fs::read_to_string(pages.join(format!("coldcase-{name}.1"))).unwrap();
        assert!(
            page.contains(".SH NAME") && page.contains("Examples"),
            "{name}"
        );
        found += 1;
    }
    // A file is no folder, wherever one is asked for.
    let taken = folder.path().join("taken");
    fs::write(&taken, "").unwrap();
    let file = taken.to_str().unwrap();
    let last = "fixtures/snapshots/contoso-2026-08.sqlite.zst";
    for words in [
        &["man", file][..],
        &["demo", file],
        &["plan-migration", last, "--script", file],
    ] {
        let ended = coldcase(words).unwrap();
        assert_eq!(ended.code, 2, "{words:?}");
        let told = ended.stderr.replace('\n', " ");
        assert!(
            told.contains("is a file, not a folder"),
            "{words:?}: {told}"
        );
    }
    assert!(found >= 15, "{help}");
    assert!(pages.join("coldcase.1").exists());
}

/// A report that cannot be written leaves the one before.
#[test]
fn an_output_file_is_whole_or_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.txt");
    let snapshot = "fixtures/snapshots/contoso-2026-08.sqlite.zst";
    fs::write(&report, "the report before").unwrap();
    let words = [
        "explain",
        snapshot,
        "svc-crm",
        "-o",
        report.to_str().unwrap(),
    ];
    // The system ends whoever writes a file of more than 1 KiB.
    let program = path("coldcase").unwrap();
    let limited = "ulimit -f 1; exec \"$@\"";
    let status = Command::new("bash")
        .args(["-c", limited, "bash"])
        .arg(program)
        .args(words)
        .current_dir(workspace())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success());
    assert_eq!(fs::read_to_string(&report).unwrap(), "the report before");
    let ended = coldcase(&words).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let text = fs::read_to_string(&report).unwrap();
    assert_eq!(text, coldcase(&words[..3]).unwrap().stdout);
}
