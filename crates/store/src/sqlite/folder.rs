//! The folder of a database: made safe against power loss, or temporary.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::OpenError;

/// Makes a new file's name in a folder durable. SQLite does this for its journals, not for the
/// database file.
pub(super) fn sync(folder: &Path) -> Result<(), OpenError> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| OpenError::File {
            what: format!("syncing {}", folder.display()),
            source,
        })
}

/// A folder that only this user can read and that is removed when dropped.
pub(super) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    pub(super) fn create() -> Result<Self, OpenError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path =
                std::env::temp_dir().join(format!("cognate-memory-{}-{number}", process::id()));
            match make_private(&path) {
                Ok(()) => return Ok(Self(path)),
                // Left by a killed process of the same id, or put there by someone else: not ours,
                // so the next name.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => {
                    return Err(OpenError::File {
                        what: format!("making {}", path.display()),
                        source,
                    });
                }
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "a temporary folder was not removed");
        }
    }
}

fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
