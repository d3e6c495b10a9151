//! What holds of the exposure of a whole directory, from its edges to the sum.
//!
//! Owns the properties, and which findings may come of an edge that goes. Deliberately makes no directory: [`small`]
//! does.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod small;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;

use super::assemble::{Judged, assemble};
use crate::frames::{Analysis, Frames, Impacts};
use crate::paths::Reason;
use crate::rules::{Pack, evaluate};
use crate::score::{risk, round};
use small::{Edge, Small, plain, small};

/// What hangs on an edge: rules about rights, readers, memberships, delegation, hosts, migrations and policies.
const RULES: &[&str] = &[
    "AC01", "AC02", "AC04", "AC05", "AC08", "DG02", "DG03", "DG04", "DG05", "DG06", "DG07", "DG08",
    "DG10", "DM01", "DM02", "DM03", "DM04", "DM05", "DM06", "DM07", "DM09", "DM10", "DM14", "GM01",
    "GM03", "GM06", "GM07", "GM09", "GM10", "PR01", "PR02", "PR05", "PR09", "PR10", "PR11", "SM01",
    "SM02", "SM05", "SM06", "SM07",
];

/// They tell that nobody is there: who takes the last reader or host away has an account that nobody uses.
const NOBODY: &[&str] = &["DM14 GM10", "GM10", "SM01"];

/// They tell of somebody outside tier 0 who would be no finding in it: whoever leaves tier 0 must leave behind what he
/// holds there. The others together never find more when somebody leaves.
const OUTSIDE_TIER0: &[&str] = &[
    // Holds a right over an account, a group, a unit, a policy or the domain.
    "AC01",
    "AC02",
    "AC04",
    "AC05",
    "AC08",
    "DG10",
    "DM01",
    "DM02",
    "DM03",
    "DM04",
    "DM05",
    "DM14 GM07",
    "GM07",
    "GM09",
    "PR05",
    "PR09",
    "PR11",
    "SM05",
    "SM07",
    // Reads the password of a managed account in tier 0, or runs one.
    "DM14 GM06",
    "GM06",
    "SM06",
    // May impersonate users to an account.
    "DG05",
    "DG06",
    "DM10",
    // May turn his delegation on tier 0.
    "DG08",
];

thread_local! {
    static PACK: std::cell::RefCell<Pack> = {
        let mut pack = Pack::load(None).unwrap();
        let rules: Vec<String> = RULES.iter().map(|rule| (*rule).to_owned()).collect();
        pack.select(&rules).unwrap();
        std::cell::RefCell::new(pack)
    };
}

/// DN of the subject, test and key.
type Finding = (String, String, String);

/// What is found in a directory.
#[derive(Debug, PartialEq)]
struct Found {
    exposure: f64,
    /// Weight, and impact of the subject.
    findings: BTreeMap<Finding, (f64, f64)>,
    /// DN and SID of what is in tier 0.
    tier0: BTreeSet<(String, String)>,
}

impl Found {
    /// With the objects in `order` and `strangers` beside them.
    fn of(small: &Small, order: &[usize], strangers: u32) -> Self {
        let analysis = Analysis::new(small.made(order, strangers).directory());
        PACK.with_borrow_mut(|pack| Self::by(&analysis, pack))
    }

    fn by(analysis: &Analysis, pack: &mut Pack) -> Self {
        let queries = pack.pages.iter().map(|page| page.sql.as_str());
        let frames = Frames::build(analysis, queries).unwrap();
        let evaluations = evaluate(analysis, &frames, pack).unwrap();
        let report = assemble(analysis, pack, &evaluations, Judged::default());
        let impacts = Impacts::along_the_graph(analysis);
        let objects = &analysis.directory.objects;
        let mut findings = BTreeMap::new();
        for (page, evaluation) in pack.pages.iter().zip(&evaluations) {
            for weighed in &evaluation.findings {
                let key = weighed.finding.key.clone();
                let test = test_of(&page.front.code, &key);
                let numbers = (weighed.weight, impacts.of(weighed.place).worth);
                findings.insert((objects[weighed.place].dn.clone(), test, key), numbers);
            }
        }
        let places = 0..objects.len();
        let found = Self {
            exposure: report.score.gross.exposure,
            findings,
            tier0: places
                .filter(|place| analysis.principals.is_tier0(*place))
                .map(|place| {
                    let sid = objects[place].sid.as_ref().map(ToString::to_string);
                    (objects[place].dn.clone(), sid.unwrap_or_default())
                })
                .collect(),
        };
        let by_hand = found.without(|_| false);
        assert_eq!(found.exposure.to_bits(), by_hand.to_bits());
        found
    }

