//! `coldcase rules`: the list of rules, or one page; writing and checking one's own is in [`new`] and [`check`].

use anyhow::{Context, Result};
use coldcase_schemas::exit::AnalyzeExit;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::{output, tables};
use crate::arguments::{RulesAction, RulesArguments, TableFormat};
use crate::export::{Cell, Table};
use crate::report::{table, visible, wrap};
use crate::rules::{Needs, OutsideFact, Pack, Page};

mod check;
mod new;

pub(super) fn run(arguments: &RulesArguments) -> Result<AnalyzeExit> {
    match &arguments.action {
        Some(RulesAction::New(arguments)) => return new::run(arguments),
        Some(RulesAction::Check(arguments)) => return check::run(arguments),
        None => {}
    }
    let mut pack = Pack::load(arguments.rules.as_deref())?;
    pack.try_out()?;
    match &arguments.id {
        Some(id) => {
            let page = pack.find(id).with_context(|| pack.no_rule(id))?;
            one(page, arguments.format)?;
        }
        None => list(&pack, arguments.format, arguments.ids)?,
    }
    Ok(AnalyzeExit::Clean)
}

fn one(page: &Page, format: TableFormat) -> Result<()> {
    if format == TableFormat::Json {
        return output::json(None, &as_json(page, true));
    }
    if format == TableFormat::Csv {
        return tables::csv(None, &as_table(std::iter::once(page)));
    }
    let front = &page.front;
    let width = output::style(None, true).width;
    output::to(None, |out| {
        writeln!(
            out,
            "{}  {}  revision {}  family {}",
            front.code, front.id, front.revision, front.family
        )?;
        let severity = [front.severity_in_words()];
        let needs = needs(&front.needs);
        for (label, values) in [
            ("Severity", severity.as_slice()),
            ("ATT&CK", front.attack.as_slice()),
            ("ANSSI", front.anssi.as_slice()),
            ("Applies to", front.applies_to.as_slice()),
            ("Needs", needs.as_slice()),
            ("References", front.references.as_slice()),
        ] {
            if !values.is_empty() {
                let text = visible(&format!("{label}: {}", values.join("; ")));
                for line in wrap(&text, width, 0) {
                    writeln!(out, "{line}")?;
                }
            }
        }
        writeln!(out)?;
        for line in body_lines(&page.body, width) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    })
}

/// What must have been seen before nothing found means clear, in words.
fn needs(needs: &Needs) -> Vec<String> {
    let mut words = vec![format!("the queries {}", needs.queries.join(", "))];
    if !needs.attributes.is_empty() {
        words.push(format!("the attributes {}", needs.attributes.join(", ")));
    }
    for (kind, attributes) in &needs.readable {
        words.push(format!("{} of every {kind}", attributes.join(", ")));
    }
    if !needs.visible.is_empty() {
        words.push(format!("sight of {}", needs.visible.join(", ")));
    }
    if needs.facts.contains(&OutsideFact::Sysvol) {
        words.push("the settings of group policies (--sysvol)".to_owned());
    }
    if needs.facts.iter().any(|fact| fact.is_beyond()) {
        words.push("what no snapshot holds".to_owned());
    }
    words
}

/// The page in lines that fit: paragraphs are wrapped, list items hang, code is broken only where that changes nothing.
fn body_lines(body: &str, width: u16) -> Vec<String> {
    let mut lines = Vec::new();
    let mut code = false;
    for line in body.lines() {
        // A page of one's own may be anybody's.
        let line = &visible(line);
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        if code || fence || line.trim().is_empty() {
            lines.extend(broken(line, usize::from(width)));
            continue;
        }
        let marker = line.split_inclusive(' ').next().unwrap_or_default();
        let item = matches!(marker.trim_end().strip_suffix('.'), Some(number) if number.parse::<u32>().is_ok())
            || marker == "- ";
        let indent = line.len() - line.trim_start().len() + if item { marker.len() } else { 0 };
        let text = line.get(indent..).unwrap_or(line);
        for (index, wrapped) in wrap(text, width, indent).into_iter().enumerate() {
            match (index, item) {
                (0, true) => lines.push(format!("{marker}{}", wrapped.trim_start())),
                _ => lines.push(wrapped),
            }
        }
    }
    lines
}

