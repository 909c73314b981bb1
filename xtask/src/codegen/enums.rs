//! Prints enums.rs: one Rust enum for each string with a fixed set of values.

use std::fmt::Write as _;

use super::model::Model;
use super::names;

/// The enums that requests, responses and their parts use; nothing when there are none.
pub(crate) fn print(model: &Model) -> String {
    let mut out = String::new();
    for name in model.reachable(model.inputs().chain(model.outputs())) {
        let shape = model.shape(name);
        if !shape.is_enum() {
            continue;
        }
        let _ = write!(out, "\nwire_enum! {{\n    pub enum {name} {{\n");
        for value in &shape.values {
            let _ = writeln!(out, "        {} = {value:?},", names::variant(value));
        }
        out.push_str("    }\n}\n");
    }
    if out.is_empty() {
        return out;
    }
    format!("use crate::wire_enum::wire_enum;\n{out}")
}
