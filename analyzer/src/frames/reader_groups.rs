//! Frame `reader_groups`: groups that are a seat among the readers of a managed password, since whoever joins one reads it.
//!
//! Deliberately does not say who is in them (`readers`) nor who may change that (`controls`).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use coldcase_winsec::{AccessMask, Sid};
use polars::prelude::{Expr, IntoLazy, JoinArgs, JoinType, LazyFrame, col};

use super::analysis::Analysis;
use super::builder::Builder;
use super::catalogue::{self, ACCOUNTS_BY_DESCRIPTOR, READER_GROUPS_BY_DESCRIPTOR};
use crate::graph::{Holder, Part, Reached, index, is_security_group};
use crate::load::Kind;

/// A group, how deep it is nested in the one that stands in the list, and by which groups.
struct Seat {
    place: usize,
    depth: u32,
    via: Option<String>,
}

/// A row for each (account, group). Many accounts share a descriptor, so it is kept in two parts, as `readers` is.
pub(super) fn build(analysis: &Analysis) -> Result<LazyFrame> {
    let directory = &analysis.directory;
    let mut groups = Builder::of(&READER_GROUPS_BY_DESCRIPTOR);
    let mut accounts = Builder::of(&ACCOUNTS_BY_DESCRIPTOR);
    let mut known = HashSet::new();
    let mut seats: HashMap<usize, Arc<Vec<Seat>>> = HashMap::new();
    for object in &directory.objects {
        let (Kind::Gmsa | Kind::Dmsa, Some(descriptor)) = (object.kind, object.readers) else {
            continue;
        };
        accounts.row([object.id.into(), descriptor.into()]);
        if !known.insert(descriptor) {
            continue;
        }
        for (place, depth, via) in seats_in(analysis, descriptor, &mut seats) {
            let Some(group) = analysis.object(place) else {
                continue;
            };
            groups.row([
                descriptor.into(),
                group.id.into(),
                group.sid.as_ref().map(Sid::to_string).into(),
                group.display_name().into(),
                depth.into(),
                via.into(),
            ]);
        }
    }
    let joined = accounts.finish()?.lazy().join(
        groups.finish()?.lazy(),
        [col("descriptor_id")],
        [col("descriptor_id")],
        JoinArgs::new(JoinType::Inner),
    );
    let columns: Vec<Expr> = catalogue::find("reader_groups")
        .into_iter()
        .flat_map(|frame| frame.columns)
        .map(|column| col(column.name))
        .collect();
    Ok(joined.select(columns))
}

/// The groups of which a new member would read by the descriptor, each by its shortest way. A group that is denied what
/// another entry allows it is none.
fn seats_in(
    analysis: &Analysis,
    descriptor: i64,
    seats: &mut HashMap<usize, Arc<Vec<Seat>>>,
) -> Vec<(usize, u32, Option<String>)> {
    let Some(prepared) = analysis.prepared(descriptor) else {
        return Vec::new();
    };
    let is_group = |place: &usize| {
        let object = analysis.object(*place);
        object.is_some_and(|object| object.kind == Kind::Group && is_security_group(object))
    };
    let trustees: Vec<usize> = prepared
        .allowed()
        .filter_map(|holder| analysis.effective.tokens.place(holder))
        .filter(is_group)
        .collect();
    if trustees.is_empty() {
        return Vec::new();
    }
    // Reading the password takes reading the attribute's descriptor as a whole (MS-ADTS 3.1.1.4.5.39).
    let admitted = analysis
        .effective
        .set(&prepared, &[Part::whole(AccessMask::READ_PROPERTY)]);
    let mut found: HashMap<usize, (u32, Option<String>)> = HashMap::new();
    for trustee in trustees {
        let inside = seats
            .entry(trustee)
            .or_insert_with(|| Arc::new(nested(analysis, trustee)));
        for seat in inside.iter() {
            let reads = Holder::try_from(seat.place).is_ok_and(|it| admitted.contains(index(it)));
            let nearer = found
                .get(&seat.place)
                .is_none_or(|(depth, _)| seat.depth < *depth);
            if reads && nearer {
                found.insert(seat.place, (seat.depth, seat.via.clone()));
            }
        }
    }
    let mut found: Vec<_> = found
        .into_iter()
        .map(|(place, (depth, via))| (place, depth, via))
        .collect();
    found.sort_unstable();
    found
}

