//! What holds of steps, findings and accounts, whatever the summaries say.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use coldcase_schemas::report::Privileges;
use coldcase_schemas::trend::{AccountState, Cause, Change, FindingState, Trend};
use proptest::collection::vec;
use proptest::prelude::*;

use super::course::Course;
use super::made::{account, day, finding, judge, scored, subject, summary};
use super::scored::hundredths;
use super::step::{Between, step};
use super::summary::Summary;

const RULES: usize = 3;

/// What a point may have of each subject and rule: nothing, a weight, or that it could not be judged.
#[derive(Debug, Clone, Copy)]
enum Cell {
    Nothing,
    Weight(u8),
    Unknown,
}

#[derive(Debug, Clone)]
struct Made {
    /// Worth in tenths, and whether the subject is there at all.
    subjects: Vec<(u8, bool, [Cell; RULES])>,
    /// Which rules did not see everything.
    limited: [bool; RULES],
    privileges: Privileges,
    hidden: bool,
    blind: bool,
}

impl Made {
    fn at(&self, taken_at: u32, clock: u32, pack: &str) -> Summary {
        let mut made = summary(day(taken_at), day(clock), pack, RULES);
        made.facts.privileges = self.privileges;
        if self.hidden {
            made.hidden.push("user".to_owned());
        }
        if self.blind {
            made.unseen.push("queries".to_owned());
        }
        for (number, (worth, there, cells)) in self.subjects.iter().enumerate() {
            if !there {
                continue;
            }
            let name = format!("s{number}");
            let mut subject = subject(&name, f64::from(*worth) / 10.0);
            for (rule, cell) in cells.iter().enumerate() {
                match cell {
                    Cell::Nothing => {}
                    Cell::Weight(weight) => {
                        let weight = f64::from(*weight) / 300.0;
                        subject.findings.push(finding(&name, rule, weight));
                    }
                    Cell::Unknown => made.rules[rule].unknown.push(made.subjects.len()),
                }
            }
            made.subjects.push(subject);
        }
        for (rule, limited) in self.limited.iter().enumerate() {
            let rule = &mut made.rules[rule];
            if *limited {
                rule.reason = "2 of 3 objects do not show it".to_owned();
                rule.others_judged = false;
            } else if !rule.unknown.is_empty() {
                rule.reason = "1 object could not be judged".to_owned();
            }
        }
        made
    }
}

fn cell() -> impl Strategy<Value = Cell> {
    prop_oneof![
        3 => Just(Cell::Nothing),
        4 => (0_u8..=255).prop_map(Cell::Weight),
        1 => Just(Cell::Unknown),
    ]
}

fn made() -> impl Strategy<Value = Made> {
    let subject = (0_u8..=10, any::<bool>(), [cell(), cell(), cell()]);
    let privileges = prop_oneof![
        Just(Privileges::Forest),
        Just(Privileges::Domain),
        Just(Privileges::Ordinary),
        Just(Privileges::Unknown),
    ];
    (
        vec(subject, 5),
        any::<[bool; RULES]>(),
        privileges,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(subjects, limited, privileges, hidden, blind)| Made {
            subjects,
            limited,
            privileges,
            hidden,
            blind,
        })
}

