//! What a trend tells first, whatever it is written as: what got worse, what got better, and by which findings.
//!
//! Owns the choice and the words that text and Markdown share. Deliberately writes nothing.

use std::collections::BTreeMap;

use coldcase_schemas::report::{Numbers, Severity, Subject};
use coldcase_schemas::trend::{
    AccountHistory, AccountState, Cause, Change, FindingChange, FindingHistory, FindingState,
    Rebasing, Rotation, RotationVerdict, Step, SubjectChange, TimeToFix, Trend, TrendRule,
};

use super::course::day;
use crate::report::{at_least, risk_in_words, visible};
use crate::score::round;

/// Longer distinguished names are told by their first part.
const LONG: usize = 50;

/// What an account is now: its risk, or why there is none.
pub(super) fn now(account: &AccountHistory) -> String {
    let last = account.points.last();
    match account.state {
        AccountState::There => last.map_or_else(String::new, |last| {
            let open = usize::try_from(last.not_judged_by).unwrap_or(usize::MAX);
            risk_in_words(last.risk, open)
        }),
        AccountState::Retired => "no SPN".to_owned(),
        AccountState::Unknown => "unknown".to_owned(),
        AccountState::Gone => "gone".to_owned(),
    }
}

/// A number of two points, as `from → to`, each with ≥ where rules that did not see everything may add to it.
pub(super) fn from_to(
    before: &Numbers,
    after: &Numbers,
    told: impl Fn(&Numbers) -> String,
) -> String {
    let told = |numbers| format!("{}{}", at_least(numbers), told(numbers));
    format!("{} → {}", told(before), told(after))
}

/// Exposure of two points.
pub(super) fn exposures(before: &Numbers, after: &Numbers) -> String {
    from_to(before, after, |numbers| format!("{:.2}", numbers.exposure))
}

/// Index of two points.
pub(super) fn indices(before: &Numbers, after: &Numbers) -> String {
    from_to(before, after, |numbers| format!("{:.0}", numbers.index))
}

/// What is odd about the passwords of accounts, the worst first; and how many rotate as they should.
pub(super) fn rotation(trend: &Trend) -> (Vec<String>, usize) {
    let mut lines = Vec::new();
    let mut regular = 0;
    for account in &trend.accounts {
        let name = name(&account.subject);
        if let Some(rotation) = &account.rotation {
            regular += usize::from(rotation.verdict == RotationVerdict::Regular);
            let there = account.state == AccountState::There;
            let tell = there || rotation.verdict <= RotationVerdict::OddKey;
            let what = odd_rotation(rotation, account.points.len()).filter(|_| tell);
            lines.extend(what.map(|what| (rotation.verdict, format!("{name}: {what}"))));
        }
        if let Some(at) = account.password_set_back.last() {
            let text = format!(
                "{name}: pwdLastSet went backwards before {}: restored from a backup, or tampered with",
                day(at)
            );
            lines.push((RotationVerdict::Backwards, text));
        }
    }
    lines.sort();
    (lines.into_iter().map(|(_, line)| line).collect(), regular)
}

/// How a password rotated over so many points, in words.
pub(crate) fn rotation_of(rotation: &Rotation, points: usize) -> String {
    let regular = || format!("as its interval of {} days says", rotation.interval_days);
    odd_rotation(rotation, points).unwrap_or_else(regular)
}

fn odd_rotation(rotation: &Rotation, points: usize) -> Option<String> {
    let last = |days: &[String]| days.last().map(|at| day(at)).unwrap_or_default();
    let first = rotation.late.first().map(|at| day(at)).unwrap_or_default();
    Some(match rotation.verdict {
        RotationVerdict::Regular => return None,
        RotationVerdict::Backwards => format!(
            "its key epoch went backwards before {}: restored from a backup, or tampered with",
            last(&rotation.backwards)
        ),
        RotationVerdict::Ahead => format!(
            "its key epoch ran ahead of the interval by {}: no domain controller does that",
            last(&rotation.ahead)
        ),
        RotationVerdict::Reset => format!(
            "its password was set before {} and the key epoch stayed: no domain controller derived it",
            last(&rotation.reset)
        ),
        RotationVerdict::OddKey => format!(
            "made from another root key by {}, and nothing says that it is the one new passwords come from",
            last(&rotation.odd_key)
        ),
        RotationVerdict::Stopped => format!(
            "stopped: in use, but overdue at every point since {first} (every {} days)",
            rotation.interval_days
        ),
        RotationVerdict::Late => format!(
            "late at {} of {points} points, and moved on since",
            rotation.late.len()
        ),
        RotationVerdict::Idle => "no new password, and nobody used it since one was due".to_owned(),
        RotationVerdict::Unknown => "too few points tell its key epoch".to_owned(),
    })
}

