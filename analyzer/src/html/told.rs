//! What [`crate::explain`] finds of each account, cut to what its section has room for.
//!
//! Thousands of sections must stay small: crowds are counted, lists have an end, and a sentence that many sections
//! share stands once, as a note. Deliberately has no description: people keep passwords in it, and the page travels.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use coldcase_schemas::explain::{Explanation, UnknownFact};
use coldcase_schemas::report::Report;

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
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let size = report.accounts.len().div_ceil(cores).max(1);
    // What accounts share is found once for each core.
    let parts: Vec<_> = report.accounts.chunks(size).collect();
    let done = on_every_core(&parts, |part| {
        let mut explainer = Explainer::new(analysis, pack, report);
        let accounts = part.iter().map(|account| {
            let dn = account.subject.dn.as_deref()?;
            let place = analysis.directory.place_of_dn(dn)?;
            let object = analysis.object(place)?;
            // Permissions of containers are told by rules.
            let asked = object.kind.is_principal() || object.kind == Kind::Group;
            let explanation = explainer.explain(place).filter(|_| asked)?;
            Some(Told::of(&explanation))
        });
        accounts.collect::<Vec<_>>()
    });
    let done = done.context("what accounts can do could not be found")?;
    let mut told: Vec<Option<Told>> = done.into_iter().flatten().collect();
    let mut notes = Notes::default();
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
            upn: identity.user_principal_name.clone(),
            hosts: hosts(explanation),
            powers: Powers::of(explanation),
            reach: Reaches::of(explanation),
            password: (!group).then(|| Password::of(explanation)),
        }
    }
}

fn hosts(explanation: &Explanation) -> String {
    let hosts = &explanation.identity.hosts;
    let mut told: Vec<String> = hosts.iter().take(HOSTS).map(words::host).collect();
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
