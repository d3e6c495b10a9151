//! The plan by which user accounts that run services become managed accounts.
//!
//! | module | question |
//! | --- | --- |
//! | [`environment`] | what forest and domain must have |
//! | [`hosts`] | where an account runs, and what those hosts can use |
//! | [`account`], [`inherited`] | what of the account itself stands in the way |
//! | [`verdict`] | what can become of it |
//! | [`gain`] | how much risk goes away |
//! | [`present`] | what must be carried over, and given back |
//! | [`steps`], [`script`], [`rollback`] | what to do, in words and as PowerShell |
//! | [`text`] | all of it for people |
//!
//! Deliberately changes nothing and never takes what is unknown for possible. What the directory does not hold, whether
//! software can run under a managed account above all, is a step and no verdict.

mod account;
mod environment;
mod gain;
mod hosts;
mod inherited;
mod new_name;
mod obstacle;
mod powershell;
mod present;
mod rollback;
mod script;
mod steps;
#[cfg(test)]
mod tests;
mod text;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::migration::{
    AccountPlan, Effect, MIGRATION_SCHEMA, MigrationPlan, Obstacle, ObstacleCount, ObstacleKind,
    PlanSummary, Script, ServiceHint, Verdict, VerdictCount,
};
use coldcase_schemas::report::Report;

use crate::frames::{Analysis, Hints};
use crate::load::Object;
use crate::paths::Unseen;
use crate::report::{PROGRAM, snapshot_facts};
use crate::rules::subject_of;
use account::{Accounts, may_run_a_service};
use gain::Gains;
use hosts::Names;
use new_name::NewNames;
use present::Present;

pub(crate) use text::write as write_text;

/// Plans for the accounts at `only`, or for all user accounts that run a service or seem to. Names of new accounts are given
/// in the order of the directory, so they are the same whichever accounts are asked for.
pub(crate) fn plan(analysis: &Analysis, report: &Report, only: Option<&[usize]>) -> MigrationPlan {
    let hints = Hints::new(analysis);
    let shared = Shared {
        analysis,
        hints: &hints,
        domain: environment::obstacles(analysis),
        names: Names::new(analysis),
        accounts: Accounts::new(analysis, &hints),
        present: Present::new(analysis),
        gains: Gains::new(analysis, report),
    };
    let mut new_names = NewNames::new(&analysis.directory);
    let mut accounts = Vec::new();
    for (place, object) in analysis.directory.objects.iter().enumerate() {
        let named = only.is_some_and(|only| only.contains(&place));
        if !named && !may_run_a_service(object, &hints, place) {
            continue;
        }
        let plan = shared.account(place, object, &mut new_names);
        if named || only.is_none() {
            accounts.push(plan);
        }
    }
    accounts.sort_by(|a, b| {
        b.gain
            .gain
            .total_cmp(&a.gain.gain)
            .then_with(|| b.gain.risk.total_cmp(&a.gain.risk))
            .then_with(|| a.name.to_lowercase().cmp(&b.name.to_lowercase()))
            .then_with(|| a.account.dn.cmp(&b.account.dn))
    });
    MigrationPlan {
        schema: MIGRATION_SCHEMA.to_owned(),
        program: PROGRAM.to_owned(),
        snapshot: snapshot_facts(analysis),
        summary: summary(&accounts, &shared.domain),
        domain: shared.domain,
        accounts,
        not_seen: Unseen::of(analysis).sentences(),
    }
}

/// What all accounts share.
struct Shared<'a> {
    analysis: &'a Analysis,
    hints: &'a Hints,
    domain: Vec<Obstacle>,
    names: Names<'a>,
    accounts: Accounts<'a>,
    present: Present<'a>,
    gains: Gains<'a>,
}

