//! The change of the master key: every data key is wrapped anew, all in one transaction, so that
//! the database is under one key at any moment.

use cognate_crypto::{random::Random, seal::MasterKey};

use super::{
    stored::{stored, unwrap},
    vault::refused,
};
use crate::{Error, OpenError, Tx, core::Core, data_keys};

/// A data key as it lies in the database, and as it will.
#[derive(Clone)]
struct Rewrapped {
    id: i64,
    before: Vec<u8>,
    after: Vec<u8>,
}

/// As [`crate::Db::rotate_master_key`].
pub(crate) async fn rotate(
    db: &Core,
    old: &MasterKey,
    new: &MasterKey,
    mut random: Random,
) -> Result<usize, OpenError> {
    let keys = rewrap(&mut db.read(), old, new, &mut random).await?;
    let number = keys.len();
    let outcome = db
        .write("rotate_master_key", async move |tx| {
            replace(tx, &keys).await
        })
        .await;
    match outcome {
        Ok(true) => Ok(number),
        Ok(false) => Err(Error::Conflict.into()),
        Err(Error::OutcomeUnknown(reason)) => match stored(&mut db.read(), new).await {
            Ok(Some(_)) => Ok(number),
            // It is as it was before, and the caller may say so.
            Err(OpenError::WrongMasterKey) => Err(Error::Unavailable(reason).into()),
            _ => Err(Error::OutcomeUnknown(reason).into()),
        },
        Err(error) => Err(error.into()),
    }
}

async fn rewrap(
    reader: &mut Tx,
    old: &MasterKey,
    new: &MasterKey,
    random: &mut Random,
) -> Result<Vec<Rewrapped>, OpenError> {
    let mut keys = Vec::new();
    for (id, before) in data_keys::all(reader).await? {
        let key = unwrap(id, &before, old)?;
        let after = key.wrap(new, random).map_err(refused)?;
        keys.push(Rewrapped { id, before, after });
    }
    Ok(keys)
}

/// Puts the new ones in the place of the old ones, if these are still all that there are; false
/// when somebody else has changed them.
async fn replace(tx: &mut Tx, keys: &[Rewrapped]) -> Result<bool, Error> {
    let stored = data_keys::all(tx).await?;
    let known = keys.iter().map(|key| (key.id, key.before.as_slice()));
    let are_same = stored
        .iter()
        .map(|(id, wrapped)| (*id, wrapped.as_slice()))
        .eq(known);
    if !are_same {
        return Ok(false);
    }
    for key in keys {
        data_keys::rewrap(tx, key.id, &key.after).await?;
    }
    Ok(true)
}
