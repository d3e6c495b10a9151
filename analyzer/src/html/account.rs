//! An account's own section, and its row of the inventory.
//!
//! What belongs to a rule stands with the rule and is only named here, so that thousands of sections stay small.

use std::collections::BTreeMap;

use coldcase_schemas::report::{AccountRisk, Finding, Report, RuleResult};
use coldcase_schemas::trend::AccountHistory;

use super::anchor::Anchors;
use super::inventory::{Facts, Readers};
use super::told::Told;
use super::{past, words};
use crate::report::{name_of, risk_in_words, unjudged};
use crate::rules::{Front, Pack, identity};
use crate::score::round;

pub(super) struct Section<'a> {
    pub(super) account: &'a AccountRisk,
    pub(super) anchor: &'a str,
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    pub(super) risk: String,
    pub(super) net_risk: String,
    pub(super) accepted: bool,
    pub(super) enabled: &'static str,
    pub(super) worth: String,
    /// The findings, and the addition that makes the risk.
    pub(super) terms: Vec<Term<'a>>,
    /// Rules that may still add to the risk.
    pub(super) unjudged: Vec<&'a str>,
    /// `None` for what is no service account.
    pub(super) facts: Option<&'a Facts>,
    /// `None` for what is no account.
    pub(super) told: Option<&'a Told>,
    /// Its way to tier 0 as SVG, where no finding has it.
    pub(super) drawing: Option<String>,
    /// What earlier snapshots tell of it.
    pub(super) course: Vec<String>,
    /// How many read its password, in words.
    pub(super) readers: String,
}

/// A term of the addition.
pub(super) struct Term<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) severity: &'static str,
    pub(super) left: String,
    pub(super) weight: f64,
    pub(super) share: String,
    pub(super) accepted: bool,
    /// Whether it exposes the password.
    exposes_password: bool,
}

impl<'a> Section<'a> {
    pub(super) fn all(
        report: &'a Report,
        pack: &Pack,
        anchors: &'a Anchors<'a>,
        facts: &'a BTreeMap<String, Facts>,
        told: &'a [Option<Told>],
        histories: Option<&BTreeMap<&str, &AccountHistory>>,
        knows_members: bool,
    ) -> Vec<Self> {
        let rules: BTreeMap<&str, &RuleResult> = report
            .rules
            .iter()
            .map(|rule| (rule.id.as_str(), rule))
            .collect();
        let fronts = pack.pages.iter().map(|page| &page.front);
        let fronts: BTreeMap<&str, &Front> =
            fronts.map(|front| (front.id.as_str(), front)).collect();
        let findings: BTreeMap<&str, &Finding> = report
            .findings
            .iter()
            .map(|finding| (finding.id.as_str(), finding))
            .collect();
        let section = |(account, told): (&'a AccountRisk, &'a Option<Told>)| {
            let unjudged = unjudged(report, account);
            let facts = account.subject.dn.as_ref().and_then(|dn| facts.get(dn));
            Self {
                account,
                anchor: anchors.to(&account.subject),
                name: name_of(&account.subject),
                kind: words::kind(&account.subject.kind),
                risk: risk_in_words(account.risk, unjudged.len()),
                net_risk: risk_in_words(account.net_risk, unjudged.len()),
                accepted: account.findings.iter().any(|term| term.accepted),
                enabled: words::flag(account.enabled),
                worth: account.impact.to_string(),
                terms: terms(account, &rules, &fronts, &findings),
                unjudged,
                readers: facts.map_or_else(String::new, |facts| {
                    facts.reader_number(report.snapshot.complete && knows_members)
                }),
                facts,
                told: told.as_ref(),
                drawing: None,
                course: histories
                    .and_then(|known| known.get(identity(&account.subject)))
                    .map_or_else(Vec::new, |history| past::course(history)),
            }
        };
        report.accounts.iter().zip(told).map(section).collect()
    }

    /// Whether it is printed in full: of thousands that were judged and have no risk a line each is enough on paper.
    pub(super) fn is_printed(&self) -> bool {
        self.account.risk > 0.0 || !self.unjudged.is_empty()
    }

