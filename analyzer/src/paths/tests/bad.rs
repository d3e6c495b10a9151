//! What may be wrong with a snapshot, by mistake or malice: never a panic, never a guess.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;

use crate::frames::Analysis;
use crate::graph::RightKind;
use crate::load::made::{HEAD, Made, domain_sid, sid};
use crate::paths::ControlGraph;

/// A gMSA with a good descriptor and nobody else.
fn gmsa() -> (Made, usize) {
    let mut made = Made::new();
    made.protect(0, "O:DAD:P(A;;GA;;;DA)");
    let place = made.principal("msDS-GroupManagedServiceAccount", "gmsa$", HEAD, 1300);
    made.protect(place, "O:DAD:P(A;;GA;;;DA)");
    (made, place)
}

fn seen(made: Made) -> (Analysis, ControlGraph) {
    let analysis = Analysis::new(made.directory());
    let graph = ControlGraph::of(&analysis);
    (analysis, graph)
}

#[test]
fn a_malformed_descriptor_is_not_evaluated() {
    let (mut made, place) = gmsa();
    let (analysis, _) = seen(made.clone());
    assert_eq!(analysis.controls().not_evaluated, 0);
    let good = made.sddl("O:DAD:P(A;;GA;;;WD)");
    made.objects[place].descriptor = Some(good);
    let (analysis, _) = seen(made.clone());
    assert!(
        analysis
            .controls()
            .rows
            .iter()
            .any(|(other, held)| *other == place && !held.is_empty())
    );
    let mut bytes = analysis.directory.descriptors.get(good).unwrap().encode();
    bytes.truncate(bytes.len() - 3);
    let broken = made.bytes(bytes);
    made.objects[place].descriptor = Some(broken);
    let (analysis, _) = seen(made);
    assert!(
        !analysis
            .controls()
            .rows
            .iter()
            .any(|(other, _)| *other == place)
    );
    assert_eq!(analysis.controls().not_evaluated, 1);
}

#[test]
fn an_ace_that_is_not_understood_makes_the_descriptor_one_that_is_not_evaluated() {
    let (mut made, place) = gmsa();
    let good = made.sddl("O:DAD:P(A;;GA;;;DA)(A;;RP;;;WD)");
    let (analysis, _) = seen(made.clone());
    let mut descriptor = analysis.directory.descriptors.get(good).unwrap().clone();
    let ace = descriptor.dacl.as_mut().unwrap().aces.last_mut().unwrap();
    // The compound ACE that MS-DTYP 2.4.4.1 reserves: it may allow something.
    ace.body = coldcase_winsec::AceBody::Unknown {
        ace_type: 4,
        bytes: vec![0; 32],
    };
    let id = made.bytes(descriptor.encode());
    made.objects[place].descriptor = Some(id);
    let (analysis, _) = seen(made);
    assert!(
        !analysis
            .controls()
            .rows
            .iter()
            .any(|(other, _)| *other == place)
    );
    assert_eq!(analysis.controls().not_evaluated, 1);
}

#[test]
fn sids_and_members_that_lead_nowhere() {
    let (mut made, place) = gmsa();
    let group = made.principal("group", "readers", HEAD, 1400);
    let readers = made.sddl("O:DAD:(A;;RP;;;S-1-5-21-1-2-3-1400)(A;;RP;;;S-1-5-21-7-7-7-1000)");
    made.objects[place].readers = Some(readers);
    made.member(group, 5_000);
    made.member(5_001, group);
    made.member(5_002, 5_003);
    made.links.push(("msDS-HostServiceAccount", 5_000, place));
    made.links
        .push(("msDS-ManagedAccountPrecededByLink", place, 5_000));
    made.history.push((5_000, domain_sid(512)));
    made.protect(
        place,
        "O:S-1-5-21-8-8-8-1D:(A;;GA;;;S-1-5-21-7-7-7-1001)(D;;GA;;;S-1-5-21-7-7-7-1002)",
    );
    let (analysis, graph) = seen(made);
    let holder = |text: &str| {
        analysis
            .effective
            .tokens
            .of(&analysis.directory, &sid(text))
            .unwrap()
    };
    let node = u32::try_from(place).unwrap();
    for text in [
        "S-1-5-21-7-7-7-1000",
        "S-1-5-21-7-7-7-1001",
        "S-1-5-21-8-8-8-1",
        "S-1-5-21-1-2-3-1400",
    ] {
        assert!(
            graph.between(&analysis, holder(text), node).is_some(),
            "{text}"
        );
    }
    assert!(
        graph
            .between(&analysis, holder("S-1-5-21-7-7-7-1002"), node)
            .is_none()
    );
}

