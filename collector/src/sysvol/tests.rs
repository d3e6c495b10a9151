//! Tests of the walk, with folders as Windows, Samba and a copy by hand leave them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;

use super::*;

const DEFAULT_DOMAIN: &str = "{31B2F340-016D-11D2-945F-00C04FB984F9}";
const SERVERS: &str = "{0AB61A2E-9C3B-4C61-9C1B-0A2F5E0C7D11}";
const NETLOGON: &str =
    "MACHINE\\System\\CurrentControlSet\\Services\\Netlogon\\Parameters\\MaximumPasswordAge";

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn template(days: u32) -> Vec<u8> {
    let text = format!(
        "[Unicode]\r\nUnicode=yes\r\n[Registry Values]\r\n{NETLOGON}=4,{days}\r\n\
         MACHINE\\Software\\Winlogon\\DefaultPassword=1,\"pLanTed\"\r\n"
    );
    let mut bytes = vec![0xFF, 0xFE];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes
}

/// The share, with a domain in it.
fn share() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let policies = root.path().join("corp.example/Policies");
    put(
        &policies
            .join(DEFAULT_DOMAIN)
            .join("MACHINE/Microsoft/Windows NT/SecEdit/GptTmpl.inf"),
        &template(30),
    );
    put(
        &policies
            .join(SERVERS.to_lowercase())
            .join("Machine/microsoft/windows nt/secedit/gpttmpl.INF"),
        &template(90),
    );
    put(
        &policies
            .join(SERVERS.to_lowercase())
            .join("Machine/Registry.pol"),
        b"PReg\x01\0\0\0",
    );
    put(
        &policies
            .join(SERVERS.to_lowercase())
            .join("User/registry.pol"),
        b"pLanTed",
    );
    put(&policies.join("PolicyDefinitions/a.admx"), b"<xml/>");
    put(
        &root.path().join("corp.example/scripts/logon.cmd"),
        b"rem pLanTed",
    );
    root
}

fn all(root: &Path) -> (Vec<PolicySetting>, Summary) {
    let mut found = Vec::new();
    let summary = read(root, |setting| found.push(setting)).unwrap();
    (found, summary)
}

#[test]
fn share_domain_and_policies_give_the_same() {
    let root = share();
    let (found, summary) = all(root.path());
    let values: Vec<_> = found
        .iter()
        .map(|setting| {
            (
                setting.gpo.as_str(),
                setting.name.as_str(),
                setting.value.as_str(),
            )
        })
        .collect();
    assert_eq!(
        values,
        vec![(SERVERS, NETLOGON, "90"), (DEFAULT_DOMAIN, NETLOGON, "30")]
    );
    assert_eq!(found[0].side, "machine");
    assert_eq!(found[0].source, "GptTmpl.inf");
    assert_eq!(found[0].section, "Registry Values");
    assert_eq!(found[0].kind, "REG_DWORD");
    assert_eq!(
        (
            summary.policies,
            summary.files,
            summary.settings,
            summary.withheld
        ),
        (2, 3, 2, 2)
    );
    assert!(
        summary.complete && summary.skipped.is_empty(),
        "{summary:?}"
    );
    for deeper in ["corp.example", "corp.example/Policies"] {
        let (again, same) = all(&root.path().join(deeper));
        assert_eq!(
            (again, same.folder),
            (found.clone(), root.path().join("corp.example/Policies"))
        );
    }
}

#[test]
fn nothing_outside_the_list_comes_out() {
    let root = share();
    let (found, summary) = all(root.path());
    assert!(!format!("{found:?}{summary:?}").contains("pLanTed"));
}

#[test]
fn a_folder_without_policies_is_refused_with_a_hint() {
    let root = tempfile::tempdir().unwrap();
    let refuse = |path: &Path| read(path, |_| ()).unwrap_err().to_string();
    assert!(refuse(root.path()).contains("holds no folder Policies"));
    assert!(refuse(&root.path().join("gone")).contains("cannot be read"));
    for domain in ["a.example", "b.example"] {
        fs::create_dir_all(root.path().join(domain).join("Policies")).unwrap();
    }
    assert!(refuse(root.path()).contains("several domains"));
    // No policy at all is a folder without settings, not an error.
    let (found, summary) = all(&root.path().join("a.example/Policies"));
    assert!(found.is_empty() && summary.complete);
}

