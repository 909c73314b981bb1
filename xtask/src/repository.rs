//! The repository as files: where it is, which files are generated, and how they are written or
//! compared.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// The repository's top folder: the parent of this package's.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// Tells the person at the terminal one thing. A terminal that is gone is no reason to fail.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A file that a chore generates: its path below the repository's root and its whole text.
pub(crate) struct Generated {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// Writes the files that differ, or, with `check`, fails and names them.
pub(crate) fn write_or_check(
    root: &Path,
    files: &[Generated],
    check: bool,
    chore: &str,
) -> Result<()> {
    let mut stale = Vec::new();
    for file in files {
        let path = root.join(&file.path);
        if fs::read_to_string(&path).is_ok_and(|text| text == file.text) {
            continue;
        }
        stale.push(file.path.display().to_string());
        if !check {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, &file.text).with_context(|| format!("write {}", path.display()))?;
        }
    }
    if check && !stale.is_empty() {
        bail!("stale, run `cargo xtask {chore}`: {}", stale.join(", "));
    }
    for path in stale {
        say(&format!("wrote {path}"));
    }
    Ok(())
}
