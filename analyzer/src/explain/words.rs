//! Holders, rights, ways and times in the words that the terminal and the HTML report share.
//!
//! Deliberately lays nothing out and escapes nothing: that is for whoever writes it down.

use coldcase_schemas::explain::{
    GroupOf, Host, Moment, PasswordId, PowerHolder, RightHeld, RightsOver, RootKey, UnknownFact,
};
use coldcase_schemas::report::Subject;

use crate::report::name_of;

/// What a password may be late without being called overdue, as rule GM13 grants: the cycle it ends in, and slow
/// replication.
pub(crate) const GRACE: &str = "140 hours";

/// Names of a holder's members, and of the objects of a right, that are told.
const MEMBERS: usize = 5;
const OBJECTS: usize = 10;

/// How most rights begin in words.
const MAY: &str = "may ";

/// `2026-07-02 (29.9 days ago)`.
pub(crate) fn when(moment: &Moment) -> String {
    let day = moment.at.get(..10).unwrap_or(&moment.at);
    match moment.days {
        days if days < 0.0 => format!("{day} (in {:.0} days)", -days),
        days if days.round() == 1.0 => format!("{day} (1 day ago)"),
        days => format!("{day} ({days:.0} days ago)"),
    }
}

/// The first names of a list, and how many more there are of `count`.
pub(crate) fn names(names: &[String], count: usize, shown: usize) -> String {
    let shown = names.len().min(shown);
    let mut text = names.get(..shown).unwrap_or(names).join(", ");
    match count.checked_sub(shown) {
        None | Some(0) => (),
        Some(more) if text.is_empty() => text = more.to_string(),
        Some(more) => text.push_str(&format!(" and {more} more")),
    }
    text
}

pub(crate) fn name(subject: &Subject) -> String {
    match (&subject.sam_account_name, &subject.dn, &subject.sid) {
        (None, None, Some(sid)) => sid.clone(),
        _ => name_of(subject).to_owned(),
    }
}

/// A value that may be missing: what is unknown is never called unset.
pub(crate) fn known<'a>(
    value: Option<&'a str>,
    attribute: &str,
    unknown: &'a [UnknownFact],
) -> String {
    match value {
        Some(value) => value.to_owned(),
        None => not_known(attribute, unknown).unwrap_or_else(|| "not set".to_owned()),
    }
}

/// Why an attribute is not known; `None` if it is.
pub(crate) fn not_known(attribute: &str, unknown: &[UnknownFact]) -> Option<String> {
    let fact = unknown.iter().find(|fact| fact.attribute == attribute)?;
    Some(format!("not known: {}", fact.why))
}

pub(crate) fn host(host: &Host) -> String {
    let why: Vec<&str> = host.by.iter().map(|by| by.about()).collect();
    let state = match host.enabled {
        Some(false) => ", disabled",
        Some(true) | None => "",
    };
    let system = host.operating_system.as_deref();
    let system = system.map(|name| format!(", {name}")).unwrap_or_default();
    format!(
        "{}: {}{system}{state}",
        name(&host.computer),
        why.join(", ")
    )
}

/// The holder, and whom it stands for.
pub(crate) fn holder(holder: &PowerHolder) -> String {
    let broad = if holder.broad {
        ", nearly everybody"
    } else {
        ""
    };
    let mut text = format!("{} ({}{broad})", holder.name, holder.holder.kind);
    let stands_for_itself = holder.principals == 1
        && holder.outside == 0
        && holder.examples.first() == Some(&holder.name);
    if stands_for_itself {
        return text;
    }
    let count = usize::try_from(holder.principals).unwrap_or(usize::MAX);
    text.push_str(&match holder.principals {
        0 => ": no account is seen in it".to_owned(),
        1 => format!(": 1 account, {}", names(&holder.examples, count, MEMBERS)),
        many => format!(
            ": {many} accounts, {}",
            names(&holder.examples, count, MEMBERS)
        ),
    });
    if holder.tier0_principals > 0 {
        text.push_str(&format!("; {} in tier 0", holder.tier0_principals));
    }
    if holder.outside > 0 {
        text.push_str(&format!(
            "; {} without an account here, for whom is not known",
            holder.outside
        ));
    }
    text
}

/// What it may do, and the entry that says so.
pub(crate) fn because(right: &RightHeld) -> String {
    by_entry(right.about.clone(), right)
}

/// As [`because`], but what comes by one entry is told together: `may reset its password and delete it: allow …`.
pub(crate) fn reasons(rights: &[&RightHeld]) -> Vec<String> {
    let entry = |right: &RightHeld| RightHeld {
        about: String::new(),
        right: String::new(),
        ..right.clone()
    };
    let mut by_entries: Vec<(RightHeld, Vec<&str>)> = Vec::new();
    for right in rights {
        let found = entry(right);
        match by_entries.iter_mut().find(|(known, _)| *known == found) {
            Some((_, acts)) if acts.contains(&right.about.as_str()) => (),
            Some((_, acts)) => acts.push(&right.about),
            None => by_entries.push((found, vec![&right.about])),
        }
    }
    by_entries
        .iter()
        .map(|(entry, acts)| by_entry(together(acts), entry))
        .collect()
}

