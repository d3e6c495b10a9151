//! Frame `dmsa_pairs`: who holds both halves of a succession, a dMSA whose predecessor he names and an account that he can
//! make name that dMSA: what is left of the way to somebody else's rights once the controllers have the update for
//! CVE-2025-53779.
//!
//! The halves are intersected as sets, so that somebody is found who has each by another group. Each distinct (descriptor,
//! class) of a victim is looked at once.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use polars::prelude::DataFrame;

use super::super::analysis::Analysis;
use super::super::builder::Builder;
use super::creators;
use super::victims::both_attributes;
use crate::graph::{Grantees, Held, Holder, RightKind};
use crate::load::Kind;

/// Rights over a dMSA by which one names its predecessor, at once or after another step.
const NAMING: [RightKind; 6] = [
    RightKind::WritePredecessor,
    RightKind::WriteAll,
    RightKind::FullControl,
    RightKind::WriteDacl,
    RightKind::WriteOwner,
    RightKind::Owner,
];

/// Rights over the victim that are worth more than the pair.
const STRONGER: [RightKind; 5] = [
    RightKind::Owner,
    RightKind::FullControl,
    RightKind::WriteAll,
    RightKind::WriteDacl,
    RightKind::WriteOwner,
];

/// The half that lies with the dMSA.
struct Makers {
    reached: Grantees,
    /// By trustee, one container in which a dMSA can be created, and one dMSA that is there.
    containers: HashMap<Holder, usize>,
    dmsas: HashMap<Holder, usize>,
}

pub(crate) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("dmsa_pairs")?;
    let directory = &analysis.directory;
    let makers = Makers::new(analysis);
    if makers.reached.is_empty() {
        return frame.finish();
    }
    let mut known: HashMap<(i64, &str), Arc<Vec<Held>>> = HashMap::new();
    for (place, object) in directory.objects.iter().enumerate() {
        let tier0 = object.kind.is_principal() && analysis.principals.is_tier0(place);
        let Some(id) = object
            .descriptor
            .filter(|_| tier0 || object.is_service_account())
        else {
            continue;
        };
        let pairs = known
            .entry((id, &*object.classes))
            .or_insert_with(|| Arc::new(makers.over(analysis, id, object.kind, &object.classes)));
        for held in Arc::clone(pairs).iter() {
            let Some(trustee) = analysis.sid_of(held.holder) else {
                continue;
            };
            // What an account may do to itself is nobody else's control.
            if object.sid.as_ref() == Some(trustee)
                || analysis.principals.is_expected(directory, trustee)
            {
                continue;
            }
            let token = analysis.effective.tokens.token(held.holder);
            let one = |known: &HashMap<Holder, usize>| {
                let place = token.iter().filter_map(|holder| known.get(holder)).min();
                place
                    .and_then(|place| analysis.object(*place))
                    .map(|object| object.id)
            };
            let (container, dmsa) = (one(&makers.containers), one(&makers.dmsas));
            frame.row([
                object.id.into(),
                tier0.into(),
                trustee.to_string().into(),
                analysis.by_sid(trustee).map(|object| object.id).into(),
                analysis.name_of(trustee).into(),
                if container.is_none() && dmsa.is_some() {
                    "predecessor"
                } else {
                    "create"
                }
                .into(),
                container.into(),
                dmsa.into(),
                held.except
                    .as_ref()
                    .map_or(0, |except| except.count())
                    .into(),
                held.unknown.into(),
            ]);
        }
    }
    frame.finish()
}

impl Makers {
    fn new(analysis: &Analysis) -> Self {
        let effective = &analysis.effective;
        let mut makers = Self {
            reached: effective.reached_by_none(),
            containers: HashMap::new(),
            dmsas: HashMap::new(),
        };
        let created = creators(analysis);
        for (place, held) in &created {
            makers.containers.entry(held.holder).or_insert(*place);
        }
        let mut rows: Vec<Held> = created.into_iter().map(|(_, held)| held).collect();
        for (place, held) in &analysis.controls().rows {
            if analysis
                .object(*place)
                .is_none_or(|object| object.kind != Kind::Dmsa)
            {
                continue;
            }
            for held in held.iter().filter(|held| NAMING.contains(&held.right)) {
                makers.dmsas.entry(held.holder).or_insert(*place);
                rows.push(held.clone());
            }
        }
        makers.reached = effective.reached_by_rows(&rows);
        makers
    }

    /// Those of them who may write both attributes of a victim, and have no stronger right over it anyway.
    fn over(&self, analysis: &Analysis, id: i64, kind: Kind, classes: &str) -> Vec<Held> {
        let effective = &analysis.effective;
        let Some(prepared) = analysis.prepared(id) else {
            return Vec::new();
        };
        let root = analysis.directory.classes.root(classes);
        let mut both = self.reached.clone();
        for part in both_attributes(&analysis.directory.schema, root) {
            both.intersect(&effective.reached(&prepared, &[part]));
            if both.is_empty() {
                return Vec::new();
            }
        }
        let stronger: Vec<Held> = effective
            .held(&prepared, kind, root)
            .into_iter()
            .filter(|held| STRONGER.contains(&held.right) && held.except.is_none())
            .collect();
        let found = effective.together(RightKind::WriteSuccessor, &both, prepared.allowed());
        let told = found.into_iter().filter(|held| {
            let token = effective.tokens.token(held.holder);
            !stronger.iter().any(|other| token.contains(&other.holder))
        });
        told.collect()
    }
}
