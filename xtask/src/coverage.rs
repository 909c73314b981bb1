//! `cargo xtask coverage`: which operations are built, as a page.

use std::path::Path;

use anyhow::{Result, bail};

/// Not written yet.
pub(crate) fn run(_root: &Path, _check: bool) -> Result<()> {
    bail!("coverage comes with the next commit")
}
