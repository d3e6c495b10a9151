//! Attributes that an export would have shown and that came with no object of a class: why?
//!
//! Owns the answers that the schema alone can give. That an attribute has no value, only the directory's own metadata
//! prove, and no export holds them: it is said on the word of the user alone, that an administrator made the exports.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::ledger::{Absence, CoverageRow};
use coldcase_schemas::plan::QUERIES;
use coldcase_schemas::snapshot::{SchemaAttribute, SchemaClass};
use coldcase_schemas::{SnapshotError, SnapshotWriter};

/// Writes down what did not come, by query and class; `nothing_hidden`: on the user's word. To be called after the last
/// query has ended.
pub(crate) fn record(
    writer: &mut SnapshotWriter,
    nothing_hidden: bool,
) -> Result<(), SnapshotError> {
    let classes = Classes::new(writer.schema_classes()?);
    let schema = writer.schema_attributes()?;
    let mut seen_by_query = writer.classes()?;
    let mut rows = Vec::new();
    for query in QUERIES {
        for seen in seen_by_query.remove(query.name).unwrap_or_default() {
            for attribute in seen.absent {
                let absence = match schema.as_ref().map(|schema| schema.of(&attribute)) {
                    Some(SchemaAttribute::Missing) => Absence::NotInSchema,
                    Some(SchemaAttribute::Known { .. })
                        if classes.cannot_hold(&seen.class, &attribute) =>
                    {
                        Absence::NotInClass
                    }
                    _ if nothing_hidden => Absence::NoValue,
                    _ => Absence::Unknown,
                };
                rows.push(CoverageRow {
                    query: query.name.to_owned(),
                    class: seen.class.clone(),
                    attribute,
                    objects: seen.objects,
                    absence,
                });
            }
        }
    }
    writer.record_coverage(&rows)
}

/// What objects of a class can hold (MS-ADTS 3.1.1.2.4.6).
struct Classes {
    by_name: BTreeMap<String, SchemaClass>,
}

impl Classes {
    fn new(classes: Vec<SchemaClass>) -> Self {
        let named = classes
            .into_iter()
            .map(|class| (class.name.to_lowercase(), class));
        Self {
            by_name: named.collect(),
        }
    }

    /// True only if the class and all above it are known and none names the attribute.
    fn cannot_hold(&self, class: &str, attribute: &str) -> bool {
        let mut open = vec![class.to_lowercase()];
        let mut looked_at = BTreeSet::new();
        while let Some(name) = open.pop() {
            if !looked_at.insert(name.clone()) {
                continue;
            }
            let Some(class) = self.by_name.get(&name) else {
                return false;
            };
            if class
                .holds
                .iter()
                .any(|held| held.eq_ignore_ascii_case(attribute))
            {
                return false;
            }
            open.extend(class.above.iter().map(|above| above.to_lowercase()));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str, above: &[&str], holds: &[&str]) -> SchemaClass {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        SchemaClass {
            name: name.to_owned(),
            above: texts(above),
            holds: texts(holds),
        }
    }

    #[test]
    fn a_class_cannot_hold_what_none_above_it_names() {
        let classes = Classes::new(vec![
            class("top", &["top"], &["description"]),
            class("user", &["top", "securityPrincipal"], &["mail"]),
            class("securityPrincipal", &["top"], &["objectSid"]),
            class("odd", &["missing"], &[]),
        ]);
        assert!(classes.cannot_hold("User", "member"));
        for held in ["mail", "Description", "objectsid"] {
            assert!(!classes.cannot_hold("user", held), "{held}");
        }
        assert!(
            !classes.cannot_hold("odd", "member"),
            "what is above it is not known"
        );
        assert!(!classes.cannot_hold("missing", "member"));
    }
}
