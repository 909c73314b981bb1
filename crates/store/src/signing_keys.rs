//! The keys that sign a pool's tokens. Private keys are sealed.

use std::time::Duration;

use cognate_crypto::secret::SecretBytes;
use cognate_model::{Timestamp, UserPoolId, claims::TokenUse};

use crate::{
    Error, Row, Tx,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Sealed, Table, Writers},
};

/// The keys of all pools.
pub(crate) const TABLE: Table = Table {
    name: "signing_keys",
    key: &["pool", "kid"],
    rows: Rows::FewOfEachPool,
    owners: &[Owner::Pool {
        pool: "pool",
        goes: Goes::AtOnce,
    }],
    expiry: Expiry::At {
        column: "retires_at",
        index: "signing_keys_expiry",
        grace: Duration::ZERO,
    },
    backup: Backup::Whole,
    export: Export::OnDemand(&[Sealed::ByKeyAndColumn("private")]),
    writers: Writers::AnyNode,
    history: History::NotRecorded(
        "a key that was replaced must not sign again because a moment is brought back",
    ),
};

/// A key to be stored.
#[derive(Clone)]
pub struct NewSigningKey {
    /// The pool whose tokens it signs.
    pub pool: UserPoolId,
    /// The name that tokens carry in their header.
    pub kid: String,
    /// The tokens that it signs.
    pub token_use: TokenUse,
    /// PKCS #8.
    pub private: SecretBytes,
    /// The public key as a JWK.
    pub public: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key of a pool that is known to the caller.
pub struct StoredSigningKey {
    /// The name that tokens carry in their header.
    pub kid: String,
    /// The tokens that it signs.
    pub token_use: TokenUse,
    /// PKCS #8.
    pub private: SecretBytes,
    /// The public key as a JWK.
    pub public: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it verifies nothing and is not published; none for a key that was not replaced.
    pub retires_at: Option<Timestamp>,
}

/// Stores a new key.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(tx: &mut Tx, key: &NewSigningKey) -> Result<(), Error> {
    let sealed = tx.seal(&context(&key.pool, &key.kid), key.private.expose())?;
    tx.execute(
        "INSERT INTO signing_keys(pool, kid, token_use, private, public, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            key.pool.as_str().into(),
            (&key.kid).into(),
            key.token_use.as_str().into(),
            (&sealed).into(),
            (&key.public).into(),
            key.created_at.0.into(),
        ],
    )
    .await
    .map(drop)
}

/// Lets every key of a pool that was not replaced before run out at a time.
///
/// # Errors
/// [`Error`] of the database.
pub async fn retire(tx: &mut Tx, pool: &UserPoolId, at: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE signing_keys SET retires_at = $2 WHERE pool = $1 AND retires_at IS NULL";
    tx.execute(sql, &[pool.as_str().into(), at.0.into()])
        .await
        .map(drop)
}

/// All keys of a pool, the oldest first.
///
/// # Errors
/// [`Error`] of the database; [`Error::Sealed`] when a key can't be opened.
pub async fn all(tx: &mut Tx, pool: &UserPoolId) -> Result<Vec<StoredSigningKey>, Error> {
    let sql = "SELECT kid, token_use, private, public, created_at, retires_at FROM signing_keys
               WHERE pool = $1 ORDER BY created_at, kid";
    let rows = tx.query(sql, &[pool.as_str().into()]).await?;
    rows.iter().map(|row| read(tx, pool, row)).collect()
}

/// One key of a pool.
///
/// # Errors
/// As [`all`].
pub async fn find(
    tx: &mut Tx,
    pool: &UserPoolId,
    kid: &str,
) -> Result<Option<StoredSigningKey>, Error> {
    let sql = "SELECT kid, token_use, private, public, created_at, retires_at FROM signing_keys
               WHERE pool = $1 AND kid = $2";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), kid.into()])
        .await?;
    row.map(|row| read(tx, pool, &row)).transpose()
}

fn read(tx: &Tx, pool: &UserPoolId, row: &Row) -> Result<StoredSigningKey, Error> {
    let kid = row.text(0)?.to_owned();
    let token_use = match row.text(1)? {
        "id" => TokenUse::Id,
        "access" => TokenUse::Access,
        other => {
            return Err(Error::Unreadable(format!(
                "token use {other:?} of a signing key"
            )));
        }
    };
    Ok(StoredSigningKey {
        private: tx.open_sealed(&context(pool, &kid), row.bytes(2)?)?,
        kid,
        token_use,
        public: row.text(3)?.to_owned(),
        created_at: Timestamp(row.int(4)?),
        retires_at: row.opt_int(5)?.map(Timestamp),
    })
}

fn context<'a>(pool: &'a UserPoolId, kid: &'a str) -> [&'a [u8]; 4] {
    [
        b"signing_keys",
        pool.as_str().as_bytes(),
        kid.as_bytes(),
        b"private",
    ]
}
