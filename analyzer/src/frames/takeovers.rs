//! Frame `takeovers`: how far a service account is from tier 0, and who can take it over, along the control graph.

use anyhow::Result;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let graph = analysis.control_graph();
    let mut frame = Builder::new("takeovers")?;
    for takeover in graph.takeovers(analysis) {
        let Some(account) = analysis.object(takeover.place) else {
            continue;
        };
        let known = account
            .descriptor
            .is_some_and(|id| analysis.whole_descriptor(id).is_some())
            && account
                .readers
                .is_none_or(|id| analysis.whole_descriptor(id).is_some());
        frame.row([
            account.id.into(),
            takeover.tier0_hops.into(),
            takeover.tier0_way.clone().into(),
            takeover.untold_hops.into(),
            takeover.untold_way.clone().into(),
            // Who controls an account whose permissions were not readable or who reads its password is malformed, is not known.
            known.then_some(takeover.taken_over_by).into(),
            takeover.reaches.into(),
            (takeover.by_everybody || known)
                .then_some(takeover.by_everybody)
                .into(),
        ]);
    }
    frame.finish()
}
