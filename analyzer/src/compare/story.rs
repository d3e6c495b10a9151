//! A comparison as a story: what matters most first, and under each line why.
//!
//! Owns order and words; [`super::text`] and [`super::markdown`] lay it out. Everything it says is in the JSON too.

use coldcase_schemas::diff::{
    AccessChange, AttributeChange, DescriptorChange, Diff, Direction, FindingChange, FindingState,
    MembershipChange, ObjectChange, ObjectState, PasswordChange, Power, Rotation, Side, ValueKind,
};
use coldcase_schemas::report::{Numbers, Privileges, Severity, SnapshotFacts, Subject};

use crate::report::{assumed, at_least, counted, name_of};

/// Lines of a section before the rest is counted.
const SHOWN: usize = 12;

/// Subjects of a rule before the rest is counted.
const SUBJECTS: usize = 8;

/// Entries of permissions of one object before the rest is counted.
const ENTRIES: usize = 6;

/// Values of an attribute before the rest is counted.
const VALUES: usize = 4;

/// All of it.
pub(crate) struct Story {
    pub(crate) title: String,
    /// Label and text.
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) sections: Vec<Section>,
}

/// A part under a heading.
#[derive(Default)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) items: Vec<Item>,
    /// How many more lines there are.
    pub(crate) more: usize,
    /// How many things the heading counts, where a line tells of several.
    pub(crate) of: Option<usize>,
}

impl Section {
    /// What the heading counts.
    pub(crate) fn count(&self) -> usize {
        self.of.unwrap_or(self.items.len() + self.more)
    }
}

/// One line and what stands under it.
#[derive(Default)]
pub(crate) struct Item {
    pub(crate) severity: Option<Severity>,
    /// A word in front: `gained`, `new`, a severity.
    pub(crate) mark: &'static str,
    pub(crate) head: String,
    pub(crate) lines: Vec<String>,
}

/// Tells the story; `all` leaves nothing out.
pub(crate) fn story(diff: &Diff, all: bool) -> Story {
    let mut sections = vec![
        limits(diff),
        findings(diff, "Findings opened", &[FindingState::Opened], all),
        findings(diff, "Findings changed", &[FindingState::Changed], all),
        access(
            diff,
            "Power gained over service accounts",
            Direction::Gained,
        ),
        access(diff, "Power lost", Direction::Lost),
        access(
            diff,
            "Power of which a side could not tell",
            Direction::Unknown,
        ),
        passwords(diff),
        memberships(diff),
        findings(diff, "Findings closed", &[FindingState::Closed], all),
        findings(
            diff,
            "Findings that one side could not judge",
            &[FindingState::UnknownBefore, FindingState::UnknownNow],
            all,
        ),
        objects(diff),
        routine(diff),
    ];
    sections.retain(|section| !section.items.is_empty());
    if !all {
        for section in &mut sections {
            section.more = section.items.len().saturating_sub(SHOWN);
            section.items.truncate(SHOWN);
        }
    }
    Story {
        title: format!("What changed: {}", whose(diff)),
        facts: facts(diff),
        sections,
    }
}

/// The domain, or both where they are two.
fn whose(diff: &Diff) -> String {
    let (was, is) = (&diff.old.domain, &diff.new.domain);
    if was.eq_ignore_ascii_case(is) {
        is.clone()
    } else {
        format!("{was} compared with {is}")
    }
}

/// The two sides in short: a label and a text each.
pub(crate) fn facts(diff: &Diff) -> Vec<(&'static str, String)> {
    let scores = &diff.scores;
    let findings = |state| {
        let changes = diff.findings.iter();
        changes.filter(|change| change.state == state).count()
    };
    let unknown = findings(FindingState::UnknownBefore) + findings(FindingState::UnknownNow);
    let mut facts = vec![
        ("Earlier", side(&diff.old)),
        ("Later", side(&diff.new)),
        ("Exposure", numbers(diff, |numbers| numbers.exposure, 1)),
        ("Index", numbers(diff, |numbers| numbers.index, 0)),
        (
            "Level",
            format!(
                "{} → {} of 5 (1 is the worst)",
                scores.old.level, scores.new.level
            ),
        ),
        (
            "Coverage",
            format!(
                "{:.0} % → {:.0} % of the rules saw all they need",
                scores.old_coverage_percent, scores.new_coverage_percent
            ),
        ),
        (
            "Findings",
            format!(
                "{} opened, {} closed, {} changed, {unknown} not comparable",
                findings(FindingState::Opened),
                findings(FindingState::Closed),
                findings(FindingState::Changed),
            ),
        ),
    ];
    let assumed: Vec<String> = diff
        .assumptions
        .iter()
        .filter(|assumption| !assumption.default)
        .map(assumed)
        .collect();
    if let (Some(file), false) = (&diff.assumptions_file, assumed.is_empty()) {
        facts.push(("Assumed", format!("{} ({file})", assumed.join("; "))));
    }
    if let Some(file) = &diff.exceptions_file {
        facts.push(("Accepted", format!("as {file} says; the numbers are gross")));
    }
    facts
}

