//! Words for what the report spells for programs: kinds, levels, families, times, numbers that may be more.

use coldcase_schemas::report::Severity;

/// A kind of object as a person calls it.
pub(super) fn kind(kind: &str) -> &str {
    match kind {
        "gmsa" => "gMSA",
        "smsa" => "sMSA",
        "dmsa" => "dMSA",
        "ou" => "organisational unit",
        "gpo" => "group policy",
        "kds-root-key" => "KDS root key",
        "password-settings" => "password settings",
        "foreign-principal" => "foreign principal",
        "cross-ref" => "partition",
        other => other,
    }
}

/// What a level is called, and what it means.
pub(super) fn level(level: u8) -> (&'static str, &'static str) {
    match level {
        1 => (
            "urgent",
            "At least one finding leads to control of the domain. Act today.",
        ),
        2 => (
            "serious",
            "At least one finding leads to control of an account or host that matters, perhaps in more steps to \
             the domain; none is critical.",
        ),
        3 => (
            "needs work",
            "Defences are weakened; nothing was found that by itself leads to control of an account that matters.",
        ),
        4 => ("good", "Only hygiene was found wanting."),
        _ => ("nothing found", "No rule found anything that weighs."),
    }
}

/// What a severity means.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "leads to control of the domain",
        Severity::High => "leads to control of an account or host that matters",
        Severity::Medium => "weakens a defence",
        Severity::Low => "hygiene",
        Severity::Info => "worth knowing, weighs nothing",
    }
}

/// A family of rules as a heading.
pub(super) fn family(family: &str) -> String {
    match family {
        "gmsa" | "smsa" | "dmsa" => kind(family).to_owned(),
        "kds" => "KDS root keys".to_owned(),
        "spn" => "Accounts with an SPN".to_owned(),
        other => {
            let mut letters = other.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string());
            first.unwrap_or_default() + letters.as_str()
        }
    }
}

/// `2026-08-31T06:00:00Z` as `2026-08-31 06:00:00 UTC`; anything else as it is.
pub(super) fn time(text: &str) -> String {
    match text.strip_suffix('Z').and_then(|text| text.split_once('T')) {
        Some((day, hour)) => format!("{day} {hour} UTC"),
        None => text.to_owned(),
    }
}

/// Whole days; `not known` where the directory does not say.
pub(super) fn days(days: Option<f64>) -> String {
    days.map_or_else(|| NOT_KNOWN.to_owned(), |days| format!("{days:.0}"))
}

/// A flag of which the directory may say nothing.
pub(super) fn flag(flag: Option<bool>) -> &'static str {
    match flag {
        Some(true) => "yes",
        Some(false) => "no",
        None => NOT_KNOWN,
    }
}

/// What stands where the snapshot does not tell.
pub(super) const NOT_KNOWN: &str = "not known";
