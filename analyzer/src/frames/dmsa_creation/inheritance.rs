//! Frame `dmsa_inheritance`: what a unit or container hands down to delegated managed service accounts that are not there
//! yet.
//!
//! Asked as if an administrator created one there: the class's default, then what is handed down, in order and with its
//! denies (MS-ADTS 6.1.3). Told of the container that sets the entry, not of those below, which only pass it on.

use std::collections::HashMap;

use anyhow::Result;
use coldcase_winsec::{AceFlags, Guid, SecurityDescriptor, Sid};
use polars::prelude::DataFrame;

use super::super::analysis::Analysis;
use super::super::builder::Builder;
use super::CLASS;
use super::newborn::Newborn;
use crate::graph::{Held, Holder, Prepared, RightKind};
use crate::load::Kind;

/// Rights by which one makes of a dMSA what one likes.
const TOLD: [RightKind; 7] = [
    RightKind::FullControl,
    RightKind::WriteAll,
    RightKind::WriteDacl,
    RightKind::WriteOwner,
    RightKind::WriteReaders,
    RightKind::WritePredecessor,
    RightKind::WriteDmsaState,
];

pub(crate) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("dmsa_inheritance")?;
    let directory = &analysis.directory;
    let class = directory
        .schema
        .guid(CLASS)
        .filter(|_| directory.schema.has(CLASS) != Some(false));
    let (Some(class), Some(administrators)) = (class, directory.domain_rid(512)) else {
        return frame.finish();
    };
    let newborn = Newborn::new(analysis);
    let passed_on = passed_on(analysis);
    let mut known: HashMap<i64, Vec<(usize, Held)>> = HashMap::new();
    for (place, object) in directory.objects.iter().enumerate() {
        let holds_accounts = matches!(
            object.kind,
            Kind::OrganizationalUnit | Kind::Container | Kind::Domain
        ) && directory.is_in_domain(object);
        let Some(id) = object.descriptor.filter(|_| holds_accounts) else {
            continue;
        };
        let set = known.entry(id).or_insert_with(|| {
            let descriptor = analysis.whole_descriptor(id);
            descriptor.map_or_else(Vec::new, |descriptor| {
                set_by(analysis, &newborn, descriptor, class, &administrators)
            })
        });
        for (ace, held) in set.iter() {
            let Some(trustee) = analysis.sid_of(held.holder) else {
                continue;
            };
            frame.row([
                object.id.into(),
                trustee.to_string().into(),
                analysis.by_sid(trustee).map(|object| object.id).into(),
                analysis.name_of(trustee).into(),
                analysis.principals.is_expected(directory, trustee).into(),
                analysis.principals.is_broad(trustee).into(),
                held.right.as_str().into(),
                (*ace).into(),
                analysis.ace_sddl(id, *ace).into(),
                held.unknown.into(),
                held.except
                    .as_ref()
                    .map_or(0, |except| except.count())
                    .into(),
                passed_on
                    .get(&(place, held.holder, held.right))
                    .copied()
                    .unwrap_or(0)
                    .into(),
            ]);
        }
    }
    frame.finish()
}

/// Rights by an entry that stands in this descriptor itself, with the entry's position.
fn set_by(
    analysis: &Analysis,
    newborn: &Newborn<'_>,
    container: &SecurityDescriptor,
    class: Guid,
    owner: &Sid,
) -> Vec<(usize, Held)> {
    let handed = newborn.handed_down(container, class);
    let aces = container.dacl.as_ref().map_or(&[][..], |acl| &acl.aces);
    let sets = |position: &usize| {
        aces.get(*position)
            .is_some_and(|ace| !ace.flags.contains(AceFlags::INHERITED))
    };
    // Most containers hand down only what they inherit themselves.
    if !handed.iter().any(sets) {
        return Vec::new();
    }
    let Some((made, own)) = newborn.made_by(container, class, owner) else {
        return Vec::new();
    };
    let prepared = Prepared::new(&made, &analysis.effective.tokens, &analysis.directory);
    let held = analysis
        .effective
        .held(&prepared, Kind::Dmsa, Some(class))
        .into_iter()
        .filter(|held| TOLD.contains(&held.right));
    held.filter_map(|held| {
        let position = handed
            .get(held.ace?.checked_sub(own)?)
            .filter(|at| sets(at))?;
        Some((*position, held))
    })
    .collect()
}

