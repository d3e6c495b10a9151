//! Exports as a source of events, like a live directory.
//!
//! Owns the queries that objects are sorted into, and the ledger's rows at the end: what was asked is what the exports can
//! answer together. Deliberately does not compare objects: the same one may come several times, and
//! [`crate::importer`] puts them together.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use coldcase_schemas::attribute;
use coldcase_schemas::ledger::{QueryOutcome, QueryPlan};
use coldcase_schemas::plan::{Context, NamingContexts, OTHER_OBJECTS, QUERIES, Query};
use coldcase_schemas::{Event, RawAttribute, Source};
use foldhash::fast::RandomState;

use crate::error::{ImportError, Trouble};
use crate::export::{Answer, Claim, Export, Object, Precision, Record};
use crate::filter::Plan;
use crate::naming::{Named, dns_name};

/// What is not an event and belongs to an export.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Aside {
    Claim(Claim),
    Trouble(Trouble),
    /// The reading ended early, with why.
    Broken(String),
    /// The export is at its end, or broken off.
    Ended,
}

/// Domains that are told apart; a forest has far fewer.
const TAILS: usize = 10_000;

/// How much of a domain's tail was seen.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    objects: u64,
    /// Objects whose SID is of a domain.
    principals: u64,
}

/// Exports of one domain, one after another.
pub(crate) struct Directory {
    exports: Vec<Box<dyn Export>>,
    broken: Vec<Option<String>>,
    current: usize,
    plan: Plan,
    /// Of which exports attributes that nobody wants are still to be left out.
    left_to_us: Vec<bool>,
    /// DNS name of the domain that is wanted, in lower case.
    wanted: Option<String>,
    taken_at: String,
    names: String,
    started: BTreeSet<&'static str>,
    open: Option<&'static str>,
    entries: BTreeMap<&'static str, u64>,
    tails: BTreeMap<String, Seen>,
    configuration: Option<String>,
    left_out: u64,
    /// Names of attributes and whether they are kept: each is looked for once.
    kept: HashMap<String, bool, RandomState>,
    asides: VecDeque<(usize, Aside)>,
    queue: VecDeque<Event>,
    ended: bool,
}

impl Directory {
    /// `taken_at`: RFC 3339 UTC; `names`: of the exports, for the ledger.
    pub(crate) fn new(
        mut exports: Vec<Box<dyn Export>>,
        wanted: Option<String>,
        keep_all: bool,
        taken_at: String,
        names: String,
    ) -> Self {
        let mut left_to_us = Vec::new();
        for export in &mut exports {
            left_to_us.push(!keep_all && !export.keep_only(is_wanted));
        }
        Self {
            broken: exports.iter().map(|_| None).collect(),
            exports,
            current: 0,
            plan: Plan::new(),
            left_to_us,
            wanted,
            taken_at,
            names,
            started: BTreeSet::new(),
            open: None,
            entries: BTreeMap::new(),
            tails: BTreeMap::new(),
            configuration: None,
            left_out: 0,
            kept: HashMap::default(),
            asides: VecDeque::new(),
            queue: VecDeque::new(),
            ended: false,
        }
    }

    /// What came beside the last event: place of the export and what it is.
    pub(crate) fn take_aside(&mut self) -> Option<(usize, Aside)> {
        self.asides.pop_front()
    }

    /// Place of the export that is being read.
    pub(crate) fn current(&self) -> usize {
        self.current.min(self.exports.len().saturating_sub(1))
    }

