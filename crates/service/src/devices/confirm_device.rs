//! ConfirmDevice: from its confirmation on, a device can prove that it is the same.

use cognate_api::idp::{
    ConfirmDeviceRequest, ConfirmDeviceResponse, DeviceSecretVerifierConfigType,
};
use cognate_crypto::digest::{base64_decode, ct_eq};
use cognate_model::device::{Device, DeviceSecret};
use cognate_model::{DeviceKey, UserPoolId};
use cognate_store::{Tx, devices, sessions};

use crate::outcome::write_settled;
use crate::tokens::access_token::{self, SignedIn};
use crate::{Cx, Error, Result};

/// Only the device that this very sign-in is on can be confirmed, so that nobody takes a key of
/// another's choosing; and only once, so that a session that was begun on it does not bring it back
/// after it was forgotten.
pub(crate) async fn confirm_device(
    cx: Cx,
    input: ConfirmDeviceRequest,
) -> Result<ConfirmDeviceResponse> {
    let SignedIn {
        pool_client,
        user,
        session,
    } = access_token::check(&cx, &input.access_token).await?;
    let settings = pool_client.pool.settings.devices;
    let (Some(settings), Ok(key)) = (settings, DeviceKey::parse(&input.device_key)) else {
        return Err(Error::invalid_device_key());
    };
    let secret = secret_of(&user.pool, input.device_secret_verifier_config)?;
    let device = Device {
        pool: user.pool,
        sub: user.sub,
        key,
        name: input.device_name,
        remembered: !settings.remembered_on_prompt,
        after_second_factor: session.second_factor_at().is_some(),
        last_ip: cx.user_address(),
        created_at: cx.now,
        modified_at: cx.now,
        authenticated_at: session.auth_time,
    };
    let (written, sealed) = (device.clone(), secret.clone());
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        let Device { pool, sub, key, .. } = &written;
        let found = devices::find_with_secret(tx, pool, sub, key).await?;
        Ok(found
            .filter(|(_, secret)| ct_eq(&secret.verifier, &sealed.verifier))
            .map(drop))
    };
    let confirm = async move |tx: &mut Tx| -> Result<()> {
        let Device { pool, sub, key, .. } = &device;
        if !sessions::is_on_device(tx, pool, &session.id, key).await? {
            return Err(Error::invalid_device_key());
        }
        let others = devices::of_user(tx, pool, sub).await?;
        if others.iter().any(|other| other.key == *key) {
            return Err(Error::device_key_exists());
        }
        for least in Device::that_make_room(&others) {
            devices::forget(tx, pool, sub, &least.key).await?;
        }
        devices::insert(tx, &device, &secret).await?;
        Ok(())
    };
    write_settled(&cx.app.db, "confirm_device", stands, confirm).await?;
    Ok(ConfirmDeviceResponse {
        user_confirmation_necessary: Some(settings.remembered_on_prompt),
    })
}

/// What the device sends to prove itself by later. One that sends nothing could only ever be told
/// by its key, which is no secret.
fn secret_of(
    pool: &UserPoolId,
    config: Option<DeviceSecretVerifierConfigType>,
) -> Result<DeviceSecret> {
    let DeviceSecretVerifierConfigType {
        password_verifier,
        salt,
    } = config.unwrap_or_default();
    let decoded = |member: &'static str, text: Option<String>| {
        let text = text.ok_or_else(|| Error::invalid_device_secret(member))?;
        base64_decode(&text)
            .map_err(|error| Error::invalid_device_secret(member).with_source(error))
    };
    let salt = decoded("Salt", salt)?;
    let verifier = decoded("PasswordVerifier", password_verifier)?;
    DeviceSecret::of_client(pool, &salt, &verifier)
        .map_err(|error| Error::invalid_device_secret(error).with_source(error))
}