/// What changed of an account beside its risk: a word and a line each.
pub(super) fn notable(account: &AccountHistory) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if !account.former_names.is_empty() {
        lines.push(("was called", visible(&account.former_names.join(", "))));
    }
    let line = |mut facts: Vec<String>| {
        facts.dedup();
        (facts.len() > 1).then(|| facts.join(" → "))
    };
    let points = &account.points;
    let readers = points.iter().filter_map(|point| point.readers);
    let readers = line(readers.map(|count| count.to_string()).collect());
    let spns = line(points.iter().map(|point| point.spns.to_string()).collect());
    let groups = points
        .iter()
        .map(|point| match point.privileged_groups.as_slice() {
            [] => "none".to_owned(),
            groups => visible(&groups.join(", ")),
        });
    lines.extend(readers.map(|text| ("readers", text)));
    lines.extend(spns.map(|text| ("SPNs", text)));
    lines.extend(line(groups.collect()).map(|text| ("privileged groups", text)));
    lines
}

/// How long it took to fix findings of a severity; `None` where nothing says.
pub(super) fn fixing(time: &TimeToFix) -> String {
    let mean = match time.mean_days {
        None => "nothing fixed yet".to_owned(),
        Some(days) => format!(
            "{}{days:.0} days over {} fixed",
            if time.at_least { "≥ " } else { "" },
            time.fixed
        ),
    };
    let unknown = match time.unknown {
        0 => String::new(),
        count => format!(", {count} not known"),
    };
    format!("{mean}; {} open{unknown}", time.open)
}

/// One finding with its age.
pub(super) fn since(finding: &FindingHistory, rules: &BTreeMap<&str, &TrendRule>) -> String {
    let bound = if finding.at_least { "≤ " } else { "" };
    let rule = rules.get(finding.rule.as_str());
    let again = match finding.reopened {
        0 => String::new(),
        times => format!(", reopened {times} ×"),
    };
    let accepted = if finding.accepted { ", accepted" } else { "" };
    format!(
        "{} {} {} since {bound}{}, {:.0} days{again}{accepted}",
        finding.severity.as_str(),
        rule.map_or(finding.rule.as_str(), |rule| rule.code.as_str()),
        name(&finding.subject),
        day(&finding.opened),
        finding.age_days
    )
}

/// Findings that weigh something and are in a state at the last point.
pub(super) fn in_state(trend: &Trend, state: FindingState) -> Vec<&FindingHistory> {
    let findings = trend.findings.iter();
    findings
        .filter(|finding| finding.state == state && finding.severity != Severity::Info)
        .collect()
}

/// What the columns of the steps mean.
pub(super) fn legend(trend: &Trend) -> String {
    // A sum of nothing is -0 otherwise.
    let upkeep = trend.steps.iter().fold(0.0, |sum, step| sum + step.upkeep);
    format!(
        "By time: what came due by itself. Seen: what only one side could judge. Changed: the rest, which somebody \
         did. What would have come due and was done in time, such as passwords that rotate, is in none of them \
         ({upkeep:.2} in all)."
    )
}

/// What stands under a step that has more parts than the columns.
pub(crate) fn apart(step: &Step) -> Vec<String> {
    let mut apart = Vec::new();
    if step.rebasing != 0.0 {
        let number = signed(step.rebasing);
        apart.push(format!("{number} by other rules or assumptions"));
    }
    if !step.why_not_split.is_empty() {
        let number = signed(step.not_split);
        apart.push(format!("{number} not split: {}", step.why_not_split));
    }
    apart
}

/// What other rules or assumptions gave.
pub(super) fn rebased(trend: &Trend, rebasing: &Rebasing) -> String {
    let rules = &rebasing.rule_pack_sha256;
    let (which, hash, what) = if *rules == trend.rule_pack_sha256 {
        ("assumptions", &rebasing.assumptions_sha256, "assumptions")
    } else {
        ("rules", rules, "rules or assumptions")
    };
    format!(
        "{which} {} gave {:.2} for {}, these give {:.2}: {} by the {what} alone",
        hash.get(..12).unwrap_or(hash),
        rebasing.before,
        day(&rebasing.taken_at),
        rebasing.after,
        signed(round(rebasing.after - rebasing.before))
    )
}

/// One subject in one step.
#[derive(Debug)]
pub(super) struct Event<'a> {
    /// The day of the later point.
    pub(super) until: String,
    /// By how much its risk changed.
    pub(super) change: f64,
    pub(super) subject: &'a SubjectChange,
    /// By which findings.
    pub(super) findings: Vec<&'a FindingChange>,
}

/// The part of a step that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// What somebody changed, and made worse.
    Worse,
    /// What somebody changed, and made better.
    Better,
    /// What time alone did.
    Time,
    /// What was seen for the first time, or not any more.
    Seen,
}

impl Part {
    /// In the order in which they are told.
    pub(super) const ALL: [Self; 4] = [Self::Worse, Self::Better, Self::Time, Self::Seen];

    /// What stands above it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Worse => "What got worse",
            Self::Better => "What got better",
            Self::Time => "What time alone did",
            Self::Seen => "Seen for the first time, or not judged any more",
        }
    }
}

