//! One attribute's values in one column, and back, byte for byte.
//!
//! Owns the test whether values fit their column. What does not fit is stored raw elsewhere, so the
//! way back is exact for everything: a column holds only what it can give back unchanged.

use crate::attribute::Syntax;

/// A value of a column of table `object`. Security descriptors are interned by the writer and never come here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// INTEGER.
    Integer(i64),
    /// TEXT.
    Text(std::borrow::Cow<'a, str>),
    /// BLOB.
    Blob(&'a [u8]),
}

/// The cell for `values`, or why they do not fit. Values stay in their order.
pub(super) fn fit(syntax: Syntax, values: &[Vec<u8>]) -> Result<Cell<'_>, &'static str> {
    if syntax == Syntax::TextList {
        return fit_list(values);
    }
    let [value] = values else {
        return Err("not one value");
    };
    match syntax {
        Syntax::Boolean => match value.as_slice() {
            b"TRUE" => Ok(Cell::Integer(1)),
            b"FALSE" => Ok(Cell::Integer(0)),
            _ => Err("not TRUE or FALSE"),
        },
        Syntax::Integer => std::str::from_utf8(value)
            .ok()
            .and_then(|text| {
                let number: i64 = text.parse().ok()?;
                (number.to_string() == text).then_some(Cell::Integer(number))
            })
            .ok_or("not a plain decimal of 64 bits"),
        Syntax::Time | Syntax::Text => std::str::from_utf8(value)
            .map(|text| Cell::Text(text.into()))
            .map_err(|_| "not UTF-8"),
        Syntax::Bytes => Ok(Cell::Blob(value)),
        Syntax::TextList | Syntax::BytesList | Syntax::SecurityDescriptor | Syntax::Dn => {
            Err("has no cell of its own")
        }
    }
}

fn fit_list(values: &[Vec<u8>]) -> Result<Cell<'_>, &'static str> {
    let texts = values
        .iter()
        .map(|value| std::str::from_utf8(value))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| "not UTF-8")?;
    if texts.is_empty() {
        return Err("no value");
    }
    if texts.iter().any(|text| text.contains('\n')) {
        return Err("a value holds a line feed");
    }
    match texts.as_slice() {
        [one] => Ok(Cell::Text((*one).into())),
        many => Ok(Cell::Text(many.join("\n").into())),
    }
}

/// The raw values of a cell that [`fit`] made.
pub(super) fn values(syntax: Syntax, cell: &Cell<'_>) -> Vec<Vec<u8>> {
    match cell {
        Cell::Integer(number) if syntax == Syntax::Boolean => {
            vec![if *number == 0 {
                b"FALSE".to_vec()
            } else {
                b"TRUE".to_vec()
            }]
        }
        Cell::Integer(number) => vec![number.to_string().into_bytes()],
        Cell::Text(text) if syntax == Syntax::TextList => text
            .split('\n')
            .map(|value| value.as_bytes().to_vec())
            .collect(),
        Cell::Text(text) => vec![text.as_bytes().to_vec()],
        Cell::Blob(bytes) => vec![bytes.to_vec()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WITH_CELL: [Syntax; 6] = [
        Syntax::Boolean,
        Syntax::Integer,
        Syntax::Time,
        Syntax::Text,
        Syntax::TextList,
        Syntax::Bytes,
    ];

    proptest! {
        #[test]
        fn what_fits_comes_back_unchanged(
            syntax in prop::sample::select(&WITH_CELL),
            values_in in prop::collection::vec(
                prop_oneof![
                    any::<i64>().prop_map(|n| n.to_string().into_bytes()),
                    "[ -~\n]{0,12}".prop_map(String::into_bytes),
                    prop::collection::vec(any::<u8>(), 0..12),
                    Just(b"TRUE".to_vec()),
                ],
                0..4,
            ),
        ) {
            if let Ok(cell) = fit(syntax, &values_in) {
                prop_assert_eq!(values(syntax, &cell), values_in);
            }
        }
    }

    #[test]
    fn numbers_that_would_change_do_not_fit() {
        for odd in ["+1", "01", "-0", " 1", "9223372036854775808", ""] {
            assert!(
                fit(Syntax::Integer, &[odd.as_bytes().to_vec()]).is_err(),
                "{odd:?}"
            );
        }
        assert_eq!(
            fit(Syntax::Integer, &[b"-2147483646".to_vec()]),
            Ok(Cell::Integer(-2_147_483_646))
        );
    }
}
