//! Tables as an Excel workbook, a sheet each.
//!
//! Owns how sheets look. Strings are written as strings: no cell is a formula, and no text becomes a link by itself.
//! Deliberately sets no time but that of the snapshot, so that the same tables give the same bytes.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use jiff::civil::DateTime;
use rust_xlsxwriter::{
    Color, ConditionalFormatCell, ConditionalFormatCellRule, DocProperties, ExcelDateTime, Format,
    FormatAlign, Workbook, Worksheet,
};

use super::cell::Cell;
use super::table::Table;
use crate::report::PROGRAM;

/// Rows of a sheet, the head among them.
const ROWS: usize = 1_048_576;

/// Links of a sheet.
const LINKS: usize = 65_000;

const DAY: &str = "yyyy-mm-dd";
const MOMENT: &str = "yyyy-mm-dd hh:mm:ss";

/// Background and text by severity.
const SEVERITIES: [(&str, u32, u32); 4] = [
    ("critical", 0x00B4_1F2A, 0x00FF_FFFF),
    ("high", 0x00F4_B6A6, 0x0052_1108),
    ("medium", 0x00FB_E3A1, 0x004D_3800),
    ("low", 0x00CF_E4F5, 0x000F_3550),
];

/// The workbook, byte for byte; it bears the time `taken`.
///
/// # Errors
/// The library refuses a sheet, which is a defect of the program.
pub(crate) fn workbook(title: &str, taken: DateTime, tables: &[Table]) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    // Without a time of ours the library would take the clock's.
    let properties = DocProperties::new()
        .set_title(title)
        .set_author(PROGRAM)
        .set_creation_datetime(&excel_time(taken)?);
    book.set_properties(&properties);
    for table in tables {
        let sheet = book.add_worksheet();
        write(sheet, table, tables).with_context(|| format!("the sheet {}", table.name))?;
    }
    Ok(book.save_to_buffer()?)
}

fn write(sheet: &mut Worksheet, table: &Table, tables: &[Table]) -> Result<()> {
    sheet.set_name(table.name)?;
    let head = Format::new()
        .set_bold()
        .set_background_color(Color::RGB(0x00E6_E9ED))
        .set_align(FormatAlign::Top);
    for (place, column) in (0_u16..).zip(&table.columns) {
        sheet.set_column_width(place, column.width)?;
        sheet.write_string_with_format(0, place, column.head.as_str(), &head)?;
    }
    let (day, moment) = (
        Format::new().set_num_format(DAY),
        Format::new().set_num_format(MOMENT),
    );
    let link = Format::new().set_hyperlink();
    let links = links(table, tables);
    let fit = table.rows.len().min(ROWS - 2);
    for (place, row) in table.rows.iter().take(fit).enumerate() {
        let at = line(place)?;
        for (column, cell) in (0_u16..).zip(row) {
            if let Some(target) = links.get(&(place, usize::from(column)))
                && *cell != Cell::Empty
            {
                let text = cell.plain();
                sheet.write_url_with_text(at, column, target.as_str(), text.as_str())?;
                // The link stays where a number takes the place of its text.
                match cell {
                    Cell::Number(number) => {
                        sheet.write_number_with_format(at, column, *number, &link)?;
                    }
                    Cell::Integer(number) => {
                        sheet.write_number_with_format(at, column, *number as f64, &link)?;
                    }
                    _ => {}
                }
                continue;
            }
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    sheet.write_string(at, column, text.as_str())?;
                }
                Cell::Number(number) => {
                    sheet.write_number(at, column, *number)?;
                }
                // Beyond what is exact it is text.
                Cell::Integer(number) => {
                    sheet.write_number(at, column, *number as f64)?;
                }
                Cell::Day(date) => {
                    let time = excel_time(date.to_datetime(jiff::civil::Time::midnight()))?;
                    sheet.write_datetime_with_format(at, column, &time, &day)?;
                }
                Cell::Moment(time) => {
                    sheet.write_datetime_with_format(at, column, &excel_time(*time)?, &moment)?;
                }
            }
        }
    }
    let more = table.rows.len() - fit;
    if more > 0 {
        let text = format!("{more} more rows do not fit a sheet; --format csv has them all.");
        sheet.write_string(line(fit)?, 0, text.as_str())?;
    }
    let last = u16::try_from(table.columns.len().saturating_sub(1))?;
    let end = line(fit.saturating_sub(1))?;
    sheet.autofilter(0, 0, end, last)?;
    sheet.set_freeze_panes(1, 1)?;
    for (place, _) in (0_u16..)
        .zip(&table.columns)
        .filter(|(_, column)| column.severity)
    {
        for (word, background, text) in SEVERITIES {
            let look = Format::new()
                .set_background_color(Color::RGB(background))
                .set_font_color(Color::RGB(text));
            let rule = ConditionalFormatCell::new()
                .set_rule(ConditionalFormatCellRule::EqualTo(word))
                .set_format(look);
            sheet.add_conditional_format(1, place, end, place, &rule)?;
        }
    }
    Ok(())
}

/// Where cells lead, by row and column.
fn links(table: &Table, tables: &[Table]) -> BTreeMap<(usize, usize), String> {
    let there = |name: &str, row: usize| {
        let other = tables.iter().find(|table| table.name == name);
        other.is_some_and(|table| row < table.rows.len().min(ROWS - 2))
    };
    let links = table.links.iter().filter(|link| there(link.table, link.to));
    links
        .take(LINKS)
        .map(|link| {
            // The head is row 1.
            let target = format!("internal:'{}'!A{}", link.table, link.to + 2);
            ((link.row, link.column), target)
        })
        .collect()
}

/// Row of the sheet for a row of the table.
fn line(row: usize) -> Result<u32> {
    Ok(u32::try_from(row + 1)?)
}

fn excel_time(time: DateTime) -> Result<ExcelDateTime> {
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let date = ExcelDateTime::from_ymd(
        u16::try_from(time.year())?,
        part(time.month()),
        part(time.day()),
    )?;
    let (hour, minute) = (u16::from(part(time.hour())), part(time.minute()));
    Ok(date.and_hms(hour, minute, f64::from(part(time.second())))?)
}
