//! What is looked at before anything is written.

use cognate_crypto::seal::MasterKey;

use super::{
    book::{pending, version},
    steps::newest,
};
use crate::{OpenError, core::Core, keyring, restore_mark};

/// Refuses a database that is newer than this binary, holds a part of a restore or is sealed under
/// another master key, before anything is written. Tells whether the database was made already: its
/// keys are there.
pub(crate) async fn check(db: &Core, master: &MasterKey) -> Result<bool, OpenError> {
    let mut reader = db.read();
    let (found, known) = (version(db, &mut reader).await?, newest());
    if found > known {
        return Err(OpenError::NewerDatabase { found, known });
    }
    if db.has_table(&mut reader, "meta").await? && restore_mark::find(&mut reader).await?.is_some()
    {
        return Err(OpenError::UnfinishedRestore);
    }
    if db.has_table(&mut reader, "data_keys").await? {
        return Ok(keyring::stored(&mut reader, master).await?.is_some());
    }
    Ok(false)
}

/// Refuses a database whose schema is older than this binary's.
pub(crate) async fn check_up_to_date(db: &Core) -> Result<(), OpenError> {
    let mut reader = db.read();
    let (found, known) = (version(db, &mut reader).await?, newest());
    if found == 0 {
        return Err(OpenError::NoDatabase);
    }
    if found < known || !pending(&mut reader, known).await?.is_empty() {
        return Err(OpenError::OlderDatabase { found, known });
    }
    Ok(())
}
