//! Everything there is to say of one account, gathered from the stages before.
//!
//! | module | question |
//! | --- | --- |
//! | [`identity`] | what it is and where it runs |
//! | [`judged`] | what was found of it, and what could not be judged |
//! | [`powers`] | who can read its password, reset it, control it, impersonate users to it |
//! | [`crowd`] | whom a holder stands for |
//! | [`reach`], [`tallies`] | what it can reach, and who reaches it |
//! | [`rotation`] | its password through time |
//! | [`absent`] | why something that is not shown may be there all the same |
//! | [`text`], [`words`] | all of it for people |
//!
//! [`Explainer`] finds once what all accounts share, so that one account costs what it holds and not what the directory
//! holds. Deliberately evaluates no rule, decides no right and weighs nothing: what it tells, another stage found.

mod absent;
mod crowd;
mod identity;
mod judged;
mod powers;
mod reach;
mod rotation;
mod tallies;
#[cfg(test)]
mod tests;
mod text;
pub(crate) mod words;

use std::collections::HashMap;

use coldcase_schemas::explain::{
    EXPLAIN_SCHEMA, ExplainedFinding, Explanation, Moment, UnknownFact,
};
use coldcase_schemas::report::{Report, SnapshotFacts};

use crate::frames::{Analysis, Owners};
use crate::history;
use crate::paths::{Takeover, Unseen};
use crate::report::{PROGRAM, snapshot_facts};
use crate::rules::{Pack, subject_of};
use identity::Places;
use judged::Judgements;
use reach::Neighbours;
use tallies::Tallies;

pub(crate) use absent::why_hidden;
pub(crate) use judged::nothing_found;
pub(crate) use powers::Holders;
pub(crate) use reach::{EVERYBODYS, taken_over_in_words, taken_over_unknown};
pub(crate) use text::{fact, heading, item, write as write_text};

/// The rule that finds passwords in free text. Pages are handed on, so what it found is not shown again.
const PASSWORD_IN_TEXT: &str = "spn-password-in-text";

/// Explains one account after another.
pub(crate) struct Explainer<'a> {
    analysis: &'a Analysis,
    snapshot: SnapshotFacts,
    judgements: Judgements<'a>,
    owners: &'a Owners,
    places: Places<'a>,
    holders: Holders<'a>,
    tallies: Tallies<'a>,
    neighbours: Neighbours<'a>,
    not_seen: Vec<String>,
}

impl<'a> Explainer<'a> {
    /// Finds what all accounts share. `pack` is what `report` was made with.
    pub(crate) fn new(analysis: &'a Analysis, pack: &Pack, report: &'a Report) -> Self {
        let owners = analysis.owners();
        Self {
            snapshot: snapshot_facts(analysis),
            judgements: Judgements::new(analysis, pack, report),
            places: Places::new(analysis),
            holders: Holders::new(analysis, owners),
            tallies: Tallies::new(analysis),
            neighbours: Neighbours::new(analysis),
            not_seen: Unseen::of(analysis).sentences(),
            owners,
            analysis,
        }
    }

    /// With what the control graph says of some that are no service accounts, by place: else it is walked for each.
    pub(crate) fn knowing(mut self, others: &'a [Takeover]) -> Self {
        self.neighbours.others = others;
        self
    }

    /// The account at `place` of the directory; `None` if there is none. What it costs depends on the account alone,
    /// but for one that is no service account: there the whole control graph is walked for who reaches it.
    pub(crate) fn explain(&mut self, place: usize) -> Option<Explanation> {
        let analysis = self.analysis;
        let object = analysis.object(place)?;
        let judged = self.judgements.of(analysis, place, object);
        let mut identity = self.places.identity(place, object, self.owners);
        let password = |told: &ExplainedFinding| {
            told.finding.rule == PASSWORD_IN_TEXT && told.finding.key == "description"
        };
        if judged.findings.iter().any(password) {
            identity.description = None;
            identity.unknown.push(UnknownFact {
                attribute: "description".to_owned(),
                why: format!("it may hold a password ({PASSWORD_IN_TEXT}) and is not repeated"),
            });
        }
        Some(Explanation {
            schema: EXPLAIN_SCHEMA.to_owned(),
            program: PROGRAM.to_owned(),
            snapshot: self.snapshot.clone(),
            account: subject_of(object),
            name: analysis.title(object),
            identity,
            risk: judged.risk,
            not_judged: judged.not_judged,
            findings: judged.findings,
            rules: judged.rules,
            powers: self.holders.powers(place, object),
            reach: self
                .neighbours
                .reach(place, object, self.owners, &self.tallies),
            rotation: rotation::of(analysis, object),
            not_seen: self.not_seen.clone(),
        })
    }
}

/// FILETIME ticks as a moment; `None` for the values that mean never.
fn moment(analysis: &Analysis, ticks: i64) -> Option<Moment> {
    let days = analysis.directory.clock.days_since(ticks)?;
    Some(Moment {
        at: history::Moment::of_filetime(ticks)?.to_string(),
        days: (days * 100.0).round() / 100.0,
    })
}

/// Values of a DN-valued attribute by the object that has them, for lookups one account at a time.
fn links_of(analysis: &Analysis, attribute: &str) -> HashMap<i64, Vec<i64>> {
    let mut links: HashMap<i64, Vec<i64>> = HashMap::new();
    for (object, target) in analysis.directory.links(attribute) {
        links.entry(*object).or_default().push(*target);
    }
    links
}
