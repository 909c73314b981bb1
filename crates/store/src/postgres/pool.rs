//! The connections of one node: which of them may be used, a statement that only reads, and the
//! ends of a transaction.

use std::sync::Arc;

use deadpool::{
    Runtime,
    managed::{self, Object, PoolError},
};
use tokio::time::timeout;

use super::{
    connection::{CONNECT_LIMIT, Connection, Manager, Shared},
    tls,
    url::Target,
};
use crate::{Error, OpenError, Param, value::Answer};

/// How often a read is tried when its connection turns out to be dead.
const READ_ATTEMPTS: u32 = 3;

type Client = Object<Manager>;

/// The connections of one node. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: managed::Pool<Manager>,
    shared: Arc<Shared>,
}

impl Pool {
    pub(super) fn new(
        target: Target,
        connections: usize,
        only_reads: bool,
    ) -> Result<Self, OpenError> {
        let connector = tls::Connector::new(&target.tls)?;
        let shared = Shared::new(target.config, connector, target.pooler, only_reads);
        let shared = Arc::new(shared);
        let connections = managed::Pool::builder(Manager(Arc::clone(&shared)))
            .max_size(connections.max(1))
            .wait_timeout(Some(CONNECT_LIMIT))
            .create_timeout(Some(CONNECT_LIMIT))
            .recycle_timeout(Some(CONNECT_LIMIT))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| OpenError::Url(error.to_string()))?;
        Ok(Self {
            connections,
            shared,
        })
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self, how: &'static str) -> Result<Session, Error> {
        let session = Session {
            client: Some(self.connection().await?),
            shared: Arc::clone(&self.shared),
        };
        session.client()?.begin(how).await?;
        Ok(session)
    }

    /// A consistent view of the database as it is now.
    pub(crate) async fn snapshot(&self) -> Result<Session, Error> {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
    }

    /// Runs one statement that only reads. A dead connection is replaced and the statement asked
    /// again.
    pub(crate) async fn read(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Answer, Error> {
        let mut attempt = 1;
        loop {
            let mut client = self.connection().await?;
            match client.run(sql, params).await {
                Err(Error::Disconnected(_)) if attempt < READ_ATTEMPTS => {
                    discard(client);
                    attempt += 1;
                }
                // A statement that the server refused leaves the connection whole; any other end
                // may leave an answer on its way.
                Err(error) => {
                    if matches!(error, Error::Disconnected(_) | Error::Unavailable(_)) {
                        discard(client);
                    }
                    return Err(error);
                }
                Ok(answer) => return Ok(answer),
            }
        }
    }

    /// Whether the database takes writes.
    pub(crate) async fn check_writable(&self) -> Result<(), Error> {
        let client = self.connection().await?;
        let server = match client.ask().await {
            Ok(server) => server,
            Err(error) => {
                discard(client);
                return Err(error);
            }
        };
        if client.is_shared {
            self.shared.trust.admit(&server)?;
        }
        if server.is_standby || server.is_read_only {
            return Err(Error::ReadOnly(
                "it is a standby, or default_transaction_read_only is on".to_owned(),
            ));
        }
        Ok(())
    }

    /// Whether connections are shared by a pooler that pools by transactions, as far as is known.
    pub(crate) async fn is_behind_a_pooler(&self) -> Result<bool, Error> {
        Ok(self.connection().await?.is_shared)
    }

    /// Closes the connections; later calls are [`Error::Closed`].
    pub(crate) fn close(&self) {
        self.connections.close();
    }

    /// A connection to the server that is the primary, as far as this node can know.
    async fn connection(&self) -> Result<Client, Error> {
        let trust = &self.shared.trust;
        loop {
            let mut client = self.connections.get().await.map_err(|error| match error {
                PoolError::Backend(error) => error,
                PoolError::Closed => Error::Closed,
                other => Error::Unavailable(other.to_string()),
            })?;
            // A new one was judged when it was made. Behind a pooler each transaction is judged:
            // here it is not known where it will run.
            if std::mem::take(&mut client.is_fresh) || client.is_shared || self.shared.only_reads {
                return Ok(client);
            }
            if self.shared.can_look() {
                trust.prove(self.shared.look()).await?;
            }
            let outcome = if trust.is_current(&client.server) {
                self.is_cleared(&mut client).await
            } else {
                Ok(false)
            };
            if outcome == Ok(true) {
                return Ok(client);
            }
            discard(client);
            outcome?;
        }
    }

    /// Whether the connection was made, or its server asked, since there was doubt. One that can't
    /// tell is none to keep; one that doesn't answer is not followed by the next, which may not
    /// either.
    async fn is_cleared(&self, client: &mut Connection) -> Result<bool, Error> {
        let doubts = self.shared.trust.doubts();
        if client.cleared == doubts {
            return Ok(true);
        }
        let Ok(answer) = timeout(CONNECT_LIMIT, client.ask()).await else {
            return Err(Error::Unavailable(
                "the database did not answer in time".to_owned(),
            ));
        };
        client.cleared = doubts;
        Ok(answer.is_ok_and(|server| !server.is_standby && !server.is_read_only))
    }
}

