//! Checks a request against the constraints of the models before any operation sees it.
//!
//! It interprets the generated table over the parsed JSON, collects every violation and words them
//! as AWS's own framework does (docs/protocol.md §1.6): it names members by their path
//! (`userAttributes.1.member.name`), leaves out values of sensitive shapes, and names the
//! violations of a list's or a map's plain members once for the whole of it. A member of a wrong
//! JSON type ends the check at once, as at AWS, where reading comes before checking.

pub(crate) mod pattern;
mod report;
mod types;

use serde_json::{Map, Value};

use crate::blob::Blob;
use crate::error::Error;
use crate::shape::{Kind, Member, Shape};
use report::Report;

/// Enums that take values which AWS documents and the model lacks (docs/protocol.md §1.7).
pub const OPEN_ENUMS: &[(&str, &[&str])] =
    &[("ExplicitAuthFlowsType", &["ALLOW_CLIENT_TOKEN_AUTH"])];

/// Checks a request's body against its shape, and removes members without meaning: those that are
/// null and those that the shape lacks.
///
/// Fails with a SerializationException for a wrong type, or with an InvalidParameterException that
/// names all violations.
pub fn check(shape: &Shape, body: &mut Value) -> Result<(), Error> {
    if !body.is_object() {
        return Err(Error::malformed_json());
    }
    let mut walk = Walk {
        report: Report::default(),
        path: String::new(),
    };
    walk.value(shape, body, false)?;
    walk.report.into_result()
}

/// The walk over one body: its place and its findings.
struct Walk {
    report: Report,
    path: String,
}

impl Walk {
    /// `hidden`: something around the value is sensitive, and so is the value.
    fn value(&mut self, shape: &Shape, value: &mut Value, hidden: bool) -> Result<(), Error> {
        types::check(shape, value)?;
        let hidden = hidden || shape.sensitive;
        for constraint in violated(shape, value)? {
            let hidden = hidden || may_hold_secrets(shape);
            self.report.add(&self.path, value, hidden, &constraint);
        }
        match (shape.kind, value) {
            (Kind::Structure(members), Value::Object(object)) => {
                self.structure(members, object, hidden)
            }
            (Kind::List(member), list @ Value::Array(_)) => self.list(member, list, hidden),
            (Kind::Map { key, value }, map @ Value::Object(_)) => self.map(key, value, map, hidden),
            _ => Ok(()),
        }
    }

    fn structure(
        &mut self,
        members: &[Member],
        object: &mut Map<String, Value>,
        hidden: bool,
    ) -> Result<(), Error> {
        object.retain(|name, value| {
            !value.is_null() && members.iter().any(|member| member.name == name)
        });
        for member in members {
            let outer = self.path.len();
            if outer > 0 {
                self.path.push('.');
            }
            self.path.push_str(member.path);
            match object.get_mut(member.name) {
                Some(value) => self.value(member.shape, value, hidden)?,
                None if member.required => {
                    let hidden = hidden || member.shape.sensitive;
                    self.report
                        .add(&self.path, &Value::Null, hidden, "Member must not be null");
                }
                None => {}
            }
            self.path.truncate(outer);
        }
        Ok(())
    }

    fn list(&mut self, shape: &Shape, list: &mut Value, hidden: bool) -> Result<(), Error> {
        let plain = is_plain(shape);
        let mut any_violation = false;
        let mut number = 0;
        for member in list.as_array_mut().into_iter().flatten() {
            number += 1;
            let outer = self.path.len();
            self.path.push_str(&format!(".{number}.member"));
            if member.is_null() {
                self.report
                    .add(&self.path, member, hidden, "Member must not be null");
            } else if plain {
                types::check(shape, member)?;
                any_violation = any_violation || !violated(shape, member)?.is_empty();
            } else {
                self.value(shape, member, hidden)?;
            }
            self.path.truncate(outer);
        }
        if any_violation {
            let constraint = format!("Member must satisfy constraint: [{}]", rules(shape));
            let hidden = hidden || shape.sensitive;
            self.report.add(&self.path, list, hidden, &constraint);
        }
        Ok(())
    }

