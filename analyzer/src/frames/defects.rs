//! Frame `defects`: what of the snapshot is broken or leads nowhere, so that something may not be seen.
//!
//! Deliberately repairs nothing and guesses nothing.

use std::collections::BTreeMap;

use anyhow::Result;
use coldcase_winsec::Sid;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use crate::graph::is_group;
use crate::graph::network::{Edge, Network};
use crate::load::Object;

/// Groups of a cycle that are told by name.
const TOLD: usize = 5;

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("defects")?;
    let mut row =
        |object: Option<&Object>, name: String, attribute: &str, kind: &str, detail: String| {
            frame.row([
                object.map(|object| object.id).into(),
                name.into(),
                attribute.into(),
                kind.into(),
                detail.into(),
            ]);
        };
    let directory = &analysis.directory;
    for defect in &directory.defects {
        let object = directory
            .place(defect.object_id)
            .and_then(|place| analysis.object(place));
        let name = object
            .map(|object| analysis.title(object))
            .unwrap_or_default();
        row(
            object,
            name,
            &defect.attribute,
            &defect.kind,
            defect.detail.clone(),
        );
    }
    for object in &directory.objects {
        let descriptors = [
            (object.descriptor, "nTSecurityDescriptor"),
            (object.readers, "msDS-GroupMSAMembership"),
            (
                object.allowed_to_act,
                "msDS-AllowedToActOnBehalfOfOtherIdentity",
            ),
        ];
        for (id, attribute) in descriptors {
            if let Some(defect) = id.and_then(|id| directory.descriptors.defect(id)) {
                row(
                    Some(object),
                    analysis.title(object),
                    attribute,
                    "malformed",
                    defect.to_owned(),
                );
            }
        }
    }
    for cycle in cycles(analysis) {
        let groups: Vec<&Object> = cycle
            .iter()
            .filter_map(|place| analysis.object(*place))
            .collect();
        let mut names: Vec<String> = groups
            .iter()
            .take(TOLD)
            .map(|group| analysis.title(group))
            .collect();
        if groups.len() > TOLD {
            names.push(format!("{} more", groups.len() - TOLD));
        }
        let detail = format!("in each other: {}", names.join(", "));
        for group in groups {
            row(
                Some(group),
                analysis.title(group),
                "member",
                "cycle",
                detail.clone(),
            );
        }
    }
    for (sid, descriptors) in unresolved(analysis) {
        let detail = format!(
            "no object has this SID of the domain; it stands in {descriptors} distinct descriptors"
        );
        row(
            None,
            sid.to_string(),
            "nTSecurityDescriptor",
            "unresolved",
            detail,
        );
    }
    frame.finish()
}

/// Groups that are in each other, by place.
fn cycles(analysis: &Analysis) -> Vec<Vec<usize>> {
    let directory = &analysis.directory;
    let count = directory.objects.len();
    let mut edges = Vec::new();
    for (place, from) in (0..count).zip(0_u32..) {
        for (group, _) in analysis.memberships.groups(place) {
            if let (true, Ok(to)) = (is_group(directory, place), u32::try_from(*group)) {
                edges.push(Edge { from, to, label: 0 });
            }
        }
    }
    let cycles = Network::new(count, edges).cycles().into_iter();
    cycles
        .map(|cycle| {
            cycle
                .into_iter()
                .filter_map(|place| usize::try_from(place).ok())
                .collect()
        })
        .collect()
}

/// SIDs of this domain in descriptors that no object has, and in how many.
fn unresolved(analysis: &Analysis) -> BTreeMap<Sid, usize> {
    let directory = &analysis.directory;
    let mut found: BTreeMap<Sid, usize> = BTreeMap::new();
    for descriptor in directory.descriptors.all() {
        let aces = descriptor.dacl.iter().flat_map(|acl| &acl.aces);
        let mut sids: Vec<&Sid> = aces
            .filter_map(|ace| ace.known())
            .map(|known| &known.trustee)
            .chain(&descriptor.owner)
            .filter(|sid| sid.domain().is_some() && sid.domain() == directory.domain_sid)
            .filter(|sid| directory.place_of_sid(sid).is_none())
            .collect();
        sids.sort_unstable();
        sids.dedup();
        for sid in sids {
            *found.entry(sid.clone()).or_default() += 1;
        }
    }
    found
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made};

    #[test]
    fn what_is_broken_has_a_row() {
        let mut made = Made::new();
        let [one, two, alone, plain] = [
            ("one", 1_200),
            ("two", 1_201),
            ("alone", 1_202),
            ("plain", 1_203),
        ]
        .map(|(name, rid)| made.principal("group", name, HEAD, rid));
        made.member(one, two);
        made.member(two, one);
        made.member(alone, alone);
        made.member(one, plain);
        let broken = made.bytes(vec![1, 0, 4]);
        made.objects.get_mut(plain).unwrap().descriptor = Some(broken);
        made.protect(
            one,
            "O:DAD:(A;;GA;;;S-1-5-21-1-2-3-9999)(A;;GA;;;S-1-5-21-7-7-7-9999)",
        );
        let analysis = Analysis::new(made.directory());
        let frame = build(&analysis).unwrap();
        let rows: Vec<String> = (0..frame.height())
            .map(|row| {
                let cell = |name: &str| frame.column(name).unwrap().get(row).unwrap().to_string();
                format!("{} {}", cell("kind"), cell("name")).replace('"', "")
            })
            .collect();
        assert_eq!(
            rows,
            [
                "malformed plain",
                "cycle one",
                "cycle two",
                "cycle alone",
                "unresolved S-1-5-21-1-2-3-512",
                "unresolved S-1-5-21-1-2-3-9999"
            ]
        );
    }
}
