//! The change of the master key: every data key is wrapped anew, all in one transaction, so that
//! the database is under one key at any moment.

use cognate_crypto::{
    random::Random,
    seal::{DataKey, MasterKey, SealError},
};

use super::{refused, stored};
use crate::{Error, OpenError, Tx, db::Core};

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
    let sql = "SELECT id, wrapped FROM data_keys ORDER BY id";
    let mut keys = Vec::new();
    for row in reader.query(sql, &[]).await? {
        let (id, before) = (row.int(0)?, row.bytes(1)?.to_vec());
        let number =
            u32::try_from(id).map_err(|_| Error::Unreadable("the id of a data key".to_owned()))?;
        let key = DataKey::unwrap(number, &before, old).map_err(|error| match error {
            SealError::WrongMasterKey => OpenError::WrongMasterKey,
            other => Error::Unreadable(format!("data key {id}: {other}")).into(),
        })?;
        let after = key.wrap(new, random).map_err(refused)?;
        keys.push(Rewrapped { id, before, after });
    }
    Ok(keys)
}

/// Puts the new ones in the place of the old ones, if these are still all that there are; false
/// when somebody else has changed them.
async fn replace(tx: &mut Tx, keys: &[Rewrapped]) -> Result<bool, Error> {
    let rows = tx
        .query("SELECT id, wrapped FROM data_keys ORDER BY id", &[])
        .await?;
    let are_same = rows.len() == keys.len()
        && rows.iter().zip(keys).try_fold(true, |same, (row, key)| {
            Ok::<_, Error>(same && row.int(0)? == key.id && row.bytes(1)? == key.before)
        })?;
    if !are_same {
        return Ok(false);
    }
    for key in keys {
        let sql = "UPDATE data_keys SET wrapped = $1 WHERE id = $2";
        tx.execute(sql, &[(&key.after).into(), key.id.into()])
            .await?;
    }
    Ok(true)
}
