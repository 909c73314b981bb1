//! One SQLite connection: its settings, its statements, its errors in our words.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{
    ErrorCode, OpenFlags,
    config::DbConfig,
    ffi,
    types::{ToSqlOutput, ValueRef},
};

use crate::{
    Error, OpenError, Param, Row,
    statements::SqliteTexts,
    value::{Answer, Value},
};

/// How long a statement waits for another process that holds the lock.
const BUSY: Duration = Duration::from_secs(10);
/// Files from this size on, in bytes, are read as mapped memory.
const MAPPED_FROM: u64 = 64 << 20;
/// So much of such a file is mapped, in bytes: as much as SQLite's own limit allows.
const MAPPED: u32 = 0x7fff_0000;
/// Prepared statements kept by each connection; there are fewer in the whole product.
const PREPARED: usize = 512;

/// A connection that is used by one thread at a time.
pub(crate) struct Connection {
    inner: rusqlite::Connection,
    texts: SqliteTexts,
}

impl Connection {
    /// Opens or creates the database for writing. Without `durable` a commit doesn't wait for the
    /// disk.
    pub(super) fn open_writer(file: &Path, durable: bool) -> Result<Self, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        create_private(file)?;
        let connection = Self::open(file, flags)?;
        let synchronous = if durable { "FULL" } else { "OFF" };
        // The cache is in KiB when negative. The log is cut back to its limit after a checkpoint.
        // Foreign keys are off: the portable subset has none.
        let settings = format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = OFF;
             PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 2000;"
        );
        connection.set(&settings)?;
        Ok(connection)
    }

    pub(super) fn open_reader(file: &Path) -> Result<Self, Error> {
        let connection = Self::open(
            file,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        // Up to 24 MiB, as it is used: the inner pages of the indexes of a million users have room.
        connection.batch("PRAGMA query_only = ON; PRAGMA cache_size = -24576;")?;
        // What the cache can't hold is mapped: reading a page into it costs twice what a search in
        // it does, and with a million users four are read for one user. What it can hold is not,
        // because SQLite gives the mapping up at each commit of another connection, as it does the
        // cache, and to make it anew costs more. Only readers map the file: a stray write can't
        // reach it, and it never shrinks.
        let size = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
        if size >= MAPPED_FROM {
            connection.batch(&format!("PRAGMA mmap_size = {MAPPED};"))?;
        }
        Ok(connection)
    }

    #[allow(clippy::disallowed_methods, reason = "this is the one place")]
    fn open(file: &Path, flags: OpenFlags) -> Result<Self, Error> {
        let inner = rusqlite::Connection::open_with_flags(file, flags).map_err(failure)?;
        inner.busy_timeout(BUSY).map_err(failure)?;
        inner.set_prepared_statement_cache_capacity(PREPARED);
        // Otherwise SQLite looks at the values of parameters when it plans a join, and plans it
        // anew whenever one has another value, which is at each run: a sixth of what GetUser costs.
        // So a plan depends on the text alone, as the EXPLAIN check takes for granted.
        inner
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(failure)?;
        Ok(Self {
            inner,
            texts: SqliteTexts::default(),
        })
    }

    /// Runs one statement to its end.
    pub(crate) fn run(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Answer, Error> {
        let text = self.texts.translate(sql);
        let mut statement = self.inner.prepare_cached(text).map_err(failure)?;
        if statement.parameter_count() != params.len() {
            return Err(Error::Statement(format!(
                "{} parameters for a statement that takes {}",
                params.len(),
                statement.parameter_count()
            )));
        }
        for (index, param) in params.iter().enumerate() {
            statement
                .raw_bind_parameter(index + 1, param)
                .map_err(failure)?;
        }
        let columns = statement.column_count();
        let mut answer = Answer::default();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(failure)? {
            let values = (0..columns).map(|column| value(row.get_ref(column).map_err(failure)?));
            answer.rows.push(Row(values.collect::<Result<_, _>>()?));
        }
        drop(rows);
        if !statement.readonly() {
            answer.affected = self.inner.changes();
        }
        Ok(answer)
    }

    /// Runs statements that take nothing and give nothing.
    pub(crate) fn batch(&self, sql: &str) -> Result<(), Error> {
        self.inner.execute_batch(sql).map_err(failure)
    }

    /// Gives a fresh connection its settings. Where several processes make the same file at once,
    /// one that turns the log on is told that the database is locked without having waited for the
    /// others; so it waits here.
    #[allow(
        clippy::disallowed_methods,
        reason = "SQLite's own wait for a lock, at the opening, blocks the thread too"
    )]
    fn set(&self, settings: &str) -> Result<(), Error> {
        let started = Instant::now();
        loop {
            match self.batch(settings) {
                Err(Error::Unavailable(_)) if started.elapsed() < BUSY => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                outcome => return outcome,
            }
        }
    }

    /// Runs a transaction control statement that is used again and again.
    pub(crate) fn control(&self, sql: &'static str) -> Result<(), Error> {
        let mut statement = self.inner.prepare_cached(sql).map_err(failure)?;
        statement.raw_execute().map(drop).map_err(failure)
    }

    /// Commits. When the disk fails under it the outcome is unknown: the frames may lie in the log,
    /// where a restart after a crash would find them. A full disk is known: the frame that commits
    /// was not written.
    pub(crate) fn commit(&self) -> Result<(), Error> {
        let mut statement = self.inner.prepare_cached("COMMIT").map_err(failure)?;
        statement
            .raw_execute()
            .map(drop)
            .map_err(|error| match error.sqlite_error_code() {
                Some(ErrorCode::SystemIoFailure) => Error::OutcomeUnknown(error.to_string()),
                _ => failure(error),
            })
    }

    /// Whether a transaction is open; SQLite ends one by itself when the disk is full or fails.
    pub(crate) fn in_transaction(&self) -> bool {
        !self.inner.is_autocommit()
    }

    /// Copies the log into the database and cuts it, if no reader is in the way.
    pub(crate) fn checkpoint(&self) -> Result<(), Error> {
        self.inner.busy_timeout(Duration::ZERO).map_err(failure)?;
        let mode = "PRAGMA wal_checkpoint(TRUNCATE)";
        let outcome = self.inner.query_row(mode, [], |_| Ok(())).map_err(failure);
        self.inner.busy_timeout(BUSY).map_err(failure)?;
        outcome
    }
}

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Param::Null => ValueRef::Null,
            Param::Text(text) => ValueRef::Text(text.as_bytes()),
            Param::Int(number) => ValueRef::Integer(*number),
            Param::Bytes(bytes) => ValueRef::Blob(bytes),
            Param::Bool(truth) => ValueRef::Integer(i64::from(*truth)),
        }))
    }
}

