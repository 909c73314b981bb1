//! A user's devices by the page.

use cognate_model::{Device, DeviceKey, User};
use cognate_store::devices;

use crate::{Cx, Result, page_token};

/// The most devices on a page, and how many there are where nobody asks for fewer.
const MAX_PAGE: i32 = 60;

/// Which devices are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Remembered,
    All,
}

/// A page of a user's devices in the order of their keys, and the token of the next page.
///
/// # Errors
/// `InvalidParameterException` for a token of another list.
pub(super) async fn read(
    cx: &Cx,
    user: &User,
    which: Which,
    limit: Option<i32>,
    token: Option<&str>,
) -> Result<(Vec<Device>, Option<String>)> {
    let query = format!("ListDevices {} {} {which:?}", user.pool, user.sub);
    let after: Option<DeviceKey> = token
        .map(|token| page_token::open(&cx.app, &query, token))
        .transpose()?;
    let mut tx = cx.app.db.read().await?;
    // A user has a hundred at most.
    let mut page = devices::of_user(&mut tx, &user.pool, &user.sub).await?;
    page.retain(|device| {
        let is_listed = which == Which::All || device.remembered;
        is_listed && after.as_ref().is_none_or(|after| device.key > *after)
    });
    let limit = limit.filter(|limit| *limit != 0).unwrap_or(MAX_PAGE);
    let limit = usize::try_from(limit.clamp(1, MAX_PAGE))?;
    let next = page_token::cut(&cx.app, &query, &mut page, limit, |device| {
        device.key.clone()
    })?;
    Ok((page, next))
}
