//! From what ldapdomaindump makes of a value back to the LDAP wire value.
//!
//! Owns the texts of python's datetime and timedelta, and its form of octet strings. Deliberately takes no attribute that the
//! table of attributes does not have: of those nothing tells which text stands for what.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coldcase_schemas::attribute::Syntax;
use jiff::Timestamp;

use super::json::Json;
use crate::wire;

/// A value, and whether it was rounded down to microseconds.
type Value = (Vec<u8>, bool);

/// The wire value, or why there is none.
pub(super) fn wire_value(syntax: Syntax, value: &Json) -> Result<Value, String> {
    let exact = |bytes: Vec<u8>| Ok((bytes, false));
    match (syntax, value) {
        (Syntax::Boolean, Json::Bool(value)) => exact(wire::boolean(*value)),
        (Syntax::Integer, Json::Integer(number)) => exact(number.to_string().into_bytes()),
        (Syntax::Integer, Json::Text(text)) => integer(text).ok_or_else(|| {
            "it is neither a number nor a time nor an interval as ldapdomaindump writes them"
                .to_owned()
        }),
        (Syntax::Time, Json::Text(text)) => match generalized_time(text) {
            Some(time) => exact(time),
            None => Err("it is no time as ldapdomaindump writes it".to_owned()),
        },
        (Syntax::Text | Syntax::TextList | Syntax::Dn, Json::Text(text)) => {
            exact(text.clone().into_bytes())
        }
        (Syntax::Text | Syntax::TextList, Json::Integer(number)) => {
            exact(number.to_string().into_bytes())
        }
        (Syntax::Bytes | Syntax::BytesList, Json::Text(text)) => exact(octets(text)),
        (Syntax::Bytes | Syntax::BytesList | Syntax::SecurityDescriptor, Json::Object(_)) => {
            let encoded = value.get("encoded").and_then(Json::text);
            let base64 = value.get("encoding").and_then(Json::text) == Some("base64");
            let bytes = encoded
                .filter(|_| base64)
                .and_then(|text| STANDARD.decode(text).ok());
            bytes.map_or_else(|| Err("it is no octet string in base64".to_owned()), exact)
        }
        // Octets that happened to be valid UTF-8.
        (Syntax::SecurityDescriptor, Json::Text(text)) => exact(text.clone().into_bytes()),
        _ => Err("it is of another type than the attribute".to_owned()),
    }
}

/// A SID, a GUID in braces, or octets that happened to be valid UTF-8.
fn octets(text: &str) -> Vec<u8> {
    if text.starts_with("S-1-")
        && let Some(sid) = wire::sid(text)
    {
        return sid;
    }
    if text.starts_with('{')
        && text.ends_with('}')
        && let Some(guid) = wire::guid(text)
    {
        return guid;
    }
    text.as_bytes().to_vec()
}

/// A number, a time as FILETIME (ticks of 100 ns, rounded down to 1 µs) or an interval (negative ticks).
fn integer(text: &str) -> Option<Value> {
    let decimal = |number: i64| number.to_string().into_bytes();
    if let Ok(number) = text.parse::<i64>() {
        return Some((decimal(number), false));
    }
    if let Some(ticks) = interval(text) {
        return Some((decimal(ticks), false));
    }
    match text {
        "1601-01-01 00:00:00+00:00" => Some((decimal(0), false)),
        "9999-12-31 23:59:59.999999+00:00" => Some((decimal(i64::MAX), false)),
        _ => {
            let moment: Timestamp = text.parse().ok()?;
            let ticks = wire::filetime_of_unix_nanos(moment.as_nanosecond())?;
            Some((decimal(ticks), true))
        }
    }
}

