//! What is in a snapshot, in a form that two of them can be compared in.

use std::collections::BTreeMap;
use std::path::Path;

use coldcase_schemas::Snapshot;

/// Attributes that change because somebody logs on to collect.
const LOGON: &[&str] = &[
    "lastLogon",
    "lastLogonTimestamp",
    "logonCount",
    "whenChanged",
];

/// Values by attribute.
pub(crate) type Attributes = BTreeMap<String, Vec<Vec<u8>>>;

/// Every object with every value, by DN.
pub(crate) fn of(path: &Path) -> BTreeMap<String, Attributes> {
    let snapshot = Snapshot::open(path).unwrap();
    let mut content = BTreeMap::new();
    snapshot
        .each_entry(|entry| {
            let attributes = entry
                .attributes
                .into_iter()
                .filter(|attribute| !LOGON.contains(&&*attribute.name))
                .map(|attribute| (attribute.name.to_string(), attribute.values))
                .collect();
            content.insert(entry.dn, attributes);
        })
        .unwrap();
    content
}

/// Fails with the first difference.
pub(crate) fn assert_same(
    wanted: &BTreeMap<String, Attributes>,
    found: &BTreeMap<String, Attributes>,
    what: &str,
) {
    for (dn, attributes) in wanted {
        assert_eq!(found.get(dn), Some(attributes), "{what}: {dn}");
    }
    assert_eq!(
        found.len(),
        wanted.len(),
        "{what}: more objects than there are"
    );
}
