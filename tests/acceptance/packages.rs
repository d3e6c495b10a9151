//! What the Debian packages are said to hold, and what the programs make for them.
//!
//! Deliberately builds none: `tests/package/check` does, and takes a quarter of an hour.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use coldcase_tests::programs::{collect, workspace};
use serde_json::Value;

#[test]
fn each_package_holds_program_pages_completions_licences_and_bill() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--no-deps", "--format-version=1"])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (crate_name, folder, program) in [
        ("coldcase-analyzer", "analyzer", "coldcase"),
        ("coldcase-collector", "collector", "coldcase-collect"),
    ] {
        let packages = metadata["packages"].as_array().unwrap();
        let package = packages.iter().find(|one| one["name"] == crate_name);
        let deb = &package.unwrap()["metadata"]["deb"];
        assert_eq!(deb["name"], program);
        assert_eq!(
            deb["depends"], "$auto",
            "the libraries that it is linked with"
        );
        let mut places = BTreeSet::new();
        for asset in deb["assets"].as_array().unwrap() {
            let [from, to] = [0, 1].map(|at| asset[at].as_str().unwrap().to_owned());
            // What is not built is in the repository.
            assert!(
                from.starts_with("target/release/")
                    || workspace().join(folder).join(&from).exists(),
                "{program}: there is no {from}"
            );
            let file = from.rsplit('/').next().unwrap();
            places.insert(if to.ends_with('/') { to + file } else { to });
        }
        let document = |name: &str| format!("usr/share/doc/{program}/{name}");
        let expected = BTreeSet::from([
            format!("usr/bin/{program}"),
            "usr/share/man/man1/*.1.gz".to_owned(),
            format!("usr/share/bash-completion/completions/{program}"),
            format!("usr/share/zsh/vendor-completions/_{program}"),
            format!("usr/share/fish/vendor_completions.d/{program}.fish"),
            document("README.md"),
            document("changelog.gz"),
            document("changelog.Debian.gz"),
            document("copyright"),
            document("LICENSE-APACHE"),
            document(&format!("{program}.cdx.json")),
        ]);
        assert_eq!(places, expected, "{program}");
    }
    let copyright = fs::read_to_string(workspace().join("tests/package/copyright")).unwrap();
    let licence = fs::read_to_string(workspace().join("LICENSE-MIT")).unwrap();
    let words = |text: &str| {
        text.replace("\n .\n", "\n")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let (_, terms) = licence.split_once("Permission is hereby").unwrap();
    assert!(words(&copyright).contains(&words(terms)), "the MIT licence");
}

#[test]
fn the_collector_completes_in_every_shell_and_has_a_page_for_each_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = collect(&["completions", shell], "").unwrap();
        assert_eq!(ended.code, 0, "{shell}: {}", ended.stderr);
        for word in ["coldcase-collect", "new-key", "transport"] {
            assert!(ended.stdout.contains(word), "{shell} lacks {word}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let ended = collect(&["man", pages.to_str().unwrap()], "").unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let mut names: Vec<String> = fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "coldcase-collect-completions.1",
            "coldcase-collect-explain.1",
            "coldcase-collect-man.1",
            "coldcase-collect-new-key.1",
            "coldcase-collect.1",
        ]
    );
    for name in names {
        let page = fs::read_to_string(pages.join(&name)).unwrap();
        let title = name.trim_end_matches(".1");
        assert!(page.contains(&format!(".TH {title} 1")), "{name}: {page}");
        assert!(page.contains(".SH NAME"), "{name}");
    }
    // Where no page can be written: one sentence, and which file.
    let taken = folder.path().join("taken");
    fs::write(&taken, "").unwrap();
    let ended = collect(&["man", taken.to_str().unwrap()], "").unwrap();
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended
            .stderr
            .ends_with("taken is a file, not a folder; name another\n"),
        "{}",
        ended.stderr
    );
}