    fn map(
        &mut self,
        key_shape: &Shape,
        value_shape: &Shape,
        map: &mut Value,
        hidden: bool,
    ) -> Result<(), Error> {
        let plain = is_plain(value_shape);
        let (mut bad_key, mut bad_value) = (false, false);
        if let Some(entries) = map.as_object_mut() {
            entries.retain(|_, value| !value.is_null());
            for (key, value) in entries {
                bad_key = bad_key || !violated(key_shape, &Value::from(key.as_str()))?.is_empty();
                if plain {
                    types::check(value_shape, value)?;
                    bad_value = bad_value || !violated(value_shape, value)?.is_empty();
                    continue;
                }
                let outer = self.path.len();
                self.path
                    .push_str(&format!(".{}.member", report::shorten(key)));
                self.value(value_shape, value, hidden)?;
                self.path.truncate(outer);
            }
        }
        for (bad, what, shape) in [
            (bad_key, "Map keys", key_shape),
            (bad_value, "Map value", value_shape),
        ] {
            if bad {
                let constraint = format!("{what} must satisfy constraint: [{}]", rules(shape));
                let hidden = hidden || key_shape.sensitive || value_shape.sensitive;
                self.report.add(&self.path, map, hidden, &constraint);
            }
        }
        Ok(())
    }
}

/// Whether a violation inside a list or a map is reported at the list or the map. That holds for
/// all members but structures.
fn is_plain(shape: &Shape) -> bool {
    !matches!(
        shape.kind,
        Kind::Structure(_) | Kind::List(_) | Kind::Map { .. }
    )
}

/// Whether a list or a map, which messages repeat whole, may contain a secret. One with structures
/// may.
fn may_hold_secrets(shape: &Shape) -> bool {
    match shape.kind {
        Kind::List(member) => member.sensitive || !is_plain(member),
        Kind::Map { key, value } => key.sensitive || value.sensitive || !is_plain(value),
        _ => false,
    }
}

/// The shape's own constraints that the value violates, without those of its members, in AWS's
/// words.
fn violated(shape: &Shape, value: &Value) -> Result<Vec<String>, Error> {
    let mut violated = Vec::new();
    let (size, noun) = size(shape, value);
    if let Some(size) = size {
        if let Some(min) = shape.min.filter(|min| size < *min) {
            violated.push(at_least(noun, min));
        }
        if let Some(max) = shape.max.filter(|max| size > *max) {
            violated.push(at_most(noun, max));
        }
    }
    let Some(text) = value.as_str() else {
        return Ok(violated);
    };
    if let Some(pattern) = shape.pattern
        && !pattern.is_match(text)?
    {
        violated.push(matching(pattern.source));
    }
    if let Kind::Choice { name, values } = shape.kind
        && !values.contains(&text)
        && !is_open(name, text)
    {
        violated.push(one_of(values));
    }
    Ok(violated)
}

fn is_open(name: &str, text: &str) -> bool {
    let mut open = OPEN_ENUMS.iter();
    open.any(|(enumeration, values)| *enumeration == name && values.contains(&text))
}

/// The size that a bound is compared with, and AWS's name for it.
fn size(shape: &Shape, value: &Value) -> (Option<i64>, &'static str) {
    let length = |length: usize| i64::try_from(length).ok();
    match (shape.kind, value) {
        (Kind::Integer | Kind::Long, value) => (value.as_i64(), "value"),
        (Kind::Blob, Value::String(text)) => {
            let bytes = Blob::from_base64(text).map(|blob| blob.0.len());
            (bytes.and_then(length), "length")
        }
        // Java counts UTF-16 code units: bytes, in the common case.
        (_, Value::String(text)) if text.is_ascii() => (length(text.len()), "length"),
        (_, Value::String(text)) => (length(text.encode_utf16().count()), "length"),
        (Kind::List(_), Value::Array(list)) => (length(list.len()), "length"),
        (Kind::Map { .. }, Value::Object(map)) => (length(map.len()), "length"),
        _ => (None, "length"),
    }
}

/// Every constraint of a shape in one line, in AWS's form for the members of a list or a map.
fn rules(shape: &Shape) -> String {
    let noun = match shape.kind {
        Kind::Integer | Kind::Long => "value",
        _ => "length",
    };
    let mut rules = Vec::new();
    rules.extend(shape.max.map(|max| at_most(noun, max)));
    rules.extend(shape.min.map(|min| at_least(noun, min)));
    rules.extend(shape.pattern.map(|pattern| matching(pattern.source)));
    if let Kind::Choice { values, .. } = shape.kind {
        rules.push(one_of(values));
    }
    rules.join(", ")
}

fn at_least(noun: &str, min: i64) -> String {
    format!("Member must have {noun} greater than or equal to {min}")
}

fn at_most(noun: &str, max: i64) -> String {
    format!("Member must have {noun} less than or equal to {max}")
}

fn matching(pattern: &str) -> String {
    format!("Member must satisfy regular expression pattern: {pattern}")
}

fn one_of(values: &[&str]) -> String {
    format!(
        "Member must satisfy enum value set: [{}]",
        values.join(", ")
    )
}

#[cfg(test)]
mod tests;
