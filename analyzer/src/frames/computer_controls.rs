//! Frame `computer_controls`: rights over computers, told by the unit or container they lie in.
//!
//! A domain has more computers than anybody reads lines, and who delegates, delegates units. Deliberately tells
//! only the right of naming the standalone managed accounts of a computer, and the two that include it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::Result;
use coldcase_winsec::Sid;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use super::digest::digest_of;
use crate::graph::{Held, Holder, RightKind};
use crate::load::Kind;

/// What is told. Of a computer whoever holds a stronger one is not told with the weaker.
const RIGHTS: [RightKind; 3] = [
    RightKind::FullControl,
    RightKind::WriteAll,
    RightKind::WriteHostLink,
];

/// Entries written out; of more, the digest tells that they are others.
const MOST_ENTRIES: usize = 4;

/// Computers of one container that share a list of rights.
struct Alike {
    held: Arc<Vec<Held>>,
    places: Vec<usize>,
}

/// What somebody holds in one container.
struct Row {
    computers: usize,
    first: usize,
    inherited: bool,
    unknown: bool,
    except: usize,
    /// The deciding entries in SDDL.
    entries: BTreeSet<String>,
    /// Computers on which the entry stands itself, and it.
    singled_out: Vec<String>,
}

impl Row {
    /// The entries one after the other, of many the first.
    fn entries(&self) -> Option<String> {
        let mut told: Vec<&str> = self.entries.iter().map(String::as_str).collect();
        let more = told.len().saturating_sub(MOST_ENTRIES);
        told.truncate(MOST_ENTRIES);
        let told = told.join(" ");
        match more {
            _ if told.is_empty() => None,
            0 => Some(told),
            more => Some(format!("{told} and {more} more")),
        }
    }

    /// Other when an entry is, or when it stands on another computer itself. A computer that inherits it does not count:
    /// such ones join a domain every day.
    fn digest(&self) -> String {
        let entries = self.entries.iter().cloned();
        digest_of(entries.chain(self.singled_out.iter().cloned()).collect())
    }
}

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("computer_controls")?;
    for ((container, holder, right), row) in rows(analysis) {
        let (Some(trustee), Some(first)) = (analysis.sid_of(holder), analysis.object(row.first))
        else {
            continue;
        };
        let container = container.and_then(|place| analysis.object(place));
        frame.row([
            container.map(|container| container.id).into(),
            trustee.to_string().into(),
            analysis.by_sid(trustee).map(|object| object.id).into(),
            analysis.name_of(trustee).into(),
            analysis.principals.is_broad(trustee).into(),
            right.as_str().into(),
            row.computers.into(),
            first.display_name().into(),
            row.inherited.into(),
            row.unknown.into(),
            row.except.into(),
            row.entries().into(),
            row.digest().into(),
        ]);
    }
    frame.finish()
}

/// By container, which is `None` for computers whose container is not in the snapshot: they are not left out.
fn rows(analysis: &Analysis) -> BTreeMap<(Option<usize>, Holder, RightKind), Row> {
    let mut alike: HashMap<(Option<usize>, usize), Alike> = HashMap::new();
    for (place, held) in &analysis.controls().rows {
        let Some(object) = analysis
            .object(*place)
            .filter(|object| object.kind == Kind::Computer)
        else {
            continue;
        };
        if !held.iter().any(|held| RIGHTS.contains(&held.right)) {
            continue;
        }
        let container = analysis.directory.parent(object);
        // The lists live as long as the controls do, so their addresses tell them apart.
        let key = (container, Arc::as_ptr(held).addr());
        let computers = alike.entry(key).or_insert_with(|| Alike {
            held: Arc::clone(held),
            places: Vec::new(),
        });
        computers.places.push(*place);
    }
    let mut rows: BTreeMap<(Option<usize>, Holder, RightKind), Row> = BTreeMap::new();
    for ((container, _), alike) in &alike {
        for held in alike.held.iter() {
            let expected = |sid: &Sid| analysis.principals.is_expected(&analysis.directory, sid);
            let told = RIGHTS.contains(&held.right)
                && analysis
                    .sid_of(held.holder)
                    .is_some_and(|sid| !expected(sid));
            if !told {
                continue;
            }
            // What a computer may do to itself is nobody else's control.
            let own = analysis.effective.tokens.place(held.holder);
            let others = alike.places.iter().filter(|place| Some(**place) != own);
            let Some(first) = others.clone().min().copied() else {
                continue;
            };
            let entry = alike.places.first().and_then(|place| {
                let descriptor = analysis.object(*place)?.descriptor?;
                analysis.ace_sddl(descriptor, held.ace?)
            });
            let except = held.except.as_ref().map_or(0, |except| except.count());
            let row = rows
                .entry((*container, held.holder, held.right))
                .or_insert(Row {
                    computers: 0,
                    first,
                    inherited: true,
                    unknown: true,
                    except,
                    entries: BTreeSet::new(),
                    singled_out: Vec::new(),
                });
            for place in others {
                row.computers += 1;
                if !held.inherited {
                    row.singled_out.push(format!(
                        "{} {}",
                        name(analysis, *place),
                        entry.as_deref().unwrap_or_default()
                    ));
                }
            }
            row.entries.extend(entry);
            row.first = row.first.min(first);
            row.inherited &= held.inherited;
            row.unknown &= held.unknown;
            row.except = row.except.min(except);
        }
    }
    rows
}

