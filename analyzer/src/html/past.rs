//! What changed since the snapshot before, and the way over all earlier ones: lines, a table, an account's own course.
//!
//! Deliberately compares nothing: numbers and causes are the trend's, the story is the comparison's. A point that saw
//! less is marked: it is no dip.

use std::collections::BTreeMap;

use coldcase_schemas::diff::{Diff, Direction, FindingState, ValueKind};
use coldcase_schemas::report::Numbers;
use coldcase_schemas::trend::{AccountHistory, AccountPoint, Point, Step, Trend};

use super::words;
use crate::compare::{Story, story};
use crate::history::{apart, columns, rotation_of, signed};
use crate::report::{at_least, counted};
use crate::rules::identity;

/// Lines of an account's course that are told, the latest.
const LINES: usize = 8;

/// Attributes of text that hold names by design.
const TOLD_TEXTS: [&str; 12] = [
    "cn",
    "name",
    "sAMAccountName",
    "userPrincipalName",
    "servicePrincipalName",
    "dNSHostName",
    "msDS-AllowedToDelegateTo",
    "operatingSystem",
    "operatingSystemVersion",
    "objectClass",
    "gPCFileSysPath",
    "dSHeuristics",
];

/// Units of the drawing.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 150.0;

pub(super) struct Past {
    /// Day of the snapshot before, and of the first one.
    pub(super) since: String,
    pub(super) first: String,
    /// Day of the snapshot itself.
    pub(super) last: String,
    /// `≥ 225.0 → ≥ 230.1 (+5.10)`.
    pub(super) exposure: String,
    /// Why, each with its part.
    pub(super) causes: Vec<(&'static str, String)>,
    /// What cannot be split, and what other rules made of it.
    pub(super) apart: String,
    /// Findings and powers in numbers; empty without a comparison.
    pub(super) counts: Vec<String>,
    /// `None` if the file of the snapshot before is gone.
    pub(super) story: Option<Story>,
    pub(super) lines: Vec<Line>,
    pub(super) rows: Vec<Row>,
    pub(super) notes: Vec<String>,
}

/// A line over time.
pub(super) struct Line {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) path: String,
    /// The same without accepted findings, where that is another line.
    pub(super) net: String,
    pub(super) dots: Vec<Dot>,
    pub(super) most: String,
}

/// A snapshot on a line.
pub(super) struct Dot {
    pub(super) x: String,
    pub(super) y: String,
    /// What stands above it; empty where there is no room.
    pub(super) label: String,
    pub(super) told: String,
    pub(super) saw_less: bool,
}

/// A snapshot in numbers.
pub(super) struct Row {
    pub(super) day: String,
    pub(super) exposure: String,
    pub(super) net: String,
    pub(super) index: String,
    pub(super) level: String,
    pub(super) coverage: String,
    /// Why it is another than before: change, by time, by sight, by hand.
    pub(super) causes: Vec<String>,
    pub(super) saw_less: bool,
}

impl Past {
    pub(super) fn of(trend: &Trend, diff: Option<&Diff>) -> Option<Self> {
        let [.., before, now] = trend.points.as_slice() else {
            return None;
        };
        let step = trend.steps.last()?;
        Some(Self {
            since: day(&before.snapshot.taken_at),
            first: trend
                .points
                .first()
                .map(|first| day(&first.snapshot.taken_at))
                .unwrap_or_default(),
            last: day(&now.snapshot.taken_at),
            exposure: format!(
                "{} → {} ({})",
                exposure(&before.gross),
                exposure(&now.gross),
                signed(step.change)
            ),
            causes: causes(step),
            apart: apart(step).join("; "),
            counts: diff.map(counts).unwrap_or_default(),
            story: diff.map(|diff| story(&without_free_text(diff), false)),
            lines: lines(trend),
            rows: rows(trend),
            notes: trend.notes.clone(),
        })
    }
}

/// Values of what people write as they like are not repeated: they keep passwords in it, and the page travels.
fn without_free_text(diff: &Diff) -> Diff {
    let mut diff = diff.clone();
    let attributes = diff.objects.iter_mut().flat_map(|one| &mut one.attributes);
    for attribute in attributes.filter(|one| one.kind == ValueKind::Text) {
        if !TOLD_TEXTS
            .iter()
            .any(|name| attribute.attribute.eq_ignore_ascii_case(name))
        {
            let values = attribute.removed.iter_mut().chain(&mut attribute.added);
            values.for_each(|value| *value = "a text, not repeated".to_owned());
        }
    }
    diff
}

