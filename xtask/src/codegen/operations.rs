//! Prints mod.rs and operations.rs: one marker type for each operation.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::errors::code_variant;
use super::model::{Model, Operation, Shape};
use super::targets::Target;
use super::{names, resource};

/// The service's module: names of the wire, so nothing in it needs a sentence of its own.
pub(crate) fn module(model: &Model) -> String {
    let (enums, enums_too) = if model.shapes.values().any(Shape::is_enum) {
        ("mod enums;", "pub use enums::*;")
    } else {
        ("", "")
    };
    format!(
        "//! The wire types and operations of one AWS service, named as the service names them.
         // Shapes and members carry AWS's names and mean what AWS's documentation says of them.
         #![allow(missing_docs)]

         mod constraints;
         {enums}
         mod operations;
         mod requests;
         mod responses;
         mod types;

         {enums_too}
         pub use operations::{{OPERATIONS, op}};
         pub use requests::*;
         pub use responses::*;
         pub use types::*;
        "
    )
}

/// The marker types, and the list of them all.
pub(crate) fn print(target: &Target, model: &Model) -> Result<String> {
    let mut markers = String::new();
    let mut list = String::new();
    for (name, operation) in &model.operations {
        markers.push_str(&marker(target, model, name, operation)?);
        let _ = writeln!(list, "op::{name}::INFO,");
    }
    Ok(format!(
        "use crate::operation::{{Operation, OperationInfo}};

        /// Every operation of the service, in the order of their names.
        pub const OPERATIONS: &[OperationInfo] = &[{list}];

        /// The operations as types: what each takes, gives and may answer.
        pub mod op {{
            use super::super::constraints;
            use crate::error::ErrorCode;
            use crate::operation::{{Auth, Operation, Resource, Service}};
            use crate::shape::Shape;
            {markers}
        }}
        "
    ))
}

fn marker(target: &Target, model: &Model, name: &str, operation: &Operation) -> Result<String> {
    let input = operation
        .input
        .as_ref()
        .with_context(|| format!("{name} takes nothing, which no printer here expects"))?;
    let output = operation
        .output
        .as_ref()
        .map_or_else(|| "()".to_owned(), |o| format!("super::super::{}", o.shape));
    let resource = resource::of(name, operation, model.shape(&input.shape))?;
    let errors: Vec<String> = operation
        .errors
        .iter()
        .map(|e| format!("ErrorCode::{}", code_variant(&e.shape)))
        .collect();
    Ok(format!(
        "
        #[derive(Clone, Copy, Debug)]
        pub struct {name};

        impl Operation for {name} {{
            const SERVICE: Service = Service::{};
            const NAME: &'static str = {name:?};
            const AUTH: Auth = Auth::{:?};
            const RESOURCE: Resource = Resource::{resource};
            const ERRORS: &'static [ErrorCode] = &[{}];
            const INPUT: &'static Shape = &constraints::{};
            type Input = super::super::{};
            type Output = {output};
        }}
        ",
        target.variant,
        operation.auth(name),
        errors.join(", "),
        names::constant(&input.shape),
        input.shape,
    ))
}