fn value(found: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Text(text) => Value::Text(
            std::str::from_utf8(text)
                .map_err(|_| Error::Unreadable("a text that is not UTF-8".to_owned()))?
                .to_owned(),
        ),
        ValueRef::Real(_) => return Err(Error::Unreadable("a floating-point value".to_owned())),
    })
}

/// Creates the file for this user only, before SQLite would with the process's mask; its log and
/// index take over the mode.
fn create_private(file: &Path) -> Result<(), OpenError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(file)
        .map(drop)
        .map_err(|source| OpenError::File {
            what: format!("opening the database {}", file.display()),
            source,
        })
}

/// SQLite's error in our words. The text never holds bound values.
pub(super) fn failure(error: rusqlite::Error) -> Error {
    let rusqlite::Error::SqliteFailure(code, message) = &error else {
        return Error::Statement(error.to_string());
    };
    let text = message.clone().unwrap_or_else(|| code.to_string());
    match (code.extended_code, code.code) {
        (ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY, _) => {
            Error::UniqueViolation(text)
        }
        (_, ErrorCode::ReadOnly) => Error::ReadOnly(text),
        (_, ErrorCode::DiskFull) => Error::Unavailable(format!("the disk is full ({text})")),
        (
            _,
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory
            | ErrorCode::PermissionDenied
            | ErrorCode::OperationInterrupted,
        ) => Error::Unavailable(text),
        _ => Error::Statement(text),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use rusqlite::StatementStatus;

    use super::*;
    use crate::{sqlite::folder::TemporaryFolder, statements::question_marks};

    #[test]
    fn readers_map_a_large_file_and_the_writer_does_not() {
        let folder = TemporaryFolder::create().unwrap();
        let file = folder.path().join("t.db");
        let mapped = |connection: &Connection| -> u32 {
            let mode = "PRAGMA mmap_size";
            let mapped = connection.inner.query_row(mode, [], |row| row.get(0));
            mapped.unwrap()
        };
        let writer = Connection::open_writer(&file, false).unwrap();
        writer.batch("CREATE TABLE t(a BIGINT)").unwrap();
        writer.checkpoint().unwrap();
        assert_eq!(mapped(&Connection::open_reader(&file).unwrap()), 0);
        let grown = std::fs::OpenOptions::new().write(true).open(&file);
        grown.unwrap().set_len(MAPPED_FROM).unwrap();
        assert_eq!(mapped(&Connection::open_reader(&file).unwrap()), MAPPED);
        assert_eq!(mapped(&writer), 0);
    }

    #[test]
    fn a_statement_is_planned_once_whatever_its_parameters_are() {
        let folder = TemporaryFolder::create().unwrap();
        let mut connection = Connection::open_writer(&folder.path().join("t.db"), false).unwrap();
        connection
            .batch(
                "CREATE TABLE s(pool TEXT NOT NULL, id TEXT NOT NULL, sub TEXT NOT NULL, PRIMARY KEY (pool, id));
                 CREATE INDEX s_sub ON s(pool, sub);
                 CREATE TABLE u(pool TEXT NOT NULL, sub TEXT NOT NULL, PRIMARY KEY (pool, sub));",
            )
            .unwrap();
        let sql = "SELECT s.id FROM s JOIN u ON u.pool = s.pool AND u.sub = s.sub WHERE s.pool = $1 AND s.id = $2";
        for value in ["x", "y", "z"] {
            connection.run(sql, &["p".into(), value.into()]).unwrap();
        }
        let text = question_marks(sql);
        let statement = connection.inner.prepare_cached(&text).unwrap();
        assert_eq!(statement.get_status(StatementStatus::Run), 3);
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