/// `42 days, 0:00:00` or `0:30:00` as a negative count of 100 ns; python's longest timedelta as the smallest count, which
/// stands for never (MS-ADTS 3.1.1.4.4).
fn interval(text: &str) -> Option<i64> {
    if text == "999999999 days, 23:59:59.999999" {
        return Some(i64::MIN);
    }
    let (days, clock) = match text.split_once(", ") {
        Some((days, clock)) => {
            let (number, unit) = days.split_once(' ')?;
            let number: i64 = number.parse().ok()?;
            (
                number,
                Some(clock).filter(|_| matches!(unit, "day" | "days"))?,
            )
        }
        None => (0, text),
    };
    let mut parts = clock.split(':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    let all = days
        .checked_mul(86_400)?
        .checked_add(hours.checked_mul(3_600)?)?;
    let all = all
        .checked_add(minutes.checked_mul(60)?)?
        .checked_add(seconds)?;
    all.checked_mul(-10_000_000)
}

/// `2021-06-30 00:54:47+00:00` as GeneralizedTime.
fn generalized_time(text: &str) -> Option<Vec<u8>> {
    let moment: Timestamp = text.parse().ok()?;
    wire::generalized_time_of_unix(moment.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(syntax: Syntax, text: &str) -> Option<(String, bool)> {
        let value = wire_value(syntax, &Json::Text(text.to_owned())).ok()?;
        Some((String::from_utf8_lossy(&value.0).into_owned(), value.1))
    }

    #[test]
    fn times_and_intervals() {
        let integer = |text: &str| of(Syntax::Integer, text);
        let some = |text: &str, rounded: bool| Some((text.to_owned(), rounded));
        assert_eq!(integer("1601-01-01 00:00:00+00:00"), some("0", false));
        assert_eq!(
            integer("9999-12-31 23:59:59.999999+00:00"),
            some("9223372036854775807", false)
        );
        assert_eq!(
            integer("2021-06-30 00:54:47.975285+00:00"),
            some("132694880879752850", true)
        );
        assert_eq!(integer("42 days, 0:00:00"), some("-36288000000000", false));
        assert_eq!(integer("1 day, 0:00:00"), some("-864000000000", false));
        assert_eq!(integer("0:30:00"), some("-18000000000", false));
        assert_eq!(
            integer("999999999 days, 23:59:59.999999"),
            some("-9223372036854775808", false)
        );
        for wrong in [
            "",
            "42 weeks, 0:00:00",
            "1:2",
            "0:0:0:0",
            "9e99 days, 0:00:00",
            "soon",
        ] {
            assert_eq!(integer(wrong), None, "{wrong}");
        }
        assert_eq!(
            of(Syntax::Time, "2021-06-30 00:54:47+00:00"),
            some("20210630005447.0Z", false)
        );
    }

    #[test]
    fn octet_strings() {
        let bytes = |value: &Json| wire_value(Syntax::Bytes, value).map(|(bytes, _)| bytes);
        let text = |text: &str| Json::Text(text.to_owned());
        assert_eq!(bytes(&text("S-1-5-32-544")).ok(), wire::sid("S-1-5-32-544"));
        assert_eq!(
            bytes(&text("{d12cfafd-1a96-404a-bfa3-cbd19ad5cf75}")).map(|guid| guid.len()),
            Ok(16)
        );
        assert_eq!(bytes(&text("abc")), Ok(b"abc".to_vec()));
        let object = |encoded: &str, encoding: &str| {
            Json::Object(vec![
                ("encoded".to_owned(), text(encoded)),
                ("encoding".to_owned(), text(encoding)),
            ])
        };
        assert_eq!(bytes(&object("AQD/", "base64")), Ok(vec![1, 0, 255]));
        assert!(bytes(&object("AQD/", "rot13")).is_err() && bytes(&object("%", "base64")).is_err());
    }

    #[test]
    fn other_values() {
        assert_eq!(
            wire_value(Syntax::Boolean, &Json::Bool(true)),
            Ok((b"TRUE".to_vec(), false))
        );
        assert_eq!(
            wire_value(Syntax::Integer, &Json::Integer(-7)),
            Ok((b"-7".to_vec(), false))
        );
        for wrong in [Json::Null, Json::Fraction, Json::List(Vec::new())] {
            assert!(wire_value(Syntax::Integer, &wrong).is_err());
        }
    }
}
