//! What users do with their own devices: GetDevice, ListDevices, ForgetDevice, UpdateDeviceStatus.

use cognate_api::idp::{
    ForgetDeviceRequest, GetDeviceRequest, GetDeviceResponse, ListDevicesRequest,
    ListDevicesResponse, UpdateDeviceStatusRequest, UpdateDeviceStatusResponse,
};

use super::page::{self, Which};
use super::shown::{self, For};
use super::stored;
use crate::tokens::access_token::{self, SignedIn};
use crate::{Cx, Error, Result};

pub(crate) async fn get_device(cx: Cx, input: GetDeviceRequest) -> Result<GetDeviceResponse> {
    let signed_in = signed_in(&cx, input.access_token.as_deref()).await?;
    let device = stored::find(&cx, &signed_in.user, &input.device_key).await?;
    Ok(GetDeviceResponse {
        device: shown::device(&device, For::User),
    })
}

/// The devices that are remembered; the others are told to operators (docs/protocol.md §14.7).
pub(crate) async fn list_devices(cx: Cx, input: ListDevicesRequest) -> Result<ListDevicesResponse> {
    let signed_in = signed_in(&cx, Some(&input.access_token)).await?;
    let token = input.pagination_token.as_deref();
    let (page, pagination_token) =
        page::read(&cx, &signed_in.user, Which::Remembered, input.limit, token).await?;
    let shown = page.iter().map(|device| shown::device(device, For::User));
    Ok(ListDevicesResponse {
        devices: Some(shown.collect()),
        pagination_token,
    })
}

pub(crate) async fn forget_device(cx: Cx, input: ForgetDeviceRequest) -> Result<()> {
    let signed_in = signed_in(&cx, input.access_token.as_deref()).await?;
    let basis = Some(signed_in.basis());
    stored::forget(&cx, &signed_in.user, &input.device_key, basis).await
}

pub(crate) async fn update_device_status(
    cx: Cx,
    input: UpdateDeviceStatusRequest,
) -> Result<UpdateDeviceStatusResponse> {
    let signed_in = signed_in(&cx, Some(&input.access_token)).await?;
    let status = input.device_remembered_status;
    let basis = Some(signed_in.basis());
    stored::set_status(&cx, &signed_in.user, &input.device_key, status, basis).await?;
    Ok(UpdateDeviceStatusResponse {})
}

/// The model leaves the token optional in two of these operations, which nobody else can be meant
/// by.
async fn signed_in(cx: &Cx, token: Option<&str>) -> Result<SignedIn> {
    let token = token.ok_or_else(|| Error::missing_required_parameter("AccessToken"))?;
    access_token::check(cx, token).await
}
