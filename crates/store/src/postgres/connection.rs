//! One connection: how it is made, what is said to it first, and one statement on it.

use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use futures_util::{TryStreamExt, pin_mut};
use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::{Client, Config, Statement, types::ToSql};

use super::{
    failure::{begin_failure, described, failure, is_of_a_pooler},
    pooler::{self, Pooler},
    server::{Question, Server},
    tls::Connector,
    trust::Trust,
    wire,
};
use crate::{Error, Param, statements::placeholders, value::Answer};

/// Waiting for a new connection, or for a free one.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Waiting for the answer to a statement. The server's own limit is shorter, so that this one fires
/// when the path is broken.
const STATEMENT_LIMIT: Duration = Duration::from_secs(20);
/// The same for a step of a migration: an index of a large table takes its time.
const DEFINITION_LIMIT: Duration = Duration::from_secs(3600);

/// Said to each new connection, each by itself; a database that doesn't know one of them does
/// without. Sequential scans are off because every statement has its index and a scan of a table,
/// however small, makes serializable transactions conflict with every writer of it. Behind a pooler
/// they are said to each transaction instead, for as long as it lasts.
const SETTINGS: [&str; 4] = [
    "statement_timeout = '15s'",
    "idle_in_transaction_session_timeout = '30s'",
    "enable_seqscan = off",
    "plan_cache_mode = force_generic_plan",
];

/// What all connections of one pool share: where they lead, and what is known of the servers there.
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) connector: Connector,
    pub(super) pooler: Pooler,
    /// Nothing will be written: a standby is good enough.
    pub(super) only_reads: bool,
    pub(super) trust: Trust,
    pub(super) question: Question,
    /// A pooler has shown itself: no connection keeps anything any more.
    shares: AtomicBool,
    /// The settings that the database knows, as said to a transaction.
    settings: OnceLock<String>,
}

/// Makes connections for the pool.
pub(super) struct Manager(pub(super) Arc<Shared>);

/// A connection. When it is dropped its socket is closed at once, whatever is on its way.
pub(crate) struct Connection {
    client: Client,
    task: JoinHandle<()>,
    shared: Arc<Shared>,
    pub(super) server: Server,
    /// It was not used yet.
    pub(super) is_fresh: bool,
    /// Nothing is kept on it from one transaction to the next.
    pub(super) is_shared: bool,
    /// The doubts at the time when its server was last asked.
    pub(super) cleared: u64,
    /// By the address of their texts: a `&'static str` of one address and length has one content.
    statements: HashMap<(usize, usize), Statement>,
}

impl Shared {
    pub(super) fn new(
        config: Config,
        connector: Connector,
        pooler: Pooler,
        only_reads: bool,
    ) -> Self {
        Self {
            config,
            connector,
            pooler,
            only_reads,
            trust: Trust::default(),
            question: Question::default(),
            shares: AtomicBool::new(false),
            settings: OnceLock::new(),
        }
    }

    /// Whether a pooler has shown itself by what it did to a connection that was not taken for
    /// shared.
    pub(super) fn has_shown_a_pooler(&self) -> bool {
        self.shares.load(Ordering::Relaxed)
    }

