//! One snapshot in memory, evaluated at as many clocks as are asked for.
//!
//! Owns the way from a directory to [`Summary`]s. The control graph, what accounts are worth and who reads them do not
//! hang on the clock and are found once. Deliberately keeps nothing of the directory in what it gives away.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context, Result};
use coldcase_schemas::{Manifest, Snapshot};
use coldcase_winsec::{ManagedPasswordId, Sid};
use polars::prelude::AnyValue;
use sha2::{Digest, Sha256};

use super::moment::Moment;
use super::summary::{
    AccountFacts, Basis, FindingSummary, RuleSummary, SubjectSummary, Summary, without_numbers,
};
use crate::assumptions::{Given, settings};
use crate::frames::{Analysis, Frames, Impacts};
use crate::load::{Directory, Fact, Object};
use crate::paths::Unseen;
use crate::report::{PROGRAM, snapshot_facts};
use crate::rules::{
    Evaluation, Pack, Weighed, evaluate, evaluate_at_another_clock, hex, json, run, subject_of,
};
use crate::score::by_subject;

/// Readers of each managed password, as `coldcase accounts` counts them.
const READERS: &str = "SELECT account_id, COUNT(*) AS readers FROM readers GROUP BY account_id";

/// Kinds that default permissions may hide: as [`Directory::may_hide`] and as `objects.kind` spell them.
const HIDDEN: [(&str, &str); 3] = [
    ("dmsa", "dmsa"),
    ("kds-root-keys", "kds-root-key"),
    ("password-settings", "password-settings"),
];

/// Rules and assumptions that snapshots are evaluated with.
pub(crate) struct Judge {
    pub(crate) pack: Pack,
    pub(crate) given: Given,
    pub(crate) basis: Basis,
}

impl Judge {
    pub(crate) fn new(pack: Pack, given: Given) -> Self {
        let mut hasher = Sha256::new();
        let settings = settings(&given.assumptions);
        let settings = settings
            .iter()
            .map(|setting| format!("{}={}", setting.key, setting.value));
        for part in std::iter::once(PROGRAM.to_owned()).chain(settings) {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let basis = Basis {
            pack: pack.sha256.clone(),
            assumptions: hex(&hasher.finalize()),
        };
        Self { pack, given, basis }
    }
}

/// What tells one snapshot, and one domain, from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) manifest: Manifest,
    /// SHA-256 of the file.
    pub(crate) sha256: String,
    /// `None` if the snapshot does not hold the domain's SID.
    pub(crate) domain_sid: Option<String>,
}

/// Something that can be evaluated.
pub(crate) trait Evaluable {
    fn label(&self) -> &Label;

    /// One summary for each clock.
    ///
    /// # Errors
    /// A built-in page does not run, which is a defect of the program.
    fn at(&mut self, clocks: &[Moment]) -> Result<Vec<Summary>>;
}

/// A directory under rules and assumptions.
pub(crate) struct Evaluated<'a> {
    judge: &'a Judge,
    label: Label,
    analysis: Analysis,
    /// highestCommittedUSN.
    usn: Option<u64>,
}

impl<'a> Evaluated<'a> {
    /// Opens and loads a snapshot.
    ///
    /// # Errors
    /// It cannot be read, or is damaged; the message names the file.
    pub(crate) fn open(judge: &'a Judge, path: &Path) -> Result<Self> {
        let load = || -> Result<(Directory, Option<u64>)> {
            let snapshot = Snapshot::open(path)?;
            let values = snapshot.root_dse("highestCommittedUSN")?;
            let usn = values
                .first()
                .and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
            Ok((Directory::load(&snapshot)?, usn))
        };
        let (directory, usn) = load().with_context(|| path.display().to_string())?;
        Ok(Self {
            judge,
            usn,
            label: Label {
                manifest: directory.manifest.clone(),
                sha256: directory.sha256.clone(),
                domain_sid: directory.domain_sid.as_ref().map(Sid::to_string),
            },
            analysis: Analysis::under(judge.given.clone(), directory),
        })
    }
}

