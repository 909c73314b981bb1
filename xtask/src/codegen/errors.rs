//! Prints error/codes.rs: every error code of the three services, and those that belong to the
//! protocol.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::model::{Model, Shape};

/// Codes that no model lists, since every AWS service of the JSON and query protocols may answer
/// them: name and HTTP status. The status is what the JSON 1.1 services send, which the "common
/// errors" pages, written for the query services, put otherwise in places.
const PROTOCOL: &[(&str, u16)] = &[
    ("AccessDeniedException", 400),
    ("ExpiredTokenException", 400),
    ("IncompleteSignatureException", 400),
    ("InvalidSignatureException", 400),
    ("MissingAuthenticationTokenException", 400),
    ("RequestEntityTooLargeException", 413),
    ("RequestTimeoutException", 408),
    ("SerializationException", 400),
    ("ServiceUnavailableException", 503),
    ("ThrottlingException", 400),
    ("UnknownOperationException", 400),
    ("UnrecognizedClientException", 400),
    ("ValidationException", 400),
];

/// Statuses that the models leave out: what a web application firewall refuses is forbidden.
const STATUSES: &[(&str, u16)] = &[("ForbiddenException", 403)];

/// The variant of `ErrorCode` for an exception's shape.
pub(crate) fn code_variant(shape: &str) -> &str {
    shape.strip_suffix("Exception").unwrap_or(shape)
}

/// The HTTP status that goes with an exception's shape.
pub(crate) fn status(name: &str, shape: &Shape) -> u16 {
    let told = STATUSES.iter().find(|(told, _)| *told == name);
    match (&shape.error, told) {
        (Some(error), _) => error.status,
        (None, Some((_, status))) => *status,
        (None, None) if shape.fault => 500,
        (None, None) => 400,
    }
}

struct Code {
    wire: String,
    status: u16,
}

fn collect(models: &[Model]) -> Result<BTreeMap<String, Code>> {
    let mut codes: BTreeMap<String, Code> = BTreeMap::new();
    let mut add = |shape: &str, wire: &str, status: u16| -> Result<()> {
        let code = Code {
            wire: wire.to_owned(),
            status,
        };
        if let Some(old) = codes.insert(code_variant(shape).to_owned(), code)
            && (old.wire != wire || old.status != status)
        {
            bail!("{shape} is told in two ways");
        }
        Ok(())
    };
    for model in models {
        for (name, shape) in model.shapes.iter().filter(|(_, shape)| shape.exception) {
            let code = shape.error.as_ref().map_or(name, |error| &error.code);
            add(name, code, status(name, shape))?;
        }
    }
    for (name, status) in PROTOCOL {
        add(name, name, *status)?;
    }
    Ok(codes)
}

/// The enum and its two tables.
pub(crate) fn print(models: &[Model]) -> Result<String> {
    let codes = collect(models)?;
    let (mut variants, mut all, mut names) = (String::new(), String::new(), String::new());
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for (variant, code) in &codes {
        let _ = writeln!(variants, "/// `{}`, status {}.", code.wire, code.status);
        let _ = writeln!(variants, "{variant},");
        let _ = writeln!(all, "ErrorCode::{variant},");
        let _ = writeln!(names, "Self::{variant} => {:?},", code.wire);
        by_status.entry(code.status).or_default().push(variant);
    }
    let mut statuses = String::new();
    for (status, variants) in by_status.iter().filter(|(status, _)| **status != 400) {
        let arms: Vec<String> = variants.iter().map(|v| format!("Self::{v}")).collect();
        let _ = writeln!(statuses, "{} => {status},", arms.join(" | "));
    }
    Ok(format!(
        "//! Every error code that Cognate may answer with.

        /// What kind of failure a caller is told of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode {{ {variants} }}

        impl ErrorCode {{
            /// Every code, in the order of their names.
            pub const ALL: &'static [ErrorCode] = &[{all}];

            /// The name on the wire: `__type` in JSON, `Code` in the query protocol.
            #[must_use]
            pub const fn name(self) -> &'static str {{
                match self {{ {names} }}
            }}

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {{
                match self {{
                    {statuses}
                    _ => 400,
                }}
            }}
        }}
        "
    ))
}
