//! Devices that were confirmed, each with the sealed secret that proves it. A user has a hundred at
//! most, so all of one user are read at once.

use cognate_model::{Device, DeviceKey, Sub, UserPoolId, device::DeviceSecret};

use crate::{
    Error, Param, Row, Tx, document, sessions,
    table::{Backup, Expiry, Export, History, Owner, Rows, Sealed, Table, Writers},
};

/// The devices of all users.
pub(crate) const TABLE: Table = Table {
    name: "devices",
    key: &["pool", "sub", "device_key"],
    rows: Rows::Many,
    owners: Owner::POOL_AND_USER,
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[Sealed::ByKey("secret")]),
    writers: Writers::AnyNode,
    history: History::NotRecorded(
        "a device that was forgotten must not stand in for a factor again",
    ),
};

/// Stores a new device; false when its key is taken.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(tx: &mut Tx, device: &Device, secret: &DeviceSecret) -> Result<bool, Error> {
    let context = context(&device.pool, &device.sub, &device.key);
    let sealed = document::seal(tx, &context, secret)?;
    let doc = document::write(device)?;
    let [pool, sub, key] = key(&device.pool, &device.sub, &device.key);
    let row = tx
        .query_optional(
            "INSERT INTO devices(pool, sub, device_key, doc, secret) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (pool, sub, device_key) DO NOTHING RETURNING device_key",
            &[pool, sub, key, (&doc).into(), (&sealed).into()],
        )
        .await?;
    Ok(row.is_some())
}

/// A device by its key.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    device_key: &DeviceKey,
) -> Result<Option<Device>, Error> {
    let sql = "SELECT doc FROM devices WHERE pool = $1 AND sub = $2 AND device_key = $3";
    let row = tx.query_optional(sql, &key(pool, sub, device_key)).await?;
    row.map(|row| read(&row)).transpose()
}

/// A device by its key, and what proves it.
///
/// # Errors
/// [`Error`] of the database; [`Error::Sealed`] when the secret can't be opened.
pub async fn find_with_secret(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    device_key: &DeviceKey,
) -> Result<Option<(Device, DeviceSecret)>, Error> {
    let sql = "SELECT doc, secret FROM devices WHERE pool = $1 AND sub = $2 AND device_key = $3";
    let row = tx.query_optional(sql, &key(pool, sub, device_key)).await?;
    let Some(row) = row else { return Ok(None) };
    let secret = document::open(tx, &context(pool, sub, device_key), row.bytes(1)?)?;
    Ok(Some((read(&row)?, secret)))
}

/// All devices of a user, in the order of their keys.
///
/// # Errors
/// [`Error`] of the database.
pub async fn of_user(tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<Vec<Device>, Error> {
    let sql = "SELECT doc FROM devices WHERE pool = $1 AND sub = $2 ORDER BY device_key";
    let rows = tx
        .query(sql, &[pool.as_str().into(), sub.as_str().into()])
        .await?;
    rows.iter().map(read).collect()
}

/// Changes a device as it is stored now; false when there is none.
///
/// # Errors
/// [`Error`] of the database.
pub async fn change(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    device_key: &DeviceKey,
    change: impl FnOnce(&mut Device),
) -> Result<bool, Error> {
    let sql = "SELECT doc FROM devices WHERE pool = $1 AND sub = $2 AND device_key = $3";
    let row = tx.query_optional(sql, &key(pool, sub, device_key)).await?;
    let Some(row) = row else { return Ok(false) };
    let mut device = read(&row)?;
    change(&mut device);
    let doc = document::rewrite(row.text(0)?, &device)?;
    let sql = "UPDATE devices SET doc = $4 WHERE pool = $1 AND sub = $2 AND device_key = $3";
    let [pool, sub, key] = key(pool, sub, device_key);
    let changed = tx.execute(sql, &[pool, sub, key, (&doc).into()]).await?;
    Ok(changed == 1)
}

/// Forgets a device: it proves nothing any more, and the sessions that began on it have none, so
/// that they are not refreshed. False when there is no such device.
///
/// # Errors
/// [`Error`] of the database.
pub async fn forget(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    device_key: &DeviceKey,
) -> Result<bool, Error> {
    sessions::leave_device(tx, pool, sub, device_key).await?;
    let sql = "DELETE FROM devices WHERE pool = $1 AND sub = $2 AND device_key = $3";
    Ok(tx.execute(sql, &key(pool, sub, device_key)).await? == 1)
}

fn read(row: &Row) -> Result<Device, Error> {
    document::read(row.text(0)?)
}

fn key<'a>(pool: &'a UserPoolId, sub: &'a Sub, key: &'a DeviceKey) -> [Param<'a>; 3] {
    [
        pool.as_str().into(),
        sub.as_str().into(),
        key.as_str().into(),
    ]
}

fn context<'a>(pool: &'a UserPoolId, sub: &'a Sub, key: &'a DeviceKey) -> [&'a [u8]; 4] {
    [
        b"devices",
        pool.as_str().as_bytes(),
        sub.as_str().as_bytes(),
        key.as_str().as_bytes(),
    ]
}