    /// Bytes read, and in all.
    pub(crate) fn progress(&self) -> (u64, u64) {
        self.exports
            .iter()
            .map(|export| export.progress())
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Objects of other domains, which were not wanted.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Tail of the domain, as objects spell it, once all were seen.
    pub(crate) fn domain(&self) -> Option<&str> {
        self.tails
            .iter()
            .filter(|(tail, _)| self.wanted.is_none() || dns_name(tail) == self.wanted)
            .max_by_key(|(tail, seen)| (seen.principals, seen.objects, std::cmp::Reverse(*tail)))
            .map(|(tail, _)| tail.as_str())
    }

    /// What an export cannot show.
    pub(crate) fn limits_of(&self, export: usize) -> Vec<String> {
        self.exports
            .get(export)
            .map_or_else(Vec::new, |export| export.limits())
    }

    /// Objects of all exports that showed nothing but their name.
    pub(crate) fn unreadable(&self) -> u64 {
        self.exports.iter().map(|export| export.unreadable()).sum()
    }

    /// Of an export that was read: attributes, in lower case, that it would have shown of all objects of a query.
    pub(crate) fn shows(&self, export: usize) -> BTreeMap<&'static str, BTreeSet<String>> {
        let contexts = self.contexts();
        let broken = self.broken.get(export).is_some_and(Option::is_some);
        let Some(export) = self.exports.get(export).filter(|_| !broken) else {
            return BTreeMap::new();
        };
        let answers = QUERIES
            .iter()
            .filter_map(|query| match export.answer(query, &contexts) {
                Answer::Asked {
                    attributes,
                    partial: None,
                } => {
                    let names = attributes.iter().map(|name| name.to_lowercase());
                    Some((query.name, names.collect()))
                }
                _ => None,
            });
        answers.collect()
    }