impl Shared<'_> {
    fn account(&self, place: usize, object: &Object, new_names: &mut NewNames) -> AccountPlan {
        let runs = self.names.runs(object);
        let present = self.present.of(place, object);
        let found = self.gains.found(place);
        let mut own = self.accounts.obstacles(place, object, &present, &found);
        own.extend(runs.obstacles);
        if !self.present.is_whole(object) {
            own.push(obstacle::unknown(
                ObstacleKind::NotShown,
                &[],
                "not all who may impersonate users to it have an object in the snapshot".to_owned(),
            ));
        }
        own.sort_by(|a, b| {
            let key = |obstacle: &Obstacle| (obstacle.effect, obstacle.kind);
            key(a)
                .cmp(&key(b))
                .then_with(|| a.evidence.cmp(&b.evidence))
        });
        own.dedup();
        let mut all = own.clone();
        all.extend(self.domain.iter().cloned());
        let decision = verdict::decide(&all, runs.hosts.len());
        let name = self.analysis.title(object);
        let target = verdict::target_of(decision.verdict);
        let new_name = target.map(|target| new_names.give(object.display_name(), target));
        let hints = self.hints.of(place).iter();
        let mut plan = AccountPlan {
            account: subject_of(object),
            verdict: decision.verdict,
            why: decision.why,
            ready: decision.ready,
            options: decision.options,
            gain: self.gains.of(place, object),
            hints: hints
                .map(|hint| ServiceHint {
                    hint: hint.name.to_owned(),
                    detail: hint.detail.clone(),
                    strength: hint.strength.as_str().to_owned(),
                })
                .collect(),
            hosts: runs.hosts,
            steps: steps::of(decision.verdict, &all, new_name.as_deref()),
            obstacles: own,
            present,
            new_name,
            script: None,
            script_withheld: None,
            name,
        };
        match self.script(&plan) {
            Ok(script) => plan.script = Some(script),
            Err(why) => plan.script_withheld = Some(why),
        }
        plan
    }

    /// The scripts, or why there are none.
    fn script(&self, plan: &AccountPlan) -> Result<Script, String> {
        let Some(new_name) = &plan.new_name else {
            return Err("there is nothing to migrate to".to_owned());
        };
        if !self.analysis.directory.manifest.pseudonyms.is_empty() {
            return Err(
                "the snapshot has pseudonyms, and a script would hold those instead of names"
                    .to_owned(),
            );
        }
        let hidden = plan.obstacles.iter().find(|obstacle| {
            obstacle.kind == ObstacleKind::NotShown && obstacle.effect == Effect::Unknown
        });
        if let Some(hidden) = hidden {
            return Err(format!(
                "what must be carried over and given back is not known: {}",
                hidden.evidence
            ));
        }
        let root_key = environment::needs_root_key(&self.domain).is_some();
        let scripts = script::scripts(self.analysis, plan, root_key);
        let (migrate, rollback) = scripts.ok_or(
            "a value that it needs is not shown, or has characters that nobody can review",
        )?;
        Ok(Script {
            file_stem: new_name.clone(),
            migrate,
            rollback,
        })
    }
}

fn summary(accounts: &[AccountPlan], domain: &[Obstacle]) -> PlanSummary {
    let verdicts = Verdict::ALL.map(|verdict| {
        let of = accounts.iter().filter(|plan| plan.verdict == verdict);
        VerdictCount {
            verdict,
            accounts: of.clone().count(),
            after_preparation: of.filter(|plan| plan.ready == Some(false)).count(),
        }
    });
    let mut counts: BTreeMap<(Effect, ObstacleKind), usize> = BTreeMap::new();
    for plan in accounts {
        let all = plan.obstacles.iter().chain(domain);
        let kinds: BTreeSet<(Effect, ObstacleKind)> = all
            .filter(|obstacle| verdict::hangs_on(plan.verdict, obstacle))
            .map(|obstacle| (obstacle.effect, obstacle.kind))
            .collect();
        for kind in kinds {
            *counts.entry(kind).or_default() += 1;
        }
    }
    let mut obstacles: Vec<ObstacleCount> = counts
        .into_iter()
        .map(|((effect, kind), accounts)| ObstacleCount {
            kind,
            effect,
            accounts,
        })
        .collect();
    obstacles.sort_by_key(|count| (count.effect, std::cmp::Reverse(count.accounts)));
    PlanSummary {
        accounts: accounts.len(),
        verdicts: verdicts.into(),
        obstacles,
    }
}
