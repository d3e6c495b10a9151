//! One object out of two exports.
//!
//! Owns which value is believed: the exact before the rounded, the whole before the cut, else the export that comes first.
//! Deliberately does not find out whether two objects are one: [`crate::importer`] does.

use coldcase_schemas::attribute::{self, Syntax};
use coldcase_schemas::{Entry, RawAttribute};

/// Two values of one attribute that cannot both be right.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contradiction {
    /// lDAPDisplayName, or `distinguishedName`.
    pub(crate) attribute: String,
    pub(crate) kept: String,
    pub(crate) other: String,
}

/// What came of two.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) entry: Entry,
    /// False if it is what was kept before, unchanged.
    pub(crate) changed: bool,
    pub(crate) contradictions: Vec<Contradiction>,
}

/// Attributes that a domain controller changes by itself or keeps for itself: two answers of two moments differ, and neither
/// is wrong (lastLogon and logonCount are not replicated, MS-ADA1).
const OF_THE_MOMENT: &[&str] = &[
    "lastLogon",
    "logonCount",
    "whenChanged",
    "lastLogonTimestamp",
];

/// `other` is poured into `kept`.
pub(crate) fn merge(kept: Entry, other: &Entry) -> Merged {
    let mut merged = Merged {
        entry: kept,
        changed: false,
        contradictions: Vec::new(),
    };
    merged.take_dn(&other.dn);
    for theirs in &other.attributes {
        let ours = merged
            .entry
            .attributes
            .iter_mut()
            .find(|ours| ours.name.eq_ignore_ascii_case(&theirs.name));
        match ours {
            None => {
                merged.entry.attributes.push(theirs.clone());
                merged.changed = true;
            }
            Some(ours) => match choose(ours, theirs) {
                Choice::Ours => {}
                Choice::Theirs => {
                    *ours = theirs.clone();
                    merged.changed = true;
                }
                Choice::Contradiction => {
                    let contradiction = Contradiction {
                        attribute: ours.name.clone(),
                        kept: shown(&ours.values),
                        other: shown(&theirs.values),
                    };
                    merged.contradictions.push(contradiction);
                }
            },
        }
    }
    merged
}

impl Merged {
    /// Names in capitals are an exporter's; another place is a move between two exports.
    fn take_dn(&mut self, other: &str) {
        let kept = &mut self.entry.dn;
        if kept == other {
            return;
        }
        if kept.eq_ignore_ascii_case(other) || kept.to_lowercase() == other.to_lowercase() {
            if is_capitals(kept) && !is_capitals(other) {
                other.clone_into(kept);
                self.changed = true;
            }
            return;
        }
        self.contradictions.push(Contradiction {
            attribute: "distinguishedName".to_owned(),
            kept: cut(kept),
            other: cut(other),
        });
    }
}

enum Choice {
    Ours,
    Theirs,
    Contradiction,
}

fn choose(ours: &RawAttribute, theirs: &RawAttribute) -> Choice {
    if ours.values == theirs.values {
        let better = (!ours.complete && theirs.complete) || (ours.step > theirs.step);
        return if better { Choice::Theirs } else { Choice::Ours };
    }
    if ours.step != theirs.step
        && let (Some(our_number), Some(their_number)) = (number(ours), number(theirs))
    {
        let (near, exact, step) = if ours.step > theirs.step {
            (our_number, their_number, ours.step)
        } else {
            (their_number, our_number, theirs.step)
        };
        if exact
            .checked_sub(near)
            .is_some_and(|more| (0..step).contains(&more))
        {
            return if ours.step > theirs.step {
                Choice::Theirs
            } else {
                Choice::Ours
            };
        }
    }
    if !ours.complete || !theirs.complete {
        let theirs_is_more =
            (theirs.complete, theirs.values.len()) > (ours.complete, ours.values.len());
        return if theirs_is_more {
            Choice::Theirs
        } else {
            Choice::Ours
        };
    }
    if OF_THE_MOMENT
        .iter()
        .any(|name| ours.name.eq_ignore_ascii_case(name))
    {
        return Choice::Ours;
    }
    if ours.name.eq_ignore_ascii_case("objectClass") {
        return classes(ours, theirs);
    }
    let (our_set, their_set) = (sorted(ours), sorted(theirs));
    if our_set == their_set {
        return Choice::Ours;
    }
    // Members known by SID only are taken for the same members, said worse, if those that both name agree.
    let named = |set: &[Vec<u8>]| -> Vec<Vec<u8>> {
        let names = set.iter().filter(|value| !value.starts_with(b"<"));
        names.cloned().collect()
    };
    let (our_names, their_names) = (named(&our_set), named(&their_set));
    let (few, many) = if our_names.len() < their_names.len() {
        (&our_names, &their_names)
    } else {
        (&their_names, &our_names)
    };
    if is_dn(ours)
        && ours.values.len() == theirs.values.len()
        && few.len() < many.len()
        && few.iter().all(|name| many.contains(name))
    {
        return if our_names.len() < their_names.len() {
            Choice::Theirs
        } else {
            Choice::Ours
        };
    }
    Choice::Contradiction
}

