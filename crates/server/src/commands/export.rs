//! `cognate export`: one user pool, sealed for another server, or its users without their secrets.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use cognate_crypto::seal::file::Lock;
use cognate_service::exports::{self, Format};
use cognate_service::{Clock, Entropy};
use cognate_store::Db;
use cognate_store::backup::Summary;

use super::backup::{described, tell_progress};
use super::{block_on, passphrase_variable, store_configuration};
use crate::backup_key;
use crate::database;
use crate::options::StoreOptions;
use crate::private_file::Draft;
use crate::terminal::tell;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The user pool.
    #[arg(value_name = "POOL")]
    pool: String,
    /// The file to write, in place of one that is there; - for stdout.
    #[arg(value_name = "FILE")]
    file: String,
    /// Write the users without passwords, second factors' secrets and passkeys, in clear.
    #[arg(long)]
    without_secrets: bool,
    /// How users without secrets are written.
    #[arg(long, value_enum, requires = "without_secrets", default_value = "csv")]
    format: PlainFormat,
    /// Let the keys that sign the pool's tokens go along, so that tokens of both servers verify
    /// with one set of keys. Whoever opens the file can sign tokens then.
    #[arg(long, conflicts_with = "without_secrets")]
    with_signing_keys: bool,
    /// Seal under the passphrase in this file, not under the master key. COGNATE_BACKUP_PASSPHRASE
    /// holds the passphrase itself instead.
    #[arg(long, value_name = "FILE", conflicts_with = "without_secrets")]
    passphrase_file: Option<String>,
    #[command(flatten)]
    store: StoreOptions,
}

#[derive(Clone, Copy, ValueEnum)]
enum PlainFormat {
    /// The columns of GetCSVHeader, as an import of users takes them.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl From<PlainFormat> for Format {
    fn from(format: PlainFormat) -> Self {
        match format {
            PlainFormat::Csv => Self::Csv,
            PlainFormat::Jsonl => Self::Jsonl,
        }
    }
}

/// Does it.
pub(crate) fn run(arguments: Arguments) -> Result<()> {
    let (pool, file) = (arguments.pool.as_str(), arguments.file.as_str());
    let with_keys = arguments.with_signing_keys;
    if arguments.without_secrets {
        let format = arguments.format.into();
        return super::with_existing_to_read(arguments.store, async move |db| {
            let users = write_plain(db, &arguments.pool, &arguments.file, format).await?;
            tell(&format!("{users} users are written"));
            Ok(())
        });
    }
    let passphrase =
        backup_key::passphrase(arguments.passphrase_file.as_deref(), passphrase_variable())?;
    let configuration = store_configuration(arguments.store)?;
    if file == "-" && io::stdout().is_terminal() {
        bail!("an export is no text for a terminal: name a file, or lead stdout into one");
    }
    block_on(async {
        let (db, master_key) = database::open_to_read(&configuration, &Entropy::System).await?;
        let outcome = match backup_key::lock(passphrase.as_ref(), &master_key) {
            Ok(lock) => write(&db, pool, file, with_keys, lock).await,
            Err(error) => Err(error),
        };
        db.close().await;
        tell(&described("the user pool is exported", &outcome?));
        Ok(())
    })
}

async fn write(
    db: &Db,
    pool: &str,
    file: &str,
    with_keys: bool,
    lock: Lock<'_>,
) -> Result<Summary> {
    let clock = Clock::system();
    let mut progress = tell_progress;
    if file == "-" {
        let out = (io::stdout(), lock);
        let (mut out, summary) =
            exports::export(db, &clock, pool, with_keys, out, &mut progress).await?;
        out.flush().context("stdout cannot be written")?;
        return Ok(summary);
    }
    let cannot = || format!("the export {file} cannot be written");
    let draft = Draft::create(Path::new(file)).with_context(cannot)?;
    let (draft, summary) =
        exports::export(db, &clock, pool, with_keys, (draft, lock), &mut progress).await?;
    draft.replace().with_context(cannot)?;
    Ok(summary)
}

async fn write_plain(db: &Db, pool: &str, file: &str, format: Format) -> Result<u64> {
    if file == "-" {
        let mut out = BufWriter::new(io::stdout().lock());
        let users = exports::write_plain(db, pool, format, &mut out).await?;
        out.flush().context("stdout cannot be written")?;
        return Ok(users);
    }
    let cannot = || format!("the export {file} cannot be written");
    let mut draft = Draft::create(Path::new(file)).with_context(cannot)?;
    let users = exports::write_plain(db, pool, format, &mut draft).await?;
    draft.replace().with_context(cannot)?;
    Ok(users)
}
