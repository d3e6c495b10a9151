//! The same domain collected, and exported with ldapsearch and with ldbsearch and imported: one content, one report.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use coldcase_schemas::Snapshot;
use coldcase_schemas::attribute::{self, ATTRIBUTES, Syntax};
use coldcase_tests::dc::{DomainController, Options, Population};
use coldcase_tests::programs::coldcase;
use coldcase_winsec::{Acl, Control, SecurityDescriptor};
use serde_json::Value;

use super::content::{self, Attributes};
use super::{as_administrator, skipped};

/// A gMSA that denies everybody to read its descriptor.
const HIDDEN_FROM_LDAP: &str = "ev-hidden$";

#[test]
fn exports_as_ldif_are_what_the_collector_collects() {
    if skipped("the round trip through ldapsearch") {
        return;
    }
    let controller =
        DomainController::start_with(&Options::default().population(Population::Rules))
            .expect("a domain controller is needed (COLDCASE_SKIP_DC=1 skips this test)");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();

    // ldapsearch first: what logging on changes is then older in the export than in the collection.
    let names: Vec<&str> = ATTRIBUTES.iter().map(|attribute| attribute.name).collect();
    let base = controller.base_dn();
    let contexts = ["", "CN=Configuration,", "CN=Schema,CN=Configuration,"];
    let files = contexts.iter().enumerate().map(|(number, below)| {
        let file = path(&format!("ldapsearch-{number}.ldif"));
        let text = controller.ldapsearch(&format!("{below}{base}"), &names);
        fs::write(&file, text.unwrap()).unwrap();
        file
    });
    let by_ldapsearch: Vec<String> = files.collect();
    // All attributes and those that come only if they are named, as one would ask on the controller itself.
    let all = [
        "*",
        "nTSecurityDescriptor",
        "msDS-User-Account-Control-Computed",
    ];
    let by_ldbsearch = path("ldbsearch.ldif");
    fs::write(&by_ldbsearch, controller.ldbsearch_export(&all).unwrap()).unwrap();
    let collected = path("collected.sqlite.zst");
    let ended = as_administrator(&controller, &["-o", &collected]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let manifest = Snapshot::open(Path::new(&collected)).unwrap();
    let taken_at = manifest.manifest().taken_at.clone();

    for (tool, exports) in [
        ("ldapsearch", by_ldapsearch),
        ("ldbsearch", vec![by_ldbsearch]),
    ] {
        let imported = path(&format!("{tool}.sqlite.zst"));
        let mut arguments = vec!["import"];
        arguments.extend(exports.iter().map(String::as_str));
        arguments.extend(["-o", &imported, "--taken-at", &taken_at, "--administrator"]);
        let ended = coldcase(&arguments).unwrap();
        assert_eq!(ended.code, 0, "{} {}", ended.stdout, ended.stderr);
        same_content(Path::new(&collected), Path::new(&imported));
        nothing_changed(&collected, &imported);
        match tool {
            "ldapsearch" => same_report(&collected, &imported),
            _ => no_more_certain(&collected, &imported),
        }
    }
}

/// Every object of the collection is in the import with the same values of every attribute.
fn same_content(collected: &Path, imported: &Path) {
    let (collected, imported) = (content::of(collected), content::of(imported));
    let mut differs = Vec::new();
    for (dn, attributes) in &collected {
        let Some(other) = imported.get(dn) else {
            differs.push(format!("{dn} is missing"));
            continue;
        };
        for name in attributes.keys() {
            let (one, other) = (sorted(attributes, name), sorted(other, name));
            if one != other {
                let texts = [one, other].map(|values| {
                    let values = values.unwrap_or_default().into_iter();
                    values
                        .map(|value| String::from_utf8_lossy(&value).into_owned())
                        .collect::<Vec<_>>()
                });
                differs.push(format!("{dn} {name}: {texts:?}"));
            }
        }
    }
    assert!(collected.len() > 300, "{}", collected.len());
    assert!(
        differs.is_empty(),
        "{} differences:\n{}",
        differs.len(),
        differs.join("\n")
    );
}

/// A directory gives the values of an attribute in no order. Descriptors are written as text by ldbsearch (SDDL), which
/// keeps neither their layout and revision nor whether owner and group are defaulted (MS-DTYP 2.5.1.1).
fn sorted(attributes: &Attributes, name: &str) -> Option<Vec<Vec<u8>>> {
    let mut values = attributes.get(name)?.clone();
    let syntax = attribute::find(name).map(|(_, found)| found.syntax);
    if syntax == Some(Syntax::SecurityDescriptor) {
        for value in &mut values {
            let decoded = SecurityDescriptor::decode(value);
            assert!(decoded.defects.is_empty(), "{name}");
            let mut descriptor = decoded.value;
            let kept = Control::SE_DACL_PROTECTED | Control::SE_DACL_AUTO_INHERITED;
            descriptor.control = Control(descriptor.control.0 & kept.0)
                | Control::SE_SELF_RELATIVE
                | Control::SE_DACL_PRESENT;
            if let Some(dacl) = &mut descriptor.dacl {
                dacl.revision = Acl::new(Vec::new()).revision;
            }
            *value = descriptor.encode();
        }
    }
    values.sort();
    Some(values)
}

/// Between a collection and an export of the same day nothing changed that both show.
fn nothing_changed(collected: &str, imported: &str) {
    let ended = coldcase(&["diff", collected, imported, "--format", "json"]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let diff: Value = serde_json::from_str(&ended.stdout).unwrap();
    let certain = |part: &str, state: &str, states: &[&str]| {
        let list = diff[part].as_array().unwrap().iter();
        let found = list.filter(|one| states.iter().any(|known| one[state] == *known));
        let found: Vec<String> = found.take(5).map(Value::to_string).collect();
        assert!(found.is_empty(), "{part}: {found:?}");
    };
    certain(
        "objects",
        "state",
        &["changed", "created", "deleted", "recreated"],
    );
    certain("findings", "state", &["opened", "closed"]);
    for part in ["access", "memberships"] {
        certain(part, "direction", &["gained", "lost"]);
    }
    let limits = diff["limits"].to_string();
    assert!(
        limits.contains("adminDescription") && limits.contains("was not asked for"),
        "{limits}"
    );
}

fn report(snapshot: &str) -> Value {
    let ended = coldcase(&["report", snapshot, "--format", "json"]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

fn by_id(report: &Value, part: &str) -> BTreeMap<String, Value> {
    let list = report[part].as_array().unwrap().iter();
    list.map(|one| (one["id"].to_string(), one.clone()))
        .collect()
}

/// What is found is the same, and every rule ends alike.
fn same_report(collected: &str, imported: &str) {
    let (collected, imported) = (report(collected), report(imported));
    for part in ["rules", "findings"] {
        let (one, other) = (by_id(&collected, part), by_id(&imported, part));
        for (id, value) in &one {
            assert_eq!(Some(value), other.get(id), "{part} {id}");
        }
        assert!(one.len() > 100 && one.len() == other.len(), "{part}");
    }
    assert_eq!(collected["accounts"], imported["accounts"]);
    for part in ["gross", "net", "coverage_percent"] {
        assert_eq!(collected["score"][part], imported["score"][part], "{part}");
    }
}

/// ldbsearch does not write what it was asked: its file may lack anything, so nothing is clear by it. What its data show is
/// found all the same, and nothing else but of what no administrator reads over LDAP.
fn no_more_certain(collected: &str, imported: &str) {
    let (collected, imported) = (report(collected), report(imported));
    let mut fired = Vec::new();
    for (id, rule) in by_id(&imported, "rules") {
        assert_ne!(rule["verdict"], "clear", "{id}");
        if rule["verdict"] == "fired" {
            fired.push(rule["id"].clone());
        }
    }
    assert!(fired.len() > 80, "{}", fired.len());
    let of_fired = |report: &Value| {
        let mut findings = by_id(report, "findings");
        findings.retain(|_, finding| {
            fired.contains(&finding["rule"])
                && finding["subject"]["sam_account_name"] != HIDDEN_FROM_LDAP
        });
        findings.into_keys().collect::<BTreeSet<String>>()
    };
    let (one, other) = (of_fired(&collected), of_fired(&imported));
    assert!(one.len() > 200, "{}", one.len());
    let more: Vec<&String> = other.difference(&one).collect();
    assert!(more.is_empty(), "{more:?}");
    // DM14 asks some of its questions only where all was read to its end.
    let less: Vec<&String> = one.difference(&other).collect();
    assert!(less.iter().all(|id| id.contains("DM14-")), "{less:?}");
}
