//! Checks that a JSON value has the type of its shape.

use serde_json::Value;

use crate::blob::Blob;
use crate::error::Error;
use crate::shape::{Kind, Shape};
use crate::timestamp::Timestamp;

/// Checks the value itself, not its members. The caller judges null.
pub(super) fn check(shape: &Shape, value: &Value) -> Result<(), Error> {
    let fits = match shape.kind {
        Kind::Structure(_) | Kind::Map { .. } | Kind::Document => value.is_object(),
        Kind::List(_) => value.is_array(),
        Kind::String | Kind::Choice { .. } => value.is_string(),
        Kind::Integer => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        Kind::Long => value.as_i64().is_some(),
        Kind::Boolean => value.is_boolean(),
        Kind::Timestamp => value.as_f64().and_then(Timestamp::from_seconds).is_some(),
        Kind::Blob => value.as_str().and_then(Blob::from_base64).is_some(),
    };
    if fits {
        return Ok(());
    }
    Err(match value {
        Value::Array(_) => Error::list_not_expected(),
        Value::Object(_) => Error::structure_not_expected(),
        _ => Error::wrong_type(found(value), expected(shape)),
    })
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    }
}

fn expected(shape: &Shape) -> &'static str {
    match shape.kind {
        Kind::Structure(_) => "a structure",
        Kind::Map { .. } => "a map",
        Kind::Document => "a document",
        Kind::List(_) => "a list",
        Kind::String | Kind::Choice { .. } => "a String",
        Kind::Integer => "an Integer",
        Kind::Long => "a Long",
        Kind::Boolean => "a Boolean",
        Kind::Timestamp => "a Date",
        Kind::Blob => "a Blob",
    }
}
