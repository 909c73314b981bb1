//! User pools.

use cognate_model::{UserPool, UserPoolId};

use crate::{Error, Row, Tx, document};

/// The tables that hold rows of a pool, the pool itself last. Challenges are not among them: they hold nothing that works without
/// the pool, and run out in minutes.
const DELETIONS: [&str; 8] = [
    "DELETE FROM sessions WHERE pool = $1",
    "DELETE FROM codes WHERE pool = $1",
    "DELETE FROM attempts WHERE pool = $1",
    "DELETE FROM aliases WHERE pool = $1",
    "DELETE FROM users WHERE pool = $1",
    "DELETE FROM app_clients WHERE pool = $1",
    "DELETE FROM signing_keys WHERE pool = $1",
    "DELETE FROM user_pools WHERE id = $1",
];

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

/// Stores a changed pool under the next revision. `pool.revision` is the one that was read; false when the stored one has moved on or
/// the pool is gone, and nothing is written.
///
/// # Errors
/// [`Error`] of the database.
pub async fn update(tx: &mut Tx, pool: &UserPool) -> Result<bool, Error> {
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
                (&document::write(&next)?).into(),
                next.revision.into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Deletes a pool with all that belongs to it, in one transaction; false when there is none. With a million users this takes seconds,
/// during which SQLite writes nothing else.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete(tx: &mut Tx, id: &UserPoolId) -> Result<bool, Error> {
    let mut deleted = 0;
    for sql in DELETIONS {
        deleted = tx.execute(sql, &[id.as_str().into()]).await?;
    }
    Ok(deleted == 1)
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

fn read(row: &Row) -> Result<UserPool, Error> {
    document::read(row.text(0)?)
}
