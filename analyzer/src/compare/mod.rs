//! What changed between two snapshots of one domain, and what caused it.
//!
//! | module | question |
//! | --- | --- |
//! | [`prepare`] | whether two snapshots can be compared, and both sides evaluated alike |
//! | [`matching`] | which object is which |
//! | [`access`] | who gained or lost which power, found by asking the access check on both sides |
//! | [`passwords`] | whether managed passwords rotated as they should |
//! | [`memberships`] | who came into which group, however nested |
//! | [`people`], [`chains`] | who is who on both sides, and who came into which group |
//! | [`unsure`] | which groups a side does not know |
//! | [`object`] | which objects came, went, or changed, and in which attributes |
//! | [`permissions`] | which entries of which descriptors; what is inherited is told where it comes from |
//! | [`finding`] | which findings opened, closed or changed |
//! | [`sight`] | whether a side would have seen it |
//! | [`text`], [`markdown`] | all of it for people |
//!
//! What a side could not see is *unknown*, never added or removed. Deliberately holds no rule and no score: findings of both
//! sides come from the stages before, which [`prepare`] runs over each.

mod access;
mod chains;
mod finding;
mod flags;
mod markdown;
mod matching;
mod memberships;
mod object;
mod passwords;
mod people;
mod permissions;
mod prepare;
mod side;
mod sight;
mod story;
#[cfg(test)]
mod tests;
mod text;
mod unsure;
mod value;

use std::collections::HashMap;

use anyhow::{Result, anyhow};
use coldcase_schemas::Snapshot;
use coldcase_schemas::diff::{
    AccessChange, DIFF_SCHEMA, Diff, Limit, MembershipChange, PasswordChange, Scores, Side,
};
use coldcase_schemas::report::{Finding, Report};
use coldcase_winsec::Sid;

use crate::frames::Analysis;
use crate::report::PROGRAM;

pub(crate) use access::query_of;
pub(crate) use markdown::write as write_markdown;
pub(crate) use matching::Matching;
pub(crate) use prepare::{Basis, aged, comparable, evaluated, same_domain};
pub(crate) use sight::Sight;
pub(crate) use story::{Story, facts, story};
pub(crate) use text::write as write_text;

/// The two sides of a comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) old: &'a Analysis,
    pub(crate) new: &'a Analysis,
    pub(crate) matching: &'a Matching,
}

/// One side: the file, what follows from it, and its report.
#[derive(Debug)]
pub(crate) struct Evaluated {
    pub(crate) snapshot: Snapshot,
    pub(crate) analysis: Analysis,
    pub(crate) report: Report,
}

/// What hangs on groups and permissions.
struct Powers {
    access: Vec<AccessChange>,
    passwords: Vec<PasswordChange>,
    memberships: Vec<MembershipChange>,
}

/// Compares two sides. `old_later` are the findings that the earlier side has at the later clock.
///
/// # Errors
/// A database is damaged.
pub(crate) fn diff(
    old: &Evaluated,
    new: &Evaluated,
    old_later: &HashMap<String, Finding>,
) -> Result<Diff> {
    let matching = Matching::new(&old.snapshot, &new.snapshot)?;
    let pair = Pair {
        old: &old.analysis,
        new: &new.analysis,
        matching: &matching,
    };
    // What is asked of the access check takes as long as everything that is read from the files.
    let (powers, objects) = std::thread::scope(|scope| {
        let powers = scope.spawn(|| Powers {
            access: access::access(&pair),
            passwords: passwords::passwords(&pair),
            memberships: memberships::memberships(&pair),
        });
        let objects = object::objects(&pair, &old.snapshot, &new.snapshot);
        (powers.join(), objects)
    });
    let powers = powers.map_err(|_| anyhow!("who gained or lost power could not be found"))?;
    let objects = objects?;
    let mut findings = finding::findings(&old.report, &new.report, &objects.changes, old_later);
    for change in &mut findings {
        change.about = in_names(&change.finding.key, &pair);
    }
    Ok(Diff {
        schema: DIFF_SCHEMA.to_owned(),
        program: PROGRAM.to_owned(),
        old: old.report.snapshot.clone(),
        new: new.report.snapshot.clone(),
        limits: limits(&pair, objects.limits),
        assumptions: new.report.assumptions.clone(),
        assumptions_file: new.report.assumptions_file.clone(),
        exceptions_file: new.report.exceptions_file.clone(),
        scores: scores(&old.report, &new.report),
        findings,
        access: powers.access,
        passwords: powers.passwords,
        memberships: powers.memberships,
        objects: objects.changes,
        routine: objects.routine,
        refused: new.report.refused.clone(),
    })
}

