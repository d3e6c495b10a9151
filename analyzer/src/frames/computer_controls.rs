//! Frame `computer_controls`: rights over computers, told by the unit or container they lie in.
//!
//! A domain has more computers than anybody reads lines, and who delegates, delegates units. Deliberately tells one right
//! only, that of naming the standalone managed accounts of a computer; more can follow.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use coldcase_winsec::Sid;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use crate::graph::{Held, Holder, RightKind};
use crate::load::Kind;

/// What is told.
const RIGHTS: [RightKind; 1] = [RightKind::WriteHostLink];

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
            let told = analysis
                .sid_of(held.holder)
                .is_some_and(|sid| !expected(sid));
            if !told || !RIGHTS.contains(&held.right) {
                continue;
            }
            // What a computer may do to itself is nobody else's control.
            let own = analysis.effective.tokens.place(held.holder);
            let mut others = alike.places.iter().filter(|place| Some(**place) != own);
            let Some(first) = others.clone().min().copied() else {
                continue;
            };
            let computers = others.by_ref().count();
            let except = held.except.as_ref().map_or(0, |except| except.count());
            let row = rows
                .entry((*container, held.holder, held.right))
                .or_insert(Row {
                    computers: 0,
                    first,
                    inherited: true,
                    unknown: true,
                    except,
                });
            row.computers += computers;
            row.first = row.first.min(first);
            row.inherited &= held.inherited;
            row.unknown &= held.unknown;
            row.except = row.except.min(except);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
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
            // Writing everything is another right, and so is what administrators hold by design.
            "(A;;WP;;;S-1-5-21-1-2-3-1300)".to_owned(),
            "(OA;;WP;80641043-15a2-40e1-92a2-8ca866f70776;;DA)".to_owned(),
            // Its own.
            "(OA;;WP;80641043-15a2-40e1-92a2-8ca866f70776;;S-1-5-21-1-2-3-1406)".to_owned(),
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
        assert_eq!(found, [(Some(2), RightKind::WriteHostLink, 3, 3, false)]);
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
}
