//! The database as the rest of the product sees it: open, write, read, seal.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use cognate_crypto::{random::Random, seal::MasterKey, secret::SecretBytes};

use crate::{
    Error, FaultPlan, OpenError, StatementLog, Stats, Tx,
    keyring::{self, Vault, rotation},
    migrations,
    postgres::Postgres,
    sqlite::{Place, Sqlite},
    tx::{Gate, Link},
};

/// What `Db::open` needs.
pub struct DbOptions {
    /// `sqlite:PATH`, `sqlite::memory:` (gone with the process) or `postgres://…`.
    pub url: String,
    /// The operator's key, under which the data keys are wrapped.
    pub master_key: MasterKey,
    /// For nonces, salts and the pauses between retries; a stream of its own.
    pub random: Random,
    /// Connections to PostgreSQL at most; SQLite opens as many as there are threads that read.
    pub max_connections: usize,
    /// Refuse a database that was not made yet ([`OpenError::NoDatabase`]) instead of making it.
    pub must_exist: bool,
    /// Nothing will be written, so that a database that takes no writes will do: a standby. Its
    /// schema must be up to date.
    pub only_reads: bool,
    /// Faults on order, for tests.
    pub faults: FaultPlan,
    /// Collects the texts of all statements, for tests.
    pub statements: Option<StatementLog>,
}

impl DbOptions {
    /// Options with no faults, no log and at most 16 connections.
    #[must_use]
    pub fn new(url: impl Into<String>, master_key: MasterKey, random: Random) -> Self {
        Self {
            url: url.into(),
            master_key,
            random,
            max_connections: 16,
            must_exist: false,
            only_reads: false,
            faults: FaultPlan::default(),
            statements: None,
        }
    }
}

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    core: Arc<Core>,
    vault: Arc<Vault>,
}

/// A database whose keyring is not open yet: what migrations and the keyring itself work with.
pub(crate) struct Core {
    driver: Driver,
    gate: Arc<Gate>,
    /// For the pauses between retries.
    random: Mutex<Random>,
}

enum Driver {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Db {
    /// Opens the database, brings its schema up to date and opens its keyring, which is made at the
    /// first start.
    ///
    /// # Errors
    /// [`OpenError`]; a wrong master key, a newer schema and a database that takes no writes are
    /// found before anything is written.
    pub async fn open(options: DbOptions) -> Result<Db, OpenError> {
        let (must_exist, only_reads) = (options.must_exist, options.only_reads);
        let (core, master_key, mut random) = Core::connect(options)?;
        let is_made = migrations::check(&core, &master_key).await?;
        if must_exist && !is_made {
            return Err(OpenError::NoDatabase);
        }
        if !only_reads {
            core.check_writable().await?;
        }
        migrations::run(&core, &random.uuid_v4(), migrations::newest()).await?;
        Db::with_keyring(core, &master_key, random).await
    }

    /// Opens the keyring of a database whose schema is up to date.
    pub(crate) async fn with_keyring(
        core: Core,
        master_key: &MasterKey,
        random: Random,
    ) -> Result<Db, OpenError> {
        let vault = Arc::new(keyring::open(&core, master_key, random).await?);
        // It was empty: it is set here only, once.
        let _ = core.gate.vault.set(Arc::clone(&vault));
        Ok(Db {
            core: Arc::new(core),
            vault,
        })
    }

    /// Wraps all data keys under another master key, in one transaction, and gives their number.
    /// What runs goes on: it holds the data keys themselves. The next start needs the new key.
    ///
    /// # Errors
    /// [`OpenError::WrongMasterKey`] when `old` isn't the key that the database is under;
    /// [`Error::OutcomeUnknown`] when not even a look at the database tells which of the two it is
    /// under now.
    pub async fn rotate_master_key(
        &self,
        old: &MasterKey,
        new: &MasterKey,
    ) -> Result<usize, OpenError> {
        rotation::rotate(&self.core, old, new, self.core.random()).await
    }

    /// Runs a function as one transaction and gives its value once that is durable. `name` is for
    /// logs and the fault plan.
    ///
    /// The function may run several times, so it is `Clone` and changes nothing outside; inside it
    /// nothing but the database is awaited. An `Err` rolls back, and so does a failed statement,
    /// whatever the function makes of it. The transaction runs to its end even if the future
    /// returned here is dropped.
    ///
    /// # Errors
    /// The function's own, or [`Error`] turned into it. [`Error::OutcomeUnknown`] is the only one
    /// after which the work may stand.
    pub async fn write<T, E, F>(&self, name: &'static str, function: F) -> Result<T, E>
    where
        F: Clone + Send + 'static + AsyncFnOnce(&mut Tx) -> Result<T, E>,
        E: From<Error> + Send + 'static,
        T: Send + 'static,
    {
        self.core.write(name, function).await
    }

    /// A reader: each statement sees what is committed when it begins, and stands alone. It takes
    /// SELECT only.
    ///
    /// # Errors
    /// None today; a database that can't be reached is told by the first statement.
    #[allow(
        clippy::unused_async,
        reason = "a driver may have to wait for a connection here"
    )]
    pub async fn read(&self) -> Result<Tx, Error> {
        Ok(self.core.read())
    }

    /// A reader all of whose statements see the database as it is now. It holds a connection: use
    /// it briefly.
    ///
    /// # Errors
    /// [`Error`] when the database can't be reached.
    pub async fn snapshot(&self) -> Result<Tx, Error> {
        self.core.snapshot().await
    }

    /// Whether the database answers and takes writes.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] when it only reads, other errors when it doesn't answer.
    pub async fn check_writable(&self) -> Result<(), Error> {
        self.core.check_writable().await
    }

