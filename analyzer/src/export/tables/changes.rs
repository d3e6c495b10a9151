//! What changed since an earlier snapshot: findings, powers, passwords, memberships, objects, attributes, permissions.
//!
//! Without an earlier snapshot the table says just that. What a side could not see is told as not known, never as gained
//! or lost.

use coldcase_schemas::diff::{
    AttributeChange, Cause, DescriptorChange, Diff, Direction, FindingState, ObjectChange,
    ObjectState, Power, Rotation, Side,
};
use coldcase_schemas::report::Subject;

use super::{Cell, Table, identity};
use crate::report::name_of;

const COLUMNS: [(&str, u16); 11] = [
    ("about", 14),
    ("change", 18),
    ("severity", 10),
    ("object", 28),
    ("kind", 14),
    ("what", 80),
    ("why", 80),
    ("note", 50),
    ("DN", 50),
    ("SID", 20),
    ("objectGUID", 20),
];

pub(super) fn table(diff: Option<&Diff>) -> Table {
    let mut table = Table::new("Changes", &COLUMNS);
    match diff {
        Some(diff) => all(diff, &mut table),
        None => {
            let text = "No earlier snapshot was given, or its file is not at hand any more; --history OLD, or `coldcase diff OLD NEW --format xlsx`, tells what changed.";
            let mut row = vec![Cell::Empty; COLUMNS.len()];
            if let Some(cell) = row.get_mut(5) {
                *cell = Cell::text(text);
            }
            table.push(row);
        }
    }
    table
}

/// One row; the causes are told in one cell.
struct Row<'a> {
    about: &'static str,
    change: &'static str,
    severity: &'static str,
    subject: Option<&'a Subject>,
    what: String,
    why: String,
    note: &'a str,
}

impl Row<'_> {
    fn cells(&self) -> Vec<Cell> {
        let mut row = vec![
            Cell::text(self.about),
            Cell::text(self.change),
            Cell::text(self.severity),
            Cell::maybe(self.subject.map(name_of)),
            Cell::maybe(self.subject.map(|subject| &subject.kind)),
            Cell::text(&self.what),
            Cell::text(&self.why),
            Cell::text(self.note),
        ];
        row.extend(
            self.subject
                .map_or([Cell::Empty, Cell::Empty, Cell::Empty], identity),
        );
        row
    }
}

fn all(diff: &Diff, table: &mut Table) {
    for limit in &diff.limits {
        let row = Row {
            about: "not comparable",
            change: match limit.side {
                Side::Old => "earlier not seen",
                Side::New => "later not seen",
                Side::Both => "neither seen",
            },
            severity: "",
            subject: None,
            what: limit.text.clone(),
            why: String::new(),
            note: "",
        };
        table.push(row.cells());
    }
    for change in &diff.findings {
        let mut what = vec![format!("{} ({})", change.title, change.finding.id)];
        if !change.about.is_empty() {
            what.push(change.about.clone());
        }
        if let Some(was) = change.was {
            what.push(format!("{} before", was.as_str()));
        }
        if !change.evidence_changed.is_empty() {
            what.push(format!(
                "other evidence: {}",
                change.evidence_changed.join(", ")
            ));
        }
        let row = Row {
            about: "finding",
            change: match change.state {
                FindingState::Opened => "opened",
                FindingState::Changed => "changed",
                FindingState::Closed => "closed",
                FindingState::UnknownBefore => "not known before",
                FindingState::UnknownNow => "not known now",
            },
            severity: change.finding.severity.as_str(),
            subject: Some(&change.finding.subject),
            what: what.join("; "),
            why: match change.aged {
                true => "by age alone: nobody changed anything".to_owned(),
                false => String::new(),
            },
            note: &change.note,
        };
        table.push(row.cells());
    }
    for change in &diff.access {
        let power = match change.power {
            Power::Delegate => "act for users to it",
            other => other.as_str(),
        };
        let many = match change.principals {
            1 => String::new(),
            count => format!(", {count} principals: {}", change.examples.join(", ")),
        };
        let what = format!(
            "{} may {power} ({}){many}",
            change.holder_name,
            change.rights.join(", ")
        );
        let row = Row {
            about: "power",
            change: direction(change.direction),
            severity: "",
            subject: Some(&change.account),
            what,
            why: causes(&change.causes),
            note: if change.conditional {
                "an entry with a condition decides, which only a domain controller can"
            } else {
                ""
            },
        };
        table.push(row.cells());
    }
    for change in &diff.passwords {
        let row = Row {
            about: "password",
            change: rotation(change.rotation),
            severity: "",
            subject: Some(&change.account),
            what: change.text.clone(),
            why: String::new(),
            note: "",
        };
        table.push(row.cells());
    }
    for change in &diff.memberships {
        let row = Row {
            about: "membership",
            change: direction(change.direction),
            severity: "",
            subject: Some(&change.member),
            what: format!("in {} by {}", name_of(&change.group), change.via),
            why: causes(&change.causes),
            note: change.group_class.as_deref().unwrap_or_default(),
        };
        table.push(row.cells());
    }
    for change in &diff.objects {
        objects(change, table);
    }
}