#[test]
fn groups_in_each_other() {
    let (mut made, place) = gmsa();
    let groups: Vec<usize> = (0..2_000)
        .map(|number| made.principal("group", &format!("g{number}"), HEAD, 2_000 + number))
        .collect();
    for pair in groups.windows(2) {
        made.member(pair[1], pair[0]);
    }
    made.member(groups[0], groups[1_999]);
    made.member(groups[5], groups[5]);
    let low = made.principal("user", "low", HEAD, 1100);
    made.member(groups[0], low);
    let readers = made.sddl("O:DAD:(A;;RP;;;S-1-5-21-1-2-3-3999)");
    made.objects[place].readers = Some(readers);
    let (analysis, graph) = seen(made);
    let [low, gmsa] = [low, place].map(|place| u32::try_from(place).unwrap());
    // Round to the last group either way: backwards it is nearer.
    assert_eq!(graph.between(&analysis, low, gmsa).unwrap().hops, 2_001);
    // Himself, the groups, what is in every token, Domain Users.
    assert_eq!(
        analysis.effective.tokens.token(low).len(),
        1 + 2_000 + 5 + 1
    );
}

/// `count` users in a group, a hundredth of them in one that is denied.
fn crowd(count: u32) -> (Made, usize, [usize; 2]) {
    let (mut made, place) = gmsa();
    let (all, few) = (
        made.principal("group", "all", HEAD, 1400),
        made.principal("group", "few", HEAD, 1401),
    );
    for number in 0..count {
        let user = made.principal("user", &format!("u{number}"), HEAD, 10_000 + number);
        made.member(all, user);
        if number % 100 == 0 {
            made.member(few, user);
        }
    }
    let dacl = "O:DAD:P(D;;GA;;;S-1-5-21-1-2-3-1401)(A;;GA;;;S-1-5-21-1-2-3-1400)(A;;GA;;;DA)";
    made.protect(place, dacl);
    let readers = made.sddl(dacl);
    made.objects[place].readers = Some(readers);
    (made, place, [all, few])
}

#[test]
fn a_group_of_a_million_members() {
    let (made, place, [all, _]) = crowd(1_000_000);
    let directory = made.directory();
    let begun = Instant::now();
    let analysis = Analysis::new(directory);
    let graph = ControlGraph::of(&analysis);
    let node = u32::try_from(place).unwrap();
    let counts = graph.network.counts_reaching(
        &[node],
        graph.sources(),
        &crate::graph::network::NodeSet::default(),
    );
    assert_eq!(counts, [1_000_000], "of a group this large all are told");
    let row = analysis
        .controls()
        .rows
        .iter()
        .find(|(other, _)| *other == place)
        .unwrap();
    let full = row
        .1
        .iter()
        .find(|held| held.right == RightKind::FullControl)
        .unwrap();
    assert_eq!(usize::try_from(full.holder).unwrap(), all);
    assert_eq!(full.except.as_ref().unwrap().count(), 10_000);
    let took = begun.elapsed();
    // Seconds, if the machine has nothing else to do.
    assert!(took < Duration::from_mins(5), "{took:?}");
}

proptest! {
    // A failure is reported with its input; no file is left behind.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the bytes of the three descriptors: a row only where they are whole.
    #[test]
    fn any_bytes(cut in 0..200_usize, changed in vec((any::<usize>(), any::<u8>()), 0..6), noise in vec(any::<u8>(), 0..80)) {
        let (mut made, place) = gmsa();
        let id = made.sddl("O:DAD:P(D;;RC;;;AU)(OA;;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;;WD)(A;;GA;;;S-1-5-21-1-2-3-1400)");
        let (analysis, _) = seen(made.clone());
        let mut bytes = analysis.directory.descriptors.get(id).unwrap().encode();
        let length = bytes.len();
        for (at, to) in changed {
            bytes[at % length] = to;
        }
        bytes.truncate(length.saturating_sub(cut));
        let (damaged, noise) = (made.bytes(bytes), made.bytes(noise));
        made.objects[place].descriptor = Some(damaged);
        made.objects[place].readers = Some(noise);
        made.objects[place].allowed_to_act = Some(damaged);
        let (analysis, _) = seen(made);
        let broken = analysis.directory.descriptors.is_broken(damaged);
        let rows = analysis.controls().rows.iter().filter(|(other, _)| *other == place).count();
        prop_assert_eq!(rows == 0, broken);
        prop_assert_eq!(analysis.controls().not_evaluated, usize::from(broken));
    }

    /// Whatever is written where links, names and ids are expected.
    #[test]
    fn any_text(links in ".{0,60}", dn in "[A-Za-z=,\\\\ ]{0,40}", spn in ".{0,20}", id in vec(any::<u8>(), 0..70), flags in any::<i64>()) {
        let (mut made, place) = gmsa();
        let unit = made.add("organizationalUnit", &dn);
        made.objects[unit].policy_links = Some(format!("[LDAP://{links}"));
        made.objects[unit].policy_options = Some(flags);
        let object = &mut made.objects[place];
        object.dn = format!("CN=x,{dn}");
        object.spns = vec![spn.clone()];
        object.delegates_to = vec![links, spn];
        object.password_id = Some(id);
        object.user_account_control = Some(flags);
        object.primary_group_id = Some(flags);
        object.admin_count = Some(flags);
        object.group_type = Some(flags);
        made.ds_heuristics = Some(dn);
        let (_, graph) = seen(made);
        prop_assert!(graph.hops(0) == Some(0));
    }
}
