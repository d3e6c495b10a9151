//! What an export is and what it would give, without importing it.
//!
//! Deliberately compares no values: of an object that comes twice the first counts.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use coldcase_schemas::plan::{Context, NamingContexts, QUERIES};

use crate::error::Trouble;
use crate::export::{Answer, Claim, Export, Record};
use crate::filter::Plan;
use crate::naming::{Named, dns_name};

/// Troubles that are told one by one.
const TOLD: usize = 5;

/// Objects of which it is remembered that they came: 100 MiB.
const REMEMBERED: usize = 4_000_000;

/// What a query of the plan would bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brings {
    /// Name of the query.
    pub query: &'static str,
    /// Objects, of all domains of the export.
    pub objects: u64,
    /// Attributes that the export would show, of those that the query asks for.
    pub shown: usize,
    /// Attributes that the query asks for and the export does not show.
    pub not_shown: Vec<&'static str>,
    /// Why objects may be missing; `None` if all are there that its reader may see.
    pub partial: Option<String>,
    /// False if the export cannot have such objects, or did not ask for them.
    pub asked: bool,
}

/// What is in an export.
#[derive(Debug, Default)]
pub struct Listing {
    /// DNS names of the domains with the objects of each, the largest first.
    pub domains: Vec<(String, u64)>,
    /// By query of the plan, in its order.
    pub queries: Vec<Brings>,
    /// Objects that no query of the plan asks for.
    pub other_objects: u64,
    /// Rights that the export claims without their descriptors.
    pub rights: u64,
    /// How much was not understood, and the first few.
    pub troubles: (u64, Vec<Trouble>),
    /// Why the reading ended early.
    pub broken: Option<String>,
    /// What the export cannot show.
    pub limits: Vec<String>,
}

/// Reads the export to its end. `progress` is told bytes read and in all.
pub fn list(export: &mut dyn Export, progress: &mut dyn FnMut(u64, u64)) -> Listing {
    let plan = Plan::new();
    let mut listing = Listing::default();
    let mut tails: BTreeMap<String, u64> = BTreeMap::new();
    let mut forest = None;
    let mut objects: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut records = 0_u64;
    // Of names only hashes are kept: there may be millions.
    let hasher = RandomState::new();
    let mut known: HashSet<u64> = HashSet::new();
    loop {
        records += 1;
        if records.is_multiple_of(4_096) {
            let (read, all) = export.progress();
            progress(read, all);
        }
        match export.next_record() {
            Ok(Some(Record::Object(object))) => {
                let named = Named::of(&object.entry.dn);
                if known.len() < REMEMBERED
                    && !known.insert(hasher.hash_one(object.entry.dn.to_lowercase()))
                {
                    continue;
                }
                match named.context() {
                    Some(Context::Domain) => *tails.entry(named.tail.to_owned()).or_default() += 1,
                    Some(_) if forest.is_none() => forest = Some(named.tail.to_owned()),
                    _ => {}
                }
                match plan.query_of(&named, &object.entry) {
                    Some(query) => *objects.entry(query.name).or_default() += 1,
                    None => listing.other_objects += 1,
                }
            }
            Ok(Some(Record::Claim(claim))) => {
                listing.rights += u64::from(matches!(claim, Claim::Right(_)))
            }
            Ok(Some(Record::Trouble(trouble))) => {
                listing.troubles.0 += 1;
                if listing.troubles.1.len() < TOLD {
                    listing.troubles.1.push(trouble);
                }
            }
            Ok(None) => break,
            Err(error) => {
                listing.broken = Some(error.to_string());
                break;
            }
        }
    }
    let domain = tails
        .iter()
        .max_by_key(|(_, count)| **count)
        .map(|(tail, _)| tail.clone())
        .unwrap_or_default();
    let forest = forest.unwrap_or_else(|| domain.clone());
    let contexts = NamingContexts {
        configuration: format!("CN=Configuration,{forest}"),
        schema: format!("CN=Schema,CN=Configuration,{forest}"),
        domain,
    };
    listing.queries = QUERIES
        .iter()
        .map(|query| {
            let objects = objects.get(query.name).copied().unwrap_or(0);
            match export.answer(query, &contexts) {
                Answer::NotAsked(why) => Brings {
                    query: query.name,
                    objects,
                    shown: 0,
                    not_shown: query.attributes(),
                    partial: Some(why),
                    asked: false,
                },
                Answer::Asked {
                    attributes,
                    partial,
                } => Brings {
                    query: query.name,
                    objects,
                    shown: attributes.len(),
                    not_shown: query
                        .attributes()
                        .into_iter()
                        .filter(|name| !attributes.contains(name))
                        .collect(),
                    partial: partial.or_else(|| listing.broken.clone()),
                    asked: true,
                },
            }
        })
        .collect();
    let mut domains: BTreeMap<String, u64> = BTreeMap::new();
    for (tail, count) in tails {
        *domains.entry(dns_name(&tail).unwrap_or(tail)).or_default() += count;
    }
    listing.domains = domains.into_iter().collect();
    listing
        .domains
        .sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    listing.limits = export.limits();
    listing
}