    fn notice_a_pooler(&self) {
        if !self.shares.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "connections to the database are shared by a pooler: nothing is kept on them from now on"
            );
        }
    }

    /// Looks where the address leads now. None where a server is that lets nobody else in just now.
    pub(super) async fn look(self: &Arc<Self>) -> Result<Option<Server>, Error> {
        let look = async {
            let (client, task) = self.connect().await?;
            let connection = Connection::new(client, task, Arc::clone(self));
            self.question.ask(&connection.client).await
        };
        match timeout(CONNECT_LIMIT, look).await {
            Ok(Ok(server)) => Ok(Some(server)),
            Ok(Err(error)) => match error.code().and_then(|code| code.code().get(..2)) {
                // Too many connections, or another password by now.
                Some("53" | "28") => {
                    let error = described(&error);
                    tracing::warn!(
                        error,
                        "where the address of the database leads can't be seen"
                    );
                    Ok(None)
                }
                _ => Err(Error::Unavailable(described(&error))),
            },
            Err(_) => Err(Error::Unavailable(
                "no new connection to the database in time".to_owned(),
            )),
        }
    }

    /// Whether a new connection would show where the address leads. One to a pooler shows what the
    /// pooler has.
    pub(super) fn can_look(&self) -> bool {
        self.pooler == Pooler::FindOut
    }

    async fn connect(&self) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        let (client, connection) = self.config.connect(self.connector.clone()).await?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(
                    error = described(&error),
                    "a connection to the database has ended"
                );
            }
        });
        Ok((client, task))
    }

    /// Whether connections may hold nothing: a pooler was named, or has been noticed.
    async fn is_shared(&self, client: &Client, server: &Server) -> Result<bool, Error> {
        let is_noticed = match self.pooler {
            Pooler::Transaction => return Ok(true),
            Pooler::Session => self.has_shown_a_pooler(),
            Pooler::FindOut => {
                self.has_shown_a_pooler()
                    || match (server.process, pooler::cancelled_as(client).await) {
                        (Some(served_by), Some(cancelled_as)) => served_by != cancelled_as,
                        _ => false,
                    }
            }
        };
        if is_noticed && self.config.get_options().is_some() {
            return Err(Error::Unavailable(
                super::url::OPTIONS_BEHIND_A_POOLER.to_owned(),
            ));
        }
        Ok(is_noticed)
    }
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection, Error> {
        let shared = &self.0;
        let unavailable = |error| Error::Unavailable(described(&error));
        let (client, task) = shared.connect().await.map_err(unavailable)?;
        let mut connection = Connection::new(client, task, Arc::clone(shared));
        connection.server = connection.ask().await?;
        if !shared.only_reads {
            shared.trust.admit(&connection.server)?;
        }
        connection.cleared = shared.trust.doubts();
        connection.is_shared = shared
            .is_shared(&connection.client, &connection.server)
            .await?;
        if connection.is_shared {
            connection.find_settings().await?;
        } else {
            connection.say_settings().await?;
        }
        Ok(connection)
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Error> {
        if connection.client.is_closed() {
            return Err(RecycleError::message("the connection is closed"));
        }
        if !connection.is_shared && self.0.has_shown_a_pooler() {
            return Err(RecycleError::message(
                "the connection is shared with others",
            ));
        }
        Ok(())
    }
}

impl Connection {
    fn new(client: Client, task: JoinHandle<()>, shared: Arc<Shared>) -> Self {
        Self {
            client,
            task,
            shared,
            server: Server::told(&[]),
            is_fresh: true,
            is_shared: false,
            cleared: 0,
            statements: HashMap::new(),
        }
    }

    /// Asks its server what it is.
    pub(super) async fn ask(&self) -> Result<Server, Error> {
        limited(self.shared.question.ask(&self.client), failure).await
    }

    /// Runs one statement.
    pub(super) async fn run(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Answer, Error> {
        // PostgreSQL takes more values than the text has places for, where the text comes with
        // them.
        if self.is_shared && placeholders(sql) != params.len() {
            return Err(Error::Statement("a wrong number of values".to_owned()));
        }
        let shared = Arc::clone(&self.shared);
        let noticing = |error: &tokio_postgres::Error| {
            if is_of_a_pooler(error) {
                shared.notice_a_pooler();
            }
            failure(error)
        };
        let work = async {
            let stream = if self.is_shared {
                // One message with the text, its types and its values: nothing is left behind on
                // the server.
                let typed = params
                    .iter()
                    .map(|param| (as_sql(param), wire::type_of(param)));
                self.client.query_typed_raw(sql, typed).await?
            } else {
                let statement = self.prepared(sql).await?;
                self.client
                    .query_raw(&statement, params.iter().map(as_sql))
                    .await?
            };
            pin_mut!(stream);
            let mut rows = Vec::new();
            while let Some(row) = stream.try_next().await? {
                rows.push(row);
            }
            Ok((rows, stream.rows_affected().unwrap_or_default()))
        };
        let (rows, affected) = limited(work, noticing).await?;
        wire::answer(&rows, affected)
    }

    /// Runs a statement that takes nothing and gives nothing.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), Error> {
        limited(self.client.batch_execute(sql), failure).await
    }

