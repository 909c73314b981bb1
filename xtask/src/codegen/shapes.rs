//! Prints requests.rs, responses.rs and types.rs: one Rust structure for each structure of the
//! wire.
//!
//! A structure that holds something sensitive, however deep, has no `Debug`, so that no password
//! can be printed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::model::{Kind, Model, Shape};
use super::names;

/// The three files that a service's structures are spread over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What operations take.
    Requests,
    /// What operations give, unless other structures hold it too.
    Responses,
    /// Everything else.
    Types,
}

/// One of the files.
pub(crate) fn print(model: &Model, part: Part) -> String {
    let inputs: BTreeSet<&str> = model.inputs().collect();
    let outputs: BTreeSet<&str> = model.outputs().collect();
    let all = model.reachable(model.inputs().chain(model.outputs()));
    let mut bodies = String::new();
    for &name in &all {
        let shape = model.shape(name);
        let home = match name {
            _ if inputs.contains(name) => Part::Requests,
            _ if outputs.contains(name) => Part::Responses,
            _ => Part::Types,
        };
        if home == part && shape.kind == Kind::Structure && !shape.document {
            structure(&mut bodies, model, name, shape);
        }
    }
    imports(model, &bodies, part) + &bodies
}

/// The `use` lines for what `bodies` names, written from what it says so that none is unused.
fn imports(model: &Model, bodies: &str, part: Part) -> String {
    let named: BTreeSet<&str> = bodies
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .collect();
    let mut out = String::new();
    if named.contains("BTreeMap") {
        out.push_str("use std::collections::BTreeMap;\n\n");
    }
    out.push_str("use serde::{Deserialize, Serialize};\n\n");
    let ours: Vec<&str> = ["Blob", "Timestamp"]
        .into_iter()
        .filter(|name| named.contains(name))
        .collect();
    import(&mut out, "crate", &ours);
    let named_shapes = |wanted: &dyn Fn(&str, &Shape) -> bool| -> Vec<&str> {
        let shapes = model
            .shapes
            .iter()
            .map(|(name, shape)| (name.as_str(), shape));
        shapes
            .filter(|(name, shape)| named.contains(name) && wanted(name, shape))
            .map(|(name, _)| name)
            .collect()
    };
    let enums = named_shapes(&|_, shape| shape.is_enum());
    import(&mut out, "super::enums", &enums);
    if part != Part::Types {
        let ends: BTreeSet<&str> = model.inputs().chain(model.outputs()).collect();
        let types = named_shapes(&|name, shape| {
            shape.kind == Kind::Structure && !shape.document && !ends.contains(name)
        });
        import(&mut out, "super::types", &types);
    }
    out
}

fn import(out: &mut String, module: &str, names: &[&str]) {
    if !names.is_empty() {
        let _ = writeln!(out, "use {module}::{{{}}};", names.join(", "));
    }
}

fn structure(out: &mut String, model: &Model, name: &str, shape: &Shape) {
    let mut derives = vec!["Clone", "Serialize", "Deserialize"];
    if has_default(model, name) {
        derives.push("Default");
    }
    if !is_sensitive(model, name) {
        derives.push("Debug");
    }
    let _ = writeln!(out, "\n#[derive({})]", derives.join(", "));
    if !shape.members.0.is_empty() {
        out.push_str("#[serde(rename_all = \"PascalCase\")]\n");
    }
    let _ = writeln!(out, "pub struct {name} {{");
    for (wire, member) in &shape.members.0 {
        field(out, model, name, shape, wire, &member.shape);
    }
    out.push_str("}\n");
}

fn field(out: &mut String, model: &Model, owner: &str, shape: &Shape, wire: &str, target: &str) {
    let field = names::field(wire);
    let mut attributes = Vec::new();
    if names::pascal(&field) != wire {
        attributes.push(format!("rename = {wire:?}"));
    }
    let mut rust = rust_type(model, target);
    if model.shape(target).kind == Kind::Structure && model.holds_directly(target, owner) {
        rust = format!("Box<{rust}>");
    }
    if !shape.required.contains(wire) {
        attributes.push("skip_serializing_if = \"Option::is_none\"".to_owned());
        rust = format!("Option<{rust}>");
    }
    if !attributes.is_empty() {
        let _ = writeln!(out, "#[serde({})]", attributes.join(", "));
    }
    let _ = writeln!(out, "pub {field}: {rust},");
}

fn rust_type(model: &Model, name: &str) -> String {
    let shape = model.shape(name);
    let inner = |reference: &Option<super::model::Reference>| {
        let target = reference.as_ref().map_or("", |r| r.shape.as_str());
        rust_type(model, target)
    };
    match shape.kind {
        Kind::Structure if shape.document => "serde_json::Value".to_owned(),
        Kind::Structure => name.to_owned(),
        Kind::String if shape.is_enum() => name.to_owned(),
        Kind::String => "String".to_owned(),
        Kind::List => format!("Vec<{}>", inner(&shape.member)),
        // Keys stay strings: a key of an enum's shape would need an order that the wire does not
        // have.
        Kind::Map => format!("BTreeMap<String, {}>", inner(&shape.value)),
        Kind::Integer => "i32".to_owned(),
        Kind::Long => "i64".to_owned(),
        Kind::Boolean => "bool".to_owned(),
        Kind::Timestamp => "Timestamp".to_owned(),
        Kind::Blob => "Blob".to_owned(),
    }
}

/// Whether the shape, or anything that it is made of, may not be printed.
fn is_sensitive(model: &Model, name: &str) -> bool {
    model
        .reachable([name])
        .into_iter()
        .any(|part| model.shape(part).sensitive)
}

/// Whether every required member has a value that stands for nothing; an enum has none.
fn has_default(model: &Model, name: &str) -> bool {
    let shape = model.shape(name);
    shape.members.0.iter().all(|(wire, member)| {
        let target = model.shape(&member.shape);
        let plain = match target.kind {
            Kind::Structure => target.document || has_default(model, &member.shape),
            _ => !target.is_enum(),
        };
        plain || !shape.required.contains(wire)
    })
}
