//! The key of a backup: a passphrase where one is given, else the master key.

use std::path::Path;

use anyhow::{Context, Result, bail};
use cognate_crypto::seal::MasterKey;
use cognate_crypto::seal::file::{Lock, PassphraseCost, SealedUnder, Unlock};
use cognate_crypto::secret::SecretString;

use crate::configuration::MasterKeySource;
use crate::master_key;
use crate::private_file::read_secret;

/// A thief of a backup can guess at its passphrase without end, so a passphrase has at least this
/// many characters.
const SHORTEST_PASSPHRASE: usize = 12;

/// The given passphrase, from a file or from COGNATE_BACKUP_PASSPHRASE (`variable`).
///
/// # Errors
/// When both are given, or the file is not there, empty, or lies open to others.
pub(crate) fn passphrase(
    file: Option<&str>,
    variable: Option<String>,
) -> Result<Option<SecretString>> {
    let variable = variable.filter(|text| !text.is_empty());
    let Some(file) = file.filter(|file| !file.is_empty()) else {
        return Ok(variable.map(SecretString::from));
    };
    if variable.is_some() {
        bail!("COGNATE_BACKUP_PASSPHRASE and a passphrase file are both given; give one of them");
    }
    let text = read_secret(Path::new(file), "passphrase file")?
        .with_context(|| format!("the passphrase file {file} is not there"))?;
    // An editor added the end of the line; it is not part of the passphrase.
    let line = text.expose();
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        bail!("the passphrase file {file} is empty");
    }
    Ok(Some(line.into()))
}

/// The key that seals a new backup.
///
/// # Errors
/// When the passphrase is too short.
pub(crate) fn lock<'a>(
    passphrase: Option<&'a SecretString>,
    master_key: &'a MasterKey,
) -> Result<Lock<'a>> {
    let Some(passphrase) = passphrase else {
        return Ok(Lock::MasterKey(master_key));
    };
    if passphrase.expose().chars().count() < SHORTEST_PASSPHRASE {
        bail!("the passphrase of a backup must have {SHORTEST_PASSPHRASE} characters or more");
    }
    Ok(Lock::Passphrase(passphrase, PassphraseCost::BACKUP))
}

/// The key that opens a backup, kept for [`Key::unlock`].
pub(crate) enum Key {
    MasterKey(MasterKey),
    Passphrase(SecretString),
}

impl Key {
    /// Finds the key of a backup that is sealed in this way: the passphrase, or the master key in
    /// `old_key_file`, which `flag` names, if that is given, else the server's own.
    ///
    /// # Errors
    /// When it is not given, or not there.
    pub(crate) fn find(
        sealed: SealedUnder,
        passphrase: Option<SecretString>,
        (old_key_file, flag): (Option<&str>, &str),
        own: &MasterKeySource,
    ) -> Result<Self> {
        let id = match sealed {
            SealedUnder::Passphrase => {
                let passphrase = passphrase.context(
                    "the file is sealed under a passphrase: give it with --passphrase-file or in COGNATE_BACKUP_PASSPHRASE",
                )?;
                return Ok(Self::Passphrase(passphrase));
            }
            SealedUnder::MasterKey(id) => id,
        };
        let key = match old_key_file {
            Some(file) => master_key::read(Path::new(file))?
                .with_context(|| format!("the master key file {file} is not there"))?,
            None => master_key::find(own)?.with_context(|| {
                format!(
                    "the file is sealed under the master key {id}, and there is none at {own}: put it there, or name it with {flag}"
                )
            })?,
        };
        Ok(Self::MasterKey(key))
    }

    /// As the store takes it.
    pub(crate) fn unlock(&self) -> Unlock<'_> {
        match self {
            Self::MasterKey(key) => Unlock::MasterKey(key),
            Self::Passphrase(passphrase) => Unlock::Passphrase(passphrase),
        }
    }
}