/// Coverage that differs by more points than this makes two exposures two different things.
const COMPARABLE: f64 = 1.0;

/// Both numbers as they are printed, and the difference of what is printed. A side that did not see everything gives a
/// lower bound.
fn numbers(diff: &Diff, number: fn(&Numbers) -> f64, digits: i32) -> String {
    let scores = &diff.scores;
    let factor = 10_f64.powi(digits);
    let round = |number: f64| (number * factor).round() / factor;
    let (was, is) = (round(number(&scores.old)), round(number(&scores.new)));
    let gap = scores.new_coverage_percent - scores.old_coverage_percent;
    let digits = usize::try_from(digits).unwrap_or_default();
    let change = if gap.abs() > COMPARABLE {
        let side = if gap < 0.0 { "later" } else { "earlier" };
        format!("not comparable: the {side} side saw less")
    } else {
        signed(is - was, digits)
    };
    format!(
        "{}{was:.digits$} → {}{is:.digits$} ({change})",
        at_least(&scores.old),
        at_least(&scores.new),
    )
}

fn signed(change: f64, digits: usize) -> String {
    let text = format!("{change:+.digits$}");
    // A change that rounds to nothing has no sign.
    if text
        .trim_start_matches(['+', '-'])
        .chars()
        .all(|digit| "0.".contains(digit))
    {
        "no change".to_owned()
    } else {
        text.replace('-', "−")
    }
}

fn side(facts: &SnapshotFacts) -> String {
    let eyes = match facts.privileges {
        Privileges::Forest => "an administrator of the forest",
        Privileges::Domain => "an administrator of the domain",
        Privileges::Ordinary => "an ordinary user",
        Privileges::Unknown => "privileges not known",
    };
    let whole = if facts.complete { "" } else { "; PARTIAL" };
    let by = match (facts.collected_as.as_str(), facts.privileges) {
        ("", Privileges::Unknown) => "by whom is not known".to_owned(),
        ("", _) => format!("collected by {eyes}"),
        (name, _) => format!("collected as {name} ({eyes})"),
    };
    format!(
        "{}, {}, {by}{whole}",
        facts.taken_at,
        counted(
            usize::try_from(facts.objects).unwrap_or(usize::MAX),
            "object"
        )
    )
}

fn limits(diff: &Diff) -> Section {
    let items = diff.limits.iter().map(|limit| Item {
        mark: match limit.side {
            Side::Old => "earlier",
            Side::New => "later",
            Side::Both => "both",
        },
        head: limit.text.clone(),
        ..Item::default()
    });
    Section {
        title: "Not comparable, because a side did not see it".to_owned(),
        items: items.collect(),
        ..Section::default()
    }
}

fn findings(diff: &Diff, title: &str, states: &[FindingState], all: bool) -> Section {
    // Evidence of what is for information alone changes with every object that comes or goes.
    let trifle = |change: &FindingChange| {
        change.state == FindingState::Changed
            && change.was.is_none()
            && change.finding.severity == Severity::Info
    };
    let of = diff
        .findings
        .iter()
        .filter(|change| states.contains(&change.state));
    let (trifles, told): (Vec<_>, Vec<_>) = of.partition(|change| !all && trifle(change));
    let count = trifles.len() + told.len();
    let same = |a: &&FindingChange, b: &&FindingChange| {
        let about = |change: &FindingChange| {
            (
                change.state,
                change.finding.severity,
                change.was,
                change.aged,
                change.finding.rule.clone(),
                change.note.clone(),
                change.evidence_changed.clone(),
            )
        };
        about(a) == about(b)
    };
    let mut items: Vec<Item> = told.chunk_by(same).filter_map(finding).collect();
    if !trifles.is_empty() {
        items.push(Item {
            mark: "info",
            head: format!("{} with other evidence", counted(trifles.len(), "finding")),
            ..Item::default()
        });
    }
    Section {
        title: title.to_owned(),
        items,
        of: Some(count),
        ..Section::default()
    }
}

