//! Settings of the server for one user pool or app client: a document beside what it belongs to.

use cognate_model::server_settings::{ClientServerSettings, PoolServerSettings};
use cognate_model::{ClientId, UserPoolId};

use crate::{
    Error, Tx,
    document::{self, Document},
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Table, Writers},
    user_terms,
};

/// The settings, under the pool's id and the client's; those of the pool itself under no client.
pub(crate) const TABLE: Table = Table {
    name: "server_settings",
    key: &["pool", "client"],
    rows: Rows::FewOfEachPool,
    owners: &[
        Owner::Pool {
            pool: "pool",
            goes: Goes::AtOnce,
        },
        Owner::Client {
            pool: "pool",
            client: "client",
            goes: Goes::AtOnce,
        },
    ],
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// In the place of a client: the pool itself.
const OF_POOL: &str = "";

/// The settings of a pool; the server's own where none were made.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn of_pool(tx: &mut Tx, pool: &UserPoolId) -> Result<PoolServerSettings, Error> {
    Ok(find(tx, pool, OF_POOL).await?.unwrap_or_default())
}

/// Stores the settings of a pool, and switches its index of searches on or off by them.
///
/// # Errors
/// [`Error`] of the database.
pub async fn put_of_pool(
    tx: &mut Tx,
    pool: &UserPoolId,
    settings: &PoolServerSettings,
) -> Result<(), Error> {
    user_terms::switch(tx, pool, settings.search == Some(true)).await?;
    put(tx, pool, OF_POOL, settings).await
}

/// The settings of an app client; the server's own where none were made.
///
/// # Errors
/// [`Error`] of the database.
pub async fn of_client(
    tx: &mut Tx,
    pool: &UserPoolId,
    client: &ClientId,
) -> Result<ClientServerSettings, Error> {
    let found = find(tx, pool, client.as_str()).await?;
    Ok(found.unwrap_or_default())
}

/// Stores the settings of an app client.
///
/// # Errors
/// [`Error`] of the database.
pub async fn put_of_client(
    tx: &mut Tx,
    pool: &UserPoolId,
    client: &ClientId,
    settings: &ClientServerSettings,
) -> Result<(), Error> {
    put(tx, pool, client.as_str(), settings).await
}

async fn find<T: Document>(
    tx: &mut Tx,
    pool: &UserPoolId,
    client: &str,
) -> Result<Option<T>, Error> {
    stored(tx, pool, client)
        .await?
        .map(|text| document::read(&text))
        .transpose()
}

async fn stored(tx: &mut Tx, pool: &UserPoolId, client: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT doc FROM server_settings WHERE pool = $1 AND client = $2";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), client.into()])
        .await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// What another version has put into the document and this one does not know stays in it.
async fn put<T: Document>(
    tx: &mut Tx,
    pool: &UserPoolId,
    client: &str,
    settings: &T,
) -> Result<(), Error> {
    let text = match stored(tx, pool, client).await? {
        Some(stored) => document::rewrite(&stored, settings)?,
        None => document::write(settings)?,
    };
    let sql = "INSERT INTO server_settings(pool, client, doc) VALUES ($1, $2, $3)
               ON CONFLICT (pool, client) DO UPDATE SET doc = excluded.doc";
    tx.execute(sql, &[pool.as_str().into(), client.into(), (&text).into()])
        .await
        .map(drop)
}
