//! What one side saw: whether something that is not in it was not there.
//!
//! Owns the sentences that explain *unknown*. Deliberately does not compare.

use coldcase_schemas::ledger::Absence;

use crate::frames::Analysis;
use crate::load::{Defect, Kind, Object};
use crate::rules::{cut_short_limit, query_limit};

/// Queries that bring part of what another brings whole.
const PARTS: &[(&str, &str)] = &[
    ("users-with-password", "users"),
    ("service-users-with-password", "service-users"),
];

/// An object that the other side has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elsewhere<'a> {
    /// The query that brings it.
    pub(super) query: &'a str,
    pub(super) kind: Option<Kind>,
    pub(super) dn: &'a str,
    /// whenCreated, FILETIME ticks; `None` if it is not readable.
    pub(super) created: Option<i64>,
}

/// The eyes of one side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'a> {
    analysis: &'a Analysis,
}

impl<'a> Sight<'a> {
    pub(crate) fn of(analysis: &'a Analysis) -> Self {
        Self { analysis }
    }

    /// True if an administrator collected it, to whom default permissions hide nothing of the domain.
    pub(crate) fn is_administrator(self) -> bool {
        let directory = &self.analysis.directory;
        directory
            .requester
            .administers_domain(directory.domain_sid.as_ref())
    }

    /// Why what `other` has may have been here without being seen; `None` if it was not here.
    pub(super) fn may_have_missed(self, other: Self, one: &Elsewhere<'_>) -> Option<String> {
        let directory = &self.analysis.directory;
        let clock = directory.clock;
        if one.created.is_some_and(|created| !clock.is_after(created)) {
            return None;
        }
        if directory.only_names(one.dn) {
            return Some("a link there names it, and it is not shown".to_owned());
        }
        let hidden = match one.kind {
            Some(Kind::Dmsa) => "dmsa",
            Some(Kind::PasswordSettings) => "password-settings",
            Some(Kind::KdsRootKey) => "kds-root-keys",
            _ => "",
        };
        if directory.may_hide(hidden) == Some(true) {
            return Some("whoever collected is not shown all objects of this kind".to_owned());
        }
        let whole = PARTS
            .iter()
            .find(|(part, _)| *part == one.query)
            .map_or(one.query, |(_, whole)| *whole);
        // Who has a service principal name is also brought by the query for all users, never the other way round.
        let general = match whole {
            "service-users" if directory.query("service-users").is_none() => "users",
            name => name,
        };
        if let Some(why) = query_limit(directory, general) {
            return Some(why);
        }
        if self.is_administrator() {
            return None;
        }
        if other.is_administrator() {
            return Some(
                "whoever collected is no administrator, as on the other side, and may not be shown it"
                    .to_owned(),
            );
        }
        // What was made before and is seen only now was hidden, restored or moved here: nothing says which.
        let first = !clock.is_after(other.analysis.directory.clock.ticks());
        (first && one.created.is_some()).then(|| {
            "it was made before that, and whoever collected is no administrator".to_owned()
        })
    }

    /// Whether the attribute was asked for of the objects of a query; true if nothing tells.
    pub(crate) fn asked_for(self, query: &str, attribute: &str) -> bool {
        self.analysis.directory.query(query).is_none_or(|row| {
            let mut asked = row.plan.attributes.iter();
            asked.any(|asked| asked.eq_ignore_ascii_case(attribute))
        })
    }

    /// Why `object`, which shows no value of `attribute`, may have one; `None` if it has none. `known_readable` says that
    /// somebody with no more rights read it on the other side under the same permissions.
    pub(crate) fn may_hide_value(
        self,
        object: &Object,
        query: &str,
        attribute: &str,
        known_readable: bool,
    ) -> Option<String> {
        let directory = &self.analysis.directory;
        directory.query(query)?;
        if !self.asked_for(query, attribute) {
            return Some(format!("{attribute} was not asked for"));
        }
        let class = object.classes.rsplit('\n').next().unwrap_or_default();
        let absence = directory.coverage.iter().find(|row| {
            row.query == query
                && row.class.eq_ignore_ascii_case(class)
                && row.attribute.eq_ignore_ascii_case(attribute)
        });
        match absence.map(|row| row.absence) {
            Some(Absence::NotReadable) => {
                return Some(format!("{attribute} was not readable"));
            }
            Some(Absence::NotInSchema | Absence::NotInClass | Absence::NoValue) => return None,
            Some(Absence::Unknown) | None => (),
        }
        (!self.is_administrator() && !known_readable).then(|| {
            format!(
                "whoever collected is no administrator, and may not have been shown {attribute}"
            )
        })
    }

    /// Why a list of values of `object` may lack some; `None` if it is whole.
    pub(crate) fn cut_short(self, object: i64, attribute: &str) -> Option<String> {
        let defects = &self.analysis.directory.defects;
        let cut = |defect: &&Defect| {
            defect.object_id == object
                && defect.kind == "cut-short"
                && defect.attribute.eq_ignore_ascii_case(attribute)
        };
        let defect = defects.iter().find(cut)?;
        Some(format!("values are missing: {}", defect.detail))
    }

    /// What this side did not see at all, a sentence each.
    pub(super) fn limits(self) -> Vec<String> {
        let directory = &self.analysis.directory;
        let queries: Vec<&str> = directory
            .ledger
            .iter()
            .map(|row| row.plan.name.as_str())
            .collect();
        let mut limits: Vec<String> = queries
            .iter()
            .flat_map(|name| {
                [
                    query_limit(directory, name),
                    cut_short_limit(directory, name),
                ]
            })
            .flatten()
            .collect();
        for (kind, words) in [
            ("dmsa", "dMSAs"),
            ("password-settings", "password settings"),
            ("kds-root-keys", "KDS root keys"),
        ] {
            if directory.may_hide(kind) == Some(true) {
                limits.push(format!("{words} may be hidden from whoever collected"));
            }
        }
        limits
    }
}
