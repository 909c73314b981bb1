//! A folder as it will be on the user's machine: each file's path, contents and rights.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// The files, by their paths without a slash in front. All belong to root.
#[derive(Default)]
pub(super) struct Tree(BTreeMap<String, File>);

/// One of them.
pub(super) struct File {
    pub(super) mode: u32,
    pub(super) contents: Vec<u8>,
}

impl Tree {
    /// A file that everybody may read.
    pub(super) fn add(&mut self, path: impl Into<String>, contents: impl Into<Vec<u8>>) {
        self.add_with_mode(path, 0o644, contents);
    }

    pub(super) fn add_with_mode(
        &mut self,
        path: impl Into<String>,
        mode: u32,
        contents: impl Into<Vec<u8>>,
    ) {
        let contents = contents.into();
        self.0.insert(path.into(), File { mode, contents });
    }

    /// The paths with the files, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &File)> {
        self.0.iter().map(|(path, file)| (path.as_str(), file))
    }

    pub(super) fn find(&self, path: &str) -> Option<&File> {
        self.0.get(path)
    }

    /// Lays the files out below a folder. Whoever runs this owns them.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        make_folder(folder)?;
        for (path, file) in self.iter() {
            let mut parent = folder.to_path_buf();
            let names: Vec<&str> = path.split('/').collect();
            for name in names.iter().rev().skip(1).rev() {
                parent.push(name);
                make_folder(&parent)?;
            }
            let path = folder.join(path);
            fs::write(&path, &file.contents).with_context(|| path.display().to_string())?;
            fs::set_permissions(&path, Permissions::from_mode(file.mode))?;
        }
        Ok(())
    }
}

/// Makes a folder that everybody may look into, whatever this process's umask.
fn make_folder(folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        fs::create_dir(folder).with_context(|| folder.display().to_string())?;
        fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Packed by gzip as Debian wants it: as small as can be, without name and time.
pub(super) fn gzipped(contents: &[u8]) -> Result<Vec<u8>> {
    use std::io::Write as _;
    let mut gzip = Command::new("gzip")
        .args(["--best", "--no-name", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start gzip")?;
    let mut input = gzip.stdin.take().context("gzip has no stdin")?;
    let contents = contents.to_vec();
    // From a thread: gzip writes before it has read all.
    let feeding = std::thread::spawn(move || input.write_all(&contents));
    let output = gzip.wait_with_output()?;
    let fed = feeding
        .join()
        .map_err(|_| anyhow::anyhow!("gzip was not fed"))?;
    fed.context("gzip took not all")?;
    if !output.status.success() {
        bail!("gzip ended with {}", output.status);
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn files_are_laid_out_with_their_rights() {
        let folder = std::env::temp_dir().join(format!("cognate-tree-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let mut tree = Tree::default();
        tree.add("usr/share/doc/a", "text");
        tree.add_with_mode("etc/secret", 0o600, "text");
        tree.write(&folder).unwrap();
        let mode = |path: &str| folder.join(path).metadata().unwrap().permissions().mode() & 0o7777;
        let modes = ["usr/share", "usr/share/doc/a", "etc/secret"].map(mode);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(modes, [0o755, 0o644, 0o600]);
    }
}