/// An exporter that knows only the kind of an object gives fewer classes than the directory has.
fn classes(ours: &RawAttribute, theirs: &RawAttribute) -> Choice {
    let within = |few: &RawAttribute, many: &RawAttribute| {
        few.values.iter().all(|value| {
            many.values
                .iter()
                .any(|other| other.eq_ignore_ascii_case(value))
        })
    };
    if within(theirs, ours) {
        Choice::Ours
    } else if within(ours, theirs) {
        Choice::Theirs
    } else {
        Choice::Contradiction
    }
}

/// In order, text without case. Octets are compared as they are.
fn sorted(attribute: &RawAttribute) -> Vec<Vec<u8>> {
    let octets = matches!(
        syntax(attribute),
        Some(Syntax::Bytes | Syntax::BytesList | Syntax::SecurityDescriptor)
    );
    let one = |value: &Vec<u8>| match octets {
        true => value.clone(),
        false => value.to_ascii_lowercase(),
    };
    let mut values: Vec<Vec<u8>> = attribute.values.iter().map(one).collect();
    values.sort_unstable();
    values
}

fn syntax(attribute: &RawAttribute) -> Option<Syntax> {
    attribute::find(&attribute.name).map(|(_, found)| found.syntax)
}

fn is_dn(attribute: &RawAttribute) -> bool {
    syntax(attribute) == Some(Syntax::Dn)
}

