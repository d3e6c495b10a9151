//! Pseudonyms: takes the names out of what a directory answered, before it is written down.
//!
//! Owns the choice of what is a name in each attribute (`rule`) and its replacement, event by event. Works on what it
//! understands only: a value, a word or a byte that no rule knows is replaced or left out, never passed on. The key and
//! the form of a pseudonym are [`coldcase_schemas::pseudonym`]'s. Deliberately does not talk to a server or to a file,
//! and remembers nothing that the next snapshot would need.

mod account;
mod condition;
mod descriptor;
mod dn;
mod filter;
mod host;
mod key_credential;
mod known;
mod link;
mod message;
mod name;
mod password_id;
mod rule;
mod sid;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use coldcase_schemas::attribute::is_secret;
use coldcase_schemas::ledger::{PartitionPlan, QueryOutcome, QueryPlan};
use coldcase_schemas::pseudonym::Key;
use coldcase_schemas::{Entry, Event, RawAttribute};

use dn::Place;
use name::Names;
use rule::{Rule, Rules};
pub use sid::Sids;

/// Replaces the names in the events of a source.
#[derive(Debug)]
pub struct Pseudonymizer {
    names: Names,
    rules: Rules,
}

impl Pseudonymizer {
    /// With `key`. `keep` are names that stay readable besides the well-known English ones: those of the built-in groups
    /// and containers as this domain calls them. Case does not matter. Computers, trusts and customers' own objects do
    /// not belong in it.
    pub fn new(key: Key, sids: Sids, keep: BTreeSet<String>) -> Self {
        Self {
            names: Names::new(key, sids, keep),
            rules: Rules::new(),
        }
    }

    /// The event with pseudonyms in the place of names.
    pub fn event(&mut self, event: Event) -> Event {
        match event {
            Event::RootDse(attributes) => Event::RootDse(
                attributes
                    .into_iter()
                    .map(|attribute| self.root_dse(attribute))
                    .collect(),
            ),
            Event::QueryStarted(plan) => Event::QueryStarted(self.query(plan)),
            Event::Entry(entry) => Event::Entry(self.entry(entry)),
            Event::PartitionStarted(plan) => Event::PartitionStarted(PartitionPlan {
                filter: self.filter(&plan.filter),
                server: self.names.text(&plan.server),
                ..plan
            }),
            Event::PartitionEnded(mut ended) => {
                ended.outcome = self.outcome(ended.outcome);
                Event::PartitionEnded(ended)
            }
            Event::QueryEnded(outcome) => Event::QueryEnded(self.outcome(outcome)),
            Event::PartitionAbandoned
            | Event::QueryAbandoned
            | Event::QueryLeft
            | Event::QueryResumed(_) => event,
        }
    }

    /// Pseudonyms that came up since the last call, each with its sealed name. One that came up long before may come
    /// again: only so many are remembered.
    pub fn take_new(&mut self) -> Vec<(String, Vec<u8>)> {
        self.names.take_new()
    }

    /// A text that holds names and little else: a domain, a server, an account as typed, a DN.
    pub fn text(&mut self, text: &str) -> String {
        self.names.text(text)
    }

    /// A message of a server or of this program: known words and numbers stay, every other word is taken for a name.
    pub fn message(&mut self, text: &str) -> String {
        self.names.message(text)
    }

    /// The value of a policy's setting, or the group that one is about: `30`, `*S-1-5-32-544,CORP\\svc-sql`,
    /// `SQL Hosts__Members`. Numbers stay, all else is taken for an account.
    pub fn setting(&mut self, text: &str) -> String {
        self.names.setting(text)
    }

    fn query(&mut self, plan: QueryPlan) -> QueryPlan {
        QueryPlan {
            base: self.names.dn(&plan.base),
            filter: self.filter(&plan.filter),
            server: self.names.text(&plan.server),
            ..plan
        }
    }

