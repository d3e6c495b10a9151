//! Frame `groups`: what a group is and how many are in it.
//!
//! Deliberately names no member: `members` has the direct ones, `memberships` the service accounts.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use coldcase_winsec::Sid;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use super::memberships::ServiceAccounts;
use crate::graph::GroupClass;
use crate::load::{Kind, Object};

/// Bits of groupType (MS-ADTS 2.2.12).
const BUILTIN_LOCAL: i64 = 0x1;
const ACCOUNT: i64 = 0x2;
const RESOURCE: i64 = 0x4;
const UNIVERSAL: i64 = 0x8;
const SECURITY_ENABLED: i64 = 0x8000_0000;

/// `inside`: service accounts in each group, as [`super::memberships::build`] counts them.
pub(super) fn build(analysis: &Analysis, inside: &ServiceAccounts) -> Result<DataFrame> {
    let directory = &analysis.directory;
    let reader_of = reader_of(analysis);
    let mut frame = Builder::new("groups")?;
    for (place, object) in directory.objects.iter().enumerate() {
        if object.kind != Kind::Group {
            continue;
        }
        let outside = analysis.memberships.outside(place).len();
        let members: HashSet<usize> = analysis
            .memberships
            .members(place)
            .iter()
            .map(|(member, _)| *member)
            .collect();
        let class = analysis.principals.group_class(directory, place);
        frame.row([
            object.id.into(),
            object.sid.as_ref().map(Sid::to_string).into(),
            object.display_name().into(),
            class.map(GroupClass::as_str).into(),
            scope(object).into(),
            object
                .group_type
                .map(|kind| kind & SECURITY_ENABLED != 0)
                .into(),
            (members.len() + outside).into(),
            outside.into(),
            inside.get(&place).copied().unwrap_or(0).into(),
            reader_of.get(&place).copied().unwrap_or(0).into(),
        ]);
    }
    frame.finish()
}

fn scope(object: &Object) -> Option<&'static str> {
    let kind = object.group_type?;
    [
        (BUILTIN_LOCAL, "builtin"),
        (ACCOUNT, "global"),
        (RESOURCE, "domain-local"),
        (UNIVERSAL, "universal"),
    ]
    .into_iter()
    .find(|(bit, _)| kind & bit != 0)
    .map(|(_, name)| name)
}

/// How many managed accounts name a group in an allow ACE of their list of readers, by place of the group.
fn reader_of(analysis: &Analysis) -> HashMap<usize, i64> {
    let managed = analysis
        .service_accounts()
        .filter(|(_, object)| matches!(object.kind, Kind::Gmsa | Kind::Dmsa));
    let mut accounts: HashMap<i64, i64> = HashMap::new();
    for id in managed.filter_map(|(_, object)| object.readers) {
        *accounts.entry(id).or_default() += 1;
    }
    let mut found = HashMap::new();
    for (id, count) in accounts {
        let Some(prepared) = analysis.prepared(id) else {
            continue;
        };
        let places: HashSet<usize> = prepared
            .allowed()
            .filter_map(|holder| analysis.effective.tokens.place(holder))
            .collect();
        for place in places {
            *found.entry(place).or_default() += count;
        }
    }
    found
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::frames::memberships;
    use crate::load::made::{HEAD, Made, sid};

    fn groups(made: Made) -> DataFrame {
        let analysis = Analysis::new(made.directory());
        let (.., inside) = memberships::build(&analysis).unwrap();
        build(&analysis, &inside).unwrap()
    }

    fn numbers(frame: &DataFrame, column: &str) -> Vec<Option<i64>> {
        frame
            .column(column)
            .unwrap()
            .i64()
            .unwrap()
            .into_iter()
            .collect()
    }

    fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
        let column = frame.column(column).unwrap().str().unwrap();
        column
            .into_iter()
            .map(|text| text.map(str::to_owned))
            .collect()
    }

    #[test]
    fn members_are_counted_once_and_those_without_an_object_too() {
        let mut made = Made::new();
        let operators = made.principal("group", "Account Operators", HEAD, 548);
        made.objects[operators].sid = Some(sid("S-1-5-32-548"));
        made.objects[operators].group_type = Some(-2_147_483_643);
        let hosts = made.principal("group", "SQL Hosts", HEAD, 1200);
        let service = made.principal("user", "svc", HEAD, 1103);
        made.objects[service].spns = vec!["HTTP/web".to_owned()];
        // A member, and by primary group too.
        made.objects[service].primary_group_id = Some(1200);
        made.member(hosts, service);
        made.member(operators, hosts);
        // A member of another domain has no object.
        made.links.push(("member", operators, 900));
        let gmsa = made.principal("msDS-GroupManagedServiceAccount", "g$", HEAD, 1104);
        let readers = made.sddl("O:BAD:(A;;GA;;;S-1-5-21-1-2-3-1200)(A;;RP;;;S-1-5-21-1-2-3-1200)");
        made.objects[gmsa].readers = Some(readers);
        let frame = groups(made);
        assert_eq!(numbers(&frame, "members"), [Some(2), Some(1)]);
        assert_eq!(numbers(&frame, "outside"), [Some(1), Some(0)]);
        assert_eq!(numbers(&frame, "service_accounts"), [Some(1), Some(1)]);
        assert_eq!(numbers(&frame, "reader_of"), [Some(0), Some(1)]);
        let class = [Some("operators".to_owned()), None];
        assert_eq!(texts(&frame, "class"), class);
        let scope = [Some("builtin".to_owned()), Some("global".to_owned())];
        assert_eq!(texts(&frame, "scope"), scope);
    }

    #[test]
    fn a_type_that_is_not_readable_is_null() {
        let mut made = Made::new();
        let group = made.principal("group", "Cycle", HEAD, 1200);
        made.objects[group].group_type = None;
        made.member(group, group);
        let frame = groups(made);
        assert_eq!(texts(&frame, "scope"), [None]);
        assert_eq!(
            frame.column("security").unwrap().bool().unwrap().get(0),
            None
        );
        assert_eq!(numbers(&frame, "members"), [Some(1)]);
    }
}