/// What tells a computer from all others: its SID, or its DN where that was not readable.
fn name(analysis: &Analysis, place: usize) -> String {
    analysis.object(place).map_or_else(String::new, |object| {
        let sid = object.sid.as_ref().map(Sid::to_string);
        sid.unwrap_or_else(|| object.dn.clone())
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::load::made::{HEAD, Made};

    const WRITE: &str = "(OA;;WP;80641043-15a2-40e1-92a2-8ca866f70776;;S-1-5-21-1-2-3-1300)";

    #[test]
    fn computers_of_a_unit_are_one_row_and_a_deny_counts() {
        let mut made = Made::new();
        made.principal("group", "helpdesk", HEAD, 1300);
        let unit = format!("OU=Servers,{HEAD}");
        made.add("organizationalUnit", &unit);
        for (number, aces) in [
            WRITE.to_owned(),
            WRITE.to_owned(),
            // By the property set; the entry is inherited.
            "(OA;ID;WP;77b5b886-944a-11d1-aebd-0000f80367c1;;S-1-5-21-1-2-3-1300)".to_owned(),
            format!("(OD;;WP;80641043-15a2-40e1-92a2-8ca866f70776;;S-1-5-21-1-2-3-1300){WRITE}"),
            // Writing everything and full control are rights of their own.
            "(A;;WP;;;S-1-5-21-1-2-3-1300)".to_owned(),
            format!("(A;ID;GA;;;S-1-5-21-1-2-3-1300){WRITE}"),
            // What administrators hold by design is not told.
            "(A;;GA;;;DA)".to_owned(),
            "(OA;;WP;80641043-15a2-40e1-92a2-8ca866f70776;;DA)".to_owned(),
            // Its own.
            "(OA;;WP;80641043-15a2-40e1-92a2-8ca866f70776;;S-1-5-21-1-2-3-1408)".to_owned(),
        ]
        .iter()
        .enumerate()
        {
            let rid = 1400 + u32::try_from(number).unwrap_or(0);
            let place = made.principal("computer", &format!("C{number}$"), &unit, rid);
            made.protect(place, &format!("O:DAD:{aces}"));
        }
        let analysis = Analysis::new(made.directory());
        let found: Vec<_> = rows(&analysis)
            .into_iter()
            .map(|((container, _, right), row)| {
                (container, right, row.computers, row.first, row.inherited)
            })
            .collect();
        assert_eq!(
            found,
            [
                (Some(2), RightKind::FullControl, 1, 8, true),
                (Some(2), RightKind::WriteAll, 1, 7, false),
                (Some(2), RightKind::WriteHostLink, 3, 3, false)
            ]
        );
    }

    #[test]
    fn a_computer_in_a_hidden_unit_is_not_lost() {
        let mut made = Made::new();
        made.principal("group", "helpdesk", HEAD, 1300);
        let place = made.principal("computer", "C$", &format!("OU=Hidden,{HEAD}"), 1400);
        made.protect(place, &format!("O:DAD:{WRITE}"));
        let analysis = Analysis::new(made.directory());
        let found: Vec<_> = rows(&analysis)
            .into_iter()
            .map(|((container, ..), row)| (container, row.computers, row.first))
            .collect();
        assert_eq!(found, [(None, 1, place)]);
    }

    /// Entries and digest of one unit with computers that have these DACLs.
    fn told(dacls: &[&str]) -> (Option<String>, String) {
        let mut made = Made::new();
        made.principal("group", "helpdesk", HEAD, 1300);
        for (rid, dacl) in (1400_u32..).zip(dacls) {
            let place = made.principal("computer", &format!("C{rid}$"), HEAD, rid);
            made.protect(place, &format!("O:DAD:{dacl}"));
        }
        let analysis = Analysis::new(made.directory());
        let mut rows = rows(&analysis).into_values();
        let row = rows.next().expect("a row");
        assert!(rows.next().is_none());
        (row.entries(), row.digest())
    }

    #[test]
    fn the_digest_is_another_when_the_right_grows_and_not_when_a_computer_joins() {
        let inherited = "(OA;CIID;WP;80641043-15a2-40e1-92a2-8ca866f70776;;S-1-5-21-1-2-3-1300)";
        let by_set = "(OA;CIID;WP;77b5b886-944a-11d1-aebd-0000f80367c1;;S-1-5-21-1-2-3-1300)";
        let accepted = told(&[inherited]);
        assert_eq!(accepted.0.as_deref(), Some(inherited));
        assert_eq!(accepted, told(&[inherited, inherited]));
        // Another entry, one more entry, and one that was made for a computer.
        for grown in [&[by_set][..], &[inherited, by_set], &[inherited, WRITE]] {
            let now = told(grown);
            assert!(now.0 != accepted.0 && now.1 != accepted.1, "{now:?}");
        }
        // The same entry on one more computer by itself.
        let (one, two) = (told(&[WRITE]), told(&[WRITE, WRITE]));
        assert_eq!(one.0, two.0);
        assert_ne!(one.1, two.1);
        // On another computer in the place of one.
        assert_ne!(told(&[WRITE, inherited]).1, told(&[inherited, WRITE]).1);
    }

    #[test]
    fn many_entries_are_told_by_the_first() {
        let flags = ["", "CI", "OI", "NP", "CIOI", "CINP"];
        let dacls: Vec<String> = flags
            .iter()
            .map(|flags| WRITE.replace("OA;;", &format!("OA;{flags};")))
            .collect();
        let dacls: Vec<&str> = dacls.iter().map(String::as_str).collect();
        let (entries, digest) = told(&dacls);
        let entries = entries.unwrap_or_default();
        assert!(entries.ends_with(" and 2 more"), "{entries}");
        assert_eq!(entries.matches("(OA;").count(), MOST_ENTRIES);
        assert_ne!(told(&dacls[..5]).1, digest);
    }
}
