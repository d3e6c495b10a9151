//! Frame `interpreted_rights`: what an export says somebody may do, without the descriptor that it was concluded from.
//!
//! Deliberately repeats the exporter's words: which of them lead anywhere is [`crate::paths`]'s to say.

use anyhow::Result;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("interpreted_rights")?;
    let directory = &analysis.directory;
    for right in &directory.claimed_rights {
        let object = right.object.and_then(|place| analysis.object(place));
        let trustee = directory.place_of_sid(&right.trustee);
        let trustee = trustee.and_then(|place| analysis.object(place));
        frame.row([
            object.map(|object| object.id).into(),
            object
                .map_or_else(|| right.identity.clone(), |object| analysis.title(object))
                .into(),
            right.trustee.to_string().into(),
            trustee
                .map(|trustee| analysis.title(trustee))
                .or_else(|| right.trustee.well_known_name().map(str::to_owned))
                .into(),
            right.right.as_str().into(),
            right.inherited.into(),
            right.export.as_str().into(),
        ]);
    }
    frame.finish()
}
