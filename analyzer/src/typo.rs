//! Names that somebody nearly typed right: rules, frames, columns.
//!
//! Deliberately knows no list of names; [`crate::load`] has its own way with objects of a directory.

/// Names that are offered at most.
const OFFERED: usize = 3;

/// Shortest text that is looked for within names.
const PART: usize = 3;

/// `; did you mean accounts?`, or nothing if no name is near.
pub(crate) fn did_you_mean<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let near = nearest(typed, names);
    match near.split_last() {
        None => String::new(),
        Some((only, [])) => format!("; did you mean {only}?"),
        Some((last, others)) => format!("; did you mean {} or {last}?", others.join(", ")),
    }
}

/// The names with the fewest letters wrong, missing or swapped: of three letters one may be. Else those that the
/// text is a part of.
fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = typed.trim().to_lowercase();
    let wrong = (typed.chars().count() / 3).clamp(1, 4);
    let mut names: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (strsim::osa_distance(&name.to_lowercase(), &typed), name))
        .collect();
    names.sort_unstable();
    names.dedup();
    let least = names.first().map_or(0, |(distance, _)| *distance);
    let near = |(distance, name): &(usize, &'a str)| {
        (*distance == least && least <= wrong).then_some(*name)
    };
    let mut found: Vec<&str> = names.iter().filter_map(near).take(OFFERED).collect();
    if found.is_empty() && typed.chars().count() >= PART {
        let within = names.iter().map(|(_, name)| *name);
        found.extend(within.filter(|name| name.to_lowercase().contains(&typed)));
        found.truncate(OFFERED);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["accounts", "account_hosts", "readers", "GM01", "GM02"];

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        let offered = |typed| did_you_mean(typed, NAMES);
        assert_eq!(offered("acounts"), "; did you mean accounts?");
        assert_eq!(offered("Accounts"), "; did you mean accounts?");
        assert_eq!(offered("raeders"), "; did you mean readers?");
        assert_eq!(offered("GM0"), "; did you mean GM01 or GM02?");
        assert_eq!(offered("hosts"), "; did you mean account_hosts?");
        assert_eq!(offered("nonsense"), "");
        assert_eq!(offered(""), "");
    }
}
