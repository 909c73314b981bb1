//! Connections to PostgreSQL: the pool, one statement, the ends of a transaction, and errors in our words.

use std::time::Duration;

use deadpool_postgres::{
    Client, ClientWrapper, Hook, HookError, Manager, ManagerConfig, PoolError, RecyclingMethod,
    Runtime,
};
use futures_util::{TryStreamExt, pin_mut};
use tokio::time::timeout;
use tokio_postgres::{
    error::SqlState,
    types::{IsNull, ToSql, Type, to_sql_checked},
};

use super::{tls, url::Target};
use crate::{
    Error, OpenError, Param, Row,
    value::{Answer, Value},
};

/// Waiting for a free connection, or for a new one.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Waiting for the answer to a statement. The server's own limit is shorter, so that this one fires when the path is broken.
const STATEMENT_LIMIT: Duration = Duration::from_secs(20);
/// How often a read is tried when its connection turns out to be dead.
const READ_ATTEMPTS: u32 = 3;

/// Said to each new connection, each by itself; a database that doesn't know one of them does without. Sequential scans are off because
/// every statement has its index and a scan of a table, however small, makes serializable transactions conflict with every writer of it.
const SETTINGS: [&str; 4] = [
    "SET statement_timeout = '15s'",
    "SET idle_in_transaction_session_timeout = '30s'",
    "SET enable_seqscan = off",
    "SET plan_cache_mode = force_generic_plan",
];

/// The connections of one node. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pool(deadpool_postgres::Pool);

