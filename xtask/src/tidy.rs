//! `cargo xtask tidy`: the invariants of the house that a program can check.
//!
//! Each check gives its findings as sentences; all are told before the chore fails.

mod circles;
mod columns;
mod dependencies;
mod lengths;
mod markers;
mod protocol;
mod rooms;
mod source;
mod tracked;
mod uses;

use std::path::Path;

use anyhow::{Result, bail};

use crate::codegen;
use crate::repository::say;

/// Runs every check and fails when one finds something.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut findings = dependencies::check(root)?;
    findings.extend(source::check(root)?);
    findings.extend(circles::check(root)?);
    findings.extend(rooms::check(root)?);
    findings.extend(lengths::check(root)?);
    findings.extend(markers::check(root)?);
    findings.extend(protocol::check(root)?);
    findings.extend(columns::check(root)?);
    let generated = codegen::run(root, true);
    findings.extend(generated.err().map(|error| format!("{error:#}")));
    for finding in &findings {
        say(finding);
    }
    match findings.len() {
        0 => Ok(()),
        1 => bail!("tidy: 1 finding"),
        count => bail!("tidy: {count} findings"),
    }
}
