//! The keys that live in the database: data keys, wrapped by the operator's master key, and the
//! root of the server's own secrets.
//!
//! They are made at the first start, by whichever node comes first. A master key that doesn't
//! unwrap them stops the start before anything is changed.

use std::{
    sync::{Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use cognate_crypto::{
    digest::hkdf_sha256,
    random::Random,
    seal::{DataKey, Keyring, MasterKey, SealError},
    secret::SecretBytes,
};

use crate::{Error, OpenError, Tx, db::Core, restore::mark as restore_mark};

pub(crate) mod rotation;

const ROOT_SECRET: &str = "root_secret";

/// The open keyring of a running database.
pub(crate) struct Vault {
    keyring: Keyring,
    root: SecretBytes,
    random: Mutex<Random>,
}

impl Vault {
    pub(crate) fn seal(&self, context: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        self.keyring
            .seal(context, plain, &mut random)
            .map_err(refused)
    }

    pub(crate) fn open(&self, context: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, Error> {
        self.keyring.open(context, sealed).map_err(refused)
    }

    pub(crate) fn open_presented(
        &self,
        context: &[&[u8]],
        sealed: &[u8],
    ) -> Result<SecretBytes, Error> {
        let opened = self.keyring.open(context, sealed);
        opened.map_err(|_| Error::Sealed)
    }

    /// A data key, for a backup.
    pub(crate) fn data_key(&self, id: u32) -> Option<&DataKey> {
        self.keyring.find(id)
    }

    /// A secret for one purpose, the same on every node and after every restart.
    pub(crate) fn server_secret(&self, purpose: &str) -> [u8; 32] {
        hkdf_sha256(
            self.root.expose(),
            b"cognate server secret v1",
            purpose.as_bytes(),
        )
    }
}

/// Unwraps the data keys that stand in the database; None when there are none yet. Writes nothing.
pub(crate) async fn stored(tx: &mut Tx, master: &MasterKey) -> Result<Option<Keyring>, OpenError> {
    let rows = tx
        .query("SELECT id, wrapped FROM data_keys ORDER BY id", &[])
        .await?;
    let mut keyring: Option<Keyring> = None;
    for row in rows {
        let id = u32::try_from(row.int(0)?)
            .map_err(|_| Error::Unreadable("the id of a data key".to_owned()))?;
        let key = DataKey::unwrap(id, row.bytes(1)?, master).map_err(|error| match error {
            SealError::WrongMasterKey => OpenError::WrongMasterKey,
            other => Error::Unreadable(format!("data key {id}: {other}")).into(),
        })?;
        match &mut keyring {
            Some(keyring) => keyring.add(key),
            None => keyring = Some(Keyring::new(key)),
        }
    }
    Ok(keyring)
}

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
    Ok(Vault {
        keyring,
        root,
        random: Mutex::new(random),
    })
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
            let sql = "INSERT INTO data_keys(id, wrapped, created_at) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING";
            tx.execute(sql, &[(&wrapped).into(), wall_clock_ms().into()])
                .await?;
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
    if let Some(sealed) = meta(db, ROOT_SECRET).await? {
        return keyring.open(context, &sealed).map_err(refused);
    }
    let fresh = SecretBytes::new(random.bytes::<32>().to_vec());
    let sealed = keyring
        .seal(context, fresh.expose(), random)
        .map_err(refused)?;
    db.write("make_root_secret", async move |tx| {
        tx.execute(
            "INSERT INTO meta(name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            &[ROOT_SECRET.into(), (&sealed).into()],
        )
        .await
        .map(drop)
    })
    .await?;
    let sealed = meta(db, ROOT_SECRET).await?;
    let sealed =
        sealed.ok_or_else(|| Error::Unreadable("no root secret after one was made".to_owned()))?;
    keyring.open(context, &sealed).map_err(refused)
}

async fn meta(db: &Core, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut reader = db.read();
    let row = reader
        .query_optional("SELECT value FROM meta WHERE name = $1", &[name.into()])
        .await?;
    row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

pub(crate) fn refused(error: SealError) -> Error {
    // Which row it was is known to the caller; the reason is for the log only.
    tracing::warn!(%error, "a value was not sealed or opened");
    Error::Sealed
}

/// The wall clock, for the two things that the store itself dates: its keys and the lease under
/// which it migrates. All other times are handed in.
#[allow(
    clippy::disallowed_methods,
    reason = "the store is opened before there is a Cx to take the time from"
)]
pub(crate) fn wall_clock_ms() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
