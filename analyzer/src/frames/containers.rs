//! Frame `containers`: the tree that accounts lie in.
//!
//! Owns depth and what lies below. Deliberately does not say who may do what there: `controls` and `dmsa_creation` do.

use anyhow::Result;
use coldcase_winsec::Control;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use crate::load::{Kind, Object};

/// What a container holds.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// Steps down from the topmost container above it that is in the snapshot.
    depth: usize,
    children: usize,
    accounts: usize,
    accounts_below: usize,
}

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let directory = &analysis.directory;
    let mut frame = Builder::new("containers")?;
    for (place, node) in nodes(analysis) {
        let Some(object) = analysis.object(place) else {
            continue;
        };
        let parent = directory.parent(object);
        let inherits = object
            .descriptor
            .and_then(|id| directory.descriptors.get(id))
            .map(|descriptor| !descriptor.control.contains(Control::SE_DACL_PROTECTED));
        frame.row([
            object.id.into(),
            parent
                .and_then(|place| analysis.object(place))
                .map(|parent| parent.id)
                .into(),
            object.kind.as_str().into(),
            object.display_name().into(),
            object.dn.as_str().into(),
            node.depth.into(),
            node.children.into(),
            node.accounts.into(),
            node.accounts_below.into(),
            inherits.into(),
        ]);
    }
    frame.finish()
}

/// Each container with what it holds, in the order of places. Linear in the snapshot, however deep the tree.
fn nodes(analysis: &Analysis) -> Vec<(usize, Node)> {
    let directory = &analysis.directory;
    let mut nodes = vec![None; directory.objects.len()];
    let mut containers = Vec::new();
    for (place, object) in directory.objects.iter().enumerate() {
        if is_container(object) {
            containers.push(place);
            if let Some(node) = nodes.get_mut(place) {
                *node = Some(Node::default());
            }
        }
    }
    for object in &directory.objects {
        let Some(above) = node_above(analysis, &mut nodes, object) else {
            continue;
        };
        above.children += 1;
        if object.is_service_account() {
            above.accounts += 1;
            above.accounts_below += 1;
        }
    }
    // A parent's DN is shorter than its children's.
    let length = |place: &usize| analysis.object(*place).map_or(0, |object| object.dn.len());
    containers.sort_by_key(length);
    for place in &containers {
        let above = analysis
            .object(*place)
            .and_then(|object| node_above(analysis, &mut nodes, object))
            .map(|above| above.depth);
        if let (Some(above), Some(Some(node))) = (above, nodes.get_mut(*place)) {
            node.depth = above + 1;
        }
    }
    for place in containers.iter().rev() {
        let below = nodes.get(*place).copied().flatten();
        let above = analysis
            .object(*place)
            .and_then(|object| node_above(analysis, &mut nodes, object));
        if let (Some(below), Some(above)) = (below, above) {
            above.accounts_below += below.accounts_below;
        }
    }
    let all = nodes.into_iter().enumerate();
    all.filter_map(|(place, node)| Some((place, node?)))
        .collect()
}

fn node_above<'n>(
    analysis: &Analysis,
    nodes: &'n mut [Option<Node>],
    object: &Object,
) -> Option<&'n mut Node> {
    let above = analysis.directory.parent(object)?;
    nodes.get_mut(above)?.as_mut()
}

fn is_container(object: &Object) -> bool {
    matches!(
        object.kind,
        Kind::Domain | Kind::Container | Kind::OrganizationalUnit
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::load::made::{HEAD, Made};

    /// (DN, depth, children, accounts, accounts below) of each row.
    fn told(made: Made) -> Vec<String> {
        let analysis = Analysis::new(made.directory());
        let frame = build(&analysis).unwrap();
        let column = |name: &str| frame.column(name).unwrap().clone();
        (0..frame.height())
            .map(|row| {
                [
                    "dn",
                    "depth",
                    "children",
                    "accounts",
                    "accounts_below",
                    "inherits",
                ]
                .map(|name| column(name).get(row).unwrap().to_string().replace('"', ""))
                .join(" ")
            })
            .collect()
    }

    #[test]
    fn accounts_count_in_all_above() {
        let mut made = Made::new();
        made.add("organizationalUnit", &format!("OU=Web,OU=Services,{HEAD}"));
        let services = made.add("organizationalUnit", &format!("OU=Services,{HEAD}"));
        made.protect(services, "D:PAI(A;;RP;;;AU)");
        for (unit, rid) in [("OU=Web,OU=Services", 1_200), ("OU=Services", 1_201)] {
            let parent = format!("{unit},{HEAD}");
            let class = "msDS-GroupManagedServiceAccount";
            made.principal(class, &format!("gmsa{rid}"), &parent, rid);
        }
        // Its container is not in the snapshot.
        made.principal("user", "lost", &format!("OU=Gone,{HEAD}"), 1_300);
        assert_eq!(
            told(made),
            [
                "DC=corp,DC=example 0 1 0 2 null",
                "OU=Web,OU=Services,DC=corp,DC=example 2 1 1 1 null",
                "OU=Services,DC=corp,DC=example 1 2 1 2 false",
            ]
        );
    }

    #[test]
    fn a_deep_tree_is_counted_as_fast_as_a_flat_one() {
        let mut made = Made::new();
        let mut dn = HEAD.to_owned();
        for depth in 0..2_000 {
            dn = format!("OU={depth},{dn}");
            made.add("organizationalUnit", &dn);
        }
        made.principal("msDS-ManagedServiceAccount", "deep", &dn, 1_200);
        let rows = told(made);
        assert_eq!(rows.len(), 2_001);
        assert!(rows.iter().all(|row| row.ends_with(" 1 null")));
        assert!(rows.last().unwrap().contains(" 2000 1 1 1 "));
    }
}