    /// Seals a secret for its place (`context`: table, key, column), under the newest data key.
    ///
    /// # Errors
    /// [`Error::Sealed`] when the plain text is too large to seal.
    pub fn seal(&self, context: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.vault.seal(context, plain)
    }

    /// Opens what a caller was given sealed and brings back. What does not open is their doing, and
    /// no news: a row's secret is opened by [`Tx::open_sealed`], which says in the log that one was
    /// tampered with.
    ///
    /// # Errors
    /// [`Error::Sealed`].
    pub fn open_sealed(&self, context: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, Error> {
        self.vault.open_presented(context, sealed)
    }

    /// A secret of this installation for one purpose: made-up salts, paging tokens, hashes of
    /// single-use things. The same on every node and after every restart, and not to be had from
    /// the database without the master key.
    #[must_use]
    pub fn server_secret(&self, purpose: &str) -> [u8; 32] {
        self.vault.server_secret(purpose)
    }

    /// What the database has counted of itself since it was opened. It asks the database nothing, so
    /// it may be called as often as one likes.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }

    /// Ends the work that runs, then closes the connections. Later calls are [`Error::Closed`].
    pub async fn close(&self) {
        self.core.close().await;
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }
}

impl Core {
    /// Connects, and looks at nothing yet. Gives back what the keyring will need.
    pub(crate) fn connect(options: DbOptions) -> Result<(Core, MasterKey, Random), OpenError> {
        let DbOptions {
            url,
            master_key,
            mut random,
            max_connections,
            must_exist,
            only_reads,
            faults,
            statements,
        } = options;
        let gate = Arc::new(Gate {
            faults,
            log: statements,
            counters: Arc::default(),
            vault: OnceLock::new(),
        });
        let core = Core {
            driver: Driver::open(&url, max_connections, must_exist, only_reads, &gate)?,
            gate,
            random: Mutex::new(random.derive()),
        };
        Ok((core, master_key, random))
    }

    /// A generator of its own.
    pub(crate) fn random(&self) -> Random {
        self.random
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .derive()
    }

    /// As [`Db::snapshot`].
    pub(crate) async fn snapshot(&self) -> Result<Tx, Error> {
        let link = match &self.driver {
            Driver::Sqlite(sqlite) => Link::SqliteSnapshot(sqlite.readers.snapshot()?),
            Driver::Postgres(postgres) => Link::PostgresSnapshot(postgres.snapshot().await?),
        };
        Ok(Tx::new(link, "snapshot", Arc::clone(&self.gate)))
    }

    /// As [`Db::check_writable`].
    pub(crate) async fn check_writable(&self) -> Result<(), Error> {
        match &self.driver {
            // A file that can't be written is not even opened.
            Driver::Sqlite(sqlite) => sqlite.readers.run("SELECT 1", &[]).map(drop),
            Driver::Postgres(postgres) => postgres.pool.check_writable().await,
        }
    }

    /// As [`Db::stats`].
    pub(crate) fn stats(&self) -> Stats {
        let counters = &self.gate.counters;
        Stats {
            writer: match &self.driver {
                Driver::Sqlite(_) => Some(counters.writer()),
                Driver::Postgres(_) => None,
            },
            transactions: counters.transactions(),
        }
    }

    /// As [`Db::close`].
    pub(crate) async fn close(&self) {
        match &self.driver {
            Driver::Sqlite(sqlite) => {
                sqlite.readers.close();
                sqlite.writer.close().await;
            }
            Driver::Postgres(postgres) => postgres.close().await,
        }
    }

    /// As [`Db::write`].
    pub(crate) async fn write<T, E, F>(&self, name: &'static str, function: F) -> Result<T, E>
    where
        F: Clone + Send + 'static + AsyncFnOnce(&mut Tx) -> Result<T, E>,
        E: From<Error> + Send + 'static,
        T: Send + 'static,
    {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.writer.write(name, function).await,
            Driver::Postgres(postgres) => postgres.write(name, function, self.random()).await,
        }
    }

    /// As [`Db::read`].
    pub(crate) fn read(&self) -> Tx {
        let link = match &self.driver {
            Driver::Sqlite(sqlite) => Link::SqliteReader(Arc::clone(&sqlite.readers)),
            Driver::Postgres(postgres) => Link::PostgresReader(postgres.pool.clone()),
        };
        Tx::new(link, "read", Arc::clone(&self.gate))
    }

    /// Whether a table stands. It is asked before the schema is known, so each database is asked in
    /// its own words.
    pub(crate) async fn has_table(&self, tx: &mut Tx, name: &str) -> Result<bool, Error> {
        let sql = match &self.driver {
            Driver::Sqlite(_) => {
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
    fn open(
        url: &str,
        max_connections: usize,
        must_exist: bool,
        only_reads: bool,
        gate: &Arc<Gate>,
    ) -> Result<Self, OpenError> {
        let gate = Arc::clone(gate);
        if url == "sqlite::memory:" {
            return Sqlite::open(&Place::Memory, gate).map(Self::Sqlite);
        }
        if let Some(path) = url.strip_prefix("sqlite:") {
            if path.is_empty() {
                return Err(OpenError::Url("sqlite: is followed by no path".to_owned()));
            }
            let path = PathBuf::from(path);
            if must_exist && matches!(path.try_exists(), Ok(false)) {
                return Err(OpenError::NoDatabase);
            }
            return Sqlite::open(&Place::File(&path), gate).map(Self::Sqlite);
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Postgres::open(url, max_connections, only_reads, gate).map(Self::Postgres);
        }
        // The URL itself is not repeated: it may hold a password.
        Err(OpenError::Url(
            "it begins with none of sqlite:, postgres:// and postgresql://".to_owned(),
        ))
    }
}