    /// Runs a statement that defines the schema, in a transaction.
    pub(super) async fn define(&self, sql: &str) -> Result<(), Error> {
        let seconds = DEFINITION_LIMIT.as_secs();
        let sql = format!("SET LOCAL statement_timeout = '{seconds}s'; {sql}");
        let work = self.client.batch_execute(&sql);
        limited_to(DEFINITION_LIMIT, work, failure).await
    }

    /// Begins a transaction. Behind a pooler that is when it comes out which server it runs on: the
    /// pooler may have others than the address leads to, and may not pool as it was said to.
    pub(super) async fn begin(&self, how: &str) -> Result<(), Error> {
        if !self.is_shared && self.shared.pooler != Pooler::Session {
            return limited(self.client.batch_execute(how), begin_failure).await;
        }
        let settings = match self.shared.settings.get() {
            Some(settings) if self.is_shared => settings.as_str(),
            _ => "",
        };
        let text = format!("{how}; {settings}{}", self.shared.question.text());
        let answer = limited(self.client.simple_query(&text), begin_failure).await?;
        let server = Server::told(&answer);
        if !self.is_shared && server.process != self.server.process {
            self.shared.notice_a_pooler();
            return Err(Error::Disconnected(
                "the pooler has given the connection another server".to_owned(),
            ));
        }
        if self.shared.only_reads {
            return Ok(());
        }
        self.shared.trust.admit(&server)
    }

    async fn prepared(&mut self, sql: &'static str) -> Result<Statement, tokio_postgres::Error> {
        let key = (sql.as_ptr() as usize, sql.len());
        if let Some(statement) = self.statements.get(&key) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.insert(key, statement.clone());
        Ok(statement)
    }

    async fn say_settings(&self) -> Result<(), Error> {
        for setting in SETTINGS {
            let said = self.client.batch_execute(&format!("SET {setting}")).await;
            self.is_known(setting, said)?;
        }
        Ok(())
    }

    /// Finds out, once for the pool, which settings the database knows, and leaves none of them
    /// behind.
    async fn find_settings(&self) -> Result<(), Error> {
        if self.shared.settings.get().is_some() {
            return Ok(());
        }
        let mut known = String::new();
        for setting in SETTINGS {
            let said = self
                .client
                .batch_execute(&format!("BEGIN; SET LOCAL {setting}; ROLLBACK"))
                .await;
            if self.is_known(setting, said)? {
                known.push_str(&format!("SET LOCAL {setting}; "));
            } else {
                self.batch("ROLLBACK").await?;
            }
        }
        if self.shared.settings.set(known).is_ok() {
            tracing::info!(
                "a pooler stands before the database: nothing is kept on its connections"
            );
        }
        Ok(())
    }

    fn is_known(
        &self,
        setting: &'static str,
        said: Result<(), tokio_postgres::Error>,
    ) -> Result<bool, Error> {
        match said {
            Ok(()) => Ok(true),
            Err(error) if error.as_db_error().is_none() || self.client.is_closed() => {
                Err(Error::Unavailable(described(&error)))
            }
            Err(error) => {
                tracing::debug!(setting, %error, "the database does not know a setting");
                Ok(false)
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn as_sql<'a>(param: &'a Param<'_>) -> &'a (dyn ToSql + Sync) {
    param
}

async fn limited<T>(
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    in_words: impl Fn(&tokio_postgres::Error) -> Error,
) -> Result<T, Error> {
    limited_to(STATEMENT_LIMIT, work, in_words).await
}

async fn limited_to<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    in_words: impl Fn(&tokio_postgres::Error) -> Error,
) -> Result<T, Error> {
    match timeout(limit, work).await {
        Ok(outcome) => outcome.map_err(|error| in_words(&error)),
        Err(_) => Err(Error::Unavailable(
            "the database did not answer in time".to_owned(),
        )),
    }
}