fn day(at: &str) -> String {
    at.get(..10).unwrap_or(at).to_owned()
}

fn exposure(numbers: &Numbers) -> String {
    format!("{}{:.1}", at_least(numbers), numbers.exposure)
}

fn index(numbers: &Numbers) -> String {
    format!("{}{:.0}", at_least(numbers), numbers.index)
}

/// The level, and what it may be.
fn level(numbers: &Numbers) -> String {
    match numbers.level_min < numbers.level {
        true => format!("{} at best, {} at worst", numbers.level, numbers.level_min),
        false => numbers.level.to_string(),
    }
}

fn causes(step: &Step) -> Vec<(&'static str, String)> {
    let [_, time, seen, changed] = columns(step);
    if !step.why_not_split.is_empty() {
        return vec![("what only one of the two could judge", seen)];
    }
    vec![
        ("what somebody changed", changed),
        ("time alone", time),
        ("what only one of the two could judge", seen),
    ]
}

fn counts(diff: &Diff) -> Vec<String> {
    let found = |state| diff.findings.iter().filter(move |one| one.state == state);
    let power = |way| {
        diff.access
            .iter()
            .filter(move |one| one.direction == way)
            .count()
    };
    let opened = found(FindingState::Opened);
    let aged = opened.clone().filter(|one| one.aged).count();
    let opened = counted(opened.count(), "finding");
    let aged = match aged {
        0 => String::new(),
        count => format!(" ({count} by age alone)"),
    };
    let unknown =
        found(FindingState::UnknownBefore).count() + found(FindingState::UnknownNow).count();
    let mut told = vec![
        format!("{opened} opened{aged}"),
        format!("{} closed", found(FindingState::Closed).count()),
        format!("{} changed", found(FindingState::Changed).count()),
    ];
    if unknown > 0 {
        told.push(format!("{unknown} that one of the two could not tell"));
    }
    told.push(format!(
        "{} over service accounts gained, {} lost",
        counted(power(Direction::Gained), "power"),
        power(Direction::Lost)
    ));
    match power(Direction::Unknown) {
        0 => (),
        count => told.push(format!("{count} not known")),
    }
    told
}

fn lines(trend: &Trend) -> Vec<Line> {
    let net = |point: &Point| point.net.exposure;
    let differs = trend.points.iter().any(|point| point.net != point.gross);
    let exposures = Line::new(
        trend,
        (
            "exposure-time",
            "Exposure over time",
            "All risks added up; the less the better.",
        ),
        |point| point.gross.exposure,
        |point| exposure(&point.gross),
        differs.then_some(net),
    );
    let indices = Line::new(
        trend,
        (
            "level-time",
            "Index and level over time",
            "The line is the index, of 100; above each point stands the level, 1 the worst.",
        ),
        |point| point.gross.index,
        |point| {
            format!(
                "index {}, level {}",
                index(&point.gross),
                level(&point.gross)
            )
        },
        None,
    );
    let mut lines = vec![exposures, indices];
    if let Some(levels) = lines.last_mut() {
        for (dot, point) in levels.dots.iter_mut().zip(&trend.points) {
            dot.label = point.gross.level.to_string();
        }
    }
    lines
}

