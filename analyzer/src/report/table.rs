//! Aligned tables for the terminal.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a name takes at most in a table, where its row is to be read and not to be copied.
const NAME: usize = 40;

/// Columns that are left of a name however narrow it gets.
const LEAST: usize = 12;

/// Columns of a terminal whose width is not known.
const WIDTH: u16 = 80;

/// Blanks around a cell.
const GAP: u16 = 2;

/// A column of a table that may have to do with less room.
pub(crate) struct Column {
    /// Broken at blanks only.
    pub(crate) head: &'static str,
    /// Numbers stand at the right.
    pub(crate) number: bool,
    /// Of those that may be left out, the highest goes first; 0 stays.
    pub(crate) dispensable: u8,
}

/// A table of those columns that fit without breaking a cell, and the heads of those that were left out. The first column
/// has names, of which long ones are shortened.
pub(crate) fn fitting(
    columns: &[Column],
    rows: &[Vec<String>],
    width: u16,
) -> (String, Vec<&'static str>) {
    let rows = named(rows, NAME);
    let (text, left_out, over) = fitted(columns, &rows, width);
    if over == 0 {
        return (text, left_out);
    }
    let names = rows.iter().filter_map(|row| row.first());
    let longest = names.map(|name| name.width()).max().unwrap_or(0);
    let rows = named(&rows, longest.saturating_sub(over).max(LEAST));
    let (text, left_out, _) = fitted(columns, &rows, width);
    (text, left_out)
}

/// The rows with names of no more than so many columns.
fn named(rows: &[Vec<String>], columns: usize) -> Vec<Vec<String>> {
    let mut rows = rows.to_vec();
    for name in rows.iter_mut().filter_map(|row| row.first_mut()) {
        *name = shortened(name, columns);
    }
    rows
}

/// The beginning of a text that is wider than so many columns, made visible.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    let text = visible(text);
    if text.width() <= columns {
        return text;
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.width() + c.width().unwrap_or(0) >= columns {
            break;
        }
        kept.push(c);
    }
    format!("{kept}…")
}

/// [`fitting`], and by how many columns the table is still too wide.
fn fitted(
    columns: &[Column],
    rows: &[Vec<String>],
    width: u16,
) -> (String, Vec<&'static str>, usize) {
    let wide = |place: usize| {
        let head = columns.get(place).map_or("", |column| column.head);
        let head = head.split(' ').map(UnicodeWidthStr::width);
        let cells = rows.iter().filter_map(|row| row.get(place));
        let cells = cells.map(|cell| visible(cell).width());
        head.chain(cells).max().unwrap_or(0) + usize::from(GAP)
    };
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let mut left_out = Vec::new();
    let weight = |place: usize| columns.get(place).map_or(0, |column| column.dispensable);
    while kept.iter().map(|place| wide(*place)).sum::<usize>() > usize::from(width) {
        match kept.iter().copied().max_by_key(|place| weight(*place)) {
            Some(place) if weight(place) > 0 => {
                left_out.extend(columns.get(place).map(|column| column.head));
                kept.retain(|other| *other != place);
            }
            _ => break,
        }
    }
    let taken: usize = kept.iter().map(|place| wide(*place)).sum();
    let over = taken.saturating_sub(usize::from(width));
    let cells = rows.iter().map(|row| {
        let cells = kept.iter().map(|place| row.get(*place).cloned());
        cells.map(Option::unwrap_or_default).collect()
    });
    let mut table = plain(cells, width);
    let shown: Vec<&Column> = kept
        .iter()
        .filter_map(|place| columns.get(*place))
        .collect();
    table.set_header(shown.iter().map(|column| column.head));
    for ((column, about), place) in table.column_iter_mut().zip(shown).zip(&kept) {
        let wide = u16::try_from(wide(*place)).unwrap_or(u16::MAX);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(wide)));
        if about.number {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    (trimmed(&table), left_out, over)
}

/// A table with a line under the head; `width` in columns.
pub(crate) fn table(
    head: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    width: u16,
) -> String {
    let mut table = plain(rows, width);
    table.set_header(head.to_vec());
    // Names come first and must be whole to be copied; what follows may break.
    for column in table
        .column_iter_mut()
        .take(head.len().saturating_sub(1).min(2))
    {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    trimmed(&table)
}

/// Rows without lines around them.
pub(crate) fn plain(rows: impl IntoIterator<Item = Vec<String>>, width: u16) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(if width == 0 { WIDTH } else { width });
    for row in rows {
        table.add_row(row.iter().map(|cell| visible(cell)));
    }
    table
}

/// Without the blanks that pad the last column.
pub(super) fn trimmed(table: &Table) -> String {
    table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// Control characters from the directory must not reach a terminal, nor those that turn the direction of text or are not
/// seen at all, by which one name passes for another (Unicode TR36, 2.2 and 3.1).
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if is_hidden(c) { '\u{FFFD}' } else { c })
        .collect()
}

/// What [`visible`] replaces.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_and_told() {
        let column = |head, dispensable| Column {
            head,
            number: dispensable > 0,
            dispensable,
        };
        let columns = [column("account", 0), column("age", 1), column("SPNs", 2)];
        let rows = [vec!["svc-sql".to_owned(), "7".to_owned(), "1".to_owned()]];
        let heads = |width| {
            let (shown, left_out) = fitting(&columns, &rows, width);
            let head = shown.lines().next().unwrap_or_default().trim().to_owned();
            (head, left_out)
        };
        assert_eq!(heads(40), ("account  age  SPNs".to_owned(), vec![]));
        assert_eq!(heads(16), ("account  age".to_owned(), vec!["SPNs"]));
        // A name of 10,000 letters is no reason for a row of as many columns.
        let long = [vec!["x".repeat(10_000), "7".to_owned(), "1".to_owned()]];
        for width in [30, 80, 160] {
            let (shown, _) = fitting(&columns, &long, width);
            let widest = shown.lines().map(UnicodeWidthStr::width).max();
            assert!(widest <= Some(usize::from(width)), "{shown}");
            assert!(shown.contains("xxx…"), "{shown}");
        }
        assert_eq!(shortened("表表表", 5), "表表…");
        assert_eq!(shortened("svc-sql", 7), "svc-sql");
        // What must stay does, however narrow it gets.
        assert_eq!(heads(8).1, ["SPNs", "age"]);
    }
}
