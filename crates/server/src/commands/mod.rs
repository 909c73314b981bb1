//! One file a command.

pub(crate) mod access_key;
pub(crate) mod backup;
pub(crate) mod dev;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod generate;
pub(crate) mod health;
pub(crate) mod import_log;
pub(crate) mod import_pool;
mod listing;
pub(crate) mod master_key;
pub(crate) mod pool;
pub(crate) mod recovery_codes;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod setting;
pub(crate) mod signing_key;
pub(crate) mod unconfirmed_users;

use std::future::Future;

use anyhow::{Context, Result};
use cognate_service::Entropy;
use cognate_store::Db;

use crate::config_file::ConfigFile;
use crate::configuration::{Kind, StoreConfiguration};
use crate::database;
use crate::options::StoreOptions;

/// The key itself, where it is not in a file. No flag has it: other users of a machine see the
/// flags of a process.
#[allow(clippy::disallowed_methods, reason = "this is the command line")]
fn master_key_variable() -> Option<String> {
    std::env::var("COGNATE_MASTER_KEY").ok()
}

/// The passphrase of a backup, where it is not in a file.
#[allow(clippy::disallowed_methods, reason = "this is the command line")]
fn passphrase_variable() -> Option<String> {
    std::env::var("COGNATE_BACKUP_PASSPHRASE").ok()
}

/// Runs a command that waits for things.
fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let outcome = runtime.block_on(future);
    // A look-up of a host's name may hang on a thread of its own; nothing waits for it.
    runtime.shutdown_background();
    outcome
}

/// Where the data is, for a command that serves nothing.
fn store_configuration(options: StoreOptions) -> Result<StoreConfiguration> {
    let file = ConfigFile::load(options.config.as_deref())?;
    StoreConfiguration::resolve(options, &file, Kind::Serve, master_key_variable())
}

/// Where the data is that is there already.
fn existing_store(options: &StoreOptions) -> Result<StoreConfiguration> {
    let file = ConfigFile::load(options.config.as_deref())?;
    let master_key = master_key_variable();
    let found = StoreConfiguration::of_existing(options, &file, master_key.as_deref())?;
    Ok(found.0)
}

/// Runs a command on a database that is there already, whatever it is for; servers may be running
/// beside it. Makes nothing.
fn with_existing(options: StoreOptions, work: impl AsyncFnOnce(&Db) -> Result<()>) -> Result<()> {
    let configuration = existing_store(&options)?;
    block_on(async {
        let (db, _) = database::open_existing(&configuration, &Entropy::System).await?;
        let outcome = work(&db).await;
        db.close().await;
        outcome
    })
}

/// The same for what only reads: it brings no database of an earlier version up to date.
fn with_existing_to_read(
    options: StoreOptions,
    work: impl AsyncFnOnce(&Db) -> Result<()>,
) -> Result<()> {
    let configuration = existing_store(&options)?;
    block_on(async {
        let (db, _) = database::open_to_read(&configuration, &Entropy::System).await?;
        let outcome = work(&db).await;
        db.close().await;
        outcome
    })
}
