//! The one way to the database: every statement passes [`Tx`]'s one function, where the fault plan
//! and the statement log sit.

use std::sync::Arc;

use cognate_crypto::secret::SecretBytes;

use crate::{
    Error, FaultPlan, Param, Row, derived::Derived, gate::Gate, link::Link, value::Answer,
};

/// A transaction, a snapshot, or a reader whose statements each stand alone.
///
/// In a transaction nothing goes on after a statement has failed: PostgreSQL would refuse it,
/// SQLite would not, so it is refused here for both, and the transaction can't commit.
pub struct Tx {
    link: Link,
    name: &'static str,
    failure: Option<Error>,
    /// The leases that were taken or renewed in this transaction.
    leases: Vec<String>,
    gate: Arc<Gate>,
}

impl Tx {
    pub(crate) fn new(link: Link, name: &'static str, gate: Arc<Gate>) -> Self {
        Self {
            link,
            name,
            failure: None,
            leases: Vec::new(),
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

    /// The statements that follow from the declarations of the tables.
    pub(crate) fn derived(&self) -> &'static Derived {
        self.gate.derived
    }

    /// Remembers that this transaction has taken or renewed a lease.
    pub(crate) fn note_lease(&mut self, name: &str) {
        self.leases.push(name.to_owned());
    }

    /// Runs a statement that defines the schema, printed for this database.
    pub(crate) async fn define(&mut self, statement: &str) -> Result<(), Error> {
        self.pass_gate()?;
        let outcome = self.link.define(statement).await;
        self.remember(outcome)
    }

    async fn run(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Answer, Error> {
        if let Some(log) = &self.gate.log {
            log.note(sql);
        }
        self.pass_gate()?;
        if cfg!(debug_assertions) {
            let checked = self.check_lease(sql);
            self.remember(checked)?;
        }
        let outcome = self.link.run(sql, params).await;
        self.remember(outcome)
    }

    /// Refuses to go on in a failed transaction, and asks the fault plan.
    fn pass_gate(&mut self) -> Result<(), Error> {
        if self.failure.is_some() {
            return Err(Error::TransactionFailed);
        }
        if !self.link.is_transaction() {
            return Ok(());
        }
        let passed = self.gate.faults.before_statement(self.name);
        self.remember(passed)
    }

    /// Refuses to write a table that only the holder of a lease may write. What this finds is a
    /// bug, so it is looked for in debug builds only.
    fn check_lease(&self, sql: &str) -> Result<(), Error> {
        match self.gate.derived.lease_for(sql) {
            Some(lease) if !self.leases.iter().any(|held| held == lease) => Err(Error::Statement(
                format!("{sql} without the lease {lease}, under which its table is declared"),
            )),
            _ => Ok(()),
        }
    }

    fn remember<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &outcome
            && !self.link.is_reader()
        {
            self.failure = Some(error.clone());
        }
        outcome
    }
}

/// For `commit`: the ends of a transaction.
impl Tx {
    pub(crate) fn start(&mut self, name: &'static str) {
        self.name = name;
        self.failure = None;
        self.leases.clear();
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

    pub(crate) fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }

    pub(crate) fn into_link(self) -> Link {
        self.link
    }
}