    /// The exposure without some findings.
    fn without(&self, left_out: impl Fn(&Finding) -> bool) -> f64 {
        let mut subjects: BTreeMap<&str, (f64, Vec<f64>)> = BTreeMap::new();
        let counted = self
            .findings
            .iter()
            .filter(|(finding, _)| !left_out(finding));
        for ((subject, ..), (weight, impact)) in counted {
            let entry = subjects.entry(subject).or_default();
            entry.0 = *impact;
            entry.1.push(*weight);
        }
        let risks = subjects
            .into_values()
            .map(|(impact, weights)| risk(impact, weights));
        round(risks.sum())
    }
}

/// Which test a finding is of: DM14 asks those of gMSAs, whose codes its keys begin with.
fn test_of(code: &str, key: &str) -> String {
    match (code, key.split(' ').next()) {
        ("DM14", Some(test)) => format!("DM14 {test}"),
        _ => code.to_owned(),
    }
}

/// By the DN of an account whose way, as PR10 tells it, begins with delegation or a migration: the DN of its target.
fn first_steps(small: &Small) -> BTreeMap<String, String> {
    let analysis = Analysis::new(small.made(&plain(), 0).directory());
    let graph = analysis.control_graph();
    let mut steps = BTreeMap::new();
    for (object, node) in analysis.directory.objects.iter().zip(0_u32..) {
        let way = graph.untold_way(&analysis, node);
        let first = way.first().map(|edge| graph.edge(*edge).unwrap());
        if let Some((edge, Reason::Delegates | Reason::Succeeds)) = first {
            let place = analysis.effective.tokens.place(edge.to).unwrap();
            let target = analysis.directory.objects[place].dn.clone();
            steps.insert(object.dn.clone(), target);
        }
    }
    steps
}

/// Takes the edge at `place` away: then the exposure is no higher, findings aside that mean just that the edge is gone.
/// What was found before, and weighs no more now, is no such finding: it counts on both sides, as does what is gone.
fn cut(small: &mut Small, place: usize, before: &Found) -> Result<Found, TestCaseError> {
    let edge = small.edges.remove(place);
    let now = Found::of(small, &plain(), 0);
    let left: Vec<_> = before.tier0.difference(&now.tier0).collect();
    prop_assert!(
        matches!(edge, Edge::Member { .. }) || left.is_empty(),
        "tier 0 is by membership"
    );
    // One step into tier 0, which its own rule told alone, leads on through who left: that way is new to PR10, and the
    // other rule may go on telling the step.
    let steps = if left.is_empty() {
        BTreeMap::new()
    } else {
        first_steps(small)
    };
    let nobody = matches!(
        edge,
        Edge::Member { .. } | Edge::Reader { .. } | Edge::Host { .. }
    );
    let weighs_more = |finding: &Finding| {
        let weight = |found: &Found| found.findings.get(finding).map(|(weight, _)| *weight);
        weight(&now) > weight(before)
    };
    let meant = |finding: &Finding| {
        let (subject, test, key) = finding;
        let about =
            |(dn, sid): &(String, String)| subject == dn || key.split(' ').any(|word| word == sid);
        let leads_on = || {
            let target = steps.get(subject);
            left.iter().any(|(dn, _)| target == Some(dn))
        };
        let means = (nobody && NOBODY.contains(&test.as_str()))
            || (test == "PR10" && leads_on())
            || (OUTSIDE_TIER0.contains(&test.as_str()) && left.iter().any(|gone| about(gone)));
        means && weighs_more(finding)
    };
    let (less, more) = (now.without(meant), before.without(meant));
    let new = || {
        let new = now
            .findings
            .iter()
            .filter(|(finding, numbers)| before.findings.get(*finding) != Some(*numbers));
        new.collect::<Vec<_>>()
    };
    prop_assert!(
        less <= more,
        "{:?} less: {} instead of {}: {:?}",
        edge,
        less,
        more,
        new()
    );
    Ok(now)
}