impl Pool {
    pub(super) fn new(target: Target, connections: usize) -> Result<Self, OpenError> {
        let connector = tls::Connector::new(&target.tls)?;
        let manager = Manager::from_config(
            target.config,
            connector,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        deadpool_postgres::Pool::builder(manager)
            .max_size(connections.max(1))
            .wait_timeout(Some(CONNECT_LIMIT))
            .create_timeout(Some(CONNECT_LIMIT))
            .recycle_timeout(Some(CONNECT_LIMIT))
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(prepare_connection(client))
            }))
            .build()
            .map(Self)
            .map_err(|error| OpenError::Url(error.to_string()))
    }

    /// Begins a transaction.
    pub(super) async fn begin(&self, how: &'static str) -> Result<Session, Error> {
        let mut session = Session {
            client: Some(self.connection().await?),
        };
        session.batch(how).await?;
        Ok(session)
    }

    /// Runs one statement that only reads. A dead connection is replaced and the statement asked again.
    pub(crate) async fn read(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Answer, Error> {
        let mut attempt = 1;
        loop {
            let client = self.connection().await?;
            match run(&client, sql, params).await {
                Err(Error::Disconnected(_)) if attempt < READ_ATTEMPTS => {
                    discard(client);
                    attempt += 1;
                }
                // A statement that the server refused leaves the connection whole; any other end may leave an answer on its way.
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

    pub(super) fn close(&self) {
        self.0.close();
    }

    async fn connection(&self) -> Result<Client, Error> {
        self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => Error::Unavailable(described(&error)),
            PoolError::PostCreateHook(HookError::Backend(error)) => {
                Error::Unavailable(described(&error))
            }
            PoolError::Closed => Error::Closed,
            other => Error::Unavailable(other.to_string()),
        })
    }
}

async fn prepare_connection(client: &mut ClientWrapper) -> Result<(), HookError> {
    for setting in SETTINGS {
        if let Err(error) = client.batch_execute(setting).await {
            if client.is_closed() {
                return Err(HookError::Backend(error));
            }
            tracing::debug!(setting, %error, "the database does not know a setting");
        }
    }
    Ok(())
}

/// A connection on which a transaction is open. Dropped before its end it takes the connection with it, and so the
/// database rolls back: a half-done transaction never goes back into the pool.
pub(crate) struct Session {
    client: Option<Client>,
}

impl Session {
    pub(crate) async fn run(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Answer, Error> {
        run(self.client()?, sql, params).await
    }

    /// Runs a statement that takes nothing and gives nothing.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        let client = self.client()?;
        limited(client.batch_execute(sql)).await
    }

    /// Commits. [`Error::OutcomeUnknown`] when the answer was lost on the way.
    pub(super) async fn commit(mut self) -> Result<(), Error> {
        match self.batch("COMMIT").await {
            Ok(()) => {
                self.give_back();
                Ok(())
            }
            Err(Error::Disconnected(why) | Error::Unavailable(why)) => {
                Err(Error::OutcomeUnknown(why))
            }
            Err(refused) => {
                // The server has answered, so the transaction is over and the connection is whole.
                self.give_back();
                Err(refused)
            }
        }
    }

    /// Rolls back; if that fails, so does the connection, which comes to the same.
    pub(super) async fn rollback(mut self) {
        if self.batch("ROLLBACK").await.is_ok() {
            self.give_back();
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

async fn run(
    client: &ClientWrapper,
    sql: &'static str,
    params: &[Param<'_>],
) -> Result<Answer, Error> {
    let bound: Vec<&(dyn ToSql + Sync)> = params
        .iter()
        .map(|param| param as &(dyn ToSql + Sync))
        .collect();
    let (rows, affected) = limited(async {
        let statement = client.prepare_cached(sql).await?;
        let stream = client.query_raw(&statement, bound).await?;
        pin_mut!(stream);
        let mut rows = Vec::new();
        while let Some(row) = stream.try_next().await? {
            rows.push(row);
        }
        Ok((rows, stream.rows_affected().unwrap_or_default()))
    })
    .await?;
    Ok(Answer {
        rows: rows.iter().map(values).collect::<Result<_, _>>()?,
        affected,
    })
}

async fn limited<T>(
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Error> {
    match timeout(STATEMENT_LIMIT, work).await {
        Ok(outcome) => outcome.map_err(|error| failure(&error)),
        Err(_) => Err(Error::Unavailable(
            "the database did not answer in time".to_owned(),
        )),
    }
}

fn values(row: &tokio_postgres::Row) -> Result<Row, Error> {
    let column = |index: usize, type_: &Type| -> Result<Value, tokio_postgres::Error> {
        Ok(match *type_ {
            Type::TEXT | Type::VARCHAR | Type::NAME => {
                row.try_get::<_, Option<String>>(index)?.map(Value::Text)
            }
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.map(Value::Int),
            Type::INT4 => row
                .try_get::<_, Option<i32>>(index)?
                .map(|number| Value::Int(number.into())),
            Type::BOOL => row.try_get::<_, Option<bool>>(index)?.map(Value::Bool),
            _ => row.try_get::<_, Option<Vec<u8>>>(index)?.map(Value::Bytes),
        }
        .unwrap_or(Value::Null))
    };
    let values = row.columns().iter().enumerate().map(|(index, found)| {
        column(index, found.type_())
            .map_err(|_| Error::Unreadable(format!("column {index} is of type {}", found.type_())))
    });
    values.collect::<Result<_, _>>().map(Row)
}

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        type_: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Param::Null => Ok(IsNull::Yes),
            Param::Text(text) => text.to_sql_checked(type_, out),
            Param::Int(number) if *type_ == Type::INT4 => {
                i32::try_from(*number)?.to_sql_checked(type_, out)
            }
            Param::Int(number) => number.to_sql_checked(type_, out),
            Param::Bytes(bytes) => bytes.to_sql_checked(type_, out),
            Param::Bool(truth) => truth.to_sql_checked(type_, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// PostgreSQL's error in our words. Only the message and the constraint are taken: the detail holds values of the row.
fn failure(error: &tokio_postgres::Error) -> Error {
    let Some(server) = error.as_db_error() else {
        // Without an answer of the server: a broken path, or a value that could not be bound or read.
        let broken = error.is_closed() || has_io_source(error);
        return if broken {
            Error::Disconnected(described(error))
        } else {
            Error::Statement(described(error))
        };
    };
    let text = format!("{} ({})", server.message(), server.code().code());
    match server.code() {
        code if *code == SqlState::UNIQUE_VIOLATION => {
            Error::UniqueViolation(server.constraint().unwrap_or(server.message()).to_owned())
        }
        code if *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED =>
        {
            Error::Conflict
        }
        code if code.code() == "40003" => Error::OutcomeUnknown(text),
        // The server ends the connection: it stops, starts, or was told to.
        code if code.code().starts_with("57P") || code.code().starts_with("08") => {
            Error::Disconnected(text)
        }
        // Out of disk, memory or connections; cancelled by a time limit; a standby that can't write.
        code if matches!(code.code().get(..2), Some("53" | "57" | "58"))
            || code.code() == "25006" =>
        {
            Error::Unavailable(text)
        }
        _ => Error::Statement(text),
    }
}

fn has_io_source(error: &tokio_postgres::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<std::io::Error>() {
            return true;
        }
        source = cause.source();
    }
    false
}

/// The error and its causes in one line.
fn described(error: &tokio_postgres::Error) -> String {
    if let Some(server) = error.as_db_error() {
        return format!("{} ({})", server.message(), server.code().code());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
