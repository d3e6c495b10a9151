//! Frame `successions`: dMSAs and the accounts they replace, told from both sides of the link.

use std::collections::BTreeMap;

use anyhow::Result;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use super::impact::Impacts;

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let directory = &analysis.directory;
    // (dMSA, predecessor) → (forward, backward). Both links are forward links in the schema; neither is the other's back link.
    let mut pairs: BTreeMap<(i64, i64), (bool, bool)> = BTreeMap::new();
    for (dmsa, predecessor) in directory.links("msDS-ManagedAccountPrecededByLink") {
        pairs.entry((*dmsa, *predecessor)).or_default().0 = true;
    }
    for (predecessor, dmsa) in directory.links("msDS-SupersededManagedAccountLink") {
        pairs.entry((*dmsa, *predecessor)).or_default().1 = true;
    }
    let impacts = Impacts::new(analysis);
    let mut frame = Builder::new("successions")?;
    for ((dmsa, predecessor), (forward, backward)) in pairs {
        let place = directory.place(predecessor);
        let object = place.and_then(|place| analysis.object(place));
        let name = object.map_or_else(
            || directory.dn(predecessor).unwrap_or_default().to_owned(),
            |object| object.display_name().to_owned(),
        );
        // An id without an object in the snapshot is no key of any frame.
        frame.row([
            directory.place(dmsa).map(|_| dmsa).into(),
            place.map(|_| predecessor).into(),
            name.into(),
            object
                .and_then(|object| object.sid.as_ref())
                .map(ToString::to_string)
                .into(),
            place.map(|place| impacts.of(place).worth).into(),
            place.and_then(|place| impacts.strength(place)).into(),
            place
                .map(|place| analysis.principals.is_tier0(place))
                .into(),
            object.and_then(|object| object.enabled()).into(),
            object.map(|object| object.spns.len() as i64).into(),
            object.and_then(|object| object.superseded_state).into(),
            forward.into(),
            backward.into(),
        ]);
    }
    frame.finish()
}