    /// The query by which an object comes.
    pub(crate) fn query_of(&self, dn: &str, entry: &coldcase_schemas::Entry) -> &'static str {
        let found = self.plan.query_of(&Named::of(dn), entry);
        found.map_or(OTHER_OBJECTS, |query| query.name)
    }

    /// Turns to a query: events that make it the open one.
    pub(crate) fn turn_to(&mut self, query: &'static str) -> Vec<Event> {
        let mut events = Vec::new();
        if self.open == Some(query) {
            return events;
        }
        if self.open.is_some() {
            events.push(Event::QueryLeft);
        }
        if self.started.insert(query) {
            events.push(Event::QueryStarted(self.row(query, None, Vec::new())));
        } else {
            events.push(Event::QueryResumed(query.to_owned()));
        }
        self.open = Some(query);
        events
    }

    fn object(&mut self, mut object: Object) {
        let named = Named::of(&object.entry.dn);
        let in_domain = named.context() == Some(Context::Domain);
        if in_domain
            && let Some(wanted) = &self.wanted
            && dns_name(named.tail).as_ref() != Some(wanted)
        {
            self.left_out += 1;
            self.see(&object);
            return;
        }
        if matches!(
            named.context(),
            Some(Context::Configuration | Context::Schema)
        ) && self.configuration.is_none()
        {
            self.configuration = Some(named.tail.to_owned());
        }
        self.see(&object);
        let query = self.query_of(&object.entry.dn, &object.entry);
        if self.left_to_us.get(self.current) == Some(&true) {
            let kept = &mut self.kept;
            let attributes = &mut object.entry.attributes;
            attributes.retain(|one| is_kept(kept, &one.name));
        }
        for (name, precision) in &object.rounded {
            let rounded = object
                .entry
                .attributes
                .iter_mut()
                .find(|one| one.name.eq_ignore_ascii_case(name));
            if let Some(rounded) = rounded {
                rounded.step = match precision {
                    Precision::Second => 10_000_000,
                    Precision::Microsecond => 10,
                };
            }
        }
        *self.entries.entry(query).or_default() += 1;
        let events = self.turn_to(query);
        self.queue.extend(events);
        self.queue.push_back(Event::Entry(object.entry));
    }

    /// Counts the object for the domain of its DN.
    fn see(&mut self, object: &Object) {
        let named = Named::of(&object.entry.dn);
        if named.context() != Some(Context::Domain) {
            return;
        }
        let full = self.tails.len() >= TAILS;
        let seen = match self.tails.get_mut(named.tail) {
            Some(seen) => seen,
            None if full => return,
            None => self.tails.entry(named.tail.to_owned()).or_default(),
        };
        seen.objects += 1;
        let is_principal = object
            .entry
            .values("objectSid")
            .and_then(<[Vec<u8>]>::first)
            // Five sub-authorities, the first of them 21: of a domain (MS-DTYP 2.4.2.4).
            .is_some_and(|sid| sid.get(1) >= Some(&4) && sid.get(8..12) == Some(&[21, 0, 0, 0]));
        seen.principals += u64::from(is_principal);
    }

    /// The next record, turned into what it means.
    fn pull(&mut self) {
        let Some(export) = self.exports.get_mut(self.current) else {
            return;
        };
        match export.next_record() {
            Ok(Some(Record::Object(object))) => self.object(object),
            Ok(Some(Record::Claim(claim))) => {
                self.asides.push_back((self.current, Aside::Claim(claim)))
            }
            Ok(Some(Record::Trouble(trouble))) => self
                .asides
                .push_back((self.current, Aside::Trouble(trouble))),
            Ok(None) => {
                self.asides.push_back((self.current, Aside::Ended));
                self.current += 1;
            }
            Err(error) => {
                let why = error.to_string();
                self.asides
                    .push_back((self.current, Aside::Broken(why.clone())));
                self.asides.push_back((self.current, Aside::Ended));
                if let Some(broken) = self.broken.get_mut(self.current) {
                    *broken = Some(why);
                }
                self.current += 1;
            }
        }
    }

    /// The naming contexts, as far as the objects tell them.
    fn contexts(&self) -> NamingContexts {
        // Some exporters write every name in capitals, which nobody else does.
        let quiet = |tail: &str| match tail.chars().any(char::is_lowercase) {
            true => tail.to_owned(),
            false => tail.to_lowercase().replace("dc=", "DC="),
        };
        let domain = quiet(self.domain().unwrap_or_default());
        let forest = self
            .configuration
            .as_deref()
            .map_or_else(|| domain.clone(), quiet);
        NamingContexts {
            configuration: format!("CN=Configuration,{forest}"),
            schema: format!("CN=Schema,CN=Configuration,{forest}"),
            domain,
        }
    }

    fn end(&mut self) -> Result<(), ImportError> {
        self.ended = true;
        self.one_domain()?;
        let contexts = self.contexts();
        self.queue
            .push_back(Event::RootDse(self.root_dse(&contexts)));
        if self.open.take().is_some() {
            self.queue.push_back(Event::QueryLeft);
        }
        for query in QUERIES {
            let (attributes, partial) = self.answer(query, &contexts);
            let asked = attributes.is_some();
            if !asked && !self.started.contains(query.name) {
                continue;
            }
            self.started.insert(query.name);
            let plan = self.row(
                query.name,
                Some((query, &contexts)),
                attributes.unwrap_or_default(),
            );
            self.queue.push_back(Event::QueryStarted(plan));
            self.queue
                .push_back(Event::QueryEnded(self.outcome(query.name, partial)));
        }
        if self.started.contains(OTHER_OBJECTS) || self.tails.len() > 1 {
            let plan = self.row(OTHER_OBJECTS, None, Vec::new());
            self.queue.push_back(Event::QueryStarted(plan));
            self.queue
                .push_back(Event::QueryEnded(self.outcome(OTHER_OBJECTS, None)));
        }
        Ok(())
    }

    fn one_domain(&self) -> Result<(), ImportError> {
        let domains: BTreeSet<String> = self
            .tails
            .iter()
            .filter(|(_, seen)| seen.principals > 0)
            .filter_map(|(tail, _)| dns_name(tail))
            .collect();
        let list = || {
            let list: Vec<&str> = domains.iter().map(String::as_str).collect();
            list.join(", ")
        };
        match &self.wanted {
            Some(wanted) if !domains.contains(wanted) && domains.is_empty() => {
                Err(ImportError::Unsupported(format!(
                    "it holds no account or group of {wanted}, nor of any other domain"
                )))
            }
            Some(wanted) if !domains.contains(wanted) => Err(ImportError::Unsupported(format!(
                "it holds nothing of {wanted}; the domains in it are {}",
                list()
            ))),
            None if domains.len() > 1 => Err(ImportError::Unsupported(format!(
                "it holds several domains and a snapshot is of one: choose with --domain among {}",
                list()
            ))),
            _ => Ok(()),
        }
    }

    fn root_dse(&self, contexts: &NamingContexts) -> Vec<RawAttribute> {
        let one =
            |name: &str, value: &str| RawAttribute::new(name, vec![value.as_bytes().to_vec()]);
        let mut attributes = vec![one("defaultNamingContext", &contexts.domain)];
        // Nothing but an object of the configuration tells which domain is the root.
        if self.configuration.is_some() {
            let forest = Named::of(&contexts.configuration).tail;
            attributes.push(one("rootDomainNamingContext", forest));
            attributes.push(one("configurationNamingContext", &contexts.configuration));
            attributes.push(one("schemaNamingContext", &contexts.schema));
        }
        attributes
    }

    /// What all exports together would have shown of `query`: its attributes, or `None` if none was asked; and why
    /// something may be missing.
    fn answer(
        &self,
        query: &Query,
        contexts: &NamingContexts,
    ) -> (Option<Vec<String>>, Option<String>) {
        let mut whole: BTreeSet<&'static str> = BTreeSet::new();
        let mut some: BTreeSet<&'static str> = BTreeSet::new();
        let mut any_whole = false;
        let mut asked = false;
        let mut reasons: Vec<String> = Vec::new();
        for (export, broken) in self.exports.iter().zip(&self.broken) {
            match export.answer(query, contexts) {
                Answer::NotAsked(why) => reasons.push(why),
                Answer::Asked {
                    attributes,
                    partial,
                } => {
                    asked = true;
                    let partial = partial.or_else(|| {
                        broken
                            .as_ref()
                            .map(|why| format!("the export was not read to its end: {why}"))
                    });
                    match partial {
                        None => {
                            any_whole = true;
                            whole.extend(attributes);
                        }
                        Some(why) => {
                            some.extend(attributes);
                            reasons.push(why);
                        }
                    }
                }
            }
        }
        reasons.sort();
        reasons.dedup();
        // An attribute of an export that has some of the objects only says nothing of the others.
        let listed = if any_whole { whole } else { some };
        let attributes = query
            .attributes()
            .into_iter()
            .filter(|name| listed.contains(name))
            .map(str::to_owned)
            .collect();
        (
            asked.then_some(attributes),
            (!any_whole).then(|| reasons.join("; ")),
        )
    }

    fn row(
        &self,
        name: &str,
        planned: Option<(&Query, &NamingContexts)>,
        attributes: Vec<String>,
    ) -> QueryPlan {
        let (base, scope, filter) = planned.map_or_else(
            || {
                (
                    String::new(),
                    "sub".to_owned(),
                    "(objectClass=*)".to_owned(),
                )
            },
            |(query, contexts)| {
                (
                    query.base(contexts),
                    query.scope.as_str().to_owned(),
                    query.filter.to_owned(),
                )
            },
        );
        QueryPlan {
            name: name.to_owned(),
            base,
            scope,
            filter,
            attributes,
            server: self.names.clone(),
            started: self.taken_at.clone(),
        }
    }

    fn outcome(&self, query: &str, partial: Option<String>) -> QueryOutcome {
        QueryOutcome {
            pages: 0,
            entries: self.entries.get(query).copied().unwrap_or(0),
            references: 0,
            result_code: partial.is_none().then_some(0),
            complete: partial.is_none(),
            result_text: partial.unwrap_or_default(),
            ended: self.taken_at.clone(),
        }
    }
}

