//! Compares what the analyzer says with what the controller says, decision by decision, and counts. A difference is
//! explained if the analyzer says what the specification says, and the controller what the specification would say with
//! one of Samba's departures, or with two. That the two agree on something else than the specification is no agreement.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use coldcase_tests::dc::Effective;

use super::departures::Departure;
use super::facts::{Facts, Object};
use super::model::{Case, Right, Token};

const OWNER_AND_GROUP: u32 = 3;
const DACL: u32 = 4;
const SACL: u32 = 8;
/// Differences that are shown in full.
const SHOWN: usize = 20;

/// What the analyzer says of one principal and one object.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) sd_rights: u32,
    pub(super) write_attributes: BTreeSet<String>,
    pub(super) create_classes: BTreeSet<String>,
}

/// The count.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) pairs: u64,
    /// Attributes of allowedAttributes, granted or not.
    pub(super) decisions: u64,
    /// Parts of descriptors, and classes of allowedChildClasses.
    pub(super) others: u64,
    /// Decisions of both sorts in which the controller grants.
    pub(super) granted: u64,
    /// Objects that the controller did not show to a principal.
    pub(super) unseen: u64,
    pub(super) explained: BTreeMap<Departure, u64>,
    /// Explained by two departures at once.
    pub(super) several: u64,
    pub(super) unexplained: u64,
    pub(super) shown: Vec<String>,
}

impl Tally {
    /// Compares one pair. `who` and `dn` are for the message.
    pub(super) fn compare(
        &mut self,
        facts: &Facts,
        (who, token): (&str, &Token),
        (dn, object): (&str, &Object),
        claim: &Claim,
        told: &Effective,
    ) {
        self.pairs += 1;
        let case = Case::new(facts, object, token);
        let mut known = BTreeMap::new();
        let mut decide = |what: &str, right: Right<'_>, claimed: bool, told: bool| {
            self.granted += u64::from(told);
            // Attributes that no ACE names stand and fall with their property set.
            let specified = match right {
                Right::Write(attribute) => *known
                    .entry((
                        attribute.property_set,
                        case.names(attribute.guid).then_some(attribute.guid),
                    ))
                    .or_insert_with(|| case.grants(right, &[])),
                _ => case.grants(right, &[]),
            };
            if claimed == specified && told == specified {
                return;
            }
            let explanation = (claimed == specified).then(|| explain(&case, right, told));
            match explanation.flatten() {
                Some(Explanation::One(departure)) => {
                    *self.explained.entry(departure).or_default() += 1;
                }
                Some(Explanation::Two) => self.several += 1,
                None => {
                    self.unexplained += 1;
                    if self.shown.len() < SHOWN {
                        self.shown.push(format!(
                            "{who} on {dn}: {what}: the analyzer says {claimed}, the controller {told}, the \
                             specification {specified}"
                        ));
                    }
                }
            }
        };
        let bits = [
            ("owner and group", Right::Owner, OWNER_AND_GROUP),
            ("DACL", Right::Dacl, DACL),
            ("SACL", Right::Sacl, SACL),
        ];
        for (what, right, bits) in bits {
            let has = |rights: u32| rights & bits == bits;
            decide(what, right, has(claim.sd_rights), has(told.sd_rights));
        }
        let mut strangers = Vec::new();
        for name in &object.attributes {
            let attribute = &facts.attributes[name];
            let (claimed, told) = (
                claim.write_attributes.contains(name),
                told.write_attributes.contains(name),
            );
            if attribute.writable {
                decide(name, Right::Write(attribute), claimed, told);
            } else if claimed || told {
                strangers.push(name);
            }
        }
        for name in &object.classes {
            decide(
                name,
                Right::Create(facts.classes[name]),
                claim.create_classes.contains(name),
                told.create_classes.contains(name),
            );
        }
        let attributes = claim.write_attributes.union(&told.write_attributes);
        strangers.extend(attributes.filter(|name| !object.attributes.contains(*name)));
        let classes = claim.create_classes.union(&told.create_classes);
        strangers.extend(classes.filter(|name| !object.classes.contains(*name)));
        self.unexplained += strangers.len() as u64;
        if !strangers.is_empty() && self.shown.len() < SHOWN {
            self.shown.push(format!(
                "{who} on {dn}: an object of this class cannot have or hold {strangers:?}"
            ));
        }
        self.decisions += object.attributes.len() as u64;
        self.others += bits.len() as u64 + object.classes.len() as u64;
    }

    /// Adds another count.
    pub(super) fn add(&mut self, other: Tally) {
        self.pairs += other.pairs;
        self.decisions += other.decisions;
        self.others += other.others;
        self.granted += other.granted;
        self.unseen += other.unseen;
        for (departure, count) in other.explained {
            *self.explained.entry(departure).or_default() += count;
        }
        self.several += other.several;
        self.unexplained += other.unexplained;
        self.shown.extend(other.shown);
        self.shown.truncate(SHOWN);
    }
}

/// Why the controller does not say what the specification says.
enum Explanation {
    One(Departure),
    Two,
}

/// The first departure that alone makes the specification say what the controller told, or whether two together do.
/// In either case all departures at once must say so too.
fn explain(case: &Case, right: Right<'_>, told: bool) -> Option<Explanation> {
    if case.grants(right, &Departure::ALL) != told {
        return None;
    }
    let with = |departures: &[Departure]| case.grants(right, departures) == told;
    let all = Departure::ALL;
    if let Some(one) = all.into_iter().find(|one| with(&[*one])) {
        return Some(Explanation::One(one));
    }
    all.into_iter()
        .any(|one| all.into_iter().any(|other| with(&[one, other])))
        .then_some(Explanation::Two)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} (principal, object) pairs, {} not shown to the principal; {} (principal, object, attribute) decisions, {} \
             on descriptors and child classes; {} granted",
            self.pairs, self.unseen, self.decisions, self.others, self.granted
        )?;
        for departure in Departure::ALL {
            let count = self.explained.get(&departure).copied().unwrap_or(0);
            let (paragraph, what) = (departure.paragraph(), departure.what());
            writeln!(f, "{count:>8} differences: Samba {what} ({paragraph})")?;
        }
        writeln!(f, "{:>8} differences: two of these at once", self.several)?;
        write!(f, "{:>8} differences unexplained", self.unexplained)
    }
}
