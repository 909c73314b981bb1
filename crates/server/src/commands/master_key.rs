//! `cognate master-key`: changes the key that opens everything, also beside running servers, which
//! hold what it opens and go on.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Subcommand;
use cognate_crypto::seal::MasterKey;
use cognate_service::Entropy;
use cognate_store::{Db, Error, OpenError};

use super::{block_on, store_configuration};
use crate::configuration::{MasterKeySource, StoreConfiguration};
use crate::database;
use crate::master_key::{self, Obtained};
use crate::options::StoreOptions;
use crate::rotation;
use crate::terminal::say;

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Put the database under a new master key. Running servers go on; their next start needs the
    /// new key.
    Rotate {
        /// The new key's file, made if it is not there; the present key's file then stays as it is
        /// [default: a new key takes the place of the present one's file].
        #[arg(long, value_name = "FILE")]
        new_master_key_file: Option<PathBuf>,
        #[command(flatten)]
        store: StoreOptions,
    },
}

/// Does it.
pub(crate) fn run(action: Action) -> Result<()> {
    let Action::Rotate {
        new_master_key_file,
        store,
    } = action;
    let configuration = store_configuration(store)?;
    block_on(rotate(&configuration, new_master_key_file))
}

async fn rotate(configuration: &StoreConfiguration, named: Option<PathBuf>) -> Result<()> {
    let before = master_key::find(&configuration.master_key)?;
    let (db, present) = database::open_existing(configuration, &Entropy::System).await?;
    // A rotation that was cut behind its transaction is finished by the opening; a second one is
    // not what was asked for.
    if before.is_some_and(|key| key.id() != present.id()) {
        db.close().await;
        say(&format!(
            "a rotation that was cut is finished: the master key is {} now, in {}",
            present.id(),
            configuration.master_key
        ));
        return Ok(());
    }
    let outcome = rotate_open(configuration, named, &db, &present).await;
    db.close().await;
    outcome
}

async fn rotate_open(
    configuration: &StoreConfiguration,
    named: Option<PathBuf>,
    db: &Db,
    present: &MasterKey,
) -> Result<()> {
    let replaced = match (&named, &configuration.master_key) {
        (None, MasterKeySource::File(path)) => Some(path),
        _ => None,
    };
    let path = named.unwrap_or_else(|| rotation::waiting_key(configuration));
    // One that lies there is of a rotation that was cut before its transaction, or the operator's.
    let new_source = MasterKeySource::File(path.clone());
    let Obtained { key: new, .. } =
        master_key::obtain(&new_source, &mut Entropy::System.generator())?;
    if new.id() == present.id() {
        bail!(
            "the key in {} is the one that the database is under already",
            path.display()
        );
    }
    let number = match db.rotate_master_key(present, &new).await {
        Ok(number) => number,
        Err(error) => return Err(refusal(error, &path)),
    };
    let after = match replaced {
        Some(present_path) => {
            let kept = rotation::replace(present_path, &path)?;
            format!(
                "it is in {}\nthe old one, {}, is kept in {}: backups that were sealed under it need it, and nothing else",
                present_path.display(),
                present.id(),
                kept.display()
            )
        }
        None => format!(
            "it is in {}\nstart servers with it from now on; backups that were sealed under the old one, {}, still need that one",
            path.display(),
            present.id()
        ),
    };
    say(&format!(
        "the master key is {} now ({number} data keys wrapped anew); {after}",
        new.id()
    ));
    Ok(())
}

/// The new key's file stays in any case: the database may be under that key, by this rotation or by
/// one beside it.
fn refusal(error: OpenError, path: &Path) -> anyhow::Error {
    let words = match error {
        OpenError::Database(Error::OutcomeUnknown(_)) => format!(
            "the database is under the old master key or under the new one in {}: keep both, and start or rotate again, which tells",
            path.display()
        ),
        _ => format!(
            "the master key was not changed; the new one in {} waits for the next rotation",
            path.display()
        ),
    };
    anyhow::Error::new(error).context(words)
}
