//! Messages to be delivered, written in the transaction that needs them. What is sent may hold
//! codes and addresses, so it is sealed.
//!
//! Taking a message moves the time at which it is next due to the end of the taker's time: if the
//! taker dies, another takes it then. So a message is delivered at least once, and twice only when
//! the first delivery outlives its time or its acknowledgement is lost.

use cognate_crypto::secret::SecretBytes;
use cognate_model::Timestamp;

use crate::{
    Error, Row, Tx,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// The messages of all kinds.
pub(crate) const TABLE: Table = Table {
    name: "outbox",
    key: &["id"],
    rows: Rows::Many,
    owners: &[Owner::Nobody(
        "what was promised in a commit is sent, though its pool or user is gone by then",
    )],
    expiry: Expiry::OwnRule("it goes when it was sent, is given up, or has been due for too long"),
    backup: Backup::Whole,
    export: Export::LeftOut("what waits there is sent from there"),
    writers: Writers::AnyNode,
    history: History::NotRecorded("what was sent is not sent again"),
};

/// A message to be stored.
#[derive(Debug)]
pub struct NewMessage<'a> {
    /// Unique; the caller draws it.
    pub id: String,
    /// What kind of message, for whoever delivers it: a taker takes the kinds that it names.
    pub kind: &'a str,
    /// What is to be sent.
    pub payload: &'a [u8],
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is due.
    pub next_at: Timestamp,
}

/// A message that was taken to be delivered.
pub struct OutboxMessage {
    /// Its id.
    pub id: String,
    /// What kind of message.
    pub kind: String,
    /// What is to be sent; an error when it cannot be opened, which is this message's own trouble
    /// and none of the others'.
    pub payload: Result<SecretBytes, Error>,
    /// How often it has been taken, this time included.
    pub attempts: i64,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Stores a message.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn enqueue(tx: &mut Tx, message: &NewMessage<'_>) -> Result<(), Error> {
    let sealed = tx.seal(&context(&message.id, message.kind), message.payload)?;
    tx.execute(
        "INSERT INTO outbox(id, kind, sealed, attempts, next_at, created_at) VALUES ($1, $2, $3, 0, $4, $5)",
        &[
            (&message.id).into(),
            message.kind.into(),
            (&sealed).into(),
            message.next_at.0.into(),
            message.created_at.0.into(),
        ],
    )
    .await
    .map(drop)
}

/// Takes messages of a kind that are due, the oldest first; until `lease_until` nobody else gets
/// them.
///
/// # Errors
/// [`Error`] of the database.
pub async fn take_due(
    tx: &mut Tx,
    kind: &str,
    now: Timestamp,
    lease_until: Timestamp,
    limit: i64,
) -> Result<Vec<OutboxMessage>, Error> {
    let sql = "UPDATE outbox SET next_at = $2, attempts = attempts + 1
               WHERE id IN (SELECT id FROM outbox WHERE kind = $4 AND next_at <= $1 ORDER BY next_at LIMIT $3)
               RETURNING id, kind, sealed, attempts, created_at";
    let values = [
        now.0.into(),
        lease_until.0.into(),
        limit.into(),
        kind.into(),
    ];
    let rows = tx.query(sql, &values).await?;
    let mut messages = rows
        .iter()
        .map(|row| read(tx, row))
        .collect::<Result<Vec<_>, Error>>()?;
    // RETURNING promises no order.
    messages.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
    Ok(messages)
}

/// Takes a message out: it was delivered, or is given up. False when it was out already.
///
/// # Errors
/// [`Error`] of the database.
pub async fn done(tx: &mut Tx, id: &str) -> Result<bool, Error> {
    Ok(tx
        .execute("DELETE FROM outbox WHERE id = $1", &[id.into()])
        .await?
        == 1)
}

/// Puts a message that could not be delivered back, to be due at a time. False when it was out
/// already.
///
/// # Errors
/// [`Error`] of the database.
pub async fn retry(tx: &mut Tx, id: &str, next_at: Timestamp) -> Result<bool, Error> {
    let sql = "UPDATE outbox SET next_at = $2 WHERE id = $1";
    Ok(tx.execute(sql, &[id.into(), next_at.0.into()]).await? == 1)
}

/// When the next message of a kind is due; None when there is none. What is under way counts at the
/// end of its taker's time.
///
/// # Errors
/// [`Error`] of the database.
pub async fn next_due(tx: &mut Tx, kind: &str) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT next_at FROM outbox WHERE kind = $1 ORDER BY next_at LIMIT 1";
    let row = tx.query_optional(sql, &[kind.into()]).await?;
    row.map(|row| row.int(0).map(Timestamp)).transpose()
}

/// How many messages of a kind there are, counted up to `most`, and when the oldest of them was
/// written.
///
/// # Errors
/// [`Error`] of the database.
pub async fn waiting(
    tx: &mut Tx,
    kind: &str,
    most: i64,
) -> Result<(i64, Option<Timestamp>), Error> {
    let sql = "SELECT COUNT(*), COALESCE(MIN(created_at), 0)
               FROM (SELECT created_at FROM outbox WHERE kind = $1 ORDER BY next_at LIMIT $2) AS counted";
    let row = tx.query_one(sql, &[kind.into(), most.into()]).await?;
    let count = row.int(0)?;
    let oldest = (count > 0).then(|| row.int(1).map(Timestamp)).transpose()?;
    Ok((count, oldest))
}

/// Drops messages of a kind that have been due since a time and that nobody has taken since; says
/// how many.
///
/// # Errors
/// [`Error`] of the database.
pub async fn drop_due_since(
    tx: &mut Tx,
    kind: &str,
    since: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let sql = "DELETE FROM outbox WHERE id IN
               (SELECT id FROM outbox WHERE kind = $1 AND next_at <= $2 ORDER BY next_at LIMIT $3)";
    tx.execute(sql, &[kind.into(), since.0.into(), limit.into()])
        .await
}

fn read(tx: &Tx, row: &Row) -> Result<OutboxMessage, Error> {
    let (id, kind) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
    Ok(OutboxMessage {
        payload: row
            .bytes(2)
            .and_then(|sealed| tx.open_sealed(&context(&id, &kind), sealed)),
        id,
        kind,
        attempts: row.int(3)?,
        created_at: Timestamp(row.int(4)?),
    })
}

fn context<'a>(id: &'a str, kind: &'a str) -> [&'a [u8]; 3] {
    [b"outbox", id.as_bytes(), kind.as_bytes()]
}