fn number(attribute: &RawAttribute) -> Option<i64> {
    let [value] = attribute.values.as_slice() else {
        return None;
    };
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn is_capitals(dn: &str) -> bool {
    !dn.chars().any(char::is_lowercase)
}

/// Values for people: text as it is, bytes as their number; never long.
fn shown(values: &[Vec<u8>]) -> String {
    let [value] = values else {
        return format!("{} values", values.len());
    };
    match std::str::from_utf8(value) {
        Ok(text) => cut(text),
        Err(_) => format!("{} bytes", value.len()),
    }
}

const SHOWN: usize = 120;

fn cut(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(SHOWN).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(dn: &str, attributes: &[(&str, &[&str])]) -> Entry {
        Entry {
            dn: dn.to_owned(),
            attributes: attributes
                .iter()
                .map(|(name, values)| {
                    RawAttribute::new(
                        *name,
                        values
                            .iter()
                            .map(|value| value.as_bytes().to_vec())
                            .collect(),
                    )
                })
                .collect(),
        }
    }

    #[test]
    fn what_one_lacks_the_other_gives() {
        let ours = entry("CN=a,DC=b", &[("name", &["a"])]);
        let merged = merge(
            ours.clone(),
            &entry("CN=a,DC=b", &[("NAME", &["a"]), ("mail", &["m"])]),
        );
        assert!(merged.changed && merged.contradictions.is_empty());
        assert_eq!(merged.entry.values("mail"), Some(&[b"m".to_vec()][..]));
        assert!(!merge(ours.clone(), &ours).changed);
    }

    #[test]
    fn the_exact_and_the_whole_are_believed() {
        let exact = entry("CN=a", &[("pwdLastSet", &["132827764041402386"])]);
        let mut rounded = entry("CN=a", &[("pwdLastSet", &["132827764040000000"])]);
        for attribute in &mut rounded.attributes {
            attribute.step = 10_000_000;
        }
        assert_eq!(merge(rounded.clone(), &exact).entry, exact);
        let merged = merge(exact.clone(), &rounded);
        assert!(!merged.changed && merged.contradictions.is_empty());
        let mut other = rounded;
        for attribute in &mut other.attributes {
            attribute.values = vec![b"132827764030000000".to_vec()];
        }
        assert_eq!(merge(exact, &other).contradictions.len(), 1);

        let whole = entry("CN=g", &[("member", &["CN=a", "CN=b"])]);
        let mut part = entry("CN=g", &[("member", &["CN=a"])]);
        for attribute in &mut part.attributes {
            attribute.complete = false;
        }
        assert_eq!(merge(part.clone(), &whole).entry, whole);
        assert!(!merge(whole, &part).changed);
    }

    #[test]
    fn contradictions_are_told_and_the_first_is_kept() {
        let ours = entry("CN=a,OU=new,DC=b", &[("userAccountControl", &["512"])]);
        let theirs = entry("CN=a,OU=old,DC=b", &[("userAccountControl", &["514"])]);
        let merged = merge(ours.clone(), &theirs);
        assert_eq!(merged.entry, ours);
        let told: Vec<&str> = merged
            .contradictions
            .iter()
            .map(|one| one.attribute.as_str())
            .collect();
        assert_eq!(told, ["distinguishedName", "userAccountControl"]);
    }

    #[test]
    fn octets_and_names_that_differ_are_a_contradiction() {
        let of = |name: &str, values: &[&[u8]]| {
            let values = values.iter().map(|value| value.to_vec()).collect();
            RawAttribute::new(name, values)
        };
        let contradicts = |name: &str, ours: &[&[u8]], theirs: &[&[u8]]| {
            matches!(
                choose(&of(name, ours), &of(name, theirs)),
                Choice::Contradiction
            )
        };
        // RIDs 0x441 and 0x461 differ in the bit that tells the case of letters.
        assert!(contradicts("objectSid", &[&[1, 0x41, 4]], &[&[1, 0x61, 4]]));
        assert!(contradicts("description", &[b"<old>"], &[b"new"]));
        let mallory: [&[u8]; 2] = [b"<SID=S-1-5-21-1-2-3-1>", b"CN=Bob,DC=a"];
        assert!(contradicts(
            "member",
            &mallory,
            &[b"CN=Alice,DC=a", b"CN=Eve,DC=a"]
        ));
        assert!(!contradicts(
            "member",
            &mallory,
            &[b"CN=Alice,DC=a", b"CN=BOB,DC=a"]
        ));
    }

    #[test]
    fn said_worse_is_no_contradiction() {
        let by_sid = entry(
            "CN=G,DC=B",
            &[
                ("member", &["<SID=S-1-5-9>"]),
                ("objectClass", &["top", "group"]),
                ("lastLogon", &["1"]),
            ],
        );
        let by_dn = entry(
            "CN=g,DC=b",
            &[
                ("member", &["CN=a,DC=b"]),
                ("objectClass", &["top", "group", "x"]),
                ("lastLogon", &["2"]),
            ],
        );
        let merged = merge(by_sid, &by_dn);
        assert_eq!(merged.contradictions, []);
        assert_eq!(merged.entry.dn, "CN=g,DC=b");
        assert_eq!(merged.entry.values("member"), by_dn.values("member"));
        assert_eq!(merged.entry.values("objectClass").map(<[_]>::len), Some(3));
        let order = entry("CN=g", &[("member", &["CN=b", "CN=a"])]);
        assert!(!merge(entry("CN=g", &[("member", &["CN=a", "cn=B"])]), &order).changed);
    }
}
