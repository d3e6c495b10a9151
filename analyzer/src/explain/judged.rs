//! What rules found of an account, what they could not judge, and what their pages say.
//!
//! Deliberately adds nothing up: risk and shares are the report's.

use std::collections::{BTreeMap, HashMap};

use coldcase_schemas::explain::{ExplainedFinding, NotJudged, RuleText};
use coldcase_schemas::report::{AccountRisk, Finding, Report, RuleResult};
use serde_json::Value;

use crate::frames::Analysis;
use crate::load::Object;
use crate::report::{evidence_in_words, unjudged};
use crate::rules::{Pack, subject_of};

/// The report by account.
pub(super) struct Judgements<'a> {
    report: &'a Report,
    risks: HashMap<usize, &'a AccountRisk>,
    findings: HashMap<&'a str, &'a Finding>,
    rules: HashMap<&'a str, &'a RuleResult>,
    /// Why it matters and how to fix it, by rule.
    prose: HashMap<String, (String, String)>,
}

/// What there is of one account.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) risk: Option<AccountRisk>,
    pub(super) not_judged: Vec<NotJudged>,
    pub(super) findings: Vec<ExplainedFinding>,
    pub(super) rules: Vec<RuleText>,
}

impl<'a> Judgements<'a> {
    pub(super) fn new(analysis: &Analysis, pack: &Pack, report: &'a Report) -> Self {
        let place = |account: &AccountRisk| {
            let dn = account.subject.dn.as_deref()?;
            analysis.directory.place_of_dn(dn)
        };
        let risks = report.accounts.iter();
        let fired: HashMap<&str, &RuleResult> = report
            .rules
            .iter()
            .map(|rule| (rule.id.as_str(), rule))
            .collect();
        let prose = pack.pages.iter().filter(|page| {
            let rule = fired.get(page.front.id.as_str());
            rule.is_some_and(|rule| rule.findings > 0)
        });
        Self {
            risks: risks
                .filter_map(|account| Some((place(account)?, account)))
                .collect(),
            findings: report
                .findings
                .iter()
                .map(|finding| (finding.id.as_str(), finding))
                .collect(),
            prose: prose
                .map(|page| {
                    let section = |name| page.section(name).to_owned();
                    let both = (section("Why it matters"), section("How to fix"));
                    (page.front.id.clone(), both)
                })
                .collect(),
            rules: fired,
            report,
        }
    }

    pub(super) fn of(&self, analysis: &Analysis, place: usize, object: &Object) -> Judged {
        let Some(account) = self.risks.get(&place) else {
            // No rule found anything of it; those that were not evaluated may have.
            return Judged {
                not_judged: self.all_not_judged(&nothing_found(object)),
                ..Judged::default()
            };
        };
        let mut findings: Vec<&Finding> = account
            .findings
            .iter()
            .filter_map(|term| self.findings.get(term.id.as_str()).copied())
            .collect();
        findings.sort_by_key(|finding| (finding.severity, &finding.rule, &finding.key));
        let mut rules: Vec<RuleText> = Vec::new();
        for finding in &findings {
            if !rules.iter().any(|rule| rule.id == finding.rule) {
                rules.push(self.rule(finding));
            }
        }
        Judged {
            not_judged: self.all_not_judged(account),
            findings: findings
                .into_iter()
                .map(|finding| ExplainedFinding {
                    facts: finding
                        .evidence
                        .iter()
                        .filter_map(|(name, value)| fact(analysis, name, value))
                        .collect(),
                    finding: finding.clone(),
                })
                .collect(),
            rules,
            risk: Some((*account).clone()),
        }
    }

    fn all_not_judged(&self, account: &AccountRisk) -> Vec<NotJudged> {
        unjudged(self.report, account)
            .into_iter()
            .map(|id| self.not_judged(id, account))
            .collect()
    }

    fn rule(&self, finding: &Finding) -> RuleText {
        let rule = self.rules.get(finding.rule.as_str());
        let (why, fix) = self.prose.get(&finding.rule).cloned().unwrap_or_default();
        RuleText {
            id: finding.rule.clone(),
            code: rule.map(|rule| rule.code.clone()).unwrap_or_default(),
            title: rule.map(|rule| rule.title.clone()).unwrap_or_default(),
            severity: finding.severity,
            why,
            fix,
        }
    }

    fn not_judged(&self, id: &str, account: &AccountRisk) -> NotJudged {
        let own = account.not_evaluated.iter().any(|rule| rule == id);
        let Some(rule) = self.rules.get(id) else {
            let mut refused = self.report.refused.iter();
            let why = refused.find(|page| page.file == id);
            return NotJudged {
                rule: id.to_owned(),
                code: String::new(),
                title: String::new(),
                why: why
                    .map(|page| format!("the page did not run: {}", page.reason))
                    .unwrap_or_default(),
            };
        };
        NotJudged {
            rule: rule.id.clone(),
            code: rule.code.clone(),
            title: rule.title.clone(),
            why: match rule.reason.as_str() {
                "" if own => "the account does not show what it needs".to_owned(),
                reason => reason.to_owned(),
            },
        }
    }
}

/// A fact in words; of an entry what it says, beside its SDDL.
fn fact(analysis: &Analysis, name: &str, value: &Value) -> Option<String> {
    let words = value.as_str().filter(|_| name == "ace");
    match words.and_then(|sddl| Some((analysis.sddl_in_words(sddl)?, sddl))) {
        Some((words, sddl)) => Some(format!("ACE: {words}, in SDDL {sddl}")),
        None => evidence_in_words(name, value),
    }
}

/// An account of which the report says nothing.
pub(crate) fn nothing_found(object: &Object) -> AccountRisk {
    AccountRisk {
        subject: subject_of(object),
        enabled: object.enabled(),
        impact: 0.0,
        impact_reason: String::new(),
        risk: 0.0,
        net_risk: 0.0,
        not_evaluated: Vec::new(),
        findings: Vec::new(),
    }
}

/// Rules that could not judge, by why, in the order of the reasons' text.
pub(super) fn by_reason(not_judged: &[NotJudged]) -> BTreeMap<&str, Vec<&NotJudged>> {
    let mut reasons: BTreeMap<&str, Vec<&NotJudged>> = BTreeMap::new();
    for rule in not_judged {
        reasons.entry(&rule.why).or_default().push(rule);
    }
    reasons
}
