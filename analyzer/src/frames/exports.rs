//! Frames `conflicts` and `export_notes`: where the exports that a snapshot was made from contradict each other, and what
//! each of them could not say.
//!
//! Deliberately says what was believed, not what is true.

use anyhow::Result;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;

pub(super) fn conflicts(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("conflicts")?;
    let directory = &analysis.directory;
    for conflict in &directory.exports.conflicts {
        let object = directory
            .place(conflict.object_id)
            .and_then(|place| analysis.object(place));
        frame.row([
            object.map(|object| object.id).into(),
            conflict.dn.as_str().into(),
            conflict.attribute.as_deref().into(),
            conflict.kept_value.as_str().into(),
            conflict.kept_export.as_str().into(),
            conflict.other_value.as_str().into(),
            conflict.other_export.as_str().into(),
        ]);
    }
    frame.finish()
}

pub(super) fn notes(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("export_notes")?;
    for note in &analysis.directory.exports.notes {
        frame.row([
            note.export.as_str().into(),
            note.kind.as_str().into(),
            note.text.as_str().into(),
            note.place.as_deref().into(),
            note.dn.as_deref().into(),
            note.attribute.as_deref().into(),
        ]);
    }
    frame.finish()
}
