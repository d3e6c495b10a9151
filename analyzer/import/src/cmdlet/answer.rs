//! What a file of managed service accounts would have shown.
//!
//! Owns the judgement and its sentences. Deliberately promises an attribute only if the file proves that it was asked for:
//! by a column, by every account, or by what `-Properties *` alone shows.

use std::collections::BTreeSet;

use coldcase_schemas::plan::Query;

use super::Form;
use super::account::{Account, attribute_of};
use crate::error::ImportError;
use crate::export::Answer;

/// Attributes that `-Properties *` does not ask for as such: computed by the directory, or shown if a right permits.
const NOT_OF_ALL: &[&str] = &["msDS-User-Account-Control-Computed", "nTSecurityDescriptor"];

/// What was shown so far.
pub(super) struct Shown {
    form: Form,
    /// Of a table: attributes that are columns.
    columns: BTreeSet<&'static str>,
    /// Attributes that every account shows; `None` before the first.
    by_every: Option<BTreeSet<&'static str>>,
    /// True while every account shows what only `-Properties *` shows.
    whole: bool,
    lost: BTreeSet<String>,
    /// Attributes of which a value could not be read: where it is missing, it may be set.
    refused: BTreeSet<String>,
    nameless: bool,
    left_out: bool,
    broken: bool,
    error: Option<ImportError>,
}

impl Shown {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            columns: BTreeSet::new(),
            by_every: None,
            whole: true,
            lost: BTreeSet::new(),
            refused: BTreeSet::new(),
            nameless: false,
            left_out: false,
            broken: false,
            error: None,
        }
    }

    /// The columns of a table.
    pub(super) fn columns(&mut self, names: &[String]) {
        let attributes = names.iter().filter_map(|name| attribute_of(name));
        self.columns = attributes.map(|attribute| attribute.name).collect();
    }

    /// An account that was read.
    pub(super) fn account(&mut self, account: &Account) {
        let shown: BTreeSet<&'static str> = account.shown.iter().copied().collect();
        self.whole &= account.whole;
        self.by_every = Some(match self.by_every.take() {
            Some(before) => before.intersection(&shown).copied().collect(),
            None => shown,
        });
    }

    /// An account that could not be read.
    pub(super) fn left_out(&mut self) {
        self.left_out = true;
    }

    /// A principal without a SID.
    pub(super) fn nameless(&mut self) {
        self.nameless = true;
    }

    /// An attribute of which a value was lost.
    pub(super) fn lost(&mut self, attribute: &str) {
        self.lost.insert(attribute.to_owned());
    }

    /// An attribute of which a value could not be read.
    pub(super) fn refused(&mut self, attribute: &str) {
        if !self.refused.contains(attribute) {
            self.refused.insert(attribute.to_owned());
        }
    }

    /// The reading ended early.
    pub(super) fn broke(&mut self, error: ImportError) {
        self.broken = true;
        self.error = Some(error);
    }

    /// The error that ended the reading, once.
    pub(super) fn take_broken(&mut self) -> Option<ImportError> {
        self.error.take()
    }

    fn shows(&self, attribute: &str) -> bool {
        if self.lost.contains(attribute) || self.refused.contains(attribute) {
            return false;
        }
        let by_every = self
            .by_every
            .as_ref()
            .is_some_and(|every| every.contains(attribute));
        match self.form {
            Form::Csv => self.columns.contains(attribute),
            _ => by_every || (self.whole && !NOT_OF_ALL.contains(&attribute)),
        }
    }

    /// See [`crate::Export::answer`].
    pub(super) fn answer(&self, query: &Query) -> Answer {
        if query.name != "service-accounts" {
            return Answer::NotAsked(
                "Get-ADServiceAccount shows managed service accounts only".to_owned(),
            );
        }
        if self.by_every.is_none() {
            return Answer::NotAsked("no account could be read in it".to_owned());
        }
        let mut missing = vec![
            "the export does not say which accounts were asked for, and older versions of the cmdlet do not show delegated managed service accounts",
        ];
        if self.left_out {
            missing.push("some accounts could not be read");
        }
        if self.broken {
            missing.push("the export was not read to its end");
        }
        let attributes = query.attributes();
        Answer::Asked {
            attributes: attributes
                .into_iter()
                .filter(|attribute| self.shows(attribute))
                .collect(),
            partial: Some(missing.join("; ")),
        }
    }

    /// See [`crate::Export::limits`].
    pub(super) fn limits(&self) -> Vec<String> {
        let mut limits = vec![
            "It holds managed service accounts of one domain and nothing else: no users, computers, groups, containers, policies or keys.".to_owned(),
            "It says neither which accounts were asked for (-Filter, -SearchBase), nor when, nor by whom.".to_owned(),
            "The hosts of the accounts (HostComputers) are attributes of computers, which it does not hold; they are left out.".to_owned(),
        ];
        match self.form {
            Form::Csv => limits.push(
                "A table shows the columns of its first account only, and of lists, descriptors and bytes only that they are there: who may read a managed \
                 password, service principal names and SIDs of the past are not known unless somebody wrote them out. Its dates are in the user's culture \
                 and are not read."
                    .to_owned(),
            ),
            Form::Json => limits.push(
                "ConvertTo-Json shows security descriptors as their parts: unless their SDDL is among them, who may read a managed password is known by name or SID only, \
                 without denied access."
                    .to_owned(),
            ),
            Form::Clixml => limits.push(
                "Security descriptors are read only where their SDDL is there; aliases of the forest's root in it can be read only if the domain is that root."
                    .to_owned(),
            ),
        }
        if self.form != Form::Csv && !self.whole && self.by_every.is_some() {
            limits.push(
                "Not every account shows all its attributes (-Properties *): what is missing may be set."
                    .to_owned(),
            );
        }
        if !self.lost.is_empty() {
            let names: Vec<&str> = self.lost.iter().map(String::as_str).collect();
            limits.push(format!(
                "It shows that these are there, and not what they are: {}.",
                names.join(", ")
            ));
        }
        if self.nameless {
            limits.push(
                "Some who may read a managed password or act on behalf of others to an account are known by name only: these rights are left out."
                    .to_owned(),
            );
        }
        limits
    }
}