/// Whether an attribute is one of the table, or a secret, which the writer is to count.
pub(crate) fn is_wanted(name: &str) -> bool {
    attribute::find(name).is_some() || attribute::is_secret(name)
}

/// As [`is_wanted`], looked for once. Of hostile names only so many are remembered.
fn is_kept(known: &mut HashMap<String, bool, RandomState>, name: &str) -> bool {
    const REMEMBERED: usize = 10_000;
    if let Some(kept) = known.get(name) {
        return *kept;
    }
    let kept = is_wanted(name);
    if known.len() < REMEMBERED {
        known.insert(name.to_owned(), kept);
    }
    kept
}

impl Source for Directory {
    type Error = ImportError;

    /// The next event. What comes beside it waits for [`Directory::take_aside`], which is to be emptied before the next.
    fn next_event(&mut self) -> Result<Option<Event>, ImportError> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Ok(Some(event));
            }
            if !self.asides.is_empty() || self.ended {
                return Ok(None);
            }
            if self.current < self.exports.len() {
                self.pull();
            } else {
                self.end()?;
            }
        }
    }
}

impl Directory {
    /// True once nothing more comes.
    pub(crate) fn is_at_end(&self) -> bool {
        self.ended && self.queue.is_empty() && self.asides.is_empty()
    }
}
