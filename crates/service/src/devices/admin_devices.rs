//! What operators do with users' devices: AdminGetDevice, AdminListDevices, AdminForgetDevice,
//! AdminUpdateDeviceStatus.

use cognate_api::idp::{
    AdminForgetDeviceRequest, AdminGetDeviceRequest, AdminGetDeviceResponse,
    AdminListDevicesRequest, AdminListDevicesResponse, AdminUpdateDeviceStatusRequest,
    AdminUpdateDeviceStatusResponse,
};
use cognate_model::User;

use super::page::{self, Which};
use super::shown::{self, For};
use super::stored;
use crate::users::accounts::user_for_operator;
use crate::{Cx, Error, ErrorCode, Result};

pub(crate) async fn admin_get_device(
    cx: Cx,
    input: AdminGetDeviceRequest,
) -> Result<AdminGetDeviceResponse> {
    let user = user(&cx, &input.user_pool_id, &input.username).await;
    let device = stored::find(&cx, &user.map_err(gone)?, &input.device_key).await?;
    Ok(AdminGetDeviceResponse {
        device: shown::device(&device, For::Operator),
    })
}

pub(crate) async fn admin_list_devices(
    cx: Cx,
    input: AdminListDevicesRequest,
) -> Result<AdminListDevicesResponse> {
    let user = user(&cx, &input.user_pool_id, &input.username).await;
    let token = input.pagination_token.as_deref();
    let (page, pagination_token) =
        page::read(&cx, &user.map_err(gone)?, Which::All, input.limit, token).await?;
    let shown = page
        .iter()
        .map(|device| shown::device(device, For::Operator));
    Ok(AdminListDevicesResponse {
        devices: Some(shown.collect()),
        pagination_token,
    })
}

pub(crate) async fn admin_forget_device(cx: Cx, input: AdminForgetDeviceRequest) -> Result<()> {
    let user = user(&cx, &input.user_pool_id, &input.username).await?;
    stored::forget(&cx, &user, &input.device_key, None).await
}

pub(crate) async fn admin_update_device_status(
    cx: Cx,
    input: AdminUpdateDeviceStatusRequest,
) -> Result<AdminUpdateDeviceStatusResponse> {
    let user = user(&cx, &input.user_pool_id, &input.username).await?;
    let status = input.device_remembered_status;
    stored::set_status(&cx, &user, &input.device_key, status, None).await?;
    Ok(AdminUpdateDeviceStatusResponse {})
}

async fn user(cx: &Cx, pool: &str, username: &str) -> Result<User> {
    let pool = cx.app.pool_named(pool).await?;
    user_for_operator(cx, &pool, username).await
}

/// AdminGetDevice and AdminListDevices have no UserNotFoundException of their own.
fn gone(error: Error) -> Error {
    match error.code {
        ErrorCode::UserNotFound => Error::user_of_devices_does_not_exist(),
        _ => error,
    }
}
