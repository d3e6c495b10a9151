//! What the SQL engine complains about, in one sentence that a person can act on.
//!
//! The engine prints syntax trees, plans and every column there is. Deliberately judges no query itself.

use crate::frames::catalogue::{self, FRAMES};
use crate::typo::did_you_mean;

/// Columns that are listed before a command is named that lists them.
const LISTED: usize = 12;

/// The sentence for what the engine says of a query.
pub(super) fn in_words(error: &str, query: &str) -> String {
    // What follows a blank line is the engine's plan.
    let error = error.split("\n\n").next().unwrap_or_default();
    if let Some(name) = between(error, "relation '", "' was not found") {
        let near = did_you_mean(name, FRAMES.iter().map(|frame| frame.name));
        return format!("there is no frame {name}{near}{}", list_of("frames", &near));
    }
    if let Some(name) = between(error, "unable to find column \"", "\"") {
        let columns = between(error, "valid columns: [", "]").unwrap_or_default();
        let columns: Vec<&str> = columns
            .split(", ")
            .map(|column| column.trim_matches('"'))
            .filter(|column| !column.is_empty())
            .collect();
        return format!(
            "{}{}",
            no_column(name, &columns),
            in_double_quotes(name, query)
        );
    }
    if let Some(name) = between(error, "no column named '", "' found in table") {
        let table = between(error, "found in table '", "'").unwrap_or_default();
        let frame = catalogue::find(frame_of(table, query).unwrap_or(table));
        let columns = frame.map_or(&[][..], |frame| frame.columns).iter();
        let columns: Vec<&str> = columns.map(|column| column.name).collect();
        return no_column(&format!("{table}.{name}"), &columns);
    }
    if let Some(name) = between(error, "no table or struct column named '", "' found") {
        return format!("there is no frame and no alias {name} in this query");
    }
    if error.contains("subquery") && !error.contains('{') {
        return format!("a subquery stands only after IN here; {JOIN}");
    }
    if let Some(form) = unsupported(error) {
        let instead = match form.as_str() {
            "EXISTS" => format!("; {JOIN}"),
            _ => String::new(),
        };
        return format!("{form} is not supported here{instead}");
    }
    error.replace('\n', " ")
}

/// What to write in the place of a subquery.
const JOIN: &str =
    "write it as WITH name AS (SELECT DISTINCT …) and join it (JOIN; LEFT ANTI JOIN for NOT)";

fn no_column(name: &str, columns: &[&str]) -> String {
    let bare = name.rsplit('.').next().unwrap_or(name);
    let near = did_you_mean(bare, columns.iter().copied());
    if !near.is_empty() || columns.is_empty() {
        return format!("there is no column {name}{near}");
    }
    match columns.len() {
        0..=LISTED => format!(
            "there is no column {name}; there are {}",
            columns.join(", ")
        ),
        _ => format!("there is no column {name}{}", list_of("frames NAME", "")),
    }
}

/// In SQL double quotes hold a name, single ones a text; many other languages take either for a text.
fn in_double_quotes(name: &str, query: &str) -> String {
    if query.contains(&format!("\"{name}\"")) {
        format!("; a text stands in single quotes: '{name}'")
    } else {
        String::new()
    }
}

fn list_of(command: &str, near: &str) -> String {
    match near {
        "" => format!("; `coldcase {command}` lists them"),
        _ => String::new(),
    }
}

/// The name of an expression in a syntax tree, as SQL spells it: `SimilarTo { … }` is SIMILAR TO.
fn unsupported(error: &str) -> Option<String> {
    if !error.contains("support") {
        return None;
    }
    let start = error.find([' ', '\'']).map_or(0, |place| place + 1);
    let tree = error.get(start..).unwrap_or_default();
    let end = tree.find([' ', '(', '{'])?;
    let (name, rest) = tree.split_at(end);
    let is_tree = rest.trim_start().starts_with(['{', '('])
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_tree {
        return None;
    }
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_uppercase());
    }
    Some(words)
}

/// The frame that a query gives this alias.
fn frame_of<'a>(alias: &str, query: &'a str) -> Option<&'a str> {
    let words: Vec<&str> = query
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("as"))
        .collect();
    words.windows(2).find_map(|two| match two {
        [frame, name] if *name == alias && catalogue::find(frame).is_some() => Some(*frame),
        _ => None,
    })
}

/// What stands between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use crate::frames::Frames;
    use crate::rules::run;

    /// What is said of a query over empty frames.
    fn said(query: &str) -> String {
        let frames = Frames::empty().unwrap();
        let error = run(&mut frames.sql(), query).unwrap_err();
        format!("{error:#}")
    }

    #[test]
    fn a_name_that_is_nearly_right_is_offered() {
        for (query, end) in [
            (
                "SELECT sid FROM acounts",
                "no frame acounts; did you mean accounts?",
            ),
            (
                "SELECT enabld FROM accounts",
                "no column enabld; did you mean enabled?",
            ),
            (
                "SELECT a.enabld FROM accounts AS a",
                "no column a.enabld; did you mean enabled?",
            ),
            (
                "SELECT sid FROM accounts ORDER BY password_day",
                "did you mean password_days?",
            ),
            (
                "SELECT b.sid FROM accounts a",
                "no frame and no alias b in this query",
            ),
            (
                "SELECT sid FROM nowhere",
                "no frame nowhere; `coldcase frames` lists them",
            ),
        ] {
            let said = said(query);
            assert!(said.ends_with(end), "{query}: {said}");
        }
    }

    #[test]
    fn a_form_that_the_engine_lacks_is_one_sentence() {
        for (query, words) in [
            (
                "SELECT sid FROM accounts a WHERE EXISTS (SELECT 1 FROM readers r WHERE r.account_id = a.object_id)",
                "EXISTS is not supported here; write it as WITH",
            ),
            (
                "SELECT sid FROM accounts WHERE sid SIMILAR TO 'x'",
                "SIMILAR TO is not supported here",
            ),
            (
                "SELECT sid FROM accounts WHERE object_id = (SELECT MAX(account_id) FROM readers)",
                "a subquery stands only after IN here",
            ),
        ] {
            let said = said(query);
            assert!(said.contains(words), "{query}: {said}");
            assert!(
                said.len() < 200 && !said.contains('{') && !said.contains('\n'),
                "{said}"
            );
        }
    }

    #[test]
    fn what_is_clear_already_stays() {
        let said = said("SELECT sid FORM accounts");
        assert!(
            said.ends_with("found: accounts at Line: 1, Column: 17"),
            "{said}"
        );
    }
}