/// The key of a finding with names in the place of SIDs.
fn in_names(key: &str, pair: &Pair<'_>) -> String {
    let name = |word: &str| {
        let Ok(sid) = word.parse::<Sid>() else {
            return word.to_owned();
        };
        let knows = |analysis: &Analysis| analysis.directory.place_of_sid(&sid).is_some();
        if knows(pair.new) || !knows(pair.old) {
            pair.new.name_of(&sid)
        } else {
            pair.old.name_of(&sid)
        }
    };
    let words: Vec<String> = key.split(' ').map(name).collect();
    words.join(" ")
}

fn scores(old: &Report, new: &Report) -> Scores {
    Scores {
        old: old.score.gross.clone(),
        new: new.score.gross.clone(),
        old_coverage_percent: old.score.coverage_percent,
        new_coverage_percent: new.score.coverage_percent,
        rule_pack_sha256: new.score.rule_pack_sha256.clone(),
    }
}

/// That the sides are of two domains, which somebody asked for.
fn two_domains(pair: &Pair<'_>) -> Option<Limit> {
    let of = |analysis: &Analysis| {
        let directory = &analysis.directory;
        let sid = directory.domain_sid.as_ref().map(Sid::to_string);
        let (domain, forest) = (&directory.manifest.domain, &directory.manifest.forest);
        (domain.to_lowercase(), forest.to_lowercase(), sid)
    };
    let ((was, was_forest, was_sid), (is, is_forest, is_sid)) = (of(pair.old), of(pair.new));
    let sids = was_sid.as_ref().zip(is_sid.as_ref());
    let other_sid = sids.is_some_and(|(was, is)| was != is);
    if was == is && was_forest == is_forest && !other_sid {
        return None;
    }
    let sid = |sid: Option<String>| sid.unwrap_or_else(|| "not known".to_owned());
    Some(Limit {
        side: Side::Both,
        text: format!(
            "these are two domains: {was} of the forest {was_forest} (SID {}), and {is} of the forest {is_forest} (SID {}); \
             nothing of the one is the other's",
            sid(was_sid),
            sid(is_sid)
        ),
    })
}

/// What a side did not see; what neither saw is said once.
fn limits(pair: &Pair<'_>, of_objects: Vec<Limit>) -> Vec<Limit> {
    let mut limits: Vec<Limit> = two_domains(pair).into_iter().collect();
    limits.extend(of_objects);
    for (side, analysis) in [(Side::Old, pair.old), (Side::New, pair.new)] {
        for text in sight::Sight::of(analysis).limits() {
            match limits.iter_mut().find(|limit| limit.text == text) {
                Some(limit) if limit.side != side => limit.side = Side::Both,
                Some(_) => (),
                None => limits.push(Limit { side, text }),
            }
        }
    }
    let (was, is) = (
        object::has_settings(pair.old),
        object::has_settings(pair.new),
    );
    if was != is {
        limits.push(Limit {
            side: if was { Side::New } else { Side::Old },
            text: "the settings of group policies were not collected, or not all (--sysvol)"
                .to_owned(),
        });
    }
    limits.sort();
    limits.dedup();
    limits
}
