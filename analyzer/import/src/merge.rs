//! One object out of two exports.
//!
//! Owns which value is believed: the exact before the rounded, the whole before the cut unless it lacks something of it,
//! else the export that comes first. Deliberately does not find out whether two objects are one: [`crate::importer`] does.

use std::collections::BTreeMap;

use coldcase_schemas::attribute::{self, Syntax};
use coldcase_schemas::{Entry, RawAttribute};
use coldcase_winsec::Sid;
use sha2::{Digest, Sha256};

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

/// The DN that links to a name will lead to, of a name that is none or not the last one: `<SID=…>`, `<GUID=…>`, the DN of
/// an object before it was moved. `None` if that is not known.
pub(crate) type Leads<'a> = dyn FnMut(&str) -> Option<String> + 'a;

/// `other` is poured into `kept`.
pub(crate) fn merge(kept: Entry, other: &Entry, leads: &mut Leads<'_>) -> Merged {
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
            Some(ours) => match choose(ours, theirs, leads) {
                Choice::Ours => {}
                Choice::Theirs => {
                    *ours = theirs.clone();
                    merged.changed = true;
                }
                Choice::Contradiction => {
                    let (kept, other) = shown(ours, theirs);
                    merged.contradictions.push(Contradiction {
                        attribute: ours.name.to_string(),
                        kept,
                        other,
                    });
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

fn choose(ours: &RawAttribute, theirs: &RawAttribute, leads: &mut Leads<'_>) -> Choice {
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
    if OF_THE_MOMENT
        .iter()
        .any(|name| ours.name.eq_ignore_ascii_case(name))
    {
        return Choice::Ours;
    }
    if ours.name.eq_ignore_ascii_case("objectClass") {
        return classes(ours, theirs);
    }
    let (only_ours, only_theirs) = differences(ours, theirs, leads);
    match (only_ours.is_empty(), only_theirs.is_empty()) {
        // The same members: those known by SID only are said worse.
        (true, true) if aliases(ours) > aliases(theirs) => Choice::Theirs,
        (true, true) if !ours.complete && theirs.complete => Choice::Theirs,
        (true, true) => Choice::Ours,
        // A list that was cut contradicts nothing that goes on behind its end, only what lacks something of it.
        (true, false) if !ours.complete => Choice::Theirs,
        (false, true) if !theirs.complete => Choice::Ours,
        _ => Choice::Contradiction,
    }
}

/// Values that only one has: text without case, names by what they lead to.
fn differences<'a>(
    ours: &'a RawAttribute,
    theirs: &'a RawAttribute,
    leads: &mut Leads<'_>,
) -> (Vec<&'a [u8]>, Vec<&'a [u8]>) {
    let octets = matches!(
        syntax(ours),
        Some(Syntax::Bytes | Syntax::BytesList | Syntax::SecurityDescriptor)
    );
    let plain = |value: &[u8]| match octets {
        true => value.to_vec(),
        false => value.to_ascii_lowercase(),
    };
    let (only_ours, only_theirs) = unmatched(values(ours), values(theirs), plain);
    if syntax(ours) != Some(Syntax::Dn) {
        return (only_ours, only_theirs);
    }
    unmatched(only_ours.into_iter(), only_theirs.into_iter(), |value| {
        meaning(value, leads)
    })
}

/// Values of each side that the other has not, by `key`. Each matches one.
fn unmatched<'a>(
    ours: impl Iterator<Item = &'a [u8]>,
    theirs: impl Iterator<Item = &'a [u8]>,
    mut key: impl FnMut(&[u8]) -> Vec<u8>,
) -> (Vec<&'a [u8]>, Vec<&'a [u8]>) {
    let mut open: BTreeMap<Vec<u8>, Vec<&[u8]>> = BTreeMap::new();
    for value in ours {
        open.entry(key(value)).or_default().push(value);
    }
    let mut only_theirs = Vec::new();
    for value in theirs {
        let matched = open.get_mut(&key(value)).and_then(Vec::pop);
        if matched.is_none() {
            only_theirs.push(value);
        }
    }
    (open.into_values().flatten().collect(), only_theirs)
}

fn values(attribute: &RawAttribute) -> impl Iterator<Item = &[u8]> {
    attribute.values.iter().map(Vec::as_slice)
}

/// Who is meant, in lower case. A foreign security principal's name is its SID (MS-ADTS 3.1.1.1.6).
fn meaning(value: &[u8], leads: &mut Leads<'_>) -> Vec<u8> {
    let Ok(name) = std::str::from_utf8(value) else {
        return value.to_vec();
    };
    let name = leads(name)
        .unwrap_or_else(|| name.to_owned())
        .to_lowercase();
    match name
        .strip_prefix("cn=")
        .and_then(|rest| rest.split_once(','))
    {
        Some((first, above)) if first.starts_with("s-1-") && above.starts_with(FOREIGN) => {
            format!("<sid={first}>").into_bytes()
        }
        _ => name.into_bytes(),
    }
}

/// Where foreign security principals lie, in lower case.
const FOREIGN: &str = "cn=foreignsecurityprincipals,";

fn aliases(attribute: &RawAttribute) -> usize {
    let is_alias = |value: &&Vec<u8>| value.starts_with(b"<");
    match syntax(attribute) {
        Some(Syntax::Dn) => attribute.values.iter().filter(is_alias).count(),
        _ => 0,
    }
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

fn syntax(attribute: &RawAttribute) -> Option<Syntax> {
    attribute::find(&attribute.name).map(|(_, found)| found.syntax)
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

/// Two values for people; of lists, what only one of them has.
fn shown(ours: &RawAttribute, theirs: &RawAttribute) -> (String, String) {
    if let ([ours], [theirs]) = (ours.values.as_slice(), theirs.values.as_slice()) {
        return (one(ours), one(theirs));
    }
    let (only_ours, only_theirs) = unmatched(values(ours), values(theirs), <[u8]>::to_vec);
    let (ours, theirs) = (&ours.values, &theirs.values);
    (
        several(ours.len(), &only_ours),
        several(theirs.len(), &only_theirs),
    )
}

/// A value of which the other side has none, for people.
pub(crate) fn shown_alone(attribute: &RawAttribute) -> String {
    match attribute.values.as_slice() {
        [value] => one(value),
        all => several(all.len(), &values(attribute).collect::<Vec<_>>()),
    }
}

/// Values that are told of a list.
const TOLD: usize = 3;

fn several(all: usize, only: &[&[u8]]) -> String {
    let values = match all {
        1 => "1 value".to_owned(),
        all => format!("{all} values"),
    };
    if only.is_empty() {
        return format!("{values}, none that the other lacks");
    }
    let mut told: Vec<String> = only.iter().take(TOLD).map(|value| one(value)).collect();
    if only.len() > TOLD {
        told.push(format!("{} more", only.len() - TOLD));
    }
    format!("{values}, only here: {}", told.join("; "))
}

/// Text as it is, SIDs as text, other bytes by their number and a hash; never long.
fn one(value: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(value)
        && !text.contains(char::is_control)
    {
        return cut(text);
    }
    if let Ok(sid) = Sid::parse(value) {
        return sid.to_string();
    }
    let hash: [u8; 32] = Sha256::digest(value).into();
    let [a, b, c, d, ..] = hash;
    format!(
        "{} bytes (SHA-256 {a:02x}{b:02x}{c:02x}{d:02x}…)",
        value.len()
    )
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

    /// Without knowing anything of what is stored.
    fn merge(kept: Entry, other: &Entry) -> Merged {
        super::merge(kept, other, &mut |_| None)
    }

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
                choose(&of(name, ours), &of(name, theirs), &mut |_| None),
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
        // Nobody knows whose SID it is.
        let alice: [&[u8]; 2] = [b"CN=Alice,DC=a", b"CN=BOB,DC=a"];
        assert!(contradicts("member", &mallory, &alice));
        assert!(contradicts("member", &mallory[..1], &alice[..1]));
        let alice_leads =
            |name: &str| (name.starts_with("<SID=")).then(|| "CN=Alice,DC=a".to_owned());
        for (ours, theirs, taken) in [(&mallory, &alice, true), (&alice, &mallory, false)] {
            let choice = choose(&of("member", ours), &of("member", theirs), &mut {
                alice_leads
            });
            assert_eq!(matches!(choice, Choice::Theirs), taken);
            assert!(!matches!(choice, Choice::Contradiction));
        }
        // A foreign security principal has no other name than its SID.
        let foreign: &[u8] = b"CN=S-1-5-21-1-2-3-1,CN=ForeignSecurityPrincipals,DC=a";
        assert!(!contradicts("member", &mallory[..1], &[foreign]));
    }

    #[test]
    fn a_cut_list_is_believed_where_the_whole_one_lacks_something_of_it() {
        let list = |values: &[&str], complete: bool| {
            let mut made = entry("CN=g", &[("member", values)]);
            made.attributes
                .iter_mut()
                .for_each(|one| one.complete = complete);
            made
        };
        let newer = list(&["CN=a", "CN=mallory"], false);
        let older = list(&["CN=a", "CN=b", "CN=c"], true);
        let merged = merge(newer.clone(), &older);
        assert_eq!(merged.entry, newer);
        assert_eq!(
            merged.contradictions,
            [Contradiction {
                attribute: "member".to_owned(),
                kept: "2 values, only here: CN=mallory".to_owned(),
                other: "3 values, only here: CN=b; CN=c".to_owned(),
            }]
        );
        let merged = merge(older.clone(), &newer);
        assert_eq!((merged.entry, merged.contradictions.len()), (older, 1));
    }

    #[test]
    fn a_contradiction_shows_what_differs() {
        let of = |name: &str, value: &[u8]| RawAttribute::new(name, vec![value.to_vec()]);
        let (kept, other) = shown(
            &of("nTSecurityDescriptor", &[1, 0, 4, 128, 1]),
            &of("nTSecurityDescriptor", &[1, 0, 4, 128, 2]),
        );
        assert!(
            kept.starts_with("5 bytes (SHA-256 ") && kept != other,
            "{kept} {other}"
        );
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
        let merged = super::merge(by_sid, &by_dn, &mut |name| {
            (name == "<SID=S-1-5-9>").then(|| "CN=A,DC=B".to_owned())
        });
        assert_eq!(merged.contradictions, []);
        assert_eq!(merged.entry.dn, "CN=g,DC=b");
        assert_eq!(merged.entry.values("member"), by_dn.values("member"));
        assert_eq!(merged.entry.values("objectClass").map(<[_]>::len), Some(3));
        let order = entry("CN=g", &[("member", &["CN=b", "CN=a"])]);
        assert!(!merge(entry("CN=g", &[("member", &["CN=a", "cn=B"])]), &order).changed);
    }
}
