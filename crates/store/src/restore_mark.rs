//! The mark of a restore that has not come to its end. A database that bears it is served by
//! nobody.

use crate::{Error, Tx, meta};

/// The row of `meta`. It is never part of a backup.
pub(crate) const NAME: &str = "unfinished_restore";

/// The id of the restore that runs here, or was cut.
pub(crate) async fn find(tx: &mut Tx) -> Result<Option<String>, Error> {
    let Some(value) = meta::find(tx, NAME).await? else {
        return Ok(None);
    };
    let text = String::from_utf8(value)
        .map_err(|_| Error::Unreadable("the mark of a restore".to_owned()))?;
    Ok(Some(text))
}

/// Puts the mark.
pub(crate) async fn put(tx: &mut Tx, id: &str) -> Result<(), Error> {
    let sql = "INSERT INTO meta(name, value) VALUES ($1, $2)";
    tx.execute(sql, &[NAME.into(), id.as_bytes().into()])
        .await
        .map(drop)
}

/// Makes the mark of a restore that was cut this one's. One that runs after all stops at its next
/// step.
pub(crate) async fn take_over(tx: &mut Tx, id: &str) -> Result<(), Error> {
    let sql = "UPDATE meta SET value = $2 WHERE name = $1";
    tx.execute(sql, &[NAME.into(), id.as_bytes().into()])
        .await
        .map(drop)
}

/// Fails unless the mark is this restore's: another one may have begun since.
pub(crate) async fn check(tx: &mut Tx, id: &str) -> Result<(), Error> {
    if find(tx).await?.as_deref() == Some(id) {
        Ok(())
    } else {
        Err(Error::Unavailable(
            "the database was emptied or changed while it was restored".to_owned(),
        ))
    }
}

/// Takes the mark away.
pub(crate) async fn remove(tx: &mut Tx) -> Result<(), Error> {
    let sql = "DELETE FROM meta WHERE name = $1";
    tx.execute(sql, &[NAME.into()]).await.map(drop)
}
