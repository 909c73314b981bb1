//! What kind of server a database was made for. One that `cognate dev` made, where anybody is an
//! administrator, must never be served as if it were guarded, nor the other way round.

use crate::{Error, Tx, meta};

const NAME: &str = "installation";

/// What the database was made for, if that was ever said.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find(tx: &mut Tx) -> Result<Option<String>, Error> {
    let Some(value) = meta::find(tx, NAME).await? else {
        return Ok(None);
    };
    let text = String::from_utf8(value)
        .map_err(|_| Error::Unreadable("the kind of installation".to_owned()))?;
    Ok(Some(text))
}

/// Says what the database is for, unless that was said before; gives what holds. Of two who say it
/// at once, one is first.
///
/// # Errors
/// [`Error`] of the database.
pub async fn claim(tx: &mut Tx, kind: &str) -> Result<String, Error> {
    meta::put_if_absent(tx, NAME, kind.as_bytes()).await?;
    find(tx)
        .await?
        .ok_or_else(|| Error::Unreadable("no kind of installation after it was said".to_owned()))
}