/// How many dMSAs below a container somebody holds a right over by an inherited entry.
fn passed_on(analysis: &Analysis) -> HashMap<(usize, Holder, RightKind), usize> {
    let mut found = HashMap::new();
    for (place, rows) in &analysis.controls().rows {
        let Some(object) = analysis
            .object(*place)
            .filter(|object| object.kind == Kind::Dmsa)
        else {
            continue;
        };
        let parent = analysis.directory.parent(object);
        let above = std::iter::successors(parent, |above| {
            analysis.directory.parent(analysis.object(*above)?)
        });
        let above: Vec<usize> = above.collect();
        for held in rows.iter() {
            if held.inherited && TOLD.contains(&held.right) {
                for container in &above {
                    *found
                        .entry((*container, held.holder, held.right))
                        .or_default() += 1;
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::load::made::{HEAD, Made};

    const LINK: &str = "a0945b2b-57a2-43bd-b327-4d112a4e8bd1";
    const DMSA: &str = "0feb936f-47b3-49f2-9386-1dedc2c23765";
    const GMSA: &str = "7b8b558a-93a5-4af7-adca-c017e67f1057";
    const WHO: &str = "S-1-5-21-1-2-3-1104";

    /// (right, position, dMSAs that have it) of what a unit with these entries hands down to somebody unexpected.
    fn rows(aces: &str, with_dmsa: bool) -> Vec<(String, i64, i64)> {
        let mut made = Made::new();
        made.principal("user", "who", HEAD, 1104);
        let unit = format!("OU=Services,{HEAD}");
        let place = made.add("organizationalUnit", &unit);
        made.protect(place, &format!("O:DAD:{aces}"));
        if with_dmsa {
            let dmsa = made.principal("msDS-DelegatedManagedServiceAccount", "d$", &unit, 1105);
            made.protect(dmsa, &format!("O:DAD:(OA;ID;WP;{LINK};{DMSA};{WHO})"));
        }
        let frame = build(&Analysis::new(made.directory())).unwrap();
        let text = |name: &str| frame.column(name).unwrap().str().unwrap().clone();
        let number = |name: &str| frame.column(name).unwrap().i64().unwrap().clone();
        let (rights, aces, dmsas) = (text("right"), number("ace"), number("dmsas"));
        (0..frame.height())
            .map(|row| {
                (
                    rights.get(row).unwrap().to_owned(),
                    aces.get(row).unwrap(),
                    dmsas.get(row).unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn what_is_set_here_for_the_class_is_told_with_its_position() {
        let grant = format!("(OA;CIIO;WP;{LINK};{DMSA};{WHO})");
        let told = |position, dmsas| vec![("write-predecessor".to_owned(), position, dmsas)];
        assert_eq!(rows(&grant, false), told(0, 0));
        assert_eq!(rows(&grant, true), told(0, 1));
        assert_eq!(rows(&format!("(A;;RP;;;{WHO}){grant}"), false), told(1, 0));
        // Without a class it is for every class.
        assert_eq!(
            rows(&format!("(OA;CI;WP;{LINK};;{WHO})"), false),
            told(0, 0)
        );
        for nothing in [
            format!("(OD;CIIO;WP;{LINK};{DMSA};AU){grant}"),
            format!("(OA;CIIO;WP;{LINK};{GMSA};{WHO})"),
            format!("(OA;CIIOID;WP;{LINK};{DMSA};{WHO})"),
            format!("(OA;;WP;{LINK};;{WHO})"),
            String::new(),
        ] {
            assert_eq!(rows(&nothing, false), [], "{nothing}");
        }
    }
}
