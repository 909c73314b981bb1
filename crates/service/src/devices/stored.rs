//! A user's devices as they are stored: what users and operators do with them alike.

use cognate_api::idp::DeviceRememberedStatusType;
use cognate_model::{Device, DeviceKey, User};
use cognate_store::{Tx, devices};

use crate::outcome::{Reached, write_again, write_settled};
use crate::tokens::access_token::SessionBasis;
use crate::{Cx, Error, Result};

/// A device of a user.
///
/// # Errors
/// `ResourceNotFoundException` when the user has no such device.
pub(super) async fn find(cx: &Cx, user: &User, given: &str) -> Result<Device> {
    let key = parse(given)?;
    let mut tx = cx.app.db.read().await?;
    let found = devices::find(&mut tx, &user.pool, &user.sub, &key).await?;
    found.ok_or_else(Error::device_does_not_exist)
}

/// Forgets a device of a user, with which the refresh of its sessions ends. `basis` is the session
/// of a user who does it; operators have none.
///
/// # Errors
/// As [`find`].
pub(super) async fn forget(
    cx: &Cx,
    user: &User,
    given: &str,
    basis: Option<SessionBasis>,
) -> Result<()> {
    let key = parse(given)?;
    let (pool, sub) = (user.pool.clone(), user.sub.clone());
    let (of_pool, of_sub, of_device) = (pool.clone(), sub.clone(), key.clone());
    let reached = Reached::default();
    let was_there = reached.clone();
    let stands = async move |tx: &mut Tx| -> Result<Option<bool>> {
        let is_gone = was_there.is_set()
            && devices::find(tx, &of_pool, &of_sub, &of_device)
                .await?
                .is_none();
        Ok(is_gone.then_some(true))
    };
    let forget = async move |tx: &mut Tx| -> Result<bool> {
        reached.clear();
        SessionBasis::check_if_any(basis.as_ref(), tx).await?;
        let was_forgotten = devices::forget(tx, &pool, &sub, &key).await?;
        if was_forgotten {
            reached.set();
        }
        Ok(was_forgotten)
    };
    if write_settled(&cx.app.db, "forget_device", stands, forget).await? {
        Ok(())
    } else {
        Err(Error::device_does_not_exist())
    }
}

/// Remembers a device of a user, or no longer. Where no status is given nothing is changed, as the
/// model has it optional.
///
/// # Errors
/// As [`find`].
pub(super) async fn set_status(
    cx: &Cx,
    user: &User,
    given: &str,
    status: Option<DeviceRememberedStatusType>,
    basis: Option<SessionBasis>,
) -> Result<()> {
    let Some(status) = status else {
        return find(cx, user, given).await.map(drop);
    };
    let (key, now) = (parse(given)?, cx.now);
    let (pool, sub) = (user.pool.clone(), user.sub.clone());
    let remembered = status == DeviceRememberedStatusType::Remembered;
    let set = async move |tx: &mut Tx| -> Result<()> {
        SessionBasis::check_if_any(basis.as_ref(), tx).await?;
        let change = |device: &mut Device| {
            device.remembered = remembered;
            device.modified_at = now;
        };
        if devices::change(tx, &pool, &sub, &key, change).await? {
            Ok(())
        } else {
            Err(Error::device_does_not_exist())
        }
    };
    write_again(&cx.app.db, "set_device_status", set).await
}

/// What is no device key is no device's.
fn parse(given: &str) -> Result<DeviceKey> {
    DeviceKey::parse(given).map_err(|_| Error::device_does_not_exist())
}