    /// What was found that exposes its password, each rule once: who has it needs no right over the account.
    pub(super) fn exposing(&self) -> Vec<&Term<'a>> {
        let mut exposing: Vec<&Term<'a>> = Vec::new();
        for term in self.terms.iter().filter(|term| term.exposes_password) {
            if !exposing.iter().any(|known| known.title == term.title) {
                exposing.push(term);
            }
        }
        exposing
    }

    /// What its anchors have in common.
    pub(super) fn guid(&self) -> &str {
        self.anchor.get(2..).unwrap_or(self.anchor)
    }

    /// Words by which the inventory is filtered.
    pub(super) fn marks(&self) -> String {
        let mut marks = vec![self.account.subject.kind.as_str()];
        if self.facts.is_some_and(|facts| facts.tier0 == Some(true)) {
            marks.push("tier0");
        }
        if !self.terms.is_empty() {
            marks.push("found");
        }
        if !self.unjudged.is_empty() {
            marks.push("unjudged");
        }
        marks.join(" ")
    }
}

impl Facts {
    /// Tier 0 is what leads there: that nothing is seen to lead there is all that can be said of the others.
    pub(super) fn tier0(&self) -> &'static str {
        match self.tier0 {
            Some(false) => "not seen",
            other => words::flag(other),
        }
    }

    pub(super) fn password(&self) -> String {
        if self.password_unset {
            "never set".to_owned()
        } else {
            words::days(self.password_days)
        }
    }

    pub(super) fn last_logon(&self) -> String {
        words::days(self.last_logon_days)
    }

    /// What else is known of it, in one line; of its password the section tells more below.
    pub(super) fn state(&self, account: &AccountRisk) -> String {
        let ago = |days: Option<f64>| match days {
            Some(days) if days.round() == 1.0 => "1 day ago".to_owned(),
            Some(days) => format!("{days:.0} days ago"),
            None => words::NOT_KNOWN.to_owned(),
        };
        let flag = |flag: Option<bool>, yes: &str, no: &str| match flag {
            Some(true) => yes.to_owned(),
            Some(false) => no.to_owned(),
            None => format!("{} whether {yes}", words::NOT_KNOWN),
        };
        let mut state = vec![
            flag(account.enabled, "enabled", "disabled"),
            flag(self.tier0, "in tier 0", "not seen to be in tier 0"),
            format!("created: {}", ago(self.created_days)),
        ];
        if let Some(ciphers) = &self.ciphers {
            state.push(format!("encryption {ciphers}"));
        }
        state.join("; ")
    }

    /// Whether a list of names says less than there are.
    pub(super) fn more_spns(&self) -> usize {
        let count = self.spn_count.and_then(|count| usize::try_from(count).ok());
        count.unwrap_or_default().saturating_sub(self.spns.len())
    }

    pub(super) fn spn_number(&self) -> String {
        self.spn_count
            .map_or_else(|| words::NOT_KNOWN.to_owned(), |count| count.to_string())
    }

    /// How many readers, in words; at least so many if the collection is not complete, since a member may be missing.
    pub(super) fn reader_number(&self, complete: bool) -> String {
        match &self.readers {
            Readers::NotSo => "–".to_owned(),
            Readers::NotKnown => words::NOT_KNOWN.to_owned(),
            Readers::Everybody => "everybody".to_owned(),
            Readers::Listed { first, .. } if first.iter().any(|reader| reader.broad) => {
                "everybody".to_owned()
            }
            Readers::Listed { count, .. } if complete => count.to_string(),
            Readers::Listed { count, .. } => format!("≥ {count}"),
        }
    }
}

fn terms<'a>(
    account: &'a AccountRisk,
    rules: &BTreeMap<&str, &'a RuleResult>,
    fronts: &BTreeMap<&str, &Front>,
    findings: &BTreeMap<&str, &'a Finding>,
) -> Vec<Term<'a>> {
    let mut left = 100.0 * account.impact;
    let mut terms = Vec::new();
    for term in &account.findings {
        let (Some(rule), Some(finding)) = (
            rules.get(term.rule.as_str()),
            findings.get(term.id.as_str()),
        ) else {
            continue;
        };
        let weighs = term.share > 0.0;
        terms.push(Term {
            id: &term.id,
            title: &rule.title,
            severity: finding.severity.as_str(),
            left: if weighs {
                format!("{left:.2}")
            } else {
                String::new()
            },
            weight: term.weight,
            share: if weighs {
                format!("{:.2}", term.share)
            } else {
                "–".to_owned()
            },
            accepted: term.accepted,
            exposes_password: fronts
                .get(term.rule.as_str())
                .is_some_and(|front| front.exposes_password(&account.subject.kind)),
        });
        left = round(left - term.share);
    }
    terms
}
