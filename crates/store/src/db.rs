//! The database as the rest of the product sees it: open, write, read, seal.

use std::sync::Arc;

use cognate_crypto::{random::Random, seal::MasterKey, secret::SecretBytes};

use crate::{
    DbOptions, Error, OpenError, Stats, Tx,
    core::Core,
    keyring::{self, Vault},
    migrations,
};

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    core: Arc<Core>,
    vault: Arc<Vault>,
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
        let keeps_schema = options.keeps_schema;
        let (core, master_key, mut random) = Core::connect(options)?;
        let is_made = migrations::check(&core, &master_key).await?;
        if must_exist && !is_made {
            return Err(OpenError::NoDatabase);
        }
        if only_reads {
            migrations::check_up_to_date(&core).await?;
        } else {
            core.check_writable().await?;
            if keeps_schema && is_made {
                migrations::check_up_to_date(&core).await?;
            }
            migrations::run(&core, &random.uuid_v4(), migrations::newest()).await?;
        }
        Db::with_keyring(core, &master_key, random).await
    }

    /// Opens the keyring of a database whose schema is up to date.
    pub(crate) async fn with_keyring(
        core: Core,
        master_key: &MasterKey,
        random: Random,
    ) -> Result<Db, OpenError> {
        let vault = Arc::new(keyring::open(&core, master_key, random).await?);
        core.give_vault(&vault);
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
        keyring::rotate(&self.core, old, new, self.core.random()).await
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

    /// What the database has counted of itself since it was opened. It asks the database nothing,
    /// so it may be called as often as one likes.
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

#[cfg(test)]
mod tests;
