//! The keys that live in the database: data keys, wrapped by the operator's master key, and the
//! root of the server's own secrets.
//!
//! They are made at the first start, by whichever node comes first. A master key that doesn't
//! unwrap them stops the start before anything is changed.

use cognate_crypto::{
    random::Random,
    seal::{DataKey, Keyring, MasterKey},
    secret::SecretBytes,
};

use super::{
    stored::stored,
    vault::{Vault, refused},
};
use crate::{
    Error, OpenError, core::Core, data_keys, meta, restore_mark, wall_clock::wall_clock_ms,
};

const ROOT_SECRET: &str = "root_secret";

/// Opens the keyring, and makes it at the first start.
pub(crate) async fn open(
    db: &Core,
    master: &MasterKey,
    mut random: Random,
) -> Result<Vault, OpenError> {
    let mut reader = db.read();
    let keyring = match stored(&mut reader, master).await? {
        Some(keyring) => keyring,
        None => {
            make_first_key(db, master, &mut random).await?;
            let found = stored(&mut reader, master).await?;
            found.ok_or_else(|| Error::Unreadable("no data key after one was made".to_owned()))?
        }
    };
    let root = root_secret(db, &keyring, &mut random).await?;
    Ok(Vault::new(keyring, root, random))
}

/// When two nodes start at once the first one's key stays.
async fn make_first_key(
    db: &Core,
    master: &MasterKey,
    random: &mut Random,
) -> Result<(), OpenError> {
    let wrapped = DataKey::generate(1, random)
        .wrap(master, random)
        .map_err(refused)?;
    let is_made = db
        .write("make_first_data_key", async move |tx| {
            // A restore that began since this start looked brings the keys with it.
            if restore_mark::find(tx).await?.is_some() {
                return Ok(false);
            }
            data_keys::insert_first(tx, &wrapped, wall_clock_ms()).await?;
            Ok::<_, Error>(true)
        })
        .await?;
    if is_made {
        Ok(())
    } else {
        Err(OpenError::UnfinishedRestore)
    }
}

async fn root_secret(
    db: &Core,
    keyring: &Keyring,
    random: &mut Random,
) -> Result<SecretBytes, Error> {
    let context: &[&[u8]] = &[b"meta", ROOT_SECRET.as_bytes()];
    if let Some(sealed) = meta::find(&mut db.read(), ROOT_SECRET).await? {
        return keyring.open(context, &sealed).map_err(refused);
    }
    let fresh = SecretBytes::new(random.bytes::<32>().to_vec());
    let sealed = keyring
        .seal(context, fresh.expose(), random)
        .map_err(refused)?;
    db.write("make_root_secret", async move |tx| {
        meta::put_if_absent(tx, ROOT_SECRET, &sealed).await
    })
    .await?;
    let sealed = meta::find(&mut db.read(), ROOT_SECRET).await?;
    let sealed =
        sealed.ok_or_else(|| Error::Unreadable("no root secret after one was made".to_owned()))?;
    keyring.open(context, &sealed).map_err(refused)
}
