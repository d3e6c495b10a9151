//! How much of an account's risk goes away with the user account.
//!
//! Deliberately weighs nothing anew: risk and weights are the report's.

use std::collections::HashMap;

use coldcase_schemas::migration::Gain;
use coldcase_schemas::report::{AccountRisk, Report};

use crate::explain::nothing_found;
use crate::frames::Analysis;
use crate::load::Object;
use crate::report::unjudged;

/// Rules about passwords that people set, and about users with service principal names: a managed account has neither.
const ENDS: &[&str] = &[
    "spn-des",
    "spn-gmsa-candidate",
    "spn-interactive-logon",
    "spn-kerberoastable",
    "spn-no-aes-keys",
    "spn-no-preauthentication",
    "spn-old-password",
    "spn-password-in-text",
    "spn-password-never-expires",
    "spn-password-not-required",
    "spn-reversible-encryption",
    "spn-short-password",
    "spn-weak-encryption",
    "account-reset-password",
];

/// Risks by account.
pub(super) struct Gains<'a> {
    report: &'a Report,
    risks: HashMap<usize, &'a AccountRisk>,
}

impl<'a> Gains<'a> {
    pub(super) fn new(analysis: &Analysis, report: &'a Report) -> Self {
        let place = |account: &AccountRisk| {
            let dn = account.subject.dn.as_deref()?;
            analysis.directory.place_of_dn(dn)
        };
        let risks = report.accounts.iter();
        Self {
            report,
            risks: risks
                .filter_map(|account| Some((place(account)?, account)))
                .collect(),
        }
    }

    /// Ids of the rules that found something of the account at `place`.
    pub(super) fn found(&self, place: usize) -> Vec<&'a str> {
        let risk = self.risks.get(&place);
        let findings = risk.into_iter().flat_map(|risk| &risk.findings);
        findings.map(|finding| finding.rule.as_str()).collect()
    }

    pub(super) fn of(&self, place: usize, object: &Object) -> Gain {
        let Some(account) = self.risks.get(&place) else {
            return Gain {
                risk: 0.0,
                gain: 0.0,
                not_judged: unjudged(self.report, &nothing_found(object)).len(),
                ends: Vec::new(),
            };
        };
        let (ending, staying): (Vec<_>, Vec<_>) = account
            .findings
            .iter()
            .partition(|finding| ENDS.contains(&finding.rule.as_str()));
        // As the report says it: 100·impact·(1 − ∏(1 − weight)).
        let spared: f64 = staying.iter().map(|finding| 1.0 - finding.weight).product();
        let left = 100.0 * account.impact * (1.0 - spared);
        let gain = (account.risk - left).max(0.0);
        let mut ends: Vec<String> = ending.iter().map(|finding| finding.rule.clone()).collect();
        ends.dedup();
        Gain {
            risk: account.risk,
            gain: (gain * 100.0).round() / 100.0,
            not_judged: unjudged(self.report, account).len(),
            ends,
        }
    }
}