/// Findings of one rule that say the same of several subjects.
fn finding(changes: &[&FindingChange]) -> Option<Item> {
    let change = changes.first()?;
    let mut lines: Vec<String> = changes
        .iter()
        .take(SUBJECTS)
        .map(|change| {
            let finding = &change.finding;
            let key = if change.about.is_empty() {
                String::new()
            } else {
                format!(", {}", change.about)
            };
            let accepted = finding.accepted.as_ref().map_or_else(String::new, |by| {
                format!("; accepted by {} until {}", by.owner, by.until)
            });
            format!(
                "{}{key} ({}{accepted})",
                name_of(&finding.subject),
                finding.id
            )
        })
        .collect();
    if changes.len() > SUBJECTS {
        lines.push(format!("and {} more", changes.len() - SUBJECTS));
    }
    if let Some(was) = change.was {
        lines.push(format!("{} before", was.as_str()));
    }
    let evidence: Vec<String> = change
        .evidence_changed
        .iter()
        .map(|name| name.replace('_', " "))
        .collect();
    if !evidence.is_empty() {
        lines.push(format!("other evidence: {}", evidence.join(", ")));
    }
    if change.aged {
        lines.push("by age alone: nobody changed anything".to_owned());
    }
    if !change.note.is_empty() {
        lines.push(match change.state {
            FindingState::UnknownBefore => {
                format!("not known whether it was there: {}", change.note)
            }
            FindingState::UnknownNow => format!("not known whether it is there: {}", change.note),
            _ => change.note.clone(),
        });
    }
    Some(Item {
        severity: Some(change.finding.severity),
        mark: change.finding.severity.as_str(),
        head: change.title.clone(),
        lines,
    })
}

fn access(diff: &Diff, title: &str, direction: Direction) -> Section {
    let of = diff
        .access
        .iter()
        .filter(|change| change.direction == direction);
    Section {
        title: title.to_owned(),
        items: of
            .map(|change| power(change, shared(diff, change)))
            .collect(),
        ..Section::default()
    }
}

/// Whether others of the same holder fared otherwise: some lost the power, of others it is not known.
fn shared(diff: &Diff, change: &AccessChange) -> bool {
    let same = |other: &&AccessChange| {
        (&other.account, other.power, &other.holder)
            == (&change.account, change.power, &change.holder)
    };
    let mut others = diff.access.iter().filter(same);
    others.any(|other| other.direction != change.direction)
}

/// One power over one account; `shared` if the holder stands for more than those of whom this is told.
fn power(change: &AccessChange, shared: bool) -> Item {
    let verb = match change.power {
        Power::Read => "may read the password of",
        Power::Reset => "may reset the password of",
        Power::Control => "may control",
        Power::Delegate => "may impersonate users to",
    };
    let tier0 = if change.tier0 { ", tier 0" } else { "" };
    let mut lines = Vec::new();
    if change.principals > 1 {
        lines.push(format!(
            "{} accounts: {}{}",
            change.principals,
            change.examples.join(", "),
            if change.principals > change.examples.len() as u64 {
                ", …"
            } else {
                ""
            }
        ));
    }
    lines.push(format!("by {}", change.rights.join(", ")));
    if change.conditional {
        lines.push("an entry with a condition decides".to_owned());
    }
    lines.extend(
        change
            .causes
            .iter()
            .map(|cause| format!("because {}", cause.text)),
    );
    Item {
        severity: None,
        mark: match change.direction {
            Direction::Gained => "gained",
            Direction::Lost => "lost",
            Direction::Unknown => "unknown",
        },
        head: format!(
            "{}{} {verb} {}{tier0}",
            if shared {
                format!("{} of ", change.principals)
            } else {
                String::new()
            },
            change.holder_name,
            name_of(&change.account)
        ),
        lines,
    }
}