impl Evaluable for Evaluated<'_> {
    fn label(&self) -> &Label {
        &self.label
    }

    fn at(&mut self, clocks: &[Moment]) -> Result<Vec<Summary>> {
        let mut evaluated: Vec<(Moment, Pack, Vec<Evaluation>)> = Vec::new();
        let mut made: Option<Frames> = None;
        for clock in clocks {
            self.analysis.directory.clock = clock
                .clock()
                .with_context(|| format!("{clock} is out of range"))?;
            let frames = match &made {
                None => {
                    let pages = self.judge.pack.pages.iter().map(|page| page.sql.as_str());
                    Frames::build(&self.analysis, pages.chain([READERS]))?
                }
                Some(frames) => frames.at_another_clock(&self.analysis)?,
            };
            let (pack, evaluations) = match evaluated.first() {
                None => {
                    let mut pack = self.judge.pack.clone();
                    let evaluations = evaluate(&self.analysis, &frames, &mut pack)?;
                    (pack, evaluations)
                }
                Some((_, pack, first)) => {
                    let mut pack = pack.clone();
                    let again =
                        evaluate_at_another_clock(&self.analysis, &frames, &mut pack, first)?;
                    (pack, again)
                }
            };
            evaluated.push((*clock, pack, evaluations));
            made = Some(frames);
        }
        let readers = made.as_ref().map(count_readers).transpose()?;
        let readers = readers.unwrap_or_default();
        let scene = Scene {
            analysis: &self.analysis,
            impacts: Impacts::along_the_graph(&self.analysis),
            readers,
            basis: &self.judge.basis,
            usn: self.usn,
        };
        let summaries = evaluated.iter();
        Ok(summaries
            .map(|(clock, pack, evaluations)| scene.summary(*clock, pack, evaluations))
            .collect())
    }
}

/// What all clocks share.
struct Scene<'a> {
    analysis: &'a Analysis,
    impacts: Impacts<'a>,
    readers: HashMap<i64, u64>,
    basis: &'a Basis,
    usn: Option<u64>,
}

impl Scene<'_> {
    fn summary(&self, clock: Moment, pack: &Pack, evaluations: &[Evaluation]) -> Summary {
        let directory = &self.analysis.directory;
        let found = by_subject(evaluations.iter().flat_map(|one| &one.findings));
        let service_accounts = directory.objects.iter().enumerate();
        let service_accounts = service_accounts
            .filter(|(_, object)| object.is_service_account())
            .map(|(place, _)| place);
        let places: BTreeSet<usize> = service_accounts.chain(found.keys().copied()).collect();
        let places: Vec<usize> = places.into_iter().collect();
        let index: HashMap<usize, usize> = places.iter().copied().zip(0..).collect();
        let rule_index: BTreeMap<&str, usize> = pack
            .pages
            .iter()
            .map(|page| page.front.id.as_str())
            .zip(0..)
            .collect();
        let hidden = HIDDEN
            .iter()
            .filter(|(kind, _)| directory.may_hide(kind) == Some(true));
        let unseen = Unseen::of(self.analysis);
        Summary {
            facts: snapshot_facts(self.analysis),
            clock,
            basis: self.basis.clone(),
            hidden: hidden.map(|(_, kind)| (*kind).to_owned()).collect(),
            unseen: unseen.sentences().iter().map(without_numbers).collect(),
            usn: self.usn,
            refused: pack.refused.len() as u64,
            rules: rules(pack, evaluations, &index),
            subjects: places
                .iter()
                .filter_map(|place| {
                    let object = self.analysis.object(*place)?;
                    let findings = found.get(place).map_or(&[][..], Vec::as_slice);
                    Some(self.subject(*place, object, findings, &rule_index))
                })
                .collect(),
        }
    }

    fn subject(
        &self,
        place: usize,
        object: &Object,
        findings: &[&Weighed],
        rules: &BTreeMap<&str, usize>,
    ) -> SubjectSummary {
        let mut findings: Vec<FindingSummary> = findings
            .iter()
            .filter_map(|weighed| {
                let finding = &weighed.finding;
                Some(FindingSummary {
                    id: finding.id.clone(),
                    rule: *rules.get(finding.rule.as_str())?,
                    key: finding.key.clone(),
                    severity: finding.severity,
                    confidence: finding.confidence,
                    weight: weighed.weight,
                    evidence_sha256: finding.evidence_sha256.clone(),
                })
            })
            .collect();
        findings.sort_by(|a, b| (a.rule, &a.key).cmp(&(b.rule, &b.key)));
        SubjectSummary {
            subject: subject_of(object),
            enabled: object.enabled(),
            worth: self.impacts.of(place).worth,
            findings,
            account: object
                .is_service_account()
                .then(|| self.account(place, object)),
        }
    }

    fn account(&self, place: usize, object: &Object) -> AccountFacts {
        let analysis = self.analysis;
        let directory = &analysis.directory;
        let password_id = object.password_id.as_deref();
        let password_id = password_id.and_then(|bytes| ManagedPasswordId::decode(bytes).ok());
        let roots = analysis.principals.token_roots(directory, place);
        let groups = analysis.memberships.all_groups(&roots);
        let groups: BTreeSet<usize> = groups.iter().map(|group| group.place).collect();
        let mut privileged: Vec<String> = groups
            .iter()
            .filter(|group| {
                analysis
                    .principals
                    .group_class(directory, **group)
                    .is_some()
            })
            .filter_map(|group| Some(analysis.object(*group)?.display_name().to_owned()))
            .collect();
        privileged.sort();
        let root_key = password_id.as_ref().map(|id| id.root_key_id.to_string());
        AccountFacts {
            password_set: object.password_set,
            last_logon: object.last_logon,
            cycle: password_id.as_ref().and_then(ManagedPasswordId::cycle),
            newest_key: root_key
                .as_deref()
                .and_then(|key| directory.is_newest_root_key(key)),
            root_key,
            interval_days: object.password_interval,
            readers: object
                .shows(Fact::Readers)
                .then(|| self.readers.get(&object.id).copied().unwrap_or(0)),
            spns: object.spns.len() as u64,
            tier0: analysis.principals.is_tier0(place),
            groups: groups.len() as u64,
            privileged_groups: privileged,
        }
    }
}

