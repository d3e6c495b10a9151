//! What the programs are built from: no network in the analyzer, no dataframe in the collector.

use std::process::Command;

use coldcase_tests::programs::{coldcase, path, workspace};

fn tree(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "-p",
            package,
            "-e",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{lib}",
        ])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_network_crate_is_in_the_analyzers_tree() {
    let tree = tree("coldcase-analyzer");
    for crate_name in [
        "ldap3",
        "rustls",
        "native_tls",
        "openssl",
        "reqwest",
        "hyper",
        "object_store",
        "h2",
        "ureq",
        "tokio",
        "mio",
        "socket2",
    ] {
        assert!(
            !tree.iter().any(|name| name == crate_name),
            "{crate_name} is in the analyzer's tree"
        );
    }
}

#[test]
fn the_analyzer_cannot_open_a_connection() {
    // Crates are one thing, the binary another: libc's network functions are not among its imports.
    let output = Command::new("nm")
        .args(["--dynamic", "--undefined-only"])
        .arg(path("coldcase").unwrap())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "nm: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let imports = String::from_utf8(output.stdout).unwrap();
    assert!(imports.contains(" read"), "nm shows the imports of libc");
    for function in [
        "connect",
        "bind",
        "listen",
        "accept",
        "accept4",
        "getaddrinfo",
        "sendto",
        "sendmsg",
    ] {
        let imported = imports
            .split_whitespace()
            .any(|symbol| symbol.split('@').next() == Some(function));
        assert!(!imported, "the analyzer imports {function}");
    }
}

#[test]
fn the_collector_knows_no_dataframe_and_no_rule() {
    let tree = tree("coldcase-collector");
    for crate_name in [
        "polars",
        "polars_core",
        "coldcase_analyzer",
        "coldcase_winsec",
    ] {
        assert!(
            !tree.iter().any(|name| name == crate_name),
            "{crate_name} is in the collector's tree"
        );
    }
}

#[test]
fn every_command_has_help_with_examples() {
    for arguments in [
        &["--help"][..],
        &["report", "--help"],
        &["sql", "--help"],
        &["rules", "--help"],
    ] {
        let ended = coldcase(arguments).unwrap();
        assert_eq!(ended.code, 0);
        assert!(ended.stdout.contains("Usage:"), "{}", ended.stdout);
    }
    assert!(coldcase(&["--help"]).unwrap().stdout.contains("Examples:"));
}
