//! App clients and their secrets. Secrets are sealed, not hashed: a secret hash is an HMAC under
//! the secret itself, and DescribeUserPoolClient shows it.
//!
//! The column `secret` has the older of a client's two secrets, or its only one: nodes of a version
//! that knows no second one read it alone, and write neither.

use cognate_crypto::secret::SecretString;
use cognate_model::{AppClient, ClientId, ClientSecret, ClientSecrets, Timestamp, UserPoolId};

use crate::{
    Error, Row, Tx, document,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Sealed, Table, Writers},
    user_pools::{LAST_LOOK_MS, POOLS_AT_ONCE},
};

/// The clients of all pools.
pub(crate) const TABLE: Table = Table {
    name: "app_clients",
    key: &["pool", "id"],
    rows: Rows::FewOfEachPool,
    owners: &[
        Owner::Pool {
            pool: "pool",
            goes: Goes::AtOnce,
        },
        Owner::Client {
            pool: "pool",
            client: "id",
            goes: Goes::Itself,
        },
    ],
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[
        Sealed::ByKeyAndColumn("secret"),
        Sealed::ByKeyAndColumn("second_secret"),
    ]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// Clients that are gone and whose sessions are being deleted.
pub(crate) const DELETED: Table = Table {
    name: "deleted_app_clients",
    key: &["pool", "id"],
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

/// The places that secrets are sealed for.
const FIRST: &[u8] = b"secret";
const SECOND: &[u8] = b"second_secret";

/// Stores a new client, with its secret if it has one.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(
    tx: &mut Tx,
    client: &AppClient,
    secret: Option<&SecretString>,
) -> Result<(), Error> {
    let sealed = secret
        .map(|secret| tx.seal(&context(client, FIRST), secret.expose().as_bytes()))
        .transpose()?;
    tx.execute(
        "INSERT INTO app_clients(pool, id, doc, secret, revision, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            client.pool.as_str().into(),
            client.id.as_str().into(),
            (&document::write(client)?).into(),
            sealed.as_deref().into(),
            client.revision.into(),
            client.created_at.0.into(),
        ],
    )
    .await
    .map(drop)
}

/// A client with its secrets, by its id alone: public operations name no pool.
///
/// # Errors
/// [`Error`] of the database; [`Error::Sealed`] when a secret can't be opened.
pub async fn find(tx: &mut Tx, id: &ClientId) -> Result<Option<(AppClient, ClientSecrets)>, Error> {
    let sql = "SELECT doc, secret, secret_made_at, second_secret, second_secret_made_at
               FROM app_clients WHERE id = $1";
    let Some(row) = tx.query_optional(sql, &[id.as_str().into()]).await? else {
        return Ok(None);
    };
    let client = read(&row)?;
    let secret = |column, place: &[u8]| -> Result<Option<ClientSecret>, Error> {
        let Some(sealed) = row.opt_bytes(column)? else {
            return Ok(None);
        };
        let value = open_secret(tx, &client, place, sealed)?;
        let created_at = row
            .opt_int(column + 1)?
            .map_or(client.created_at, Timestamp);
        Ok(Some(ClientSecret { value, created_at }))
    };
    let secrets = ClientSecrets::stored(secret(1, FIRST)?, secret(3, SECOND)?);
    Ok(Some((client, secrets)))
}

