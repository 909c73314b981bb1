//! `cognate restore`: a backup into an empty database.

use anyhow::{Context, Result};
use cognate_service::Entropy;
use cognate_store::backup::{BackupError, Summary};
use cognate_store::{Db, restore};

use super::{backup, block_on, passphrase_variable, store_configuration};
use crate::backup_key::{self, Key};
use crate::configuration::StoreConfiguration;
use crate::database;
use crate::master_key::{self, Obtained};
use crate::options::StoreOptions;
use crate::terminal::tell;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The backup. It is read twice: to check it before anything is written, and to restore it.
    file: String,
    /// Read the database again afterwards and compare every table with the backup.
    #[arg(long)]
    verify: bool,
    /// The master key that the backup is sealed under, if it is not the one that the database gets.
    #[arg(long, value_name = "FILE")]
    backup_master_key_file: Option<String>,
    /// The passphrase that the backup is sealed under. COGNATE_BACKUP_PASSPHRASE holds the
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
    let (file, old_key) = (arguments.file.as_str(), arguments.backup_master_key_file);
    let key = backup::find_key(file, passphrase, old_key.as_deref(), &configuration)?;
    tell(&backup::described(
        "the backup is whole",
        &backup::check(file, &key)?,
    ));
    block_on(async {
        let (db, summary) = fill(&configuration, file, &key, arguments.verify).await?;
        db.close().await;
        tell(&backup::described("the backup is restored", &summary));
        Ok(())
    })
}

async fn fill(
    configuration: &StoreConfiguration,
    file: &str,
    key: &Key,
    verify: bool,
) -> Result<(Db, Summary)> {
    database::make_folder_if_used(configuration)?;
    let source = &configuration.master_key;
    let Obtained { key: own_key, made } =
        master_key::obtain(source, &mut Entropy::System.generator())?;
    if let Some(path) = &made {
        tell(&format!("a new master key was made: {}", path.display()));
    }
    let options = database::options(configuration, &own_key, &Entropy::System);
    let input = backup::open(file)?;
    let error = match restore::restore(
        options,
        input,
        key.unlock(),
        verify,
        &mut backup::tell_progress,
    )
    .await
    {
        Ok(restored) => return Ok(restored),
        Err(error) => error,
    };
    if let Some(path) = made {
        database::take_back_key(configuration, &own_key, &path, &Entropy::System).await?;
    }
    // These come before anything is written and say what is in the way.
    let is_untouched = matches!(error, BackupError::NotEmpty(_) | BackupError::Open(_));
    Err(error).with_context(|| match is_untouched {
        true => "nothing was restored",
        false => {
            "the restore did not come to its end; what it has left is served by nobody, and the next restore deletes it first"
        }
    })
}
