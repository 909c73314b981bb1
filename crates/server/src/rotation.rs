//! The files of a rotation of the master key. The new key is durable in a file of its own before
//! the database is put under it, and replaces the old key's file afterwards. So whenever the
//! rotation is interrupted, one of the two files has the database's key.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::configuration::{MASTER_KEY_FILE, MasterKeySource, StoreConfiguration};
use crate::master_key;
use crate::private_file::sync_folder_of;

/// The file of a new key until the database is under it: beside the present one, with `.new` behind
/// its name; in the data folder if the present key is not in a file.
pub(crate) fn waiting_key(configuration: &StoreConfiguration) -> PathBuf {
    let present = match &configuration.master_key {
        MasterKeySource::File(path) => path.clone(),
        MasterKeySource::Environment(_) => configuration.data_dir.join(MASTER_KEY_FILE),
    };
    let mut name = present.into_os_string();
    name.push(".new");
    name.into()
}

/// Puts the new key in the place of the present one. The present one stays beside it, for the
/// backups that were sealed under it; returns its new name.
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
            // A rotation that was interrupted right here kept it already.
            ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        })
        .and_then(|()| sync_folder_of(present))
        .and_then(|()| fs::rename(new, present))
        .and_then(|()| sync_folder_of(present));
    moved.with_context(cannot)?;
    Ok(kept)
}
