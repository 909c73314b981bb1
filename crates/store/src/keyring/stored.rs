//! The data keys as they stand in the database, wrapped by the operator's master key.

use cognate_crypto::seal::{DataKey, Keyring, MasterKey, SealError};

use crate::{Error, OpenError, Tx, data_keys};

/// Unwraps the data keys that stand in the database; None when there are none yet. Writes nothing.
pub(crate) async fn stored(tx: &mut Tx, master: &MasterKey) -> Result<Option<Keyring>, OpenError> {
    let mut keyring: Option<Keyring> = None;
    for (id, wrapped) in data_keys::all(tx).await? {
        let key = unwrap(id, &wrapped, master)?;
        match &mut keyring {
            Some(keyring) => keyring.add(key),
            None => keyring = Some(Keyring::new(key)),
        }
    }
    Ok(keyring)
}

/// Unwraps one data key.
pub(super) fn unwrap(id: i64, wrapped: &[u8], master: &MasterKey) -> Result<DataKey, OpenError> {
    let number =
        u32::try_from(id).map_err(|_| Error::Unreadable("the id of a data key".to_owned()))?;
    DataKey::unwrap(number, wrapped, master).map_err(|error| match error {
        SealError::WrongMasterKey => OpenError::WrongMasterKey,
        other => Error::Unreadable(format!("data key {id}: {other}")).into(),
    })
}