proptest! {
    #![proptest_config(ProptestConfig {
        // A case takes seconds. PROPTEST_CASES, where it is set, is the number instead.
        cases: 12,
        max_shrink_iters: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_edge_less_never_raises_the_exposure(
        small in small(),
        one in any::<Index>(),
        other in any::<Index>(),
    ) {
        let mut small = small;
        let all = Found::of(&small, &plain(), 0);
        let (members, others): (Vec<usize>, Vec<usize>) = (0..small.edges.len())
            .partition(|place| matches!(small.edges[*place], Edge::Member { .. }));
        // The one that stands behind goes first, so that the other's place stays.
        let mut places = [members[one.index(members.len())], others[other.index(others.len())]];
        places.sort_unstable();
        let fewer = cut(&mut small, places[1], &all)?;
        cut(&mut small, places[0], &fewer)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn strangers_and_order_change_nothing(
        small in small(),
        order in Just(plain()).prop_shuffle(),
    ) {
        let (turned, all) = (Found::of(&small, &order, 7), Found::of(&small, &plain(), 0));
        prop_assert_eq!(turned, all);
    }
}

const fn reader(account: usize, reader: usize) -> Edge {
    Edge::Reader { account, reader }
}

const fn member(group: usize, member: usize) -> Edge {
    Edge::Member { group, member }
}

/// Who reads the password of an account in tier 0 is told by GM06, and by GM03 once the account has left it: what is
/// gone must count where what came in its place does.
#[test]
fn what_takes_the_place_of_a_finding_weighs_no_more() {
    let mut small = Small::of(vec![
        Edge::Right {
            holder: 14,
            right: 0,
            over: 5,
        },
        reader(5, 11),
        member(7, 5),
        Edge::Target { from: 0, target: 0 },
        Edge::Trusted {
            resource: 14,
            trusted: 5,
        },
        Edge::Host { host: 13 },
    ]);
    let before = Found::of(&small, &plain(), 0);
    let place = (small.edges.iter()).position(|edge| *edge == member(7, 5));
    let now = cut(&mut small, place.unwrap(), &before).unwrap();
    let tests = |found: &Found| -> BTreeSet<String> {
        let tests = found.findings.keys().map(|(_, test, _)| test.clone());
        tests.collect()
    };
    assert!(tests(&before).contains("DM14 GM06") && tests(&now).contains("DM14 GM03"));
    assert!(now.exposure < before.exposure);
}

/// Group 7 is Domain Admins, 3 to 6 are managed accounts, 11 is a person, 14 a server, 15 a controller.
#[test]
fn what_is_meant_by_an_edge_that_goes_is_found() {
    // What stays, what goes, and what is found then.
    let stays = vec![
        member(7, 3),
        reader(3, 14),
        member(7, 6),
        Edge::Host { host: 14 },
        Edge::Trusted {
            resource: 15,
            trusted: 11,
        },
        Edge::Right {
            holder: 11,
            right: 1,
            over: 0,
        },
    ];
    let goes = [reader(4, 15), reader(5, 15), member(7, 14), member(7, 11)];
    let found = ["GM10", "DM14 GM10", "GM06", "SM06", "DG05", "AC02"];
    let host = [Edge::Host { host: 15 }];
    // Delegation to a host of tier 0 that is then in DnsAdmins only.
    let leads_on = vec![Edge::Target { from: 3, target: 1 }, member(8, 13)];
    for (stays, goes, found) in [
        (leads_on, &[member(7, 8)][..], &["DG04", "PR10"][..]),
        (stays, &goes[..], &found[..]),
        (vec![], &host[..], &["SM01"][..]),
    ] {
        let tests = |edges: Vec<Edge>| -> BTreeSet<String> {
            let found = Found::of(&Small::of(edges), &plain(), 0);
            found
                .findings
                .into_keys()
                .map(|(_, test, _)| test)
                .collect()
        };
        let (more, less) = (tests([&stays, goes].concat()), tests(stays));
        for test in found {
            assert!(
                !more.contains(*test) && less.contains(*test),
                "{test}: {more:?} {less:?}"
            );
        }
    }
}

/// Each kind of edge carries something that goes with it.
#[test]
fn exposure_falls_with_each_kind_of_edge() {
    let goes = [
        Edge::Succession { predecessor: 1 },
        member(7, 1),
        Edge::Link {
            unit: 17,
            policy: 18,
            enforced: false,
        },
        Edge::Right {
            holder: 11,
            right: 0,
            over: 20,
        },
        reader(3, 11),
        Edge::Target { from: 0, target: 3 },
        Edge::Trusted {
            resource: 15,
            trusted: 11,
        },
        Edge::Host { host: 13 },
    ];
    let stays = [
        Edge::Right {
            holder: 12,
            right: 0,
            over: 18,
        },
        Edge::Host { host: 14 },
    ];
    let found = |gone: usize| {
        let edges = [&goes[gone..], &stays[..]].concat();
        Found::of(&Small::of(edges), &plain(), 0)
    };
    let mut before = found(0);
    for (edge, gone) in goes.iter().zip(1..) {
        let now = found(gone);
        assert!(
            now.exposure < before.exposure,
            "{edge:?}: {now:?} {before:?}"
        );
        before = now;
    }
}