impl Line {
    fn new(
        trend: &Trend,
        (id, title, about): (&'static str, &'static str, &'static str),
        value: fn(&Point) -> f64,
        told: impl Fn(&Point) -> String,
        net: Option<fn(&Point) -> f64>,
    ) -> Self {
        let most = trend.points.iter().map(value).fold(0.0, f64::max).max(1.0);
        // Days from the first point; a clock that stood still is no division by nought.
        let days: Vec<f64> = trend
            .steps
            .iter()
            .scan(0.0, |sum, step| {
                *sum += step.days;
                Some(*sum)
            })
            .collect();
        let whole = days.last().copied().unwrap_or_default().max(0.01);
        let at = |place: usize| place.checked_sub(1).and_then(|place| days.get(place));
        let x = |place: usize| WIDTH * at(place).copied().unwrap_or_default() / whole;
        let y = |value: f64| HEIGHT * (1.0 - value / most);
        let path = |value: fn(&Point) -> f64| {
            let points = trend.points.iter().enumerate();
            let points = points.map(|(place, point)| {
                let step = if place == 0 { "M" } else { "L" };
                format!("{step}{:.1} {:.1}", x(place), y(value(point)))
            });
            points.collect::<String>()
        };
        let dots = trend.points.iter().enumerate().map(|(place, point)| Dot {
            x: format!("{:.1}", x(place)),
            y: format!("{:.1}", y(value(point))),
            label: String::new(),
            told: format!("{}: {}", day(&point.snapshot.taken_at), told(point)),
            saw_less: point.saw_less,
        });
        Self {
            id,
            title,
            about,
            path: path(value),
            net: net.map(path).unwrap_or_default(),
            dots: dots.collect(),
            most: format!("{most:.0}"),
        }
    }
}

fn rows(trend: &Trend) -> Vec<Row> {
    let steps = std::iter::once(None).chain(trend.steps.iter().map(Some));
    let rows = trend.points.iter().zip(steps).map(|(point, step)| Row {
        day: day(&point.snapshot.taken_at),
        exposure: exposure(&point.gross),
        net: exposure(&point.net),
        index: index(&point.gross),
        level: level(&point.gross),
        coverage: format!("{:.0} %", point.coverage_percent),
        causes: step.map_or_else(Vec::new, |step| columns(step).to_vec()),
        saw_less: point.saw_less,
    });
    rows.collect()
}

/// Service accounts of a trend, by identity.
pub(super) fn by_account(trend: &Trend) -> BTreeMap<&str, &AccountHistory> {
    let accounts = trend.accounts.iter();
    accounts
        .map(|account| (identity(&account.subject), account))
        .collect()
}

/// An account's own course: how its password rotated, and what was another than at the point before; empty where
/// nothing was.
pub(super) fn course(account: &AccountHistory) -> Vec<String> {
    let mut told = Vec::new();
    if !account.former_names.is_empty() {
        told.push(format!("Was called {}.", account.former_names.join(", ")));
    }
    if let Some(rotation) = &account.rotation {
        let points = account.points.len();
        told.push(format!(
            "Over {}: a new key epoch {} ×; {}.",
            counted(points, "snapshot"),
            rotation.moved,
            rotation_of(rotation, points)
        ));
    }
    if let Some(at) = account.password_set_back.last() {
        told.push(format!(
            "pwdLastSet went backwards before {}: restored from a backup, or tampered with.",
            day(at)
        ));
    }
    let changes: Vec<String> = account
        .points
        .windows(2)
        .filter_map(|pair| match pair {
            [before, now] => changed(before, now),
            _ => None,
        })
        .collect();
    let skipped = changes.len().saturating_sub(LINES);
    if skipped > 0 {
        told.push(format!(
            "{skipped} earlier changes; `coldcase trend` tells them."
        ));
    }
    told.extend(changes.into_iter().skip(skipped));
    told
}

fn changed(before: &AccountPoint, now: &AccountPoint) -> Option<String> {
    let mut told = Vec::new();
    // A younger password is a new one.
    match (before.password_days, now.password_days) {
        (Some(old), Some(new)) if new < old => told.push("new password".to_owned()),
        (Some(_), None) => told.push("password age not known".to_owned()),
        _ => (),
    }
    let number = |count: Option<u64>| {
        count.map_or_else(|| words::NOT_KNOWN.to_owned(), |count| count.to_string())
    };
    let mut pair = |what: &str, old: String, new: String| {
        if old != new {
            told.push(format!("{what} {old} → {new}"));
        }
    };
    pair(
        "enabled",
        words::flag(before.enabled).to_owned(),
        words::flag(now.enabled).to_owned(),
    );
    pair("readers", number(before.readers), number(now.readers));
    pair("SPNs", before.spns.to_string(), now.spns.to_string());
    let groups = |point: &AccountPoint| match point.privileged_groups.as_slice() {
        [] => "none".to_owned(),
        groups => groups.join(", "),
    };
    pair("privileged groups", groups(before), groups(now));
    let risk = |point: &AccountPoint| {
        let open = usize::try_from(point.not_judged_by).unwrap_or(usize::MAX);
        crate::report::risk_in_words(point.risk, open)
    };
    pair("risk", risk(before), risk(now));
    (!told.is_empty()).then(|| format!("{}: {}", day(&now.taken_at), told.join("; ")))
}
