//! Exports of other tools that a snapshot was made from, in words, the same in every format.
//!
//! Deliberately repeats what the import wrote down; it adds no limit of its own.

use coldcase_schemas::origin::ExportLabel;

use super::counted;

/// One line: which file, which format, when, and what went wrong.
pub(crate) fn made_from(export: &ExportLabel) -> String {
    let mut text = format!("{} ({}", export.name, export.format);
    match &export.taken_at {
        Some(time) => text.push_str(&format!(", made {time})")),
        None => text.push_str(", which does not say when it was made)"),
    }
    if !export.broken.is_empty() {
        text.push_str(&format!("; not read to its end: {}", export.broken));
    }
    if export.troubles > 0 {
        text.push_str(&format!(
            "; {} in it not understood and left out",
            counted(export.troubles as usize, "thing")
        ));
    }
    if !export.limits.is_empty() {
        text.push_str(". What it cannot show:");
    }
    text
}