/// Events of one part over all steps, the greatest change first.
pub(super) fn events(trend: &Trend, part: Part) -> Vec<Event<'_>> {
    let mut events = Vec::new();
    for step in &trend.steps {
        for subject in &step.subjects {
            let change = match part {
                Part::Worse | Part::Better => changed(subject),
                Part::Time => round(subject.aging - subject.upkeep),
                Part::Seen => subject.scope,
            };
            let findings: Vec<&FindingChange> = subject
                .findings
                .iter()
                .filter(|finding| explains(part, finding, subject))
                .collect();
            let told = match part {
                Part::Worse => change > 0.0,
                Part::Better => change < 0.0,
                Part::Time => change != 0.0,
                Part::Seen => change != 0.0,
            };
            if told {
                events.push(Event {
                    until: day(&step.to),
                    change,
                    subject,
                    findings,
                });
            }
        }
    }
    events.sort_by(|a, b| {
        b.change
            .abs()
            .total_cmp(&a.change.abs())
            .then_with(|| a.until.cmp(&b.until))
            .then_with(|| a.subject.subject.cmp(&b.subject.subject))
    });
    events
}

/// What somebody changed, without what was only done in time.
fn changed(subject: &SubjectChange) -> f64 {
    round(subject.configuration + subject.upkeep)
}

fn explains(part: Part, finding: &FindingChange, subject: &SubjectChange) -> bool {
    match part {
        Part::Time => finding.cause == Cause::Aging && !undone(finding, subject),
        Part::Seen => finding.cause == Cause::Scope,
        Part::Worse | Part::Better => {
            finding.cause == Cause::Configuration && !undone(finding, subject)
        }
    }
}

/// Whether another cause did the opposite to the same finding, so that neither point shows it.
fn undone(finding: &FindingChange, subject: &SubjectChange) -> bool {
    let opposite = match finding.change {
        Change::Opened => Change::Closed,
        Change::Closed => Change::Opened,
        // Of more and less weight, something is left that explains the change.
        Change::Heavier | Change::Lighter => return false,
    };
    subject.findings.iter().any(|other| {
        other.id == finding.id
            && other.cause != finding.cause
            && other.cause != Cause::Scope
            && other.change == opposite
    })
}

/// The parts of a step as a table shows them: change, by time, seen, changed.
pub(crate) fn columns(step: &Step) -> [String; 4] {
    let split = |part: f64| match step.why_not_split.is_empty() {
        true => signed(part),
        false => "·".to_owned(),
    };
    [
        signed(step.change),
        split(round(step.aging - step.upkeep)),
        signed(step.scope),
        split(round(step.configuration + step.upkeep)),
    ]
}

/// Rules by id.
pub(super) fn rules(trend: &Trend) -> BTreeMap<&str, &TrendRule> {
    let rules = trend.rules.iter();
    rules.map(|rule| (rule.id.as_str(), rule)).collect()
}

/// `fixed: GM01 …`, a line for each finding.
pub(super) fn told(finding: &FindingChange, rules: &BTreeMap<&str, &TrendRule>) -> String {
    let what = match (finding.cause, finding.change) {
        (Cause::Scope, Change::Opened) => "seen",
        (Cause::Scope, Change::Closed) => "not judged",
        (Cause::Scope, Change::Heavier | Change::Lighter) => "seen otherwise",
        (_, Change::Opened) => "new",
        (Cause::Aging, Change::Closed) => "over",
        (Cause::Configuration, Change::Closed) => "fixed",
        (_, Change::Heavier) => "weighs more",
        (_, Change::Lighter) => "weighs less",
    };
    match rules.get(finding.rule.as_str()) {
        Some(rule) => format!("{what}: {} {}", rule.code, visible(&rule.title)),
        None => format!("{what}: {}", visible(&finding.rule)),
    }
}

/// `worth 1 → 0.2`, if it changed.
pub(super) fn worth(subject: &SubjectChange) -> Option<String> {
    let (before, after) = subject.worth_before.zip(subject.worth_after)?;
    (before != after).then(|| format!("worth {before} → {after}"))
}

/// `svc-sql (user)`. Of a long distinguished name its first part.
pub(super) fn name(subject: &Subject) -> String {
    let dn = subject.dn.as_deref().map(|dn| match dn.split_once(',') {
        Some((first, _)) if dn.chars().count() > LONG => first,
        _ => dn,
    });
    let name = subject.sam_account_name.as_deref();
    let name = name.or(dn).unwrap_or("(unnamed)");
    format!("{} ({})", visible(name), visible(&subject.kind))
}

/// With a sign: `+3.40`, `−8.24`, `0.00`.
pub(crate) fn signed(number: f64) -> String {
    let amount = format!("{:.2}", number.abs());
    // What rounds to nothing has no sign.
    let sign = match (amount.as_str(), number > 0.0) {
        ("0.00", _) => "",
        (_, true) => "+",
        (_, false) => "−",
    };
    format!("{sign}{amount}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_sign() {
        assert_eq!(signed(3.4), "+3.40");
        assert_eq!(signed(-8.236), "−8.24");
        assert_eq!(signed(0.0), "0.00");
    }
}