#[test]
fn odd_names_are_ignored_and_odd_files_are_missed() {
    let root = share();
    let policies = root.path().join("corp.example/Policies");
    fs::create_dir(policies.join(format!("{SERVERS}_NTFRS_00aa11bb"))).unwrap();
    let (_, summary) = all(root.path());
    assert!(summary.complete);
    assert_eq!(summary.skipped.len(), 1);

    let file = policies
        .join(DEFAULT_DOMAIN)
        .join("MACHINE/Microsoft/Windows NT/SecEdit/GptTmpl.inf");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    put(
        &policies.join(DEFAULT_DOMAIN).join("MACHINE/registry.pol"),
        &vec![b' '; (4 << 20) + 1],
    );
    let (found, summary) = all(root.path());
    assert_eq!(found.len(), 1);
    assert!(!summary.complete);
    let reasons: Vec<_> = summary
        .skipped
        .iter()
        .map(|skipped| skipped.reason.as_str())
        .collect();
    assert!(reasons.contains(&"is not a file"), "{reasons:?}");
    assert!(reasons.contains(&"is larger than 4 MiB"), "{reasons:?}");
}

#[test]
fn two_spellings_of_one_folder_are_told() {
    let root = share();
    let policies = root.path().join("corp.example/Policies");
    put(
        &policies.join(DEFAULT_DOMAIN).join("Machine/registry.pol"),
        b"PReg\x01\0\0\0",
    );
    put(
        &policies.join(SERVERS).join("Machine/registry.pol"),
        b"PReg\x01\0\0\0",
    );
    let (_, summary) = all(root.path());
    assert!(!summary.complete);
    let reasons: BTreeSet<_> = summary
        .skipped
        .iter()
        .map(|skipped| skipped.reason.as_str())
        .collect();
    assert_eq!(
        reasons,
        BTreeSet::from([
            "differs only by case from another name",
            "is a second folder of the same policy"
        ])
    );
}

#[test]
fn reasons_are_bounded() {
    let mut summary = Summary::new(PathBuf::new());
    for _ in 0..MAX_REASONS + 5 {
        summary.miss(Path::new("a"), "b");
    }
    assert_eq!(summary.skipped.len(), MAX_REASONS);
    assert_eq!(summary.skipped_count, 1_005);
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn are_not_followed() {
        let root = share();
        let outside = tempfile::tempdir().unwrap();
        put(&outside.path().join("GptTmpl.inf"), &template(7));
        put(
            &outside
                .path()
                .join("Machine/Microsoft/Windows NT/SecEdit/GptTmpl.inf"),
            &template(8),
        );
        let policies = root.path().join("corp.example/Policies");
        let third = policies.join("{0AB61A2E-9C3B-4C61-9C1B-0A2F5E0C7D12}");
        symlink(outside.path(), &third).unwrap();
        let template = policies
            .join(DEFAULT_DOMAIN)
            .join("MACHINE/Microsoft/Windows NT/SecEdit/GptTmpl.inf");
        fs::remove_file(&template).unwrap();
        symlink(outside.path().join("GptTmpl.inf"), &template).unwrap();
        let (found, summary) = all(root.path());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(!summary.complete);
        let missed: Vec<_> = summary
            .skipped
            .iter()
            .map(|skipped| skipped.path.clone())
            .collect();
        assert_eq!(missed, vec![third, template]);
    }

    #[test]
    fn a_domain_that_is_a_link_is_named() {
        let root = tempfile::tempdir().unwrap();
        let share = share();
        symlink(
            share.path().join("corp.example"),
            root.path().join("corp.example"),
        )
        .unwrap();
        let said = read(root.path(), |_| ()).unwrap_err().to_string();
        assert!(said.contains("corp.example is a symbolic link"), "{said}");
        // Who names the link himself means it.
        assert_eq!(all(&root.path().join("corp.example")).0.len(), 2);
    }
}
