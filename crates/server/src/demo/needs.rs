//! What the demo site needs of its pool and app client, beyond what any pool has. It is given at
//! every start, so that those get it too which an older version made; the rest of their settings
//! stays. What cannot be given is told in the log, and the site does without.

use anyhow::Result;
use cognate_web::demo::DemoPasskeys;
use serde_json::{Value, json};

use super::operator::Operator;

/// The flow in which a sign-in begins with a passkey.
const CHOICE: &str = "ALLOW_USER_AUTH";
const PASSKEY: &str = "WEB_AUTHN";

/// Gives what is lacking.
pub(super) async fn give(
    caller: &Operator<'_>,
    user_pool_id: &str,
    client_id: &str,
    relying_party: &str,
) {
    for (what, outcome) in [
        (
            "sign-in with passkeys",
            first_factors(caller, user_pool_id).await,
        ),
        (
            "authenticator apps and passkeys",
            factors(caller, user_pool_id, relying_party).await,
        ),
        ("lists of sessions", sessions(caller, user_pool_id).await),
        (
            "choice-based sign-in",
            flows(caller, user_pool_id, client_id).await,
        ),
    ] {
        if let Err(error) = outcome {
            tracing::warn!("the demo site has no {what}: {error:#}");
        }
    }
}

/// What the pool and the app client have.
pub(super) struct Features {
    pub(super) authenticator_apps: bool,
    pub(super) passkeys: Option<DemoPasskeys>,
    pub(super) sessions: bool,
}

/// Looks at what there is.
///
/// # Errors
/// When an operation fails.
pub(super) async fn features(
    caller: &Operator<'_>,
    user_pool_id: &str,
    client_id: &str,
) -> Result<Features> {
    let pool = caller.pool(user_pool_id).await?;
    let client = caller.client(user_pool_id, client_id).await?;
    let mfa = caller.mfa(user_pool_id).await?;
    let sessions = caller.sessions(user_pool_id).await?;
    let begins_with_passkeys = contains(first_factors_of(&pool), PASSKEY)
        && contains(&client["ExplicitAuthFlows"], CHOICE);
    let passkeys = &mfa["WebAuthnConfiguration"];
    let relying_party = passkeys["RelyingPartyId"].as_str();
    Ok(Features {
        authenticator_apps: mfa["MfaConfiguration"] != "OFF"
            && mfa["SoftwareTokenMfaConfiguration"]["Enabled"] == true,
        passkeys: relying_party
            .filter(|_| begins_with_passkeys)
            .map(|name| DemoPasskeys {
                relying_party_id: name.to_owned(),
                stand_for_both: passkeys["FactorConfiguration"]
                    == "MULTI_FACTOR_WITH_USER_VERIFICATION",
            }),
        sessions: sessions["UserSessionTracking"] == "ENABLED",
    })
}

/// Passkeys beside passwords.
async fn first_factors(caller: &Operator<'_>, user_pool_id: &str) -> Result<()> {
    let mut pool = caller.pool(user_pool_id).await?;
    if contains(first_factors_of(&pool), PASSKEY) {
        return Ok(());
    }
    // An update resets what it leaves out: it says all that is described, which has more members
    // than the input takes.
    let has = first_factors_of(&pool).as_array().cloned();
    let mut factors = has.unwrap_or_else(|| vec![json!("PASSWORD")]);
    factors.push(json!(PASSKEY));
    pool["Policies"]["SignInPolicy"] = json!({"AllowedFirstAuthFactors": factors});
    pool["UserPoolId"] = json!(user_pool_id);
    // The older name of a member of the policy: an update takes only one of them.
    if let Some(invitations) = pool["AdminCreateUserConfig"].as_object_mut() {
        invitations.remove("UnusedAccountValidityDays");
    }
    caller.call("UpdateUserPool", pool).await?;
    Ok(())
}

/// A second factor for who wants one, and the name that passkeys are made for. Passkeys may stand
/// for both factors, or who has an app could sign in with none. Mail is no second factor here,
/// since it is the way to a new password.
async fn factors(caller: &Operator<'_>, user_pool_id: &str, relying_party: &str) -> Result<()> {
    let mut mfa = caller.mfa(user_pool_id).await?;
    let has_apps = mfa["SoftwareTokenMfaConfiguration"]["Enabled"] == true;
    let has_passkeys = mfa["WebAuthnConfiguration"]["RelyingPartyId"].is_string();
    if has_apps && has_passkeys {
        return Ok(());
    }
    if mfa["MfaConfiguration"] == "OFF" {
        mfa["MfaConfiguration"] = json!("OPTIONAL");
    }
    mfa["SoftwareTokenMfaConfiguration"] = json!({"Enabled": true});
    if !has_passkeys {
        mfa["WebAuthnConfiguration"] = json!({
            "RelyingPartyId": relying_party,
            "UserVerification": "required",
            "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION",
        });
    }
    mfa["UserPoolId"] = json!(user_pool_id);
    caller.call("SetUserPoolMfaConfig", mfa).await?;
    Ok(())
}

async fn sessions(caller: &Operator<'_>, user_pool_id: &str) -> Result<()> {
    let mut configuration = caller.sessions(user_pool_id).await?;
    if configuration["UserSessionTracking"] == "ENABLED" {
        return Ok(());
    }
    configuration["UserSessionTracking"] = json!("ENABLED");
    caller
        .call("SetUserPoolSessionConfiguration", configuration)
        .await?;
    Ok(())
}

async fn flows(caller: &Operator<'_>, user_pool_id: &str, client_id: &str) -> Result<()> {
    let mut client = caller.client(user_pool_id, client_id).await?;
    if contains(&client["ExplicitAuthFlows"], CHOICE) {
        return Ok(());
    }
    let mut flows = client["ExplicitAuthFlows"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    flows.push(json!(CHOICE));
    client["ExplicitAuthFlows"] = Value::Array(flows);
    // As with the pool: all that is described.
    caller.call("UpdateUserPoolClient", client).await?;
    Ok(())
}

fn first_factors_of(pool: &Value) -> &Value {
    &pool["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"]
}

fn contains(list: &Value, wanted: &str) -> bool {
    list.as_array()
        .is_some_and(|list| list.iter().any(|entry| entry == wanted))
}
