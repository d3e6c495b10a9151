//! Assumptions as a flat list: what a report repeats.

use serde_json::Value;

use super::Assumptions;

/// One assumption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// As in the file, e.g. `thresholds.readers`.
    pub(crate) key: String,
    pub(crate) value: Value,
    pub(crate) default: Value,
}

impl Setting {
    /// It is what Coldcase assumes by itself.
    pub(crate) fn is_default(&self) -> bool {
        self.value == self.default
    }
}

/// Every assumption, in the order of the file.
pub(crate) fn settings(assumptions: &Assumptions) -> Vec<Setting> {
    flat(assumptions)
        .into_iter()
        .zip(flat(&Assumptions::default()))
        .map(|((key, value), (_, default))| Setting {
            key,
            value,
            default,
        })
        .collect()
}

/// Keys and values, table by table. All assumptions have the same keys: nothing is optional.
fn flat(assumptions: &Assumptions) -> Vec<(String, Value)> {
    let tables = serde_json::to_value(assumptions).unwrap_or_default();
    let mut all = Vec::new();
    for (table, keys) in tables.as_object().into_iter().flatten() {
        for (key, value) in keys.as_object().into_iter().flatten() {
            all.push((format!("{table}.{key}"), value.clone()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_with_its_default() {
        let mut assumptions = Assumptions::default();
        assumptions.thresholds.readers = 7;
        let changed: Vec<Setting> = settings(&assumptions)
            .into_iter()
            .filter(|setting| !setting.is_default())
            .collect();
        assert_eq!(
            changed,
            [Setting {
                key: "thresholds.readers".to_owned(),
                value: Value::from(7),
                default: Value::from(50),
            }]
        );
        assert_eq!(settings(&assumptions).len(), 20);
    }
}
