//! The files of a rotation of the master key. The new key is durable in a file of its own before
//! the database is put under it, and comes into the old one's place afterwards; so whenever the
//! rotation is cut, the key that the database is under lies in one of the two.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::configuration::{MASTER_KEY_FILE, MasterKeySource, StoreConfiguration};
use crate::master_key;
use crate::private_file::sync_folder_of;

/// Where a new key waits until the database is under it: beside the present one, with `.new` behind
/// its name; in the data folder when the present one is not in a file.
pub(crate) fn waiting_key(configuration: &StoreConfiguration) -> PathBuf {
    let present = match &configuration.master_key {
        MasterKeySource::File(path) => path.clone(),
        MasterKeySource::Environment(_) => configuration.data_dir.join(MASTER_KEY_FILE),
    };
    let mut name = present.into_os_string();
    name.push(".new");
    name.into()
}

/// Puts the new key in the place of the present one. The present one is kept beside it, for the
/// backups that were sealed under it; gives the name under which it is kept.
///
/// # Errors
/// When a file cannot be read or moved. It may be said again then.
pub(crate) fn replace(present: &Path, new: &Path) -> Result<PathBuf> {
    let cannot = || {
        format!(
            "the database is under the new master key, but {} cannot be put in the place of {}",
            new.display(),
            present.display()
        )
    };
    let old = master_key::read(present)?.with_context(cannot)?;
    let mut kept = present.as_os_str().to_owned();
    kept.push(format!(".{}", old.id()));
    let kept = PathBuf::from(kept);
    let moved = fs::hard_link(present, &kept)
        .or_else(|error| match error.kind() {
            // It was kept by a rotation that was cut right here.
            ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        })
        .and_then(|()| sync_folder_of(present))
        .and_then(|()| fs::rename(new, present))
        .and_then(|()| sync_folder_of(present));
    moved.with_context(cannot)?;
    Ok(kept)
}
