//! The files that git tracks, as texts.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The name and text of each tracked file, with anything that is not UTF-8 replaced. A file that
/// was deleted and not yet committed is left out.
pub(super) fn tracked_texts(root: &Path) -> Result<Vec<(String, String)>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .context("start git")?;
    if !listed.status.success() {
        bail!("git ls-files ended with {}", listed.status);
    }
    let names = String::from_utf8(listed.stdout).context("a file's name is not UTF-8")?;
    let mut texts = Vec::new();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        if let Ok(bytes) = std::fs::read(root.join(name)) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            texts.push((name.to_owned(), text));
        }
    }
    Ok(texts)
}
