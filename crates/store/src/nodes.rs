//! The nodes that live: each counts up a number in its row, and who sees the number stand still for
//! a while knows that the node is gone. No clock of one node is compared with another's.

use crate::{
    Error, Tx,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// The nodes by ids that they make up at their start.
pub(crate) const TABLE: Table = Table {
    name: "nodes",
    key: &["id"],
    rows: Rows::Few,
    owners: &[Owner::Installation],
    expiry: Expiry::OwnRule("one whose number stands still is taken away by the others"),
    backup: Backup::LeftOut("they say which nodes live at the moment"),
    export: Export::OF_NO_POOL,
    writers: Writers::AnyNode,
    history: History::NotRecorded("they say which nodes live at the moment"),
};

/// So many rows are read at most: more nodes than serve one database.
const MOST: i64 = 1000;

/// A node and its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// The node.
    pub node: String,
    /// Its number.
    pub number: i64,
}

/// Writes a node's number.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn put(tx: &mut Tx, beat: &Beat) -> Result<(), Error> {
    let sql = "INSERT INTO nodes(id, beat) VALUES ($1, $2)
               ON CONFLICT (id) DO UPDATE SET beat = excluded.beat";
    let params = [beat.node.as_str().into(), beat.number.into()];
    tx.execute(sql, &params).await.map(drop)
}

/// All nodes and their numbers.
///
/// # Errors
/// [`Error`] of the database.
pub async fn all(tx: &mut Tx) -> Result<Vec<Beat>, Error> {
    let sql = "SELECT id, beat FROM nodes ORDER BY id LIMIT $1";
    let rows = tx.query(sql, &[MOST.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Beat {
                node: row.text(0)?.to_owned(),
                number: row.int(1)?,
            })
        })
        .collect()
}

/// Takes a node away whose number still is this one.
///
/// # Errors
/// [`Error`] of the database.
pub async fn remove(tx: &mut Tx, beat: &Beat) -> Result<(), Error> {
    let sql = "DELETE FROM nodes WHERE id = $1 AND beat = $2";
    let params = [beat.node.as_str().into(), beat.number.into()];
    tx.execute(sql, &params).await.map(drop)
}