/// A line of SQL in lines that fit, broken at blanks outside of quotes. A line with a comment stays whole: what followed
/// its break would be no comment any more.
fn broken(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![line.to_owned()];
    let open = |quote: char| line.matches(quote).count() % 2 == 1;
    if line.contains("--") || open('\'') || open('"') {
        return lines;
    }
    let indent = line.len() - line.trim_start().len() + 2;
    while let Some(last) = lines.last().cloned()
        && last.width() > width
    {
        let (mut quoted, mut at) = (false, None);
        for (place, c) in last.char_indices().skip(indent) {
            quoted ^= matches!(c, '\'' | '"');
            let fits = last
                .get(..place)
                .is_some_and(|begin| begin.width() <= width);
            if c == ' ' && !quoted && fits {
                at = Some(place);
            }
        }
        let Some((begin, rest)) = at.and_then(|at| last.split_at_checked(at)) else {
            break;
        };
        let rest = format!("{:indent$}{}", "", rest.trim_start());
        lines.pop();
        lines.extend([begin.to_owned(), rest]);
    }
    lines
}

fn list(pack: &Pack, format: TableFormat, ids: bool) -> Result<()> {
    if format == TableFormat::Json {
        let rules: Vec<Value> = pack.pages.iter().map(|page| as_json(page, false)).collect();
        return output::json(None, &rules);
    }
    if format == TableFormat::Csv {
        return tables::csv(None, &as_table(pack.pages.iter()));
    }
    let rows = pack.pages.iter().map(|page| {
        let front = &page.front;
        let name = match ids {
            true => front.id.clone(),
            false => front.title.clone(),
        };
        vec![front.code.clone(), front.range(), name]
    });
    let shown = table(
        &["code", "severity", if ids { "id" } else { "title" }],
        rows,
        output::style(None, true).width,
    );
    output::to(None, |out| {
        out.write_all(shown.as_bytes())?;
        writeln!(
            out,
            "\n{} rules. `coldcase rules CODE` prints one; --ids lists ids.",
            pack.pages.len()
        )?;
        for refusal in &pack.refused {
            let text = format!(
                "refused: {}:{}: {}",
                refusal.file, refusal.line, refusal.reason
            );
            writeln!(out, "{}", visible(&text))?;
        }
        Ok(())
    })
}

/// What fits a cell of each page.
fn as_table<'a>(pages: impl Iterator<Item = &'a Page>) -> Table {
    let heads = [
        "code",
        "id",
        "title",
        "severity",
        "family",
        "revision",
        "applies to",
        "needs",
    ];
    let mut table = Table::new("Rules", &heads.map(|head| (head, 0)));
    for page in pages {
        let front = &page.front;
        table.push(vec![
            Cell::text(&front.code),
            Cell::text(&front.id),
            Cell::text(&front.title),
            Cell::text(front.severity_in_words()),
            Cell::text(&front.family),
            Cell::count(front.revision),
            Cell::list(&front.applies_to),
            Cell::list(needs(&front.needs)),
        ]);
    }
    table
}

fn as_json(page: &Page, whole: bool) -> Value {
    let front = &page.front;
    let mut rule = json!({
        "id": front.id,
        "code": front.code,
        "revision": front.revision,
        "title": front.title,
        "severity": front.severity,
        "otherwise": front.otherwise,
        "confidence": front.confidence,
        "family": front.family,
        "attack": front.attack,
        "anssi": front.anssi,
        "references": front.references,
        "applies_to": front.applies_to,
        "answered_by": front.answered_by,
        "needs": front.needs,
        "drifts": front.drifts,
        "scenarios": front.scenarios,
    });
    if let (true, Some(fields)) = (whole, rule.as_object_mut()) {
        fields.insert("sql".to_owned(), Value::from(page.sql.as_str()));
        fields.insert("page".to_owned(), Value::from(page.body.as_str()));
    }
    rule
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_is_broken_where_that_changes_nothing() {
        let line = "  SELECT a, 'b  c d e f g h' AS text, b";
        let lines = broken(line, 26);
        let same = |text: &str| text.replace("  ", " ").replace("  ", " ");
        assert!(lines.len() > 1, "{lines:?}");
        assert!(
            lines.iter().any(|line| line.contains("'b  c d e f g h'")),
            "{lines:?}"
        );
        let joined: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
        assert_eq!(same(&joined.join(" ")), same(line.trim()));
        assert!(lines.iter().all(|line| line.width() <= 26), "{lines:?}");
        for whole in [
            "SELECT a, b -- and no more of it than that",
            "'it goes on in another line",
        ] {
            assert_eq!(broken(whole, 10), [whole]);
        }
    }
}
