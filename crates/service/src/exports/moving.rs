//! The whole pool, sealed: what `cognate_store::export` writes and reads, with what only a server
//! knows.

use std::io::{Read, Write};

use cognate_crypto::seal::file::{Lock, Unlock};
use cognate_model::UserPoolId;
use cognate_store::Db;
use cognate_store::backup::{Progress, Summary};
use cognate_store::export::{self, Export, ExportError, Import, Imported};

use crate::app::RECOVERY_CODES;
use crate::keys::signing_keys;
use crate::{Clock, Entropy};

/// Writes a pool into a sealed file; gives the file back, which the caller makes durable.
///
/// # Errors
/// [`ExportError`].
pub async fn export<W: Write>(
    db: &Db,
    clock: &Clock,
    pool: &str,
    with_signing_keys: bool,
    (out, lock): (W, Lock<'_>),
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(W, Summary), ExportError> {
    let id = UserPoolId::parse(pool).map_err(|_| ExportError::NoSuchPool(pool.to_owned()))?;
    let export = Export {
        pool: &id,
        with_signing_keys,
        lock,
        made_at_ms: clock.now().0,
        recovery_secret: db.server_secret(RECOVERY_CODES),
    };
    export::write(db, out, &export, progress).await
}

/// Brings a pool in from a file that was checked; makes keys to sign with, where it has none.
///
/// # Errors
/// [`ExportError`].
pub async fn import(
    db: &Db,
    (clock, entropy): (&Clock, &Entropy),
    checked: &Imported,
    (input, unlock): (impl Read, Unlock<'_>),
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<(), ExportError> {
    let now = clock.now();
    let new_keys = match (
        checked.pool.has_signing_keys,
        UserPoolId::parse(&checked.pool.id),
    ) {
        (false, Ok(pool)) => signing_keys::generate(entropy, &pool, now)
            .map_err(|_| ExportError::NoSigningKeys)?
            .to_vec(),
        _ => Vec::new(),
    };
    let clock = || clock.now().0;
    let import = Import {
        unlock,
        new_keys,
        clock: &clock,
    };
    export::import(db, input, checked, &import, progress).await
}
