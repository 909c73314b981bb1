//! The seam between the transaction and the two drivers: run a statement, define a part of the
//! schema. How a transaction begins and ends is in `commit`.

use std::sync::Arc;

use crate::{
    Error, Param, postgres, sqlite,
    statements::{Dialect, define},
    value::Answer,
};

/// What a `Tx` speaks to.
pub(crate) enum Link {
    SqliteWriter(sqlite::Connection),
    SqliteReader(Arc<sqlite::Readers>),
    SqliteSnapshot(sqlite::Snapshot),
    PostgresTransaction(postgres::Session),
    PostgresReader(postgres::Pool),
    PostgresSnapshot(postgres::Session),
}

impl Link {
    /// Whether what is written through it is committed or rolled back as one.
    pub(crate) fn is_transaction(&self) -> bool {
        matches!(self, Link::SqliteWriter(_) | Link::PostgresTransaction(_))
    }

    /// Whether each statement stands alone, so that one that fails spoils none behind it.
    pub(crate) fn is_reader(&self) -> bool {
        matches!(self, Link::SqliteReader(_) | Link::PostgresReader(_))
    }

    /// Runs one statement.
    pub(crate) async fn run(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Answer, Error> {
        if self.is_reader() && !reads_only(sql) {
            return Err(Error::Statement(
                "a reader writes nothing; use Db::write".to_owned(),
            ));
        }
        match self {
            Link::SqliteWriter(connection) => connection.run(sql, params),
            Link::SqliteSnapshot(snapshot) => snapshot.run(sql, params),
            Link::SqliteReader(readers) => readers.run(sql, params),
            Link::PostgresTransaction(session) | Link::PostgresSnapshot(session) => {
                session.run(sql, params).await
            }
            Link::PostgresReader(pool) => pool.read(sql, params).await,
        }
    }

    /// Runs a statement that defines the schema, printed for this database.
    pub(crate) async fn define(&mut self, statement: &str) -> Result<(), Error> {
        match self {
            Link::SqliteWriter(connection) => connection.batch(&define(Dialect::Sqlite, statement)),
            Link::PostgresTransaction(session) => {
                session.define(&define(Dialect::Postgres, statement)).await
            }
            _ => Err(Error::Statement("a reader defines nothing".to_owned())),
        }
    }

    /// The connection of SQLite's writer; None for any other link.
    pub(crate) fn sqlite_writer(&mut self) -> Option<&mut sqlite::Connection> {
        match self {
            Link::SqliteWriter(connection) => Some(connection),
            _ => None,
        }
    }

    /// The session of a transaction on PostgreSQL; None for any other link.
    pub(crate) fn into_session(self) -> Option<postgres::Session> {
        match self {
            Link::PostgresTransaction(session) => Some(session),
            _ => None,
        }
    }
}

/// SQLite's readers have read-only connections, PostgreSQL's come from the one pool: so a reader's
/// statement begins with SELECT.
fn reads_only(sql: &str) -> bool {
    sql.trim_start().starts_with("SELECT")
}
