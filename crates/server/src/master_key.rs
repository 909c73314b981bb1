//! The master key: from the environment, or from a file that is made on first start and that nobody else may read.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cognate_crypto::random::Random;
use cognate_crypto::seal::MasterKey;
use cognate_crypto::secret::SecretString;

use crate::configuration::MasterKeySource;

/// The key, and the file if this start has made it.
pub(crate) struct Obtained {
    pub(crate) key: MasterKey,
    pub(crate) made: Option<PathBuf>,
}

/// Reads the key; makes its file when there is none.
///
/// # Errors
/// When it cannot be read or made, is none, or lies open to others.
pub(crate) fn obtain(source: &MasterKeySource, random: &mut Random) -> Result<Obtained> {
    match source {
        MasterKeySource::Environment(text) => {
            let key = MasterKey::parse(text).context("COGNATE_MASTER_KEY")?;
            Ok(Obtained { key, made: None })
        }
        MasterKeySource::File(path) => match read(path)? {
            Some(key) => Ok(Obtained { key, made: None }),
            None => make(path, random),
        },
    }
}

fn read(path: &Path) -> Result<Option<MasterKey>> {
    let cannot = || format!("the master key file {} cannot be read", path.display());
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        outcome => outcome.with_context(cannot)?,
    };
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o777;
        bail!(
            "the master key file {0} can be read by others (mode {mode:03o}): run chmod 600 {0}",
            path.display()
        );
    }
    let text = SecretString::new(fs::read_to_string(path).with_context(cannot)?);
    let key = MasterKey::parse(text.expose())
        .with_context(|| format!("the master key file {}", path.display()))?;
    Ok(Some(key))
}

/// Makes the file whole or not at all, and never over another one: a key that is lost takes everything with it.
fn make(path: &Path, random: &mut Random) -> Result<Obtained> {
    let cannot = || format!("the master key file {} cannot be made", path.display());
    let key = MasterKey::from_bytes(random.bytes());
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let write = || -> std::io::Result<bool> {
        // One of this name was left by a process that was killed.
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(key.to_text().expose().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        let is_ours = match fs::hard_link(&draft, path) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) => return Err(error),
        };
        fs::remove_file(&draft)?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        Ok(is_ours)
    };
    if write().with_context(cannot)? {
        return Ok(Obtained {
            key,
            made: Some(path.to_owned()),
        });
    }
    // Another process was first; its key holds.
    let key = read(path)?.with_context(cannot)?;
    Ok(Obtained { key, made: None })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn random() -> Random {
        Random::from_seed([3; 32])
    }

    fn from(path: &Path) -> Result<Obtained> {
        obtain(&MasterKeySource::File(path.to_owned()), &mut random())
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_then_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let made = from(&path).unwrap();
        assert_eq!(made.made.as_deref(), Some(path.as_path()));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let read = from(&path).unwrap();
        assert!(read.made.is_none());
        assert_eq!(read.key.id(), made.key.id());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        from(&path).unwrap();
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = from(&path).err().unwrap().to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        fs::write(&path, "hunter2").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = format!("{:#}", from(&path).err().unwrap());
        assert!(
            error.contains("32 bytes") && !error.contains("hunter2"),
            "{error}"
        );
        let error = obtain(
            &MasterKeySource::Environment("hunter2".into()),
            &mut random(),
        )
        .err()
        .unwrap();
        assert!(format!("{error:#}").starts_with("COGNATE_MASTER_KEY"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        assert!(
            from(Path::new("/nonexistent/master.key"))
                .err()
                .unwrap()
                .to_string()
                .contains("cannot be made")
        );
    }
}
