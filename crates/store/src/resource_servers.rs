//! Resource servers of user pools, under their identifiers.

use cognate_model::UserPoolId;
use cognate_model::resource_server::{CustomScope, ResourceServer};

use crate::{
    Error, Row, Tx, document,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Table, Writers},
};

/// The resource servers of all pools.
pub(crate) const TABLE: Table = Table {
    name: "resource_servers",
    key: &["pool", "identifier"],
    rows: Rows::FewOfEachPool,
    owners: &[Owner::Pool {
        pool: "pool",
        goes: Goes::AtOnce,
    }],
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// Stores a new resource server; false when the pool has one of this identifier.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(tx: &mut Tx, server: &ResourceServer) -> Result<bool, Error> {
    let row = tx
        .query_optional(
            "INSERT INTO resource_servers(pool, identifier, doc) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING RETURNING identifier",
            &[
                server.pool.as_str().into(),
                (&server.identifier).into(),
                (&document::write(server)?).into(),
            ],
        )
        .await?;
    Ok(row.is_some())
}

/// A resource server of a pool.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find(
    tx: &mut Tx,
    pool: &UserPoolId,
    identifier: &str,
) -> Result<Option<ResourceServer>, Error> {
    let sql = "SELECT doc FROM resource_servers WHERE pool = $1 AND identifier = $2";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), identifier.into()])
        .await?;
    row.map(|row| read(&row)).transpose()
}

/// Whether a scope that somebody names is one of a resource server of the pool.
///
/// # Errors
/// [`Error`] of the database.
pub async fn has_scope(
    tx: &mut Tx,
    pool: &UserPoolId,
    scope: CustomScope<'_>,
) -> Result<bool, Error> {
    let server = find(tx, pool, scope.identifier).await?;
    Ok(server.is_some_and(|server| server.has_scope(scope.name)))
}

/// Stores a resource server that has changed; false when there is none any more.
///
/// # Errors
/// [`Error`] of the database.
pub async fn update(tx: &mut Tx, server: &ResourceServer) -> Result<bool, Error> {
    let sql = "SELECT doc FROM resource_servers WHERE pool = $1 AND identifier = $2";
    let key = [server.pool.as_str().into(), (&server.identifier).into()];
    let Some(stored) = tx.query_optional(sql, &key).await? else {
        return Ok(false);
    };
    let doc = document::rewrite(stored.text(0)?, server)?;
    let sql = "UPDATE resource_servers SET doc = $3 WHERE pool = $1 AND identifier = $2";
    let [pool, identifier] = key;
    Ok(tx.execute(sql, &[pool, identifier, (&doc).into()]).await? == 1)
}

/// Deletes a resource server; false when there is none.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete(tx: &mut Tx, pool: &UserPoolId, identifier: &str) -> Result<bool, Error> {
    let sql = "DELETE FROM resource_servers WHERE pool = $1 AND identifier = $2";
    let params = [pool.as_str().into(), identifier.into()];
    Ok(tx.execute(sql, &params).await? == 1)
}

/// Resource servers of a pool in the order of their identifiers, beginning after one.
///
/// # Errors
/// [`Error`] of the database.
pub async fn page(
    tx: &mut Tx,
    pool: &UserPoolId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<ResourceServer>, Error> {
    let sql = "SELECT doc FROM resource_servers WHERE pool = $1 AND identifier > $2
               ORDER BY identifier LIMIT $3";
    let params = [
        pool.as_str().into(),
        after.unwrap_or("").into(),
        limit.into(),
    ];
    tx.query(sql, &params).await?.iter().map(read).collect()
}

/// How many resource servers a pool has, counted up to a limit.
///
/// # Errors
/// [`Error`] of the database.
pub async fn number(tx: &mut Tx, pool: &UserPoolId, limit: i64) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM (SELECT identifier FROM resource_servers WHERE pool = $1 LIMIT $2) AS counted";
    let params = [pool.as_str().into(), limit.into()];
    tx.query_one(sql, &params).await?.int(0)
}

fn read(row: &Row) -> Result<ResourceServer, Error> {
    document::read(row.text(0)?)
}
