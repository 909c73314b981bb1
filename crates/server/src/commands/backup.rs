//! `cognate backup`: all that the database holds, in one sealed file; and the check of such a file.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use cognate_crypto::seal::file::Lock;
use cognate_service::{Clock, Entropy};
use cognate_store::Db;
use cognate_store::backup::{self, Progress, Summary};

use super::{block_on, passphrase_variable, store_configuration};
use crate::backup_key::{self, Key};
use crate::configuration::StoreConfiguration;
use crate::database;
use crate::options::StoreOptions;
use crate::private_file::Draft;
use crate::terminal::tell;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file to write, in place of one that is there; - for stdout.
    file: String,
    /// Check that the file is a whole backup instead of writing one.
    #[arg(long)]
    verify: bool,
    /// The master key that the file to be checked is sealed under, if it is not the present one.
    #[arg(long, value_name = "FILE", requires = "verify")]
    backup_master_key_file: Option<String>,
    /// Seal under the passphrase in this file, not under the master key. COGNATE_BACKUP_PASSPHRASE
    /// holds the passphrase itself instead.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<String>,
    #[command(flatten)]
    store: StoreOptions,
}

/// Does it.
pub(crate) fn run(arguments: Arguments) -> Result<()> {
    let passphrase =
        backup_key::passphrase(arguments.passphrase_file.as_deref(), passphrase_variable())?;
    let configuration = store_configuration(arguments.store)?;
    let file = arguments.file.as_str();
    if arguments.verify {
        let old_key = arguments.backup_master_key_file.as_deref();
        let key = find_key(file, passphrase, old_key, &configuration)?;
        tell(&described("the backup is whole", &check(file, &key)?));
        return Ok(());
    }
    if file == "-" && io::stdout().is_terminal() {
        bail!("a backup is no text for a terminal: name a file, or lead stdout into one");
    }
    block_on(async {
        let (db, master_key) = database::open_to_read(&configuration, &Entropy::System).await?;
        let outcome = match backup_key::lock(passphrase.as_ref(), &master_key) {
            Ok(lock) => write(&db, file, lock).await,
            Err(error) => Err(error),
        };
        db.close().await;
        tell(&described("the backup is made", &outcome?));
        Ok(())
    })
}

async fn write(db: &Db, file: &str, lock: Lock<'_>) -> Result<Summary> {
    let now = Clock::system().now().0;
    if file == "-" {
        let (mut out, summary) =
            backup::write(db, io::stdout(), lock, now, &mut tell_progress).await?;
        out.flush().context("stdout cannot be written")?;
        return Ok(summary);
    }
    let cannot = || format!("the backup {file} cannot be written");
    let draft = Draft::create(Path::new(file)).with_context(cannot)?;
    let (draft, summary) = backup::write(db, draft, lock, now, &mut tell_progress)
        .await
        .with_context(cannot)?;
    draft.replace().with_context(cannot)?;
    Ok(summary)
}

/// What opens a backup file.
pub(super) fn find_key(
    file: &str,
    passphrase: Option<cognate_crypto::secret::SecretString>,
    old_key_file: Option<&str>,
    configuration: &StoreConfiguration,
) -> Result<Key> {
    let sealed = backup::sealed_under(open(file)?).with_context(|| cannot_read(file))?;
    let old_key = (old_key_file, "--backup-master-key-file");
    Key::find(sealed, passphrase, old_key, &configuration.master_key)
}

/// Reads a backup file to its end and checks all of it.
pub(super) fn check(file: &str, key: &Key) -> Result<Summary> {
    backup::verify(open(file)?, key.unlock()).with_context(|| cannot_read(file))
}

/// A backup file, to be read. Only files: it is read more than once.
pub(super) fn open(file: &str) -> Result<BufReader<File>> {
    let opened = File::open(file).with_context(|| cannot_read(file))?;
    Ok(BufReader::with_capacity(1 << 20, opened))
}

pub(super) fn cannot_read(file: &str) -> String {
    format!("the backup {file} cannot be taken")
}

/// Tells how far the work is.
pub(super) fn tell_progress(progress: Progress<'_>) {
    match progress {
        Progress { rows: 0, .. } => {}
        Progress {
            table,
            rows,
            is_whole: true,
        } => tell(&format!("{table}: {rows} rows")),
        Progress { table, rows, .. } => tell(&format!("{table}: {rows} rows so far")),
    }
}

/// A summary in one line.
pub(super) fn described(what: &str, summary: &Summary) -> String {
    let rows: u64 = summary.tables.iter().map(|table| table.rows).sum();
    format!(
        "{what}: {rows} rows in {} tables, schema version {}, of {}, by Cognate {}",
        summary.tables.len(),
        summary.schema,
        cognate_crypto::sigv4::timestamp(summary.made_at_ms),
        summary.made_by,
    )
}