/// The group itself and the security groups in it, each once: a cycle ends where it began.
fn nested(analysis: &Analysis, group: usize) -> Vec<Seat> {
    let directory = &analysis.directory;
    let is_group = |place: usize| {
        let object = analysis.object(place);
        object.is_some_and(|object| object.kind == Kind::Group && is_security_group(object))
    };
    let name = analysis
        .object(group)
        .map(|group| group.display_name().to_owned())
        .unwrap_or_default();
    let reached = analysis.memberships.all_members(group, is_group);
    let mut seats = vec![Seat {
        place: group,
        depth: 1,
        via: None,
    }];
    let inside = reached.iter().filter(|member| is_group(member.place));
    seats.extend(inside.map(|member| {
        let chain = |before: usize| Reached::chain(&reached, before, &name, directory);
        Seat {
            place: member.place,
            depth: member.depth.saturating_add(1),
            via: Some(member.before.map_or_else(|| name.clone(), chain)),
        }
    }));
    seats
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::load::made::{HEAD, Made};

    /// (depth, group name, via) of the first account, in order.
    fn rows(made: Made) -> Vec<(i64, String, Option<String>)> {
        let analysis = Analysis::new(made.directory());
        let frame = build(&analysis).unwrap().collect().unwrap();
        let mut rows: Vec<_> = (0..frame.height())
            .map(|row| {
                let text = |name: &str| {
                    let column = frame.column(name).unwrap().str().unwrap();
                    column.get(row).map(str::to_owned)
                };
                let depth = frame.column("depth").unwrap().i64().unwrap().get(row);
                (depth.unwrap(), text("group_name").unwrap(), text("via"))
            })
            .collect();
        rows.sort();
        rows
    }

    fn named(depth: i64, name: &str, via: Option<&str>) -> (i64, String, Option<String>) {
        (depth, name.to_owned(), via.map(str::to_owned))
    }

    #[test]
    fn groups_in_groups_are_seats_and_a_cycle_ends() {
        let mut made = Made::new();
        let group = |made: &mut Made, name: &str, rid| made.principal("group", name, HEAD, rid);
        let (outer, middle, inner) = (
            group(&mut made, "outer", 1201),
            group(&mut made, "middle", 1202),
            group(&mut made, "inner", 1203),
        );
        let list = group(&mut made, "list", 1204);
        made.objects[list].group_type = Some(2);
        let host = made.principal("computer", "HOST$", HEAD, 1205);
        made.member(outer, middle);
        made.member(middle, inner);
        made.member(inner, outer);
        made.member(outer, list);
        made.member(inner, host);
        let gmsa = made.principal("msDS-GroupManagedServiceAccount", "gmsa$", HEAD, 1206);
        made.objects[gmsa].readers =
            Some(made.sddl("O:BAD:(A;;GA;;;S-1-5-21-1-2-3-1201)(A;;GA;;;S-1-5-21-1-2-3-1205)"));
        assert_eq!(
            rows(made),
            [
                named(1, "outer", None),
                named(2, "middle", Some("outer")),
                named(3, "inner", Some("outer → middle")),
            ]
        );
    }

    #[test]
    fn a_denied_group_and_a_broken_list_are_no_seats() {
        let mut made = Made::new();
        let group = made.principal("group", "hosts", HEAD, 1201);
        let inner = made.principal("group", "old hosts", HEAD, 1202);
        made.member(group, inner);
        let first = made.principal("msDS-GroupManagedServiceAccount", "a$", HEAD, 1203);
        made.objects[first].readers =
            Some(made.sddl("O:BAD:(D;;RP;;;S-1-5-21-1-2-3-1202)(A;;GA;;;S-1-5-21-1-2-3-1201)"));
        let second = made.principal("msDS-GroupManagedServiceAccount", "b$", HEAD, 1204);
        made.objects[second].readers = Some(made.bytes(vec![1, 2, 3]));
        assert_eq!(rows(made), [named(1, "hosts", None)]);
    }
}
