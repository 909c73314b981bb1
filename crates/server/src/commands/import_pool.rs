//! `cognate import-pool`: an exported user pool into another database, also while it is served.

use std::fs::File;
use std::io::BufReader;

use anyhow::{Context, Result};
use cognate_service::{Clock, Entropy, exports};
use cognate_store::export;

use super::backup::{described, tell_progress};
use super::{block_on, passphrase_variable, store_configuration};
use crate::backup_key::{self, Key};
use crate::database;
use crate::options::StoreOptions;
use crate::terminal::tell;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The export. It is read twice: to check it before anything is written, and to bring it in.
    file: String,
    /// The master key that the export is sealed under, if it is not the present one.
    #[arg(long, value_name = "FILE")]
    export_master_key_file: Option<String>,
    /// The passphrase that the export is sealed under. COGNATE_BACKUP_PASSPHRASE holds the
    /// passphrase itself instead.
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
    let cannot = || format!("the export {file} cannot be taken");
    let sealed = export::sealed_under(open(file)?).with_context(cannot)?;
    let old_key = arguments.export_master_key_file.as_deref();
    let key = Key::find(
        sealed,
        passphrase,
        (old_key, "--export-master-key-file"),
        &configuration.master_key,
    )?;
    let checked = export::check(open(file)?, key.unlock()).with_context(cannot)?;
    tell(&described("the export is whole", &checked.summary));
    block_on(async {
        let (db, _) = database::open_existing(&configuration, &Entropy::System).await?;
        let (clock, entropy) = (Clock::system(), Entropy::System);
        let outcome = exports::import(
            &db,
            (&clock, &entropy),
            &checked,
            (open(file)?, key.unlock()),
            &mut tell_progress,
        )
        .await;
        db.close().await;
        outcome.context("nothing of the user pool was brought in")?;
        let pool = &checked.pool;
        tell(&format!(
            "the user pool {} ({}) is here",
            pool.id, pool.name
        ));
        if !pool.has_signing_keys {
            tell(
                "it has new signing keys: applications that keep keys of the old server have to fetch them anew",
            );
        }
        Ok(())
    })
}

/// The file, to be read. Only files: it is read more than once.
fn open(file: &str) -> Result<BufReader<File>> {
    let opened = File::open(file).with_context(|| format!("the export {file} cannot be taken"))?;
    Ok(BufReader::with_capacity(1 << 20, opened))
}