proptest! {
    #[test]
    fn the_parts_of_a_change_add_up_exactly(
        earlier in made(),
        aged in made(),
        later in made(),
        rebased in made(),
        with_aged in any::<bool>(),
        other_rules in any::<bool>(),
        with_rebased in any::<bool>(),
    ) {
        let pack = if other_rules { "old" } else { "new" };
        let between = Between {
            rebased: (other_rules && with_rebased).then(|| scored(rebased.at(0, 0, "new"))),
            aged: with_aged.then(|| scored(aged.at(0, 30, "new"))),
        };
        let (earlier, later) = (scored(earlier.at(0, 0, pack)), scored(later.at(30, 30, "new")));
        let step = step(&earlier, &later, &between);
        let parts = [step.rebasing, step.aging, step.scope, step.configuration, step.not_split];
        let sum: i64 = parts.into_iter().map(hundredths).sum();
        prop_assert_eq!(sum, hundredths(step.change));
        prop_assert_eq!(hundredths(step.change), later.exposure() - earlier.exposure());
        prop_assert_eq!(step.why_not_split.is_empty(), with_aged && (!other_rules || with_rebased));
    }

    /// The same directory seen by lesser eyes is a matter of scope, and of nothing else.
    #[test]
    fn seeing_less_of_the_same_is_never_told_as_a_change(
        there in made(),
        limited in any::<[bool; RULES]>(),
        blind in any::<bool>(),
        // Worth in tenths that the control graph no longer sees.
        lost in vec(0_u8..=10, 5),
        back in any::<bool>(),
    ) {
        let mut whole = there.clone();
        whole.limited = [false; RULES];
        whole.privileges = Privileges::Forest;
        (whole.hidden, whole.blind) = (false, false);
        let mut less = whole.clone();
        (less.limited, less.blind, less.privileges) = (limited, blind, Privileges::Ordinary);
        for (rule, limited) in limited.iter().enumerate() {
            for (subject, lost) in less.subjects.iter_mut().zip(&lost) {
                if *limited {
                    subject.2[rule] = Cell::Nothing;
                }
                if blind {
                    subject.0 = subject.0.saturating_sub(*lost);
                }
            }
        }
        let (before, after) = if back { (&less, &whole) } else { (&whole, &less) };
        let (before, after) = (before.at(0, 30, "new"), after.at(30, 30, "new"));
        let between = Between { rebased: None, aged: Some(scored(before.clone())) };
        let mut own = before;
        own.clock = day(0);
        let step = step(&scored(own), &scored(after), &between);
        prop_assert_eq!((step.configuration, step.aging), (0.0, 0.0));
        prop_assert_eq!(step.scope, step.change);
        for subject in &step.subjects {
            for finding in &subject.findings {
                prop_assert_eq!(finding.cause, Cause::Scope, "{:?}", subject);
            }
        }
    }
}

/// One point a day of the list, each with the findings that are named.
fn trend(points: &[(u32, Vec<Summary>)]) -> Trend {
    let mut course = Course::default();
    for (_, summaries) in points {
        for summary in summaries {
            course.push(scored(summary.clone()), &Between::default());
        }
    }
    course.finish(&judge("new"), Vec::new(), Vec::new())
}

fn point(on: u32, weight: Option<f64>, change: impl FnOnce(&mut Summary)) -> (u32, Vec<Summary>) {
    let mut made = summary(day(on), day(on), "new", 1);
    let mut subject = subject("svc", 1.0);
    subject.account = Some(account());
    subject
        .findings
        .extend(weight.map(|weight| finding("svc", 0, weight)));
    made.subjects.push(subject);
    change(&mut made);
    (on, vec![made])
}

fn limited(made: &mut Summary) {
    made.rules[0].reason = "not all was seen".to_owned();
    made.rules[0].others_judged = false;
}

#[test]
fn what_was_not_judged_is_unknown_and_comes_back_without_having_been_away() {
    let there = |on| point(on, Some(0.6), |_| ());
    let unseen = |on| point(on, None, limited);
    let open = trend(&[there(0), unseen(10), there(20)]);
    let history = &open.findings[0];
    assert_eq!((history.state, history.reopened), (FindingState::Open, 0));
    assert_eq!((history.age_days, history.at_least), (20.0, true));
    let unknown = trend(&[there(0), unseen(10)]);
    assert_eq!(unknown.findings[0].state, FindingState::Unknown);
    assert_eq!(
        (
            unknown.times_to_fix[0].fixed,
            unknown.times_to_fix[0].unknown
        ),
        (0, 1)
    );
    // Fixed on the day that judged it, which was not the first on which it was not there.
    let fixed = trend(&[there(0), unseen(10), point(30, None, |_| ())]);
    let history = &fixed.findings[0];
    assert_eq!(history.state, FindingState::Fixed);
    assert_eq!(history.fixed.as_deref(), Some("2026-01-31T00:00:00Z"));
    assert_eq!(fixed.times_to_fix[0].mean_days, Some(30.0));
    assert!(
        fixed.times_to_fix[0].at_least,
        "it was there from the first point on"
    );
}

