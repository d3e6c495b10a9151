//! A cell of a dataframe as JSON and as text for people.

use polars::prelude::AnyValue;
use serde_json::Value;

/// As JSON. Types that no frame has become text.
pub(crate) fn json(value: &AnyValue<'_>) -> Value {
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(value) => Value::from(*value),
        AnyValue::String(value) => Value::from(*value),
        AnyValue::StringOwned(value) => Value::from(value.as_str()),
        AnyValue::Int64(value) => Value::from(*value),
        AnyValue::Int32(value) => Value::from(*value),
        AnyValue::UInt64(value) => Value::from(*value),
        AnyValue::UInt32(value) => Value::from(*value),
        AnyValue::Float64(value) => Value::from(*value),
        AnyValue::Float32(value) => Value::from(*value),
        other => Value::from(other.to_string()),
    }
}

/// As text: NULL is empty, booleans are yes and no, doubles have at most two digits.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if !number.is_i64() && !number.is_u64() => {
                let text = format!("{float:.2}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(text(&Value::from(1.50)), "1.5");
        assert_eq!(text(&Value::from(-3.0)), "-3");
        assert_eq!(text(&Value::from(7)), "7");
        assert_eq!(text(&Value::from(true)), "yes");
        assert_eq!(text(&Value::Null), "");
    }
}