/// `may reset its password, write every attribute and delete it`.
fn together(acts: &[&str]) -> String {
    let (Some(first), Some((last, others))) = (acts.first(), acts.split_last()) else {
        return String::new();
    };
    if others.is_empty() {
        return (*first).to_owned();
    }
    let all_may = acts.iter().all(|act| act.starts_with(MAY));
    let bare = |act: &'_ &str| match act.strip_prefix(MAY) {
        Some(bare) if all_may => bare.to_owned(),
        _ => (*act).to_owned(),
    };
    let others: Vec<String> = others.iter().skip(1).map(bare).collect();
    let begin = [vec![(*first).to_owned()], others].concat().join(", ");
    format!("{begin} and {}", bare(last))
}

fn by_entry(mut text: String, right: &RightHeld) -> String {
    if right.conditional {
        text.push_str(", if a condition is met that only a domain controller can decide");
    }
    if right.denied > 0 {
        text.push_str(&format!(", but for {} who are denied it", right.denied));
    }
    if !right.cause.is_empty() {
        text.push_str(&format!(": {}", right.cause));
    }
    if let Some(container) = &right.inherited_from {
        text.push_str(&format!("; the entry of {container}"));
    }
    text
}

pub(crate) fn group(group: &GroupOf) -> String {
    let class = match group.class.as_deref() {
        Some("tier0") => " [tier 0]",
        Some(_) => " [operators]",
        None => "",
    };
    let via = match (group.direct, group.via.as_str()) {
        (true, _) | (false, "") => String::new(),
        (false, via) => format!(", by {via}"),
    };
    format!("{}{class}{via}", group.name)
}

pub(crate) fn right(right: &RightsOver) -> String {
    let via = match &right.via {
        Some(group) => format!(" (by {group})"),
        None => String::new(),
    };
    let condition = if right.conditional {
        ", if a condition is met"
    } else {
        ""
    };
    let count = usize::try_from(right.objects).unwrap_or(usize::MAX);
    let about = names(&right.examples, count, OBJECTS);
    match right.objects {
        1 => format!("{} {about}{via}{condition}", right.words),
        many => format!("{} {many} objects{via}{condition}: {about}", right.words),
    }
}

pub(crate) fn password_id(id: &PasswordId) -> String {
    let epoch = match &id.epoch {
        Some(epoch) => format!("epoch from {}", when(epoch)),
        None => "its epoch is no time".to_owned(),
    };
    format!("L0 {}, L1 {}, L2 {}: {epoch}", id.l0, id.l1, id.l2)
}

pub(crate) fn root_key(key: &RootKey) -> String {
    let state = match key.present {
        Some(true) => {
            let time = |label: &str, moment: &Option<_>| match moment {
                Some(moment) => format!(", {label} {}", when(moment)),
                None => String::new(),
            };
            let created = time("made", &key.created);
            format!("{created}{}", time("in effect from", &key.effective))
        }
        Some(false) => ", which is not in the forest".to_owned(),
        None => ", not seen: root keys may be hidden from whoever collected".to_owned(),
    };
    format!("{}{state}", key.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(about: &str, cause: &str) -> RightHeld {
        RightHeld {
            right: about.replace(' ', "-"),
            about: about.to_owned(),
            cause: cause.to_owned(),
            inherited_from: None,
            conditional: false,
            denied: 0,
        }
    }

    #[test]
    fn what_comes_by_one_entry_is_told_together() {
        let reset = right("may reset its password", "allow all (ACE 1)");
        let write = right("may write every attribute", "allow all (ACE 1)");
        let delete = right("may delete it", "allow all (ACE 1)");
        let owner = right("owns it", "allow all (ACE 1)");
        let other = right("may delete it", "allow delete (ACE 2)");
        let maybe = RightHeld {
            conditional: true,
            ..reset.clone()
        };
        assert_eq!(
            reasons(&[&reset, &write, &other, &reset, &delete, &maybe]),
            [
                "may reset its password, write every attribute and delete it: allow all (ACE 1)",
                "may delete it: allow delete (ACE 2)",
                "may reset its password, if a condition is met that only a domain controller can decide: allow all \
                 (ACE 1)",
            ]
        );
        assert_eq!(
            reasons(&[&reset, &owner]),
            ["may reset its password and owns it: allow all (ACE 1)"]
        );
        assert_eq!(reasons(&[&reset]), [because(&reset)]);
    }
}
