//! The master key: from the environment, or from a file that the first start makes and only its
//! owner may read.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cognate_crypto::random::Random;
use cognate_crypto::seal::MasterKey;

use crate::configuration::MasterKeySource;
use crate::private_file::{Draft, read_secret};

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
    if let Some(key) = find(source)? {
        return Ok(Obtained { key, made: None });
    }
    match source {
        MasterKeySource::File(path) => make(path, random),
        MasterKeySource::Environment(_) => bail!("COGNATE_MASTER_KEY has no key in it"),
    }
}

/// Reads the key, and makes none: None when its file is not there.
///
/// # Errors
/// As [`obtain`].
pub(crate) fn find(source: &MasterKeySource) -> Result<Option<MasterKey>> {
    match source {
        MasterKeySource::Environment(text) => {
            let key = MasterKey::parse(text).context("COGNATE_MASTER_KEY")?;
            Ok(Some(key))
        }
        MasterKeySource::File(path) => read(path),
    }
}

/// Reads the key in a file, None when it is not there.
///
/// # Errors
/// As [`obtain`].
pub(crate) fn read(path: &Path) -> Result<Option<MasterKey>> {
    let Some(text) = read_secret(path, "master key file")? else {
        return Ok(None);
    };
    let key = MasterKey::parse(text.expose())
        .with_context(|| format!("the master key file {}", path.display()))?;
    Ok(Some(key))
}

/// Makes the file whole or not at all, and never over another one: whoever loses a key loses
/// everything.
pub(crate) fn make(path: &Path, random: &mut Random) -> Result<Obtained> {
    let cannot = || format!("the master key file {} cannot be made", path.display());
    let key = MasterKey::from_bytes(random.bytes());
    let write = || -> std::io::Result<bool> {
        let mut draft = Draft::create(path)?;
        draft.write_all(key.to_text().expose().as_bytes())?;
        draft.write_all(b"\n")?;
        draft.place_if_none()
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

/// Removes a new key that has sealed nothing yet. If it stayed, it would be taken for the right
/// one.
///
/// # Errors
/// When it cannot be removed.
pub(crate) fn take_back(path: &Path) -> Result<()> {
    fs::remove_file(path)
        .with_context(|| format!("the master key file {} cannot be removed", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::os::unix::fs::{MetadataExt, PermissionsExt};

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