/// Rotation as it should be is counted by nobody; it stands in the JSON.
fn passwords(diff: &Diff) -> Section {
    let odd = diff
        .passwords
        .iter()
        .filter(|change| !matches!(change.rotation, Rotation::Rotated | Rotation::NotDue));
    Section {
        title: "Managed passwords that did not rotate as they should".to_owned(),
        items: odd.map(password).collect(),
        ..Section::default()
    }
}

fn password(change: &PasswordChange) -> Item {
    Item {
        severity: None,
        mark: match change.rotation {
            Rotation::Rotated => "rotated",
            Rotation::NotDue => "not due",
            Rotation::Late => "late",
            Rotation::Backwards => "BACKWARDS",
            Rotation::OtherKey => "other key",
            Rotation::Ahead => "AHEAD",
            Rotation::Reset => "RESET",
            Rotation::Unknown => "unknown",
        },
        head: name_of(&change.account).to_owned(),
        lines: vec![change.text.clone()],
    }
}

fn memberships(diff: &Diff) -> Section {
    let told = |change: &MembershipChange| {
        let class = change.group_class.as_deref();
        let class = class.map_or_else(String::new, |class| format!(" [{class}]"));
        let mut lines = Vec::new();
        if !change.via.is_empty() && change.via != name_of(&change.group) {
            lines.push(format!("by way of {}", change.via));
        }
        lines.extend(
            change
                .causes
                .iter()
                .map(|cause| format!("because {}", cause.text)),
        );
        let (mark, verb) = match change.direction {
            Direction::Gained => ("gained", "is now in"),
            Direction::Lost => ("lost", "is no longer in"),
            Direction::Unknown => ("unknown", "may or may not be in"),
        };
        Item {
            severity: None,
            mark,
            head: format!(
                "{} {verb} {}{class}",
                name_of(&change.member),
                name_of(&change.group)
            ),
            lines,
        }
    };
    Section {
        title: "Memberships, however nested".to_owned(),
        items: diff.memberships.iter().map(told).collect(),
        ..Section::default()
    }
}

/// Objects of which something is known to have changed. What is only unknown of an object is counted.
fn objects(diff: &Diff) -> Section {
    let both_sides = |change: &&ObjectChange| {
        let unsure = matches!(
            change.state,
            ObjectState::UnknownBefore | ObjectState::UnknownNow
        );
        unsure && change.note.is_empty()
    };
    let unsure = diff.objects.iter().filter(both_sides).count();
    let told = diff.objects.iter().filter(|change| !both_sides(change));
    let mut items: Vec<Item> = told.map(object).collect();
    if unsure > 0 {
        items.push(Item {
            mark: "unknown",
            head: format!(
                "{}: values that one side shows and the other was not asked for or not shown",
                counted(unsure, "more object")
            ),
            ..Item::default()
        });
    }
    Section {
        title: "Objects".to_owned(),
        items,
        ..Section::default()
    }
}

fn object(change: &ObjectChange) -> Item {
    let mark = match change.state {
        ObjectState::Created => "new",
        ObjectState::Deleted => "gone",
        ObjectState::Recreated => "anew",
        ObjectState::Changed if change.moved => "moved",
        ObjectState::Changed if change.renamed => "renamed",
        ObjectState::Changed => "changed",
        ObjectState::UnknownBefore | ObjectState::UnknownNow => "unknown",
    };
    let mut lines = Vec::new();
    if let Some(was) = &change.was_dn {
        let now = change.subject.dn.as_deref().unwrap_or_default();
        lines.push(format!("from {was}"));
        lines.push(format!("to {now}"));
    } else if matches!(change.state, ObjectState::Created | ObjectState::Deleted) {
        lines.extend(change.subject.dn.clone());
    }
    if let Some(before) = &change.replaces {
        lines.push(format!(
            "another object than before: {} is gone, and with it {}",
            identity(before),
            before.sid.as_deref().unwrap_or("its permissions")
        ));
    }
    if !change.note.is_empty() {
        lines.push(change.note.clone());
    }
    // Of what is new or gone, name and place say enough.
    if change.state == ObjectState::Changed {
        lines.extend(change.attributes.iter().map(attribute));
        for told in change.descriptors.iter().map(descriptor) {
            let more = told.len().saturating_sub(ENTRIES);
            lines.extend(told.into_iter().take(ENTRIES));
            if more > 0 {
                lines.push(format!("and {more} more entries (JSON has them)"));
            }
        }
    }
    Item {
        severity: None,
        mark,
        head: format!("{} ({})", name_of(&change.subject), change.subject.kind),
        lines,
    }
}