fn rules(
    pack: &Pack,
    evaluations: &[Evaluation],
    index: &HashMap<usize, usize>,
) -> Vec<RuleSummary> {
    pack.pages
        .iter()
        .zip(evaluations)
        .map(|(page, evaluation)| {
            let listed = evaluation.unknown.iter().filter_map(|at| index.get(at));
            let unknown: Vec<usize> = listed.copied().collect();
            RuleSummary {
                id: page.front.id.clone(),
                code: page.front.code.clone(),
                family: page.front.family.clone(),
                title: page.front.title.clone(),
                worst: page.front.worst(),
                applies_to: page.front.applies_to.clone(),
                verdict: evaluation.verdict,
                reason: evaluation.reason.clone(),
                beyond: evaluation.beyond,
                others_judged: evaluation.others_judged,
                more_unknown: unknown.len() < evaluation.unknown.len(),
                unknown,
            }
        })
        .collect()
}

fn count_readers(frames: &Frames) -> Result<HashMap<i64, u64>> {
    let table = run(&mut frames.sql(), READERS)?;
    let mut readers = HashMap::new();
    for row in 0..table.height() {
        let mut cells = table
            .get_columns()
            .iter()
            .map(|column| json(&column.get(row).unwrap_or(AnyValue::Null)));
        let account = cells.next().and_then(|cell| cell.as_i64());
        let count = cells.next().and_then(|cell| cell.as_u64());
        readers.extend(account.zip(count));
    }
    Ok(readers)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// What is not run again at another clock ends as if it had been.
    #[test]
    fn another_clock_is_as_if_it_were_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let months = coldcase_fixtures::contoso::write_all(folder.path()).unwrap();
        let judge = Judge::new(Pack::load(None).unwrap(), Given::default());
        let month = months.get(4).unwrap();
        let at = |clocks: &[&str]| -> Vec<Summary> {
            let clocks = clocks.iter().map(|text| Moment::parse(text).unwrap());
            let clocks: Vec<Moment> = clocks.collect();
            let mut evaluated = Evaluated::open(&judge, month).unwrap();
            evaluated.at(&clocks).unwrap()
        };
        let [now, later] = ["2026-01-05T00:00:00Z", "2029-06-01T00:00:00Z"];
        let both = at(&[now, later]);
        assert_eq!(both, [at(&[now]), at(&[later])].concat());
        assert_ne!(
            both.first().map(|one| &one.rules),
            both.last().map(|one| &one.rules)
        );
    }
}
