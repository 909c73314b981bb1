//! The one way to the database: every statement passes [`Tx`]'s one function, where the fault plan
//! and the statement log sit.

use std::sync::{Arc, OnceLock};

use cognate_crypto::secret::SecretBytes;

use crate::{
    Error, FaultPlan, Param, Row, StatementLog,
    keyring::Vault,
    postgres, sqlite,
    statements::{Dialect, define},
    stats::Counters,
    value::Answer,
};

/// A transaction, a snapshot, or a reader whose statements each stand alone.
///
/// In a transaction nothing goes on after a statement has failed: PostgreSQL would refuse it,
/// SQLite would not, so it is refused here for both, and the transaction can't commit.
pub struct Tx {
    link: Link,
    name: &'static str,
    failure: Option<Error>,
    gate: Arc<Gate>,
}

/// What a `Tx` speaks to.
pub(crate) enum Link {
    SqliteWriter(sqlite::Connection),
    SqliteReader(Arc<sqlite::Readers>),
    SqliteSnapshot(sqlite::Snapshot),
    PostgresTransaction(postgres::Session),
    PostgresReader(postgres::Pool),
    PostgresSnapshot(postgres::Session),
}

/// What every `Tx` of one `Db` shares.
pub(crate) struct Gate {
    pub(crate) faults: FaultPlan,
    pub(crate) log: Option<StatementLog>,
    pub(crate) counters: Arc<Counters>,
    /// Set once the database is open; nothing is sealed before that.
    pub(crate) vault: OnceLock<Arc<Vault>>,
}

impl Gate {
    pub(crate) fn vault(&self) -> Result<&Vault, Error> {
        self.vault.get().map(Arc::as_ref).ok_or(Error::Sealed)
    }
}

impl Tx {
    pub(crate) fn new(link: Link, name: &'static str, gate: Arc<Gate>) -> Self {
        Self {
            link,
            name,
            failure: None,
            gate,
        }
    }

    /// Runs a statement and gives its rows.
    ///
    /// # Errors
    /// [`Error`]; in a transaction every further statement is then [`Error::TransactionFailed`].
    pub async fn query(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, Error> {
        Ok(self.run(sql, params).await?.rows)
    }

    /// Runs a statement that gives one row at most.
    ///
    /// # Errors
    /// As [`Tx::query`]; more than one row is [`Error::Unreadable`].
    pub async fn query_optional(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Option<Row>, Error> {
        let mut rows = self.run(sql, params).await?.rows;
        if rows.len() > 1 {
            return Err(Error::Unreadable(format!(
                "{} rows where one was expected",
                rows.len()
            )));
        }
        Ok(rows.pop())
    }

    /// Runs a statement that gives exactly one row.
    ///
    /// # Errors
    /// As [`Tx::query_optional`]; no row is [`Error::Unreadable`].
    pub async fn query_one(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Row, Error> {
        let row = self.query_optional(sql, params).await?;
        row.ok_or_else(|| Error::Unreadable("no row where one was expected".to_owned()))
    }

    /// Runs a statement and gives the number of rows that it inserted, changed or deleted.
    ///
    /// # Errors
    /// As [`Tx::query`].
    pub async fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, Error> {
        Ok(self.run(sql, params).await?.affected)
    }

    /// Seals a secret for its place (`context`: table, key, column), under the newest data key.
    ///
    /// # Errors
    /// [`Error::Sealed`] when the plain text is too large to seal.
    pub fn seal(&self, context: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.gate.vault()?.seal(context, plain)
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// [`Error::Sealed`].
    pub fn open_sealed(&self, context: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, Error> {
        self.gate.vault()?.open(context, sealed)
    }

    /// Runs a statement that defines the schema, printed for this database.
    pub(crate) async fn define(&mut self, statement: &str) -> Result<(), Error> {
        self.pass_gate()?;
        let outcome = match &mut self.link {
            Link::SqliteWriter(connection) => connection.batch(&define(Dialect::Sqlite, statement)),
            Link::PostgresTransaction(session) => {
                session.batch(&define(Dialect::Postgres, statement)).await
            }
            _ => Err(Error::Statement("a reader defines nothing".to_owned())),
        };
        self.remember(outcome)
    }

    async fn run(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Answer, Error> {
        if let Some(log) = &self.gate.log {
            log.note(sql);
        }
        self.pass_gate()?;
        let outcome = match &mut self.link {
            Link::SqliteWriter(connection) => connection.run(sql, params),
            Link::SqliteSnapshot(snapshot) => snapshot.run(sql, params),
            Link::PostgresTransaction(session) | Link::PostgresSnapshot(session) => {
                session.run(sql, params).await
            }
            Link::SqliteReader(_) | Link::PostgresReader(_) if !reads_only(sql) => Err(
                Error::Statement("a reader writes nothing; use Db::write".to_owned()),
            ),
            Link::SqliteReader(readers) => readers.run(sql, params),
            Link::PostgresReader(pool) => pool.read(sql, params).await,
        };
        self.remember(outcome)
    }

    /// Refuses to go on in a failed transaction, and asks the fault plan.
    fn pass_gate(&mut self) -> Result<(), Error> {
        if self.failure.is_some() {
            return Err(Error::TransactionFailed);
        }
        if !matches!(
            self.link,
            Link::SqliteWriter(_) | Link::PostgresTransaction(_)
        ) {
            return Ok(());
        }
        let passed = self.gate.faults.before_statement(self.name);
        self.remember(passed)
    }

    fn remember<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &outcome
            && !matches!(self.link, Link::SqliteReader(_) | Link::PostgresReader(_))
        {
            self.failure = Some(error.clone());
        }
        outcome
    }
}

/// For the drivers: the ends of a transaction.
impl Tx {
    pub(crate) fn start(&mut self, name: &'static str) {
        self.name = name;
        self.failure = None;
    }

    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn faults(&self) -> &FaultPlan {
        &self.gate.faults
    }

    /// The writer's connection; None for any other link.
    pub(crate) fn sqlite_writer(&mut self) -> Option<&mut sqlite::Connection> {
        match &mut self.link {
            Link::SqliteWriter(connection) => Some(connection),
            _ => None,
        }
    }

    /// The session, for the driver to end the transaction; None for any other link.
    pub(crate) fn into_session(self) -> Option<postgres::Session> {
        match self.link {
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
