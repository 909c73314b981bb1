//! `cargo xtask coverage`: writes docs/coverage.md, which operations are built.
//!
//! The page is made by a test, because only what is built with the service can ask it for its list
//! of operations; the same test complains in every run of the suite when the page is stale.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The test that makes the page, and what tells it to write.
const TEST: &str = "coverage::the_page_of_coverage_tells_what_is_built";
const WRITE: &str = "COGNATE_WRITE_COVERAGE";

/// Writes the page or, with `check`, compares it with what is checked in.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let mut test = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    test.current_dir(root)
        .args(["test", "--quiet", "--workspace", "--test", "it"])
        .args(["--", "--exact", TEST]);
    if check {
        test.env_remove(WRITE);
    } else {
        test.env(WRITE, "1");
    }
    let ended = test.status().context("start cargo")?;
    if !ended.success() {
        bail!("the test of docs/coverage.md failed");
    }
    Ok(())
}