/// A connection on which a transaction is open. Dropped before its end it takes the connection with
/// it, and so the database rolls back: a half-done transaction never goes back into the pool.
pub(crate) struct Session {
    client: Option<Client>,
    shared: Arc<Shared>,
}

impl Session {
    pub(crate) async fn run(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Answer, Error> {
        let client = self.client.as_mut().ok_or(Error::Closed)?;
        client.run(sql, params).await
    }

    /// Runs a statement that defines the schema.
    pub(crate) async fn define(&mut self, sql: &str) -> Result<(), Error> {
        self.client()?.define(sql).await
    }

    /// Runs a statement that takes nothing and gives nothing.
    async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.client()?.batch(sql).await
    }

    /// Commits. [`Error::OutcomeUnknown`] when the answer was lost on the way.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        // A long transaction may have outlived the primary.
        self.check_primary().await?;
        match self.batch("COMMIT").await {
            Ok(()) => {
                self.give_back();
                Ok(())
            }
            Err(Error::Disconnected(why) | Error::Unavailable(why)) => {
                Err(Error::OutcomeUnknown(why))
            }
            // The server has answered, so the transaction is over and the connection is whole.
            Err(refused) => {
                self.leave(&refused);
                Err(refused)
            }
        }
    }

    /// Whether the server is still the primary, as far as a node can know.
    async fn check_primary(&self) -> Result<(), Error> {
        let client = self.client()?;
        if client.is_shared || !self.shared.can_look() {
            return Ok(());
        }
        self.shared.trust.prove(self.shared.look()).await?;
        if !self.shared.trust.is_current(&client.server) {
            return Err(Error::Disconnected(
                "the server is no longer the primary".to_owned(),
            ));
        }
        Ok(())
    }

    /// Rolls back after an error, if there was one; if that fails, so does the connection, which
    /// comes to the same.
    pub(crate) async fn rollback(mut self, error: Option<&Error>) {
        if self.batch("ROLLBACK").await.is_ok() {
            match error {
                Some(error) => self.leave(error),
                None => self.give_back(),
            }
        }
    }

    /// Ends the use of a connection whose transaction is over. One whose server has turned
    /// read-only is dropped, and its like are doubted.
    fn leave(&mut self, error: &Error) {
        if !matches!(error, Error::ReadOnly(_)) {
            return self.give_back();
        }
        // Of a server that was read-only from the first there is nothing new to learn.
        if self
            .client
            .as_ref()
            .is_some_and(|client| !client.server.is_read_only)
        {
            self.shared.trust.doubt();
        }
    }

    fn client(&self) -> Result<&Client, Error> {
        self.client.as_ref().ok_or(Error::Closed)
    }

    fn give_back(&mut self) {
        drop(self.client.take());
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            discard(client);
        }
    }
}

/// Takes a connection out of the pool and closes it.
fn discard(client: Client) {
    drop(Client::take(client));
}
