//! Group policy settings from a copied folder.

use std::fs;

use coldcase_tests::dc::DomainController;
use coldcase_tests::programs::coldcase;

use super::as_administrator;

const DEFAULT_POLICY: &str = "{31B2F340-016D-11D2-945F-00C04FB984F9}";

pub(super) fn policies_are_taken_from_a_copy(controller: &DomainController) {
    let folder = tempfile::tempdir().unwrap();
    let sec_edit = folder
        .path()
        .join("sysvol/corp.example/Policies")
        .join(DEFAULT_POLICY)
        .join("MACHINE/Microsoft/Windows NT/SecEdit");
    fs::create_dir_all(&sec_edit).unwrap();
    let text = "[Unicode]\r\nUnicode=yes\r\n[Registry Values]\r\n\
        MACHINE\\System\\CurrentControlSet\\Services\\Netlogon\\Parameters\\MaximumPasswordAge=4,90\r\n\
        MACHINE\\Software\\Secret\\DefaultPassword=1,\"hunter2-never-collect\"\r\n\
        [Privilege Rights]\r\nSeServiceLogonRight = *S-1-5-20,svc-sql\r\n";
    let wide: Vec<u8> = std::iter::once(0xFEFF)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(sec_edit.join("GptTmpl.inf"), wide).unwrap();
    let output = folder.path().join("a.sqlite.zst");
    let sysvol = folder.path().join("sysvol");
    let ended = as_administrator(
        controller,
        &[
            "--sysvol",
            sysvol.to_str().unwrap(),
            "-o",
            output.to_str().unwrap(),
        ],
    );
    assert_eq!(ended.code, 0, "{ended:?}");
    let ended = coldcase(&[
        "sql",
        output.to_str().unwrap(),
        "SELECT name, value FROM policy_settings ORDER BY name",
        "--format",
        "json",
    ])
    .unwrap();
    let rows: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(
        rows[0]["name"]
            .as_str()
            .unwrap()
            .ends_with("MaximumPasswordAge")
            && rows[0]["value"] == "90",
        "{rows:?}"
    );
    assert_eq!(rows[1]["name"], "SeServiceLogonRight");
    let bytes = fs::read(&output).unwrap();
    let length = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    let database = zstd::decode_all(&bytes[8 + length..]).unwrap();
    assert!(!database.windows(7).any(|window| window == b"hunter2"));

    let missing = folder.path().join("b.sqlite.zst");
    let ended = as_administrator(
        controller,
        &[
            "--sysvol",
            "/nowhere/sysvol",
            "-o",
            missing.to_str().unwrap(),
        ],
    );
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("/nowhere/sysvol"), "{}", ended.stderr);
}
