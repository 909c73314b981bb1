//! Rows whose time is over are deleted a few at a time, along an index, so that nobody waits long
//! for the writer. Nothing depends on it: what has run out is refused by whoever reads it. Which
//! rows those are, the tables declare.

use cognate_model::Timestamp;

use crate::{Error, Tx};

/// Deletes what ran out by `now`, at most `limit` rows of each table, and tells how many. A full
/// `limit` means that there may be more.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, Error> {
    let mut deleted = 0;
    for (sql, grace) in &tx.derived().expiries {
        let until = now.minus(*grace);
        deleted += tx.execute(sql, &[until.0.into(), limit.into()]).await?;
    }
    Ok(deleted)
}