/// An object, and a row for each attribute and descriptor of it.
fn objects(change: &ObjectChange, table: &mut Table) {
    let row = |about, state, what: String, note| Row {
        about,
        change: state,
        severity: "",
        subject: Some(&change.subject),
        what,
        why: String::new(),
        note,
    };
    let state = match change.state {
        ObjectState::Created => "created",
        ObjectState::Deleted => "deleted",
        ObjectState::Recreated => "made anew",
        ObjectState::Changed => "changed",
        ObjectState::UnknownBefore => "not known before",
        ObjectState::UnknownNow => "not known now",
    };
    let mut what = Vec::new();
    if let Some(dn) = &change.was_dn {
        what.push(format!("its DN was {dn}"));
    }
    if let Some(replaced) = &change.replaces {
        let guid = replaced.object_guid.as_deref().unwrap_or_default();
        what.push(format!("in the place of {} ({guid})", name_of(replaced)));
    }
    table.push(row("object", state, what.join("; "), &change.note).cells());
    for attribute in &change.attributes {
        let note = attribute.unknown.as_deref().unwrap_or_default();
        let state = known(attribute.unknown.as_ref());
        table.push(row("attribute", state, values(attribute), note).cells());
    }
    for descriptor in &change.descriptors {
        let note = descriptor.unknown.as_deref().unwrap_or_default();
        let state = known(descriptor.unknown.as_ref());
        table.push(row("permissions", state, entries(descriptor), note).cells());
    }
}

fn known(unknown: Option<&String>) -> &'static str {
    match unknown {
        Some(_) => "not known",
        None => "changed",
    }
}

fn values(change: &AttributeChange) -> String {
    let mut told = vec![change.attribute.clone()];
    told.extend(
        change
            .removed
            .iter()
            .map(|value| format!("without {value}")),
    );
    told.extend(change.added.iter().map(|value| format!("with {value}")));
    told.join("; ")
}

fn entries(change: &DescriptorChange) -> String {
    let mut told = vec![change.attribute.clone()];
    if let Some((was, is)) = &change.owner {
        told.push(format!("owner {is}, before {was}"));
    }
    match change.inheritance_blocked {
        Some(true) => told.push("inheritance blocked".to_owned()),
        Some(false) => told.push("inheritance allowed again".to_owned()),
        None => {}
    }
    if change.reordered {
        told.push("entries in another order".to_owned());
    }
    let entry = |sign: &str, entry: &coldcase_schemas::diff::AceText| {
        format!("{sign} {}: {} {}", entry.trustee, entry.words, entry.sddl)
    };
    told.extend(change.removed.iter().map(|ace| entry("without", ace)));
    told.extend(change.added.iter().map(|ace| entry("with", ace)));
    for inherited in &change.inherited {
        let from = inherited.from.as_deref().unwrap_or("none above");
        let sign = |sign: &str| format!("{sign} inherited from {from}:");
        told.extend(
            inherited
                .removed
                .iter()
                .map(|ace| entry(&sign("without"), ace)),
        );
        told.extend(inherited.added.iter().map(|ace| entry(&sign("with"), ace)));
    }
    if change.heirs > 0 {
        told.push(format!("and by it {} objects below", change.heirs));
    }
    told.join("; ")
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Gained => "gained",
        Direction::Lost => "lost",
        Direction::Unknown => "not known",
    }
}

fn rotation(rotation: Rotation) -> &'static str {
    match rotation {
        Rotation::Rotated => "rotated",
        Rotation::NotDue => "not due",
        Rotation::Late => "late",
        Rotation::Backwards => "went backwards",
        Rotation::OtherKey => "other root key",
        Rotation::Ahead => "ahead of time",
        Rotation::Reset => "reset by hand",
        Rotation::Unknown => "not known",
    }
}

fn causes(causes: &[Cause]) -> String {
    let told = causes.iter().map(|cause| match &cause.at {
        Some(at) => format!("{} ({})", cause.text, name_of(at)),
        None => cause.text.clone(),
    });
    told.collect::<Vec<_>>().join("; ")
}
