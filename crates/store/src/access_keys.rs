//! The operators' access keys. Their secrets are sealed, not hashed: SigV4 is an HMAC under the
//! secret itself.

use cognate_crypto::secret::SecretString;
use cognate_model::access_key::AccessKey;

use crate::{
    Error, Tx, document,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// The keys by their ids.
pub(crate) const TABLE: Table = Table {
    name: "access_keys",
    key: &["id"],
    rows: Rows::Few,
    owners: &[Owner::Installation],
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OF_NO_POOL,
    writers: Writers::AnyNode,
    history: History::NotRecorded(
        "a key that was deleted must not work again because a moment is brought back",
    ),
};

/// Stores a new key; false when its name is taken.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(tx: &mut Tx, key: &AccessKey, secret: &SecretString) -> Result<bool, Error> {
    let sealed = tx.seal(&context(&key.id), secret.expose().as_bytes())?;
    let row = tx
        .query_optional(
            "INSERT INTO access_keys(id, name, doc, secret, created_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (name) DO NOTHING RETURNING id",
            &[
                (&key.id).into(),
                (&key.name).into(),
                (&document::write(key)?).into(),
                (&sealed).into(),
                key.created_at.0.into(),
            ],
        )
        .await?;
    Ok(row.is_some())
}

/// A key and its secret, by the id that requests carry.
///
/// # Errors
/// [`Error`] of the database; [`Error::Sealed`] when the secret can't be opened.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<(AccessKey, SecretString)>, Error> {
    let sql = "SELECT doc, secret FROM access_keys WHERE id = $1";
    let Some(row) = tx.query_optional(sql, &[id.into()]).await? else {
        return Ok(None);
    };
    let plain = tx.open_sealed(&context(id), row.bytes(1)?)?;
    let secret = std::str::from_utf8(plain.expose())
        .map_err(|_| Error::Unreadable("the secret of an access key".to_owned()))?;
    Ok(Some((
        document::read(row.text(0)?)?,
        SecretString::new(secret.to_owned()),
    )))
}

/// All keys, in the order of their names. There are as many as an operator makes by hand.
///
/// # Errors
/// [`Error`] of the database.
pub async fn list(tx: &mut Tx) -> Result<Vec<AccessKey>, Error> {
    let rows = tx
        .query("SELECT doc FROM access_keys ORDER BY name", &[])
        .await?;
    rows.iter()
        .map(|row| document::read(row.text(0)?))
        .collect()
}

/// Deletes the key with this id or, if there is none, the one of this name; false when there is
/// neither.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete_by_name_or_id(tx: &mut Tx, name_or_id: &str) -> Result<bool, Error> {
    if tx
        .execute(
            "DELETE FROM access_keys WHERE id = $1",
            &[name_or_id.into()],
        )
        .await?
        == 1
    {
        return Ok(true);
    }
    Ok(tx
        .execute(
            "DELETE FROM access_keys WHERE name = $1",
            &[name_or_id.into()],
        )
        .await?
        == 1)
}

fn context(id: &str) -> [&[u8]; 3] {
    [b"access_keys", id.as_bytes(), b"secret"]
}
