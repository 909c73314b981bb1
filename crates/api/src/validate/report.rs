//! Gathers the violations of one request into AWS's sentence.

use serde_json::Value;

use crate::error::{Error, ErrorCode};

/// How many violations are spelt out. AWS spells out all; a body of a megabyte could then ask for
/// an answer of a hundred.
const TOLD: usize = 32;

/// The longest part of a value or a key that is repeated, in characters.
const REPEATED: usize = 512;

/// What was found so far.
#[derive(Default)]
pub(super) struct Report {
    found: usize,
    told: Vec<String>,
}

impl Report {
    /// Adds a violation of `constraint` by the value at `path`.
    pub(super) fn add(&mut self, path: &str, value: &Value, hidden: bool, constraint: &str) {
        self.found += 1;
        if self.told.len() >= TOLD {
            return;
        }
        let value = match value {
            _ if hidden => String::new(),
            Value::Null => "null ".to_owned(),
            value => format!("'{}' ", shorten(&in_java(value))),
        };
        self.told.push(format!(
            "Value {value}at '{path}' failed to satisfy constraint: {constraint}"
        ));
    }

    /// Nothing, or all of it as one error.
    pub(super) fn into_result(self) -> Result<(), Error> {
        let errors = match self.found {
            0 => return Ok(()),
            1 => "error",
            _ => "errors",
        };
        let message = format!(
            "{} validation {errors} detected: {}",
            self.found,
            self.told.join("; ")
        );
        Err(Error::new(ErrorCode::InvalidParameter, message))
    }
}

/// The beginning of a text that may be long.
pub(super) fn shorten(text: &str) -> &str {
    let end = text.char_indices().nth(REPEATED);
    end.map_or(text, |(at, _)| text.get(..at).unwrap_or_default())
}

/// A value as Java prints it: `[a, b]`, `{key=value}`.
fn in_java(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let members: Vec<String> = list.iter().map(in_java).collect();
            format!("[{}]", members.join(", "))
        }
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key}={}", in_java(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}
