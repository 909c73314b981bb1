//! Files that only their owner may read, and that are whole or absent: a draft is written beside
//! the place, made durable, and moved into place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cognate_crypto::secret::SecretString;

/// A file that is being written. Dropped before it is put in place, it leaves nothing.
pub(crate) struct Draft {
    file: File,
    draft: PathBuf,
    place: PathBuf,
}

impl Draft {
    /// Begins one for a place.
    pub(crate) fn create(place: &Path) -> io::Result<Self> {
        let mut draft = place.as_os_str().to_owned();
        draft.push(format!(".{}", std::process::id()));
        let draft = PathBuf::from(draft);
        // A process that was killed may have left one of this name.
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)?;
        Ok(Self {
            file,
            draft,
            place: place.to_owned(),
        })
    }

    /// Puts it in its place, over what is there.
    pub(crate) fn replace(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.draft, &self.place)?;
        sync_folder_of(&self.place)
    }

    /// Moves it into place if nothing is there; returns whether it did.
    pub(crate) fn place_if_none(self) -> io::Result<bool> {
        self.file.sync_all()?;
        let is_ours = match fs::hard_link(&self.draft, &self.place) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) => return Err(error),
        };
        fs::remove_file(&self.draft)?;
        sync_folder_of(&self.place)?;
        Ok(is_ours)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Put in place, it has this name no more.
        let _ = fs::remove_file(&self.draft);
    }
}

/// Makes the names of a file's folder durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The text of a secret file, None when it is not there. `what` names it in errors.
///
/// # Errors
/// When it cannot be read, or others can read it.
pub(crate) fn read_secret(path: &Path, what: &str) -> Result<Option<SecretString>> {
    let cannot = || format!("the {what} {} cannot be read", path.display());
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        outcome => outcome.with_context(cannot)?,
    };
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o777;
        bail!(
            "the {what} {0} can be read by others (mode {mode:03o}): run chmod 600 {0}",
            path.display()
        );
    }
    let text = fs::read_to_string(path).with_context(cannot)?;
    Ok(Some(SecretString::new(text)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn draft(place: &Path) -> Draft {
        let mut draft = Draft::create(place).unwrap();
        draft.write_all(b"new").unwrap();
        draft
    }

    #[test]
    fn a_draft_that_is_given_up_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("file");
        fs::write(&place, "old").unwrap();
        drop(draft(&place));
        assert_eq!(fs::read_to_string(&place).unwrap(), "old");
        assert!(!draft(&place).place_if_none().unwrap());
        assert_eq!(fs::read_to_string(&place).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_draft_comes_into_its_place_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("file");
        assert!(draft(&place).place_if_none().unwrap());
        draft(&place).replace().unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "new");
        assert_eq!(fs::metadata(&place).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
