//! Opens the database: its folder, its master key, and its kind.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use cognate_crypto::seal::MasterKey;
use cognate_service::Entropy;
use cognate_store::{Db, DbOptions, OpenError, installation};

use crate::configuration::{Kind, MasterKeySource, StoreConfiguration};
use crate::master_key::{self, Obtained};
use crate::rotation;

/// Opens the database, makes it at the first start, and refuses one of the other kind.
///
/// # Errors
/// In words for the operator; nothing is damaged then.
pub(crate) async fn open(
    configuration: &StoreConfiguration,
    kind: Kind,
    entropy: &Entropy,
) -> Result<Db> {
    make_folder_if_used(configuration)?;
    let Obtained { key, made } =
        master_key::obtain(&configuration.master_key, &mut entropy.generator())?;
    let db = match Db::open(options(configuration, &key, entropy)).await {
        Ok(db) => db,
        Err(error) => {
            if let Some(path) = &made {
                // Only if the database is under another key: otherwise a start at the same time may
                // have read the file and use it.
                if matches!(error, OpenError::WrongMasterKey) {
                    master_key::take_back(path)?;
                }
                return Err(refusal(error, Some(path)));
            }
            after_a_rotation(configuration, error, entropy, |_| ())
                .await?
                .0
        }
    };
    if let Err(error) = check_kind(&db, kind).await {
        db.close().await;
        return Err(error);
    }
    Ok(db)
}

/// Opens an existing database of any kind, and returns the master key that opened it. Makes
/// nothing, and migrates nothing: only a server's start does.
///
/// # Errors
/// In words for the operator.
pub(crate) async fn open_existing(
    configuration: &StoreConfiguration,
    entropy: &Entropy,
) -> Result<(Db, MasterKey)> {
    open_that(configuration, entropy, |wanted| {
        wanted.must_exist = true;
        wanted.keeps_schema = true;
    })
    .await
}

/// As [`open_existing`], for a command that writes nothing: a standby will do.
///
/// # Errors
/// As there.
pub(crate) async fn open_to_read(
    configuration: &StoreConfiguration,
    entropy: &Entropy,
) -> Result<(Db, MasterKey)> {
    open_that(configuration, entropy, |wanted| {
        wanted.must_exist = true;
        wanted.only_reads = true;
    })
    .await
}

async fn open_that(
    configuration: &StoreConfiguration,
    entropy: &Entropy,
    adjust: fn(&mut DbOptions),
) -> Result<(Db, MasterKey)> {
    let Some(key) = master_key::find(&configuration.master_key)? else {
        return Err(no_master_key(configuration));
    };
    let mut wanted = options(configuration, &key, entropy);
    adjust(&mut wanted);
    match Db::open(wanted).await {
        Ok(db) => Ok((db, key)),
        Err(error) => after_a_rotation(configuration, error, entropy, adjust).await,
    }
}

/// Removes a new key that is useless, if the database says that it is under another one. Otherwise
/// somebody who found the file may use it by now.
///
/// # Errors
/// When it cannot be removed.
pub(crate) async fn take_back_key(
    configuration: &StoreConfiguration,
    key: &MasterKey,
    path: &Path,
    entropy: &Entropy,
) -> Result<()> {
    let mut wanted = options(configuration, key, entropy);
    wanted.must_exist = true;
    match Db::open(wanted).await {
        Err(OpenError::WrongMasterKey) => master_key::take_back(path),
        Err(_) => Ok(()),
        Ok(db) => {
            db.close().await;
            Ok(())
        }
    }
}

/// What `Db::open` is told.
pub(crate) fn options(
    configuration: &StoreConfiguration,
    key: &MasterKey,
    entropy: &Entropy,
) -> DbOptions {
    let url = configuration.database_url.as_str();
    DbOptions::new(url, key.clone(), entropy.generator())
}

/// Makes the data folder if the database or the master key goes there.
///
/// # Errors
/// When it cannot be made or written.
pub(crate) fn make_folder_if_used(configuration: &StoreConfiguration) -> Result<()> {
    let data_dir = configuration.data_dir.as_path();
    let key_is_there = matches!(&configuration.master_key, MasterKeySource::File(path) if path.parent() == Some(data_dir));
    if configuration.is_in_data_dir || key_is_there {
        make_folder(data_dir)?;
    }
    Ok(())
}

/// Handles a key that does not open the database. If a rotation was interrupted between the
/// database and the file, its new key is in a file beside, and this finishes the rotation.
async fn after_a_rotation(
    configuration: &StoreConfiguration,
    error: OpenError,
    entropy: &Entropy,
    adjust: fn(&mut DbOptions),
) -> Result<(Db, MasterKey)> {
    let path = rotation::waiting_key(configuration);
    let waiting = match error {
        OpenError::WrongMasterKey => master_key::read(&path)?,
        _ => None,
    };
    let Some(key) = waiting else {
        return Err(refusal(error, None));
    };
    let mut wanted = options(configuration, &key, entropy);
    adjust(&mut wanted);
    let Ok(db) = Db::open(wanted).await else {
        return Err(refusal(error, None));
    };
    let MasterKeySource::File(present) = &configuration.master_key else {
        db.close().await;
        bail!(
            "the master key was rotated and COGNATE_MASTER_KEY holds the old one: the new one is in {}",
            path.display()
        );
    };
    rotation::replace(present, &path)?;
    tracing::warn!(key = key.id(), file = %present.display(), "finished a rotation of the master key that was interrupted");
    Ok((db, key))
}

