//! Prints constraints.rs: what validation knows of each input, as data.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::model::{Kind, Model, Reference, Shape};
use super::names;

/// One static for each shape that an input reaches.
pub(crate) fn print(model: &Model) -> Result<String> {
    let names = model.reachable(model.inputs());
    let patterns = patterns(model, names.iter().copied());
    let mut bodies = String::new();
    for name in &names {
        let body = expression(model.shape(name), name, &patterns)
            .with_context(|| format!("shape {name}"))?;
        let _ = writeln!(
            bodies,
            "pub(super) static {}: Shape = {body};",
            names::constant(name)
        );
    }
    let mut out = String::from("use crate::shape::{Matcher, Member, Pattern, Shape};\n\n");
    for (source, number) in &patterns {
        let _ = writeln!(
            out,
            "const PATTERN_{number}: Pattern = Pattern {{
                source: {source:?},
                matcher: || {{ static MATCHER: Matcher = Matcher::new(); &MATCHER }},
            }};
            "
        );
    }
    if patterns.is_empty() {
        out = out.replace("Matcher, Member, Pattern, Shape", "Member, Shape");
    }
    Ok(out + &bodies)
}

/// Each pattern once, with its number.
fn patterns<'a>(
    model: &'a Model,
    names: impl Iterator<Item = &'a str>,
) -> BTreeMap<&'a str, usize> {
    let mut patterns: BTreeMap<&str, usize> = BTreeMap::new();
    for pattern in names.filter_map(|name| model.shape(name).pattern.as_deref()) {
        patterns.insert(pattern, 0);
    }
    for (number, value) in patterns.values_mut().enumerate() {
        *value = number;
    }
    patterns
}

fn expression(shape: &Shape, name: &str, patterns: &BTreeMap<&str, usize>) -> Result<String> {
    let target = |reference: &Option<Reference>| -> Result<String> {
        let reference = reference.as_ref().context("says nothing of its members")?;
        Ok(format!("&{}", names::constant(&reference.shape)))
    };
    let mut out = match shape.kind {
        Kind::Structure if shape.document => "Shape::document()".to_owned(),
        Kind::Structure => structure(shape),
        Kind::String if shape.is_enum() => {
            format!("Shape::choice({name:?}, &{:?})", shape.values)
        }
        Kind::String => "Shape::string()".to_owned(),
        Kind::List => format!("Shape::list({})", target(&shape.member)?),
        Kind::Map => format!(
            "Shape::map({}, {})",
            target(&shape.key)?,
            target(&shape.value)?
        ),
        Kind::Integer => "Shape::integer()".to_owned(),
        Kind::Long => "Shape::long()".to_owned(),
        Kind::Boolean => "Shape::boolean()".to_owned(),
        Kind::Timestamp => "Shape::timestamp()".to_owned(),
        Kind::Blob => "Shape::blob()".to_owned(),
    };
    for (what, bound) in [("min", shape.min), ("max", shape.max)] {
        if let Some(bound) = bound {
            let _ = write!(out, ".{what}({bound})");
        }
    }
    if let Some(number) = shape.pattern.as_deref().and_then(|p| patterns.get(p)) {
        let _ = write!(out, ".pattern(PATTERN_{number})");
    }
    if shape.sensitive {
        out.push_str(".sensitive()");
    }
    Ok(out)
}

fn structure(shape: &Shape) -> String {
    let mut members = String::new();
    for (wire, member) in &shape.members.0 {
        let presence = if shape.required.contains(wire) {
            "required"
        } else {
            "optional"
        };
        let _ = writeln!(
            members,
            "Member::{presence}({wire:?}, {:?}, &{}),",
            names::member_path(wire),
            names::constant(&member.shape)
        );
    }
    format!("Shape::structure(&[{members}])")
}