fn identity(subject: &Subject) -> &str {
    let guid = subject.object_guid.as_deref();
    guid.or(subject.dn.as_deref()).unwrap_or("it")
}

fn attribute(change: &AttributeChange) -> String {
    let name = &change.attribute;
    if let Some(why) = &change.unknown {
        return format!("{name}: not known whether it changed; {why}");
    }
    if change.single && change.kind != ValueKind::Flags {
        let value = |values: &[String]| {
            values
                .first()
                .cloned()
                .unwrap_or_else(|| "not set".to_owned())
        };
        return format!(
            "{name}: {} → {}",
            value(&change.removed),
            value(&change.added)
        );
    }
    let list = |sign: char, values: &[String]| {
        let more = values.len().saturating_sub(VALUES);
        let mut words: Vec<String> = values
            .iter()
            .take(VALUES)
            .map(|value| format!("{sign} {value}"))
            .collect();
        if more > 0 {
            words.push(format!("{sign} {more} more"));
        }
        words
    };
    let without = |values: &[String], others: &[String]| -> Vec<String> {
        let alone = values.iter().filter(|value| !others.contains(value));
        alone.cloned().collect()
    };
    let mut words = list('−', &without(&change.removed, &change.added));
    words.extend(list('+', &without(&change.added, &change.removed)));
    // A link to an object whose name another took.
    let anew = change
        .removed
        .iter()
        .filter(|value| change.added.contains(value));
    words.extend(anew.map(|value| format!("{value} (another object of the same name)")));
    format!("{name}: {}", words.join(" · "))
}

fn descriptor(change: &DescriptorChange) -> Vec<String> {
    let name = match change.attribute.as_str() {
        "nTSecurityDescriptor" => "permissions",
        "msDS-GroupMSAMembership" => "readers of the password",
        "msDS-AllowedToActOnBehalfOfOtherIdentity" => "who may impersonate users to it",
        other => other,
    };
    if let Some(why) = &change.unknown {
        return vec![format!("{name}: not known whether they changed; {why}")];
    }
    let mut lines = Vec::new();
    if let Some((was, is)) = &change.owner {
        lines.push(format!("{name}: owner {was} → {is}"));
    }
    match change.inheritance_blocked {
        Some(true) => lines.push(format!("{name}: inheritance is blocked now")),
        Some(false) => lines.push(format!("{name}: inheritance is no longer blocked")),
        None => (),
    }
    for (sign, aces) in [('−', &change.removed), ('+', &change.added)] {
        lines.extend(
            aces.iter()
                .map(|ace| format!("{name}: {sign} {}", ace.words)),
        );
    }
    if change.reordered {
        lines.push(format!("{name}: the entries stand in another order"));
    }
    for inherited in &change.inherited {
        let from = inherited
            .from
            .as_deref()
            .unwrap_or("no container that is seen");
        for (sign, aces) in [('−', &inherited.removed), ('+', &inherited.added)] {
            let shown = aces.iter().take(VALUES);
            lines.extend(
                shown.map(|ace| format!("{name}: {sign} {} (inherited from {from})", ace.words)),
            );
            if aces.len() > VALUES {
                lines.push(format!(
                    "{name}: {sign} {} more inherited from {from}",
                    aces.len() - VALUES
                ));
            }
        }
    }
    if change.heirs > 0 {
        let count = usize::try_from(change.heirs).unwrap_or(usize::MAX);
        lines.push(format!(
            "{} below inherit the change",
            counted(count, "object")
        ));
    }
    lines
}

fn routine(diff: &Diff) -> Section {
    let items = diff.routine.iter().map(|(attribute, count)| {
        let count = usize::try_from(*count).unwrap_or(usize::MAX);
        Item {
            mark: "",
            head: format!("{attribute} of {}", counted(count, "object")),
            ..Item::default()
        }
    });
    Section {
        title: "Changed by use, and told nowhere else".to_owned(),
        items: items.collect(),
        ..Section::default()
    }
}
