//! What [`crate::explain`] finds of each account, cut to what its section has room for.
//!
//! Thousands of sections must stay small: crowds are counted, lists have an end, and a sentence that many sections
//! share stands once, as a note. Deliberately has no description: people keep passwords in it, and the page travels.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use coldcase_schemas::explain::{Explanation, HostBy, UnknownFact};
use coldcase_schemas::report::{AccountRisk, Report};

use super::powers::Powers;
use super::reach::Reaches;
use super::rotation::Password;
use crate::cores::on_every_core;
use crate::explain::{Explainer, words};
use crate::frames::Analysis;
use crate::load::Kind;
use crate::rules::Pack;

/// Entries of a list that are told before the rest is counted.
pub(super) const KEPT: usize = 20;

/// Hosts that are told.
const HOSTS: usize = 5;

/// An account as its section tells it.
pub(super) struct Told {
    /// If it is another than name and domain.
    pub(super) upn: Option<String>,
    /// Where it runs.
    pub(super) hosts: String,
    pub(super) powers: Powers,
    pub(super) reach: Reaches,
    /// `None` for a group.
    pub(super) password: Option<Password>,
}

/// Sentences that more than one section refers to, by the order in which they come.
#[derive(Default)]
pub(super) struct Notes {
    /// Administrators of most accounts, by name: sections tell theirs only where they are others.
    pub(super) by_design: String,
    pub(super) texts: Vec<String>,
    known: BTreeMap<String, usize>,
}

impl Notes {
    /// The number of a note, from 1.
    fn number(&mut self, text: String) -> usize {
        if let Some(number) = self.known.get(&text) {
            return *number;
        }
        self.texts.push(text.clone());
        self.known.insert(text, self.texts.len());
        self.texts.len()
    }
}

/// What is not known, and the note that says why.
pub(super) struct Gap {
    /// `who can reset it`, `pwdLastSet`.
    pub(super) what: String,
    pub(super) note: usize,
    why: String,
}

impl Gap {
    pub(super) fn new(what: &str, why: &str) -> Self {
        Self {
            what: what.to_owned(),
            note: 0,
            why: why.to_owned(),
        }
    }

    pub(super) fn of(fact: &UnknownFact) -> Self {
        Self::new(&fact.attribute, &fact.why)
    }
}

/// Of each account of the report, in its order, what there is to tell; `None` for what is no account.
///
/// # Errors
/// A thread broke off.
pub(super) fn told(
    report: &Report,
    analysis: &Analysis,
    pack: &Pack,
) -> Result<(Vec<Option<Told>>, Notes)> {
    let place = |account: &AccountRisk| {
        let place = analysis
            .directory
            .place_of_dn(account.subject.dn.as_deref()?)?;
        let object = analysis.object(place)?;
        // Permissions of containers are told by rules.
        let asked = object.kind.is_principal() || object.kind == Kind::Group;
        asked.then_some((place, object))
    };
    let accounts = report.accounts.iter().filter_map(place);
    let others = accounts.filter(|(_, object)| !object.is_service_account());
    let mut others: Vec<u32> = others
        .filter_map(|(place, _)| u32::try_from(place).ok())
        .collect();
    others.sort_unstable();
    others.dedup();
    let others = match others.as_slice() {
        [] => Vec::new(),
        others => analysis.control_graph().takeovers_of(analysis, others),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let size = report.accounts.len().div_ceil(cores).max(1);
    // What accounts share is found once for each core.
    let parts: Vec<_> = report.accounts.chunks(size).collect();
    let done = on_every_core(&parts, |part| {
        let mut explainer = Explainer::new(analysis, pack, report).knowing(&others);
        let accounts = part.iter().map(|account| {
            let (place, _) = place(account)?;
            let explanation = explainer.explain(place)?;
            Some(Told::of(&explanation))
        });
        accounts.collect::<Vec<_>>()
    });
    let done = done.context("what accounts can do could not be found")?;
    let mut told: Vec<Option<Told>> = done.into_iter().flatten().collect();
    let mut notes = Notes::default();
    by_design(&mut told, &mut notes);
    for one in told.iter_mut().flatten() {
        let password = one.password.iter_mut().flat_map(|one| &mut one.unknown);
        let gaps = one.powers.unknown.iter_mut().chain(&mut one.powers.partly);
        for gap in gaps.chain(&mut one.reach.unknown).chain(password) {
            gap.note = notes.number(std::mem::take(&mut gap.why));
        }
    }
    Ok((told, notes))
}

impl Told {
    fn of(explanation: &Explanation) -> Self {
        let identity = &explanation.identity;
        let group = explanation.account.kind == "group";
        Self {
            upn: identity
                .user_principal_name
                .clone()
                .filter(|upn| !is_usual(upn, explanation)),
            hosts: hosts(explanation),
            powers: Powers::of(explanation),
            reach: Reaches::of(explanation),
            password: (!group).then(|| Password::of(explanation)),
        }
    }
}

/// Takes the administrators that most accounts have out of their sections.
fn by_design(told: &mut [Option<Told>], notes: &mut Notes) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for one in told.iter().flatten() {
        *counts.entry(one.powers.by_design.clone()).or_default() += 1;
    }
    let most = counts
        .into_iter()
        .max_by(|a, b| (a.1, &b.0).cmp(&(b.1, &a.0)));
    notes.by_design = most.map(|(names, _)| names).unwrap_or_default();
    for one in told.iter_mut().flatten() {
        if one.powers.by_design == notes.by_design {
            one.powers.by_design.clear();
        }
    }
}

/// Whether it is the name and the domain, as nearly every account has it.
fn is_usual(upn: &str, explanation: &Explanation) -> bool {
    let name = explanation.account.sam_account_name.as_deref();
    let usual = format!(
        "{}@{}",
        name.unwrap_or_default(),
        explanation.snapshot.domain
    );
    upn.eq_ignore_ascii_case(&usual)
}

fn hosts(explanation: &Explanation) -> String {
    let hosts = &explanation.identity.hosts;
    let mut by_reason: Vec<(&[HostBy], Vec<String>)> = Vec::new();
    for host in hosts.iter().take(HOSTS) {
        let mut name = words::name(&host.computer);
        if host.enabled == Some(false) {
            name.push_str(" (disabled)");
        }
        match by_reason.iter_mut().find(|(by, _)| *by == host.by) {
            Some((_, names)) => names.push(name),
            None => by_reason.push((&host.by, vec![name])),
        }
    }
    let told = by_reason.iter().map(|(by, names)| {
        let why: Vec<&str> = by.iter().map(|by| by.about()).collect();
        format!("{}: {}", names.join(", "), why.join(", "))
    });
    let mut told: Vec<String> = told.collect();
    match hosts.len().saturating_sub(HOSTS) {
        0 => (),
        more => told.push(format!("and {more} more")),
    }
    told.join("; ")
}

/// The first entries of a list, and how many more there are.
pub(super) fn cut<T>(list: impl ExactSizeIterator<Item = T>) -> (Vec<T>, usize) {
    let more = list.len().saturating_sub(KEPT);
    (list.take(KEPT).collect(), more)
}
