//! One cell: text that stays text in any spreadsheet, a number, a day, or a moment.
//!
//! Owns what makes a text harmless: what a program would take for a formula is quoted (OWASP, CSV Injection), what turns
//! or hides text is made visible, what no spreadsheet holds is cut. Deliberately knows no file format.

use jiff::civil::{Date, DateTime};
use serde_json::Value;

use crate::report::visible;
use crate::rules::text as value_text;

/// What stands where the snapshot does not tell.
const NOT_KNOWN: &str = "not known";

/// UTF-16 units of a text that are kept: Excel holds 32,767 in a cell.
const KEPT: usize = 32_000;

/// Integers beyond this are not exact as the numbers of a spreadsheet (IEEE 754, 53 bits).
const EXACT: u64 = 1 << 53;

/// What stands in one place of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Nothing is set, or nothing applies.
    Empty,
    /// Only made by [`Cell::text`].
    Text(String),
    Number(f64),
    /// Exact as a number.
    Integer(i64),
    Day(Date),
    /// UTC, to the second.
    Moment(DateTime),
}

impl Cell {
    /// Harmless text; nothing for no text.
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        if text.is_empty() {
            return Self::Empty;
        }
        Self::Text(cut(defused(&shown(text))))
    }

    pub(crate) fn maybe(text: Option<impl AsRef<str>>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }

    /// Texts in one cell.
    pub(crate) fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let texts: Vec<String> = texts.into_iter().map(|t| t.as_ref().to_owned()).collect();
        Self::text(texts.join("; "))
    }

    pub(crate) fn flag(flag: impl Into<Option<bool>>) -> Self {
        Self::text(match flag.into() {
            Some(true) => "yes",
            Some(false) => "no",
            None => NOT_KNOWN,
        })
    }

    pub(crate) fn not_known() -> Self {
        Self::text(NOT_KNOWN)
    }

    pub(crate) fn count(count: impl TryInto<i64>) -> Self {
        Self::integer(count.try_into().unwrap_or(i64::MAX))
    }

    /// As text where a spreadsheet would round it.
    pub(crate) fn integer(number: i64) -> Self {
        if number.unsigned_abs() > EXACT {
            Self::Text(number.to_string())
        } else {
            Self::Integer(number)
        }
    }

    pub(crate) fn number(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(number)
        } else {
            Self::text(number.to_string())
        }
    }

    /// RFC 3339 as a moment; as text where it is none, or none that a spreadsheet can hold.
    pub(crate) fn moment(text: &str) -> Self {
        let moment = text.parse::<jiff::Timestamp>().ok();
        let moment = moment.map(|moment| jiff::tz::Offset::UTC.to_datetime(moment));
        match moment.filter(|moment| is_held(moment.date())) {
            Some(moment) => {
                Self::Moment(moment.with().subsec_nanosecond(0).build().unwrap_or(moment))
            }
            None => Self::text(text),
        }
    }

    /// `YYYY-MM-DD` as a day; as text where it is none.
    pub(crate) fn day(text: &str) -> Self {
        let day = text.parse::<Date>().ok().filter(|day| is_held(*day));
        day.map_or_else(|| Self::text(text), Self::Day)
    }

    /// A value of JSON: `true` and `false` as SQL spells them, so that what is read can be asked for.
    pub(crate) fn value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Empty,
            Value::Bool(flag) => Self::text(flag.to_string()),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => Self::integer(number),
                (None, Some(float)) => Self::number(float),
                (None, None) => Self::text(number.to_string()),
            },
            other => Self::text(value_text(other)),
        }
    }

    /// As files of text have it. A moment is spelled as the workbook shows it.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Day(day) => day.to_string(),
            Self::Moment(moment) => moment.to_string().replace('T', " "),
        }
    }
}

/// Days that every spreadsheet counts alike: Excel has a 29 February 1900, others have not.
fn is_held(day: Date) -> bool {
    day > jiff::civil::date(1900, 3, 1)
}

/// No control characters, nothing that turns or hides text, and no character that XML cannot hold.
fn shown(text: &str) -> String {
    visible(text).replace(['\u{FFFE}', '\u{FFFF}'], "\u{FFFD}")
}

/// An apostrophe before what a spreadsheet would take for a formula: also after blanks, which some programs strip, and in
/// full width, which some fold.
fn defused(text: &str) -> String {
    let first = text
        .chars()
        .find(|c| !c.is_whitespace() && *c != '\u{FFFD}' && *c != '"');
    let formula = matches!(
        first,
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '﹢' | '﹣' | '﹦' | '﹫')
    );
    if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn cut(text: String) -> String {
    let units = text.encode_utf16().count();
    if units <= KEPT {
        return text;
    }
    let mut kept = 0;
    let begins = text.chars().take_while(|c| {
        kept += c.len_utf16();
        kept <= KEPT
    });
    let begins: String = begins.collect();
    let whole = text.chars().count();
    format!(
        "{begins} … This cell was cut: it would hold {whole} characters. --format json has them all."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        Cell::text(text).plain()
    }

    #[test]
    fn what_looks_like_a_formula_is_quoted() {
        for text in [
            "=HYPERLINK(\"http://x\")",
            "@SUM(A1)",
            "+1",
            "-1",
            " =1",
            "\u{a0}=1",
            "＝1",
            "\"=1",
        ] {
            assert_eq!(plain(text), format!("'{text}"));
        }
        // A tab or line feed is no blank any more.
        assert_eq!(plain("\t=1"), "'\u{FFFD}=1");
        assert_eq!(plain("\r=1"), "'\u{FFFD}=1");
        assert_eq!(plain("CN=x,DC=y"), "CN=x,DC=y");
        assert_eq!(plain("gmsa-sql$"), "gmsa-sql$");
        assert_eq!(Cell::number(-1.5).plain(), "-1.5");
        assert_eq!(Cell::integer(-1).plain(), "-1");
    }

    #[test]
    fn nothing_hides_and_nothing_is_too_long() {
        assert_eq!(
            plain("\u{1b}[31mred\0\u{202e}\u{ffff}"),
            "\u{FFFD}[31mred\u{FFFD}\u{FFFD}\u{FFFD}"
        );
        assert_eq!(plain(&"a".repeat(10_000)).len(), 10_000);
        // Signs beyond the first plane count twice in a spreadsheet.
        let cut = plain(&"𝔄".repeat(20_000));
        assert!(cut.encode_utf16().count() < 32_767);
        assert!(cut.contains("it would hold 20000 characters"), "{cut}");
    }

    #[test]
    fn times_are_times_where_a_spreadsheet_holds_them() {
        assert_eq!(
            Cell::moment("2026-08-31T06:00:00.25Z").plain(),
            "2026-08-31 06:00:00"
        );
        assert!(matches!(
            Cell::moment("1601-01-01T00:00:00Z"),
            Cell::Text(_)
        ));
        assert_eq!(Cell::moment("never"), Cell::text("never"));
        assert_eq!(Cell::day("2027-03-31").plain(), "2027-03-31");
        assert_eq!(Cell::day("soon"), Cell::text("soon"));
    }

    #[test]
    fn numbers_stay_exact() {
        assert_eq!(Cell::integer(i64::MAX), Cell::Text(i64::MAX.to_string()));
        assert_eq!(Cell::number(72.0).plain(), "72");
        assert_eq!(Cell::value(&serde_json::json!(0.25)).plain(), "0.25");
        assert_eq!(Cell::value(&serde_json::json!(null)), Cell::Empty);
    }
}
