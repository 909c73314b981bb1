//! User pools.

use cognate_model::{Timestamp, UserPool, UserPoolId};

use crate::{
    Error, Row, Tx, document,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Table, Writers},
};

/// The pools.
pub(crate) const TABLE: Table = Table {
    name: "user_pools",
    key: &["id"],
    rows: Rows::FewOfEachPool,
    owners: &[Owner::Pool {
        pool: "id",
        goes: Goes::Itself,
    }],
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// Pools that are gone and whose rows are being deleted.
pub(crate) const DELETED: Table = Table {
    name: "deleted_pools",
    key: &["id"],
    rows: Rows::Few,
    owners: &[Owner::Nobody(
        "a note of what is still to be deleted, for the time after its owner",
    )],
    expiry: Expiry::OwnRule("it is taken away after the last look"),
    backup: Backup::Whole,
    export: Export::LeftOut("it belongs to a deletion that goes on"),
    writers: Writers::AnyNode,
    history: History::NotRecorded(
        "it belongs to a deletion that goes on, whatever is brought back",
    ),
};

/// So long after its deletion the leftovers of a pool, or of an app client, are looked for a last
/// time: longer than any node goes on with the settings that it keeps, than a transaction takes
/// with all its repetitions, and than clocks of nodes differ.
pub(crate) const LAST_LOOK_MS: i64 = 3_600_000;

/// So many pools are looked at in one transaction.
pub(crate) const POOLS_AT_ONCE: usize = 16;

/// Stores a new pool.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(tx: &mut Tx, pool: &UserPool) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO user_pools(id, doc, revision, created_at) VALUES ($1, $2, $3, $4)",
        &[
            pool.id.as_str().into(),
            (&document::write(pool)?).into(),
            pool.revision.into(),
            pool.created_at.0.into(),
        ],
    )
    .await
    .map(drop)
}

/// A pool by its id.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find(tx: &mut Tx, id: &UserPoolId) -> Result<Option<UserPool>, Error> {
    let row = tx
        .query_optional(
            "SELECT doc FROM user_pools WHERE id = $1",
            &[id.as_str().into()],
        )
        .await?;
    row.map(|row| read(&row)).transpose()
}

/// Stores a changed pool under the next revision. `pool.revision` is the one that was read; false
/// when the stored one has moved on or the pool is gone, and nothing is written.
///
/// # Errors
/// [`Error`] of the database.
pub async fn update(tx: &mut Tx, pool: &UserPool) -> Result<bool, Error> {
    let sql = "SELECT doc FROM user_pools WHERE id = $1 AND revision = $2";
    let params = [pool.id.as_str().into(), pool.revision.into()];
    let Some(stored) = tx.query_optional(sql, &params).await? else {
        return Ok(false);
    };
    let next = UserPool {
        revision: pool.revision + 1,
        ..pool.clone()
    };
    let changed = tx
        .execute(
            "UPDATE user_pools SET doc = $3, revision = $4 WHERE id = $1 AND revision = $2",
            &[
                pool.id.as_str().into(),
                pool.revision.into(),
                (&document::rewrite(stored.text(0)?, &next)?).into(),
                next.revision.into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Deletes a pool; false when there is none. From now on nothing of it can be reached; its users
/// and what belongs to them are deleted by [`delete_leftovers`].
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete(tx: &mut Tx, id: &UserPoolId, now: Timestamp) -> Result<bool, Error> {
    let mut deleted = 0;
    for sql in &tx.derived().pool.at_once {
        deleted = tx.execute(sql, &[id.as_str().into()]).await?;
    }
    if deleted == 1 {
        let last_look_at = now.0.saturating_add(LAST_LOOK_MS);
        let sql = "INSERT INTO deleted_pools(id, look_at, last_look_at) VALUES ($1, $2, $3)";
        let params = [id.as_str().into(), now.0.into(), last_look_at.into()];
        tx.execute(sql, &params).await?;
    }
    Ok(deleted == 1)
}

/// Deletes users of deleted pools and what belongs to them, at most `limit` rows of each table;
/// whether there may be more. A pool without any is looked at once more after an hour, for what
/// nodes have written that did not know of the deletion yet.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete_leftovers(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<bool, Error> {
    let sql =
        "SELECT id, last_look_at FROM deleted_pools WHERE look_at <= $1 ORDER BY look_at LIMIT $2";
    let at_once = i64::try_from(POOLS_AT_ONCE).unwrap_or(i64::MAX);
    let due = tx.query(sql, &[now.0.into(), at_once.into()]).await?;
    for pool in &due {
        let (id, last_look_at) = (pool.text(0)?, pool.int(1)?);
        let mut deleted = 0;
        for sql in &tx.derived().pool.once_more {
            tx.execute(sql, &[id.into()]).await?;
        }
        for sql in &tx.derived().pool.afterwards {
            deleted += tx.execute(sql, &[id.into(), limit.into()]).await?;
        }
        if deleted > 0 {
            return Ok(true);
        }
        if now.0 >= last_look_at {
            let sql = "DELETE FROM deleted_pools WHERE id = $1";
            tx.execute(sql, &[id.into()]).await?;
        } else {
            let sql = "UPDATE deleted_pools SET look_at = last_look_at WHERE id = $1";
            tx.execute(sql, &[id.into()]).await?;
        }
    }
    Ok(due.len() == POOLS_AT_ONCE)
}

/// Pools in the order in which they were made, beginning after one.
///
/// # Errors
/// [`Error`] of the database.
pub async fn page(
    tx: &mut Tx,
    after: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<UserPool>, Error> {
    let (created_at, id) = after.unwrap_or((i64::MIN, ""));
    let sql = "SELECT doc FROM user_pools WHERE (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3";
    let rows = tx
        .query(sql, &[created_at.into(), id.into(), limit.into()])
        .await?;
    rows.iter().map(read).collect()
}

/// Whether there are so many pools. As many entries of an index are gone through, and no more.
///
/// # Errors
/// [`Error`] of the database.
pub async fn are_at_least(tx: &mut Tx, number: i64) -> Result<bool, Error> {
    if number <= 0 {
        return Ok(true);
    }
    let sql = "SELECT id FROM user_pools WHERE (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT 1 OFFSET $3";
    let params = [i64::MIN.into(), "".into(), (number - 1).into()];
    Ok(tx.query_optional(sql, &params).await?.is_some())
}

fn read(row: &Row) -> Result<UserPool, Error> {
    document::read(row.text(0)?)
}
