//! What is looked at before anything is written.

use cognate_crypto::seal::MasterKey;

use super::{book, steps::newest};
use crate::{Error, OpenError, Tx, core::Core, data_keys, keyring, meta, restore_mark};

/// The version of a database's schema, 0 when there is none yet.
pub(crate) async fn version(db: &Core, reader: &mut Tx) -> Result<i64, Error> {
    if db.has_table(reader, book::TABLE.name).await? {
        book::newest_done(reader).await
    } else {
        Ok(0)
    }
}

/// Refuses a database that is newer than this binary, holds a part of a restore or is sealed under
/// another master key, before anything is written. Tells whether the database was made already: its
/// keys are there.
pub(crate) async fn check(db: &Core, master: &MasterKey) -> Result<bool, OpenError> {
    let mut reader = db.read();
    let (found, known) = (version(db, &mut reader).await?, newest());
    if found > known {
        return Err(OpenError::NewerDatabase { found, known });
    }
    if db.has_table(&mut reader, meta::TABLE.name).await?
        && restore_mark::find(&mut reader).await?.is_some()
    {
        return Err(OpenError::UnfinishedRestore);
    }
    if db.has_table(&mut reader, data_keys::TABLE.name).await? {
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
    if found < known || !book::pending(&mut reader, known).await?.is_empty() {
        return Err(OpenError::OlderDatabase { found, known });
    }
    Ok(())
}