/// Stores which secrets of a client are active; the client itself stays. False when it is gone.
/// What is stored is right only if it was read in the same transaction.
///
/// # Errors
/// [`Error`] of the database.
pub async fn put_secrets(
    tx: &mut Tx,
    client: &AppClient,
    secrets: &ClientSecrets,
) -> Result<bool, Error> {
    let seal = |secret: Option<&ClientSecret>, place| {
        secret
            .map(|secret| tx.seal(&context(client, place), secret.value.expose().as_bytes()))
            .transpose()
    };
    let mut active = secrets.iter();
    let (first, second) = (active.next(), active.next());
    let (sealed, second_sealed) = (seal(first, FIRST)?, seal(second, SECOND)?);
    let made_at = first
        .map(|secret| secret.created_at)
        .filter(|at| *at != client.created_at);
    let changed = tx
        .execute(
            "UPDATE app_clients SET secret = $3, secret_made_at = $4, second_secret = $5, second_secret_made_at = $6
             WHERE pool = $1 AND id = $2",
            &[
                client.pool.as_str().into(),
                client.id.as_str().into(),
                sealed.as_deref().into(),
                made_at.map(|at| at.0).into(),
                second_sealed.as_deref().into(),
                second.map(|secret| secret.created_at.0).into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Stores a changed client under the next revision; its secret stays. `client.revision` is the one
/// that was read; false when the stored one has moved on or the client is gone, and nothing is
/// written.
///
/// # Errors
/// [`Error`] of the database.
pub async fn update(tx: &mut Tx, client: &AppClient) -> Result<bool, Error> {
    let sql = "SELECT doc FROM app_clients WHERE pool = $1 AND id = $2 AND revision = $3";
    let params = [
        client.pool.as_str().into(),
        client.id.as_str().into(),
        client.revision.into(),
    ];
    let Some(stored) = tx.query_optional(sql, &params).await? else {
        return Ok(false);
    };
    let next = AppClient {
        revision: client.revision + 1,
        ..client.clone()
    };
    let changed = tx
        .execute(
            "UPDATE app_clients SET doc = $4, revision = $5 WHERE pool = $1 AND id = $2 AND revision = $3",
            &[
                client.pool.as_str().into(),
                client.id.as_str().into(),
                client.revision.into(),
                (&document::rewrite(stored.text(0)?, &next)?).into(),
                next.revision.into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Deletes a client; false when the pool has no such client. From now on nothing of it can be
/// reached; its sessions, of which there may be millions, are deleted by [`delete_leftovers`].
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete(
    tx: &mut Tx,
    pool: &UserPoolId,
    id: &ClientId,
    now: Timestamp,
) -> Result<bool, Error> {
    let mut deleted = 0;
    for sql in &tx.derived().client.at_once {
        let params = [pool.as_str().into(), id.as_str().into()];
        deleted = tx.execute(sql, &params).await?;
    }
    if deleted == 1 {
        let sql = "INSERT INTO deleted_app_clients(pool, id, look_at, last_look_at) VALUES ($1, $2, $3, $4)";
        let last_look_at = now.0.saturating_add(LAST_LOOK_MS);
        let params = [
            pool.as_str().into(),
            id.as_str().into(),
            now.0.into(),
            last_look_at.into(),
        ];
        tx.execute(sql, &params).await?;
    }
    Ok(deleted == 1)
}

/// Ends sessions of deleted clients, at most `limit`; whether there may be more. A client without
/// any is looked at once more after an hour, for sign-ins at nodes that did not know of the
/// deletion yet.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete_leftovers(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<bool, Error> {
    let sql = "SELECT pool, id, last_look_at FROM deleted_app_clients
               WHERE look_at <= $1 ORDER BY look_at LIMIT $2";
    let at_once = i64::try_from(POOLS_AT_ONCE).unwrap_or(i64::MAX);
    let due = tx.query(sql, &[now.0.into(), at_once.into()]).await?;
    for client in &due {
        let (pool, id, last_look_at) = (client.text(0)?, client.text(1)?, client.int(2)?);
        let mut deleted = 0;
        for sql in &tx.derived().client.once_more {
            tx.execute(sql, &[pool.into(), id.into()]).await?;
        }
        for sql in &tx.derived().client.afterwards {
            let params = [pool.into(), id.into(), limit.into()];
            deleted += tx.execute(sql, &params).await?;
        }
        if deleted > 0 {
            return Ok(true);
        }
        let sql = if now.0 >= last_look_at {
            "DELETE FROM deleted_app_clients WHERE pool = $1 AND id = $2"
        } else {
            "UPDATE deleted_app_clients SET look_at = last_look_at WHERE pool = $1 AND id = $2"
        };
        tx.execute(sql, &[pool.into(), id.into()]).await?;
    }
    Ok(due.len() == POOLS_AT_ONCE)
}

/// Clients of a pool in the order of their ids, beginning after one.
///
/// # Errors
/// [`Error`] of the database.
pub async fn page(
    tx: &mut Tx,
    pool: &UserPoolId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<AppClient>, Error> {
    let sql = "SELECT doc FROM app_clients WHERE pool = $1 AND id > $2 ORDER BY id LIMIT $3";
    let rows = tx
        .query(
            sql,
            &[
                pool.as_str().into(),
                after.unwrap_or("").into(),
                limit.into(),
            ],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// How many clients a pool has, counted up to a limit.
///
/// # Errors
/// [`Error`] of the database.
pub async fn number(tx: &mut Tx, pool: &UserPoolId, limit: i64) -> Result<i64, Error> {
    let sql =
        "SELECT COUNT(*) FROM (SELECT id FROM app_clients WHERE pool = $1 LIMIT $2) AS counted";
    let params = [pool.as_str().into(), limit.into()];
    tx.query_one(sql, &params).await?.int(0)
}

fn read(row: &Row) -> Result<AppClient, Error> {
    document::read(row.text(0)?)
}

fn open_secret(
    tx: &Tx,
    client: &AppClient,
    place: &[u8],
    sealed: &[u8],
) -> Result<SecretString, Error> {
    let plain = tx.open_sealed(&context(client, place), sealed)?;
    let text = std::str::from_utf8(plain.expose())
        .map_err(|_| Error::Unreadable("a client secret".to_owned()))?;
    Ok(SecretString::new(text.to_owned()))
}

fn context<'a>(client: &'a AppClient, place: &'a [u8]) -> [&'a [u8]; 4] {
    [
        b"app_clients",
        client.pool.as_str().as_bytes(),
        client.id.as_str().as_bytes(),
        place,
    ]
}
