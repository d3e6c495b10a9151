//! Aligned tables for the terminal.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

/// Columns of a terminal whose width is not known.
const WIDTH: u16 = 80;

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
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
    };
    text.chars()
        .map(|c| if hidden(c) { '\u{FFFD}' } else { c })
        .collect()
}
