//! What a user has switched on: SetUserMFAPreference and AdminSetUserMFAPreference.

use cognate_api::idp::{
    AdminSetUserMFAPreferenceRequest, AdminSetUserMFAPreferenceResponse, EmailMfaSettingsType,
    SMSMfaSettingsType, SetUserMFAPreferenceRequest, SetUserMFAPreferenceResponse,
    SoftwareTokenMfaSettingsType, WebAuthnMfaSettingsType,
};
use cognate_model::second_factor::{SecondFactor, Wish};

use super::change::{By, Wishes, change};
use crate::tokens::access_token::{self, SignedIn};
use crate::users::accounts::user_for_operator;
use crate::{Cx, Result};

pub(crate) async fn set_user_mfa_preference(
    cx: Cx,
    input: SetUserMFAPreferenceRequest,
) -> Result<SetUserMFAPreferenceResponse> {
    let signed_in = access_token::check(&cx, &input.access_token).await?;
    let by = By::User(signed_in.basis());
    let SignedIn {
        pool_client, user, ..
    } = signed_in;
    let wishes = Wished {
        sms: input.sms_mfa_settings,
        software_token: input.software_token_mfa_settings,
        email: input.email_mfa_settings,
        passkey: input.web_authn_mfa_settings,
    };
    let name = "set_user_mfa_preference";
    change(&cx, name, &pool_client.pool, &user.sub, (by, wishes.read())).await?;
    Ok(SetUserMFAPreferenceResponse {})
}

pub(crate) async fn admin_set_user_mfa_preference(
    cx: Cx,
    input: AdminSetUserMFAPreferenceRequest,
) -> Result<AdminSetUserMFAPreferenceResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let user = user_for_operator(&cx, &pool, &input.username).await?;
    let wishes = Wished {
        sms: input.sms_mfa_settings,
        software_token: input.software_token_mfa_settings,
        email: input.email_mfa_settings,
        passkey: input.web_authn_mfa_settings,
    };
    let name = "admin_set_user_mfa_preference";
    change(&cx, name, &pool, &user.sub, (By::Operator, wishes.read())).await?;
    Ok(AdminSetUserMFAPreferenceResponse {})
}

/// The members that both operations have.
struct Wished {
    sms: Option<SMSMfaSettingsType>,
    software_token: Option<SoftwareTokenMfaSettingsType>,
    email: Option<EmailMfaSettingsType>,
    passkey: Option<WebAuthnMfaSettingsType>,
}

impl Wished {
    /// What is left out stays as it is; a member of a factor that is left out is false.
    fn read(self) -> Wishes {
        // Without `..`, so that a member which the model gains is not passed over.
        let sms = self.sms.map(|given| {
            let SMSMfaSettingsType {
                enabled,
                preferred_mfa,
            } = given;
            (SecondFactor::Sms, wish(enabled, preferred_mfa))
        });
        let software_token = self.software_token.map(|given| {
            let SoftwareTokenMfaSettingsType {
                enabled,
                preferred_mfa,
            } = given;
            (SecondFactor::SoftwareToken, wish(enabled, preferred_mfa))
        });
        let email = self.email.map(|given| {
            let EmailMfaSettingsType {
                enabled,
                preferred_mfa,
            } = given;
            (SecondFactor::Email, wish(enabled, preferred_mfa))
        });
        let passkey = self.passkey.map(|given| {
            let WebAuthnMfaSettingsType { enabled } = given;
            enabled == Some(true)
        });
        Wishes {
            factors: [sms, software_token, email].into_iter().flatten().collect(),
            passkey,
        }
    }
}

fn wish(enabled: Option<bool>, preferred: Option<bool>) -> Wish {
    Wish {
        enabled: enabled == Some(true),
        preferred: preferred == Some(true),
    }
}
