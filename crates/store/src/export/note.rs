//! The note that rows of a pool are there without the pool, in `deleted_pools`, as a deletion
//! leaves it: the node that deletes leftovers takes them away once its time has come. An import
//! pushes that time before it with each step, and takes the note away with its last one. The time
//! that an import has written is its mark: who finds another one was overtaken.

use crate::{Error, Tx, user_pools::LAST_LOOK_MS};

/// Whose note it is: the time that was written last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(pub(super) i64);

/// Writes the note, or makes another's one's own; gives the mark.
pub(super) async fn begin(tx: &mut Tx, pool: &str, now: i64) -> Result<Mark, Error> {
    let found = tx
        .query_optional(
            "SELECT look_at FROM deleted_pools WHERE id = $1",
            &[pool.into()],
        )
        .await?;
    let Some(found) = found else {
        let mark = now.saturating_add(LAST_LOOK_MS);
        let sql = "INSERT INTO deleted_pools(id, look_at, last_look_at) VALUES ($1, $2, $2)";
        tx.execute(sql, &[pool.into(), mark.into()]).await?;
        return Ok(Mark(mark));
    };
    let before = Mark(found.int(0)?);
    let mark = before.next(now);
    replace(tx, pool, before, mark).await?;
    Ok(mark)
}

/// Pushes the time on; false when the note is another's, or its time has come too near: leftovers
/// are deleted at that time, and clocks differ.
pub(super) async fn renew(tx: &mut Tx, pool: &str, before: Mark, now: i64) -> Result<bool, Error> {
    if before.0.saturating_sub(now) < LAST_LOOK_MS / 2 {
        return Ok(false);
    }
    replace(tx, pool, before, before.next(now)).await
}

/// Takes the note away; false as in [`renew`].
pub(super) async fn end(tx: &mut Tx, pool: &str, before: Mark, now: i64) -> Result<bool, Error> {
    if before.0.saturating_sub(now) < LAST_LOOK_MS / 2 {
        return Ok(false);
    }
    let sql = "DELETE FROM deleted_pools WHERE id = $1 AND look_at = $2";
    Ok(tx.execute(sql, &[pool.into(), before.0.into()]).await? == 1)
}

async fn replace(tx: &mut Tx, pool: &str, before: Mark, mark: Mark) -> Result<bool, Error> {
    let sql =
        "UPDATE deleted_pools SET look_at = $3, last_look_at = $3 WHERE id = $1 AND look_at = $2";
    let params = [pool.into(), before.0.into(), mark.0.into()];
    Ok(tx.execute(sql, &params).await? == 1)
}

impl Mark {
    /// The mark after this one.
    pub(super) fn next(self, now: i64) -> Self {
        Self(
            now.saturating_add(LAST_LOOK_MS)
                .max(self.0.saturating_add(1)),
        )
    }
}