#[test]
fn what_comes_back_after_it_was_fixed_is_reopened() {
    let there = |on| point(on, Some(0.6), |_| ());
    let gone = |on| point(on, None, |_| ());
    let again = trend(&[gone(0), there(10), gone(20), there(40), gone(50), there(60)]);
    let history = &again.findings[0];
    assert_eq!((history.reopened, history.state), (2, FindingState::Open));
    assert_eq!(history.first_seen, "2026-01-11T00:00:00Z");
    assert_eq!(history.opened, "2026-03-02T00:00:00Z");
    assert!(!history.at_least);
    let time = &again.times_to_fix[0];
    assert_eq!(
        (time.fixed, time.mean_days, time.at_least, time.open),
        (2, Some(10.0), false, 1)
    );
}

#[test]
fn a_subject_that_lesser_eyes_do_not_see_is_not_fixed() {
    let gone = |change: fn(&mut Summary)| {
        let last = point(10, None, |made| {
            made.subjects.clear();
            change(made);
        });
        let trend = trend(&[point(0, Some(0.6), |_| ()), last]);
        (trend.findings[0].state, trend.accounts[0].state)
    };
    let fixed = (FindingState::Fixed, AccountState::Gone);
    let unknown = (FindingState::Unknown, AccountState::Unknown);
    assert_eq!(gone(|_| ()), fixed);
    assert_eq!(
        gone(|made| made.facts.privileges = Privileges::Ordinary),
        unknown
    );
    assert_eq!(gone(|made| made.hidden.push("user".to_owned())), unknown);
    // One that is not listed may be among those that the rule could not judge.
    let more = gone(|made| {
        made.rules[0].reason = "3 objects could not be judged".to_owned();
        made.rules[0].more_unknown = true;
    });
    assert_eq!(more, (FindingState::Unknown, AccountState::Gone));
}

#[test]
fn what_time_would_have_done_and_somebody_did_in_time_is_upkeep() {
    let own = point(0, None, |_| ()).1.remove(0);
    let mut aged = point(0, Some(0.3), |_| ()).1.remove(0);
    aged.clock = day(30);
    let later = point(30, None, |_| ()).1.remove(0);
    let between = Between {
        rebased: None,
        aged: Some(scored(aged)),
    };
    let step = step(&scored(own), &scored(later), &between);
    assert_eq!(
        (step.change, step.aging, step.configuration),
        (0.0, 30.0, -30.0)
    );
    assert_eq!(step.upkeep, 30.0);
    let causes: Vec<(Cause, Change)> = step.subjects[0]
        .findings
        .iter()
        .map(|finding| (finding.cause, finding.change))
        .collect();
    assert_eq!(
        causes,
        [
            (Cause::Configuration, Change::Closed),
            (Cause::Aging, Change::Opened)
        ]
    );
}

#[test]
fn a_password_set_earlier_than_before_and_a_new_name_are_told() {
    let at = |on, set: i64, name: &str| {
        let name = name.to_owned();
        point(on, None, move |made| {
            made.subjects[0].subject.sam_account_name = Some(name);
            let ticks = 134_000_000_000_000_000_i64 + set * 864_000_000_000;
            made.subjects[0].account.as_mut().unwrap().password_set = Some(ticks);
        })
    };
    let trend = trend(&[at(0, 9, "svc-a"), at(10, 3, "svc-b"), at(20, 4, "svc-b")]);
    let account = &trend.accounts[0];
    assert_eq!(account.former_names, ["svc-a"]);
    assert_eq!(account.password_set_back, ["2026-01-11T00:00:00Z"]);
    assert_eq!(account.points.len(), 3);
}

#[test]
fn clocks_that_stand_or_go_backwards_are_told() {
    let counted = |on, usn| point(on, None, move |made| made.usn = Some(usn));
    let notes = trend(&[counted(0, 500), counted(10, 400)]).notes;
    assert!(notes[0].contains("its clock went backwards"), "{notes:?}");
    assert!(trend(&[counted(0, 500), counted(10, 600)]).notes.is_empty());
    let notes = trend(&[counted(0, 500), counted(0, 500)]).notes;
    assert!(
        notes[0].contains("two snapshots were taken at 2026-01-01"),
        "{notes:?}"
    );
    // Another server counts by itself.
    let other = point(10, None, |made| {
        made.usn = Some(400);
        made.facts.server = "dc2".to_owned();
    });
    assert!(trend(&[counted(0, 500), other]).notes.is_empty());
}