/// What is wrong where a database should be and its key is not: usually the name of the folder.
pub(crate) fn no_master_key(configuration: &StoreConfiguration) -> anyhow::Error {
    let (folder, key) = (configuration.data_dir.display(), &configuration.master_key);
    match (
        configuration.is_in_data_dir,
        configuration.holds_no_database(),
    ) {
        (true, true) => anyhow::anyhow!(
            "{folder} is no data folder of Cognate: there is no master key at {key}, and no database"
        ),
        (true, false) => anyhow::anyhow!(
            "the database in {folder} was made with a master key, and there is no master key at {key}: put it back, or name the right one"
        ),
        (false, _) => anyhow::anyhow!(
            "there is no master key at {key}: name the one that the database was made with"
        ),
    }
}

fn refusal(error: OpenError, made: Option<&Path>) -> anyhow::Error {
    match (error, made) {
        (OpenError::WrongMasterKey, Some(path)) => anyhow::anyhow!(
            "the database needs its master key, and the file {} is missing: put it back, or name the right one",
            path.display()
        ),
        (error, _) => anyhow::Error::new(error).context("the database cannot be opened"),
    }
}

/// Refuses a database of the other kind; sets the kind of a database without one.
///
/// # Errors
/// In words for the operator.
pub(crate) async fn check_kind(db: &Db, kind: Kind) -> Result<()> {
    let known = installation::find(&mut db.read().await?).await?;
    let found = match known {
        Some(found) => found,
        None => {
            db.write("claim_installation", async move |tx| {
                installation::claim(tx, kind.word()).await
            })
            .await?
        }
    };
    match (kind, found == kind.word()) {
        (_, true) => Ok(()),
        (Kind::Serve, false) => bail!(
            "this database was made by cognate dev, where anybody is an administrator: serve another one"
        ),
        (Kind::Dev, false) => bail!(
            "this database was made by cognate serve; cognate dev would let anybody into it: name another one"
        ),
    }
}

fn make_folder(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("the data folder {} cannot be made", path.display()))?;
    // Permissions say little (root, read-only file systems, quotas), so this tries to write.
    let probe = path.join(format!(".write-probe.{}", std::process::id()));
    let probed = fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe));
    probed.with_context(|| format!("the data folder {} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn in_folder(folder: &Path) -> StoreConfiguration {
        StoreConfiguration {
            data_dir: folder.to_owned(),
            database_url: format!("sqlite:{}", folder.join("cognate.db").display()),
            is_in_data_dir: true,
            master_key: MasterKeySource::File(folder.join("master.key")),
        }
    }

    async fn refused(configuration: &StoreConfiguration, kind: Kind) -> String {
        format!(
            "{:#}",
            open(configuration, kind, &Entropy::System)
                .await
                .err()
                .unwrap()
        )
    }

    #[tokio::test]
    async fn a_database_is_never_opened_as_the_other_kind() {
        for (first, second) in [(Kind::Dev, Kind::Serve), (Kind::Serve, Kind::Dev)] {
            let folder = tempfile::tempdir().unwrap();
            let configuration = in_folder(folder.path());
            open(&configuration, first, &Entropy::System)
                .await
                .unwrap()
                .close()
                .await;
            assert!(
                refused(&configuration, second)
                    .await
                    .contains("this database was made by cognate")
            );
            open(&configuration, first, &Entropy::System)
                .await
                .unwrap()
                .close()
                .await;
        }
    }

    #[tokio::test]
    async fn a_master_key_that_was_lost_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let configuration = in_folder(folder.path());
        open(&configuration, Kind::Serve, &Entropy::System)
            .await
            .unwrap()
            .close()
            .await;
        let key = folder.path().join("master.key");
        let kept = fs::read(&key).unwrap();
        fs::remove_file(&key).unwrap();
        assert!(
            refused(&configuration, Kind::Serve)
                .await
                .contains("put it back")
        );
        assert!(!key.exists());
        fs::write(&key, kept).unwrap();
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        open(&configuration, Kind::Serve, &Entropy::System)
            .await
            .unwrap()
            .close()
            .await;
    }

    #[tokio::test]
    async fn a_wrong_master_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut configuration = in_folder(folder.path());
        open(&configuration, Kind::Serve, &Entropy::System)
            .await
            .unwrap()
            .close()
            .await;
        let other = cognate_crypto::seal::MasterKey::from_bytes(std::array::from_fn(|n| n as u8));
        configuration.master_key =
            MasterKeySource::Environment(other.to_text().expose().to_owned());
        assert!(
            refused(&configuration, Kind::Serve)
                .await
                .contains("master key does not open this database")
        );
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_told() {
        // Even root cannot make a folder there.
        let configuration = in_folder(Path::new("/proc/cognate"));
        assert!(
            refused(&configuration, Kind::Serve)
                .await
                .contains("the data folder /proc/cognate cannot be made")
        );
    }
}
