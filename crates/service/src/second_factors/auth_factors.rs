//! What a user can sign in with: GetUserAuthFactors and AdminGetUserAuthFactors.

use cognate_api::idp::{
    AdminGetUserAuthFactorsRequest, AdminGetUserAuthFactorsResponse, AuthFactorType,
    GetUserAuthFactorsRequest, GetUserAuthFactorsResponse,
};
use cognate_model::attribute::Contact;
use cognate_model::second_factor::SecondFactor;
use cognate_model::{FirstFactor, User, UserPool};
use cognate_store::{passkeys, software_tokens, users};

use super::shown;
use crate::tokens::access_token::{self, SignedIn};
use crate::users::accounts::user_for_operator;
use crate::{Cx, Result};

pub(crate) async fn get_user_auth_factors(
    cx: Cx,
    input: GetUserAuthFactorsRequest,
) -> Result<GetUserAuthFactorsResponse> {
    let SignedIn {
        pool_client, user, ..
    } = access_token::check(&cx, &input.access_token).await?;
    Ok(GetUserAuthFactorsResponse {
        preferred_mfa_setting: shown::preferred(&user),
        user_mfa_setting_list: shown::enabled(&user),
        configured_user_auth_factors: Some(configured(&cx, &pool_client.pool, &user).await?),
        username: user.username,
    })
}

pub(crate) async fn admin_get_user_auth_factors(
    cx: Cx,
    input: AdminGetUserAuthFactorsRequest,
) -> Result<AdminGetUserAuthFactorsResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let user = user_for_operator(&cx, &pool, &input.username).await?;
    Ok(AdminGetUserAuthFactorsResponse {
        preferred_mfa_setting: shown::preferred(&user),
        user_mfa_setting_list: shown::enabled(&user),
        configured_user_auth_factors: Some(configured(&cx, &pool, &user).await?),
        username: user.username,
    })
}

/// ConfiguredUserAuthFactors: what the user has of what the pool lets users sign in with, be it as
/// the first factor or as the second (docs/protocol.md §15.7).
async fn configured(cx: &Cx, pool: &UserPool, user: &User) -> Result<Vec<AuthFactorType>> {
    let allowed = &pool.settings.allowed_first_auth_factors;
    let mut tx = cx.app.db.read().await?;
    let mut factors = Vec::new();
    let credentials = users::credentials(&mut tx, &pool.id, &user.sub).await?;
    if credentials.is_some() {
        factors.push(AuthFactorType::Password);
    }
    for (first, second, contact, shown) in [
        (
            FirstFactor::EmailOtp,
            SecondFactor::Email,
            Contact::Email,
            AuthFactorType::EmailOtp,
        ),
        (
            FirstFactor::SmsOtp,
            SecondFactor::Sms,
            Contact::PhoneNumber,
            AuthFactorType::SmsOtp,
        ),
    ] {
        let is_first = allowed.contains(&first) && user.has_verified(contact);
        if is_first || user.mfa.enabled.contains(&second) {
            factors.push(shown);
        }
    }
    if pool.has_passkeys()
        && !passkeys::of_user(&mut tx, &pool.id, &user.sub)
            .await?
            .is_empty()
    {
        factors.push(AuthFactorType::WebAuthn);
    }
    let token = software_tokens::find(&mut tx, &pool.id, &user.sub).await?;
    if token.is_some_and(|(token, _)| token.verified.is_some()) {
        factors.push(AuthFactorType::SoftwareToken);
    }
    Ok(factors)
}