    fn outcome(&mut self, outcome: QueryOutcome) -> QueryOutcome {
        QueryOutcome {
            result_text: self.names.message(&outcome.result_text),
            ..outcome
        }
    }

    fn entry(&mut self, entry: Entry) -> Entry {
        let place = Place::of(&entry.dn);
        let attributes = entry
            .attributes
            .into_iter()
            .filter_map(|attribute| self.attribute(attribute, place))
            .collect();
        Entry {
            dn: self.names.dn(&entry.dn),
            attributes,
        }
    }

    /// `None` for an attribute that is not in the attribute table: nobody asked for it, and nobody knows what it holds.
    fn attribute(&mut self, mut attribute: RawAttribute, place: Place) -> Option<RawAttribute> {
        if is_secret(&attribute.name) {
            // The writer counts the values and drops them; there is no need to show them to it.
            attribute.values.iter_mut().for_each(Vec::clear);
            return Some(attribute);
        }
        let rule = self.rules.find(&attribute.name)?;
        for value in &mut attribute.values {
            *value = self.value(rule, value, place);
        }
        Some(attribute)
    }

    fn value(&mut self, rule: Rule, value: &[u8], place: Place) -> Vec<u8> {
        let names = &mut self.names;
        match rule {
            Rule::Keep => return value.to_vec(),
            Rule::Sid => return names.sid_value(value),
            Rule::Descriptor => return names.descriptor(value),
            Rule::PasswordId => return names.password_id(value),
            _ => {}
        }
        let text = String::from_utf8_lossy(value);
        let replaced = match rule {
            Rule::Number if name::is_plain(&text) => return value.to_vec(),
            // The name of a schema object or an extended right is part of every forest.
            Rule::Name if place == Place::Standard => return value.to_vec(),
            Rule::Name if place == Place::Configuration => names.configuration_name(&text),
            Rule::Name => names.name(&text),
            Rule::Label => names.label(&text),
            Rule::Dn => names.dn(&text),
            Rule::DnBinary => names.dn_binary(&text),
            Rule::KeyCredential => names.key_credential(&text),
            Rule::GpLink => names.gp_link(&text),
            Rule::Dns => names.dns(&text),
            Rule::Spn => names.spn(&text),
            Rule::Principal => names.principal(&text),
            Rule::Workstations => names.workstations(&text),
            Rule::Path => names.path(&text),
            Rule::Mapping => names.mapping(&text),
            Rule::Sddl => names.sddl(&text),
            // The binary ones have returned above.
            Rule::Number
            | Rule::Whole
            | Rule::Keep
            | Rule::Sid
            | Rule::Descriptor
            | Rule::PasswordId => names.whole(&text),
        };
        replaced.into_bytes()
    }

    /// Attributes of the root DSE (MS-ADTS 3.1.1.3.2) are known by their values: numbers, OIDs and capabilities stay.
    fn root_dse(&mut self, mut attribute: RawAttribute) -> RawAttribute {
        let folded = attribute.name.to_ascii_lowercase();
        if folded == rule::ROOT_DSE_SIDS {
            for value in &mut attribute.values {
                *value = self.names.sid_value(value);
            }
            return attribute;
        }
        let capability = folded.starts_with("supported") || rule::ROOT_DSE_KEPT.contains(&&*folded);
        if !capability {
            attribute.values = attribute
                .values
                .iter()
                .filter_map(|value| std::str::from_utf8(value).ok())
                .map(|text| match name::is_plain(text) {
                    true => text.as_bytes().to_vec(),
                    false => self.names.text(text).into_bytes(),
                })
                .collect();
        }
        attribute
    }

    fn filter(&mut self, text: &str) -> String {
        filter::replace(text, |attribute, value| {
            let rule = self.rules.find(attribute);
            self.value(
                rule.unwrap_or(Rule::Number),
                value,
                Place::Domain, // where an assertion's object lies is not known
            )
        })
    }
}
