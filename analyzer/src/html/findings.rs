//! Findings, a group for each rule: the group that carries most of the exposure first.
//!
//! Deliberately does not judge; order and sums are made from what the report says.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::report::{Finding, Report, RuleResult, Severity};

use super::anchor::Anchors;
use super::drawing::{Drawings, is_way};
use super::prose::Prose;
use super::words;
use crate::report::{evidence_in_words, name_of};

/// More rows than this are folded.
const UNFOLDED: usize = 25;

/// Findings of a rule whose step is drawn whatever else is; thousands would make a page that no browser opens.
const DRAWN: usize = 3;

/// Findings beyond these whose step is drawn, of all rules.
const MORE_DRAWN: usize = 20;

pub(super) struct Group<'a> {
    pub(super) rule: &'a RuleResult,
    pub(super) prose: &'a Prose,
    pub(super) worst: Severity,
    pub(super) rows: Vec<Row<'a>>,
    /// What the findings that nobody has accepted add to the risks.
    pub(super) open_share: f64,
    pub(super) accepted: usize,
    /// Findings with a step that is not drawn.
    pub(super) undrawn: usize,
}

/// A finding.
pub(super) struct Row<'a> {
    pub(super) finding: &'a Finding,
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    /// Id of the subject's section.
    pub(super) anchor: &'a str,
    pub(super) facts: Vec<Fact>,
    pub(super) share: f64,
    /// Its way as SVG and as a list.
    pub(super) drawing: Option<String>,
    /// Whether that is the way to tier 0 that the evidence tells.
    pub(super) tells_way: bool,
}

/// A fact of the evidence in words.
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: String,
}

impl<'a> Group<'a> {
    pub(super) fn all(
        report: &'a Report,
        prose: &'a BTreeMap<&str, Prose>,
        anchors: &'a Anchors<'a>,
        drawings: &Drawings<'_>,
    ) -> anyhow::Result<Vec<Self>> {
        let terms = report.accounts.iter().flat_map(|account| &account.findings);
        let shares: BTreeMap<&str, f64> =
            terms.map(|term| (term.id.as_str(), term.share)).collect();
        let mut by_rule: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in &report.findings {
            by_rule.entry(&finding.rule).or_default().push(finding);
        }
        let mut groups = Vec::new();
        let mut more = MORE_DRAWN;
        for rule in &report.rules {
            let id = rule.id.as_str();
            let (Some(findings), Some(prose)) = (by_rule.get(id), prose.get(id)) else {
                continue;
            };
            let mut rows = Vec::new();
            let (mut drawn, mut undrawn) = (0, 0);
            for finding in findings {
                let mut drawing = drawings.of(finding)?;
                let tells_way = drawing.is_some();
                if !tells_way && let Some(step) = drawings.step_of(finding) {
                    if drawn < DRAWN || more > 0 {
                        if drawn >= DRAWN {
                            more -= 1;
                        }
                        drawn += 1;
                        drawing = Some(drawings.draw(&step)?);
                    } else {
                        undrawn += 1;
                    }
                }
                rows.push(Row {
                    finding,
                    name: name_of(&finding.subject),
                    kind: words::kind(&finding.subject.kind),
                    anchor: anchors.to(&finding.subject),
                    facts: facts(finding, tells_way),
                    share: shares.get(finding.id.as_str()).copied().unwrap_or_default(),
                    drawing,
                    tells_way,
                });
            }
            let open = rows.iter().filter(|row| row.finding.accepted.is_none());
            groups.push(Self {
                rule,
                prose,
                worst: findings
                    .iter()
                    .map(|f| f.severity)
                    .min()
                    .unwrap_or(rule.severity),
                open_share: open.clone().map(|row| row.share).sum(),
                accepted: rows.len() - open.count(),
                undrawn,
                rows,
            });
        }
        groups.sort_by(|a, b| {
            let order = |group: &Self| {
                (
                    group.worst,
                    group.rule.family.clone(),
                    group.rule.code.clone(),
                )
            };
            b.open_share
                .total_cmp(&a.open_share)
                .then_with(|| order(a).cmp(&order(b)))
        });
        Ok(groups)
    }

    /// Names and anchors of the subjects of what nobody has accepted, each once, the greatest part of the exposure
    /// first.
    pub(super) fn names(&self) -> Vec<(&'a str, &'a str)> {
        let open = self
            .rows
            .iter()
            .filter(|row| row.finding.accepted.is_none());
        let mut open: Vec<&Row<'a>> = open.collect();
        open.sort_by(|a, b| b.share.total_cmp(&a.share));
        let mut seen = BTreeSet::new();
        open.retain(|row| seen.insert(row.anchor));
        open.iter().map(|row| (row.name, row.anchor)).collect()
    }

    /// Long lists are folded on the screen.
    pub(super) fn is_folded(&self) -> bool {
        self.rows.len() > UNFOLDED
    }

    pub(super) fn share(&self) -> String {
        format!("{:.1}", self.open_share)
    }
}

impl Row<'_> {
    /// What it adds to the risk of its subject; a dash for what weighs nothing.
    pub(super) fn share(&self) -> String {
        if self.share > 0.0 {
            format!("{:.2}", self.share)
        } else {
            "–".to_owned()
        }
    }
}

/// The evidence in words. What is not so or not set is left out, as in the text report; so is what stands beside it
/// anyway, the kind and a way that is drawn.
fn facts(finding: &Finding, drawn: bool) -> Vec<Fact> {
    let facts = finding.evidence.iter().filter(|(name, value)| {
        // The container that a finding is about needs no second mention.
        let itself = *name == "container" && value.as_str() == finding.subject.dn.as_deref();
        let told = *name == "account_kind" || (drawn && is_way(name));
        !itself && !told
    });
    facts
        .filter_map(|(name, value)| evidence_in_words(name, value))
        .map(|fact| match fact.split_once(": ") {
            Some((name, value)) => Fact {
                name: name.to_owned(),
                value: value.to_owned(),
            },
            None => Fact {
                name: fact,
                value: String::new(),
            },
        })
        .collect()
}
