//! Changes of what is fixed when a pool is made: of each pool the one that is under way, or the
//! last one that was.
//!
//! Who writes a user looks here in the same transaction, so that a change and the writes of all
//! nodes come one after the other, whatever a node knows of the pool.

use cognate_model::{NormalName, User, UserPoolId, pool_change::PoolChange, user::NameKind};

use crate::{
    Error, Row, Tx, document,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Table, Writers},
};

/// The changes.
pub(crate) const TABLE: Table = Table {
    name: "pool_changes",
    key: &["pool"],
    rows: Rows::FewOfEachPool,
    owners: &[Owner::Pool {
        pool: "pool",
        goes: Goes::AtOnce,
    }],
    expiry: Expiry::OwnRule("the next change of the pool takes its place"),
    backup: Backup::Whole,
    export: Export::OfPool(&[]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// The change of a pool, under way or ended.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn find(tx: &mut Tx, pool: &UserPoolId) -> Result<Option<PoolChange>, Error> {
    let sql = "SELECT doc FROM pool_changes WHERE pool = $1";
    let row = tx.query_optional(sql, &[pool.as_str().into()]).await?;
    row.map(|row| read(&row)).transpose()
}

/// The change of a pool that is under way.
///
/// # Errors
/// [`Error`] of the database.
pub async fn under_way(tx: &mut Tx, pool: &UserPoolId) -> Result<Option<PoolChange>, Error> {
    let sql = "SELECT doc FROM pool_changes WHERE pool = $1 AND ended_at IS NULL";
    let row = tx.query_optional(sql, &[pool.as_str().into()]).await?;
    row.map(|row| read(&row)).transpose()
}

/// Some pools whose changes are under way, in the order of their ids, beginning after one.
///
/// # Errors
/// [`Error`] of the database.
pub async fn pools(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<UserPoolId>, Error> {
    let sql = "SELECT pool FROM pool_changes WHERE ended_at IS NULL AND pool > $1
               ORDER BY pool LIMIT $2";
    let rows = tx.query(sql, &[after.into(), limit.into()]).await?;
    let parse = |row: &Row| {
        let id = UserPoolId::parse(row.text(0)?);
        id.map_err(|error| Error::Unreadable(error.to_string()))
    };
    rows.iter().map(parse).collect()
}

/// Stores a change, in the place of the one before.
///
/// # Errors
/// [`Error`] of the database.
pub async fn put(tx: &mut Tx, change: &PoolChange) -> Result<(), Error> {
    let sql = "SELECT doc FROM pool_changes WHERE pool = $1";
    let params = [change.pool.as_str().into()];
    let stored = tx.query_optional(sql, &params).await?;
    let text = match stored {
        Some(row) if read(&row)?.id == change.id => document::rewrite(row.text(0)?, change)?,
        Some(_) | None => document::write(change)?,
    };
    let sql = "INSERT INTO pool_changes(pool, doc, ended_at) VALUES ($1, $2, $3)
               ON CONFLICT (pool) DO UPDATE SET doc = excluded.doc, ended_at = excluded.ended_at";
    let params = [
        change.pool.as_str().into(),
        (&text).into(),
        change.ended_at.map(|at| at.0).into(),
    ];
    tx.execute(sql, &params).await.map(drop)
}

/// A user as they are stored, and with which names, while a change is under way.
pub(crate) struct Settled {
    pub(crate) user: User,
    pub(crate) names: Vec<(NameKind, NormalName)>,
}

impl Settled {
    /// As the stage of the change needs it.
    pub(crate) fn new(change: &PoolChange, user: &User) -> Self {
        let mut user = user.clone();
        change.settle(&mut user);
        let names = user.names_under(change.rules());
        Self { user, names }
    }
}

fn read(row: &Row) -> Result<PoolChange, Error> {
    document::read(row.text(0)?)
}
