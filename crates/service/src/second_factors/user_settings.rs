//! The older way to switch text messages on and off: SetUserSettings and AdminSetUserSettings.

use cognate_api::idp::{
    AdminSetUserSettingsRequest, AdminSetUserSettingsResponse, DeliveryMediumType, MFAOptionType,
    SetUserSettingsRequest, SetUserSettingsResponse,
};
use cognate_model::attribute::Contact;
use cognate_model::second_factor::{SecondFactor, Wish};

use super::change::{By, Wishes, change};
use crate::tokens::access_token::{self, SignedIn};
use crate::users::accounts::user_for_operator;
use crate::{Cx, Error, Result};

pub(crate) async fn set_user_settings(
    cx: Cx,
    input: SetUserSettingsRequest,
) -> Result<SetUserSettingsResponse> {
    let signed_in = access_token::check(&cx, &input.access_token).await?;
    let by = By::User(signed_in.basis());
    let SignedIn {
        pool_client, user, ..
    } = signed_in;
    let wishes = read(&input.mfa_options)?;
    change(
        &cx,
        "set_user_settings",
        &pool_client.pool,
        &user.sub,
        (by, wishes),
    )
    .await?;
    Ok(SetUserSettingsResponse {})
}

pub(crate) async fn admin_set_user_settings(
    cx: Cx,
    input: AdminSetUserSettingsRequest,
) -> Result<AdminSetUserSettingsResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let user = user_for_operator(&cx, &pool, &input.username).await?;
    let wishes = read(&input.mfa_options)?;
    let name = "admin_set_user_settings";
    change(&cx, name, &pool, &user.sub, (By::Operator, wishes)).await?;
    Ok(AdminSetUserSettingsResponse {})
}

/// An empty list switches text messages off (docs/protocol.md §15.5).
fn read(options: &[MFAOptionType]) -> Result<Wishes> {
    let is_sms = |option: &MFAOptionType| {
        option.delivery_medium == Some(DeliveryMediumType::Sms)
            && option.attribute_name.as_deref() == Some(Contact::PhoneNumber.attribute())
    };
    if !options.iter().all(is_sms) {
        return Err(Error::only_sms_options());
    }
    let wish = Wish {
        enabled: !options.is_empty(),
        preferred: false,
    };
    Ok(Wishes {
        factors: [(SecondFactor::Sms, wish)].into(),
        passkey: None,
    })
}
