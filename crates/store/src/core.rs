//! A database whose keyring is not open yet: one of the two drivers, chosen by the URL, and what
//! all transactions share. Migrations and the keyring work with it; the rest of the product sees
//! [`crate::Db`].

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use cognate_crypto::{random::Random, seal::MasterKey};

use crate::{
    DbOptions, Error, OpenError, Stats, Tx,
    commit::{GroupWriter, Retrier},
    gate::Gate,
    keyring::Vault,
    link::Link,
    postgres,
    sqlite::{self, Place, Readers},
    tables,
};

pub(crate) struct Core {
    pub(crate) driver: Driver,
    gate: Arc<Gate>,
    /// For the pauses between retries.
    random: Mutex<Random>,
}

pub(crate) enum Driver {
    Sqlite {
        /// None where nothing is written.
        writer: Option<GroupWriter>,
        readers: Arc<Readers>,
    },
    Postgres(Retrier),
}

impl Core {
    /// Connects, and looks at nothing yet. Gives back what the keyring will need.
    pub(crate) fn connect(options: DbOptions) -> Result<(Core, MasterKey, Random), OpenError> {
        let gate = Arc::new(Gate::new(
            options.faults.clone(),
            options.statements.clone(),
            tables::derived(),
        ));
        let driver = Driver::open(&options, &gate)?;
        let DbOptions {
            master_key,
            mut random,
            ..
        } = options;
        let core = Core {
            driver,
            gate,
            random: Mutex::new(random.derive()),
        };
        Ok((core, master_key, random))
    }

    /// Lets transactions seal and open from now on. It is called once, when the keyring is open.
    pub(crate) fn give_vault(&self, vault: &Arc<Vault>) {
        self.gate.give_vault(vault);
    }

    /// A generator of its own.
    pub(crate) fn random(&self) -> Random {
        self.random
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .derive()
    }

    /// As [`crate::Db::write`].
    pub(crate) async fn write<T, E, F>(&self, name: &'static str, function: F) -> Result<T, E>
    where
        F: Clone + Send + 'static + AsyncFnOnce(&mut Tx) -> Result<T, E>,
        E: From<Error> + Send + 'static,
        T: Send + 'static,
    {
        self.gate.faults.before_write().await;
        match &self.driver {
            Driver::Sqlite {
                writer: Some(writer),
                ..
            } => writer.write(name, function).await,
            Driver::Sqlite { writer: None, .. } => {
                Err(Error::ReadOnly("it was opened to read".to_owned()).into())
            }
            Driver::Postgres(retrier) => retrier.write(name, function, self.random()).await,
        }
    }

    /// As [`crate::Db::read`].
    pub(crate) fn read(&self) -> Tx {
        let link = match &self.driver {
            Driver::Sqlite { readers, .. } => Link::SqliteReader(Arc::clone(readers)),
            Driver::Postgres(retrier) => Link::PostgresReader(retrier.pool().clone()),
        };
        Tx::new(link, "read", Arc::clone(&self.gate))
    }

    /// As [`crate::Db::snapshot`].
    pub(crate) async fn snapshot(&self) -> Result<Tx, Error> {
        let link = match &self.driver {
            Driver::Sqlite { readers, .. } => Link::SqliteSnapshot(readers.snapshot()?),
            Driver::Postgres(retrier) => Link::PostgresSnapshot(retrier.pool().snapshot().await?),
        };
        Ok(Tx::new(link, "snapshot", Arc::clone(&self.gate)))
    }

    /// As [`crate::Db::check_writable`].
    pub(crate) async fn check_writable(&self) -> Result<(), Error> {
        match &self.driver {
            // A file that can't be written is not even opened.
            Driver::Sqlite { readers, .. } => readers.run("SELECT 1", &[]).map(drop),
            Driver::Postgres(retrier) => retrier.pool().check_writable().await,
        }
    }

    /// As [`crate::Db::stats`].
    pub(crate) fn stats(&self) -> Stats {
        let counters = &self.gate.counters;
        Stats {
            writer: match &self.driver {
                Driver::Sqlite { .. } => Some(counters.writer()),
                Driver::Postgres(_) => None,
            },
            transactions: counters.transactions(),
        }
    }

    /// As [`crate::Db::close`].
    pub(crate) async fn close(&self) {
        match &self.driver {
            Driver::Sqlite { writer, readers } => {
                readers.close();
                if let Some(writer) = writer {
                    writer.close().await;
                }
            }
            Driver::Postgres(retrier) => retrier.close().await,
        }
    }

    /// Whether a table stands. It is asked before the schema is known, so each database is asked in
    /// its own words.
    pub(crate) async fn has_table(&self, tx: &mut Tx, name: &str) -> Result<bool, Error> {
        let sql = match &self.driver {
            Driver::Sqlite { .. } => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = $1"
            }
            Driver::Postgres(_) => {
                "SELECT table_name::text FROM information_schema.tables
                 WHERE table_schema = current_schema() AND table_name = $1"
            }
        };
        Ok(tx.query_optional(sql, &[name.into()]).await?.is_some())
    }
}

impl Driver {
    fn open(options: &DbOptions, gate: &Arc<Gate>) -> Result<Self, OpenError> {
        let url = options.url.as_str();
        if url == "sqlite::memory:" {
            return Self::open_sqlite(&Place::Memory, gate);
        }
        if let Some(path) = url.strip_prefix("sqlite:") {
            if path.is_empty() {
                return Err(OpenError::Url("sqlite: is followed by no path".to_owned()));
            }
            let path = PathBuf::from(path);
            if options.must_exist && matches!(path.try_exists(), Ok(false)) {
                return Err(OpenError::NoDatabase);
            }
            // To open a pipe would be to wait for ever.
            if std::fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
                return Err(OpenError::Url(format!("{} is no file", path.display())));
            }
            if options.only_reads {
                let readers = sqlite::open_to_read(&path);
                return Ok(Self::Sqlite {
                    writer: None,
                    readers,
                });
            }
            return Self::open_sqlite(&Place::File(&path), gate);
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let pool = postgres::open(options)?;
            return Retrier::start(pool, Arc::clone(gate)).map(Self::Postgres);
        }
        // The URL itself is not repeated: it may hold a password.
        Err(OpenError::Url(
            "it begins with none of sqlite:, postgres:// and postgresql://".to_owned(),
        ))
    }

    fn open_sqlite(place: &Place<'_>, gate: &Arc<Gate>) -> Result<Self, OpenError> {
        let (connection, readers) = sqlite::open(place)?;
        let writer = Some(GroupWriter::start(connection, Arc::clone(gate))?);
        Ok(Self::Sqlite { writer, readers })
    }
}
