//! The demo pool and its app client. They are made once, through the ordinary operations, and found
//! again by name.

mod needs;
mod operator;

use std::sync::Arc;

use anyhow::{Context, Result};
use cognate_service::{App, Operations};
use cognate_web::demo::{DemoConfig, DemoPasswordPolicy};
use serde_json::{Value, json};

use crate::node::{host_of, is_domain};
use operator::Operator;

const POOL: &str = "Cognate demo";
const CLIENT: &str = "Cognate demo site";

/// Finds or makes both, and gives them what the site needs and they lack.
///
/// # Errors
/// When an operation fails.
pub(crate) async fn prepare(
    app: &Arc<App>,
    operations: &Operations,
    inbox_url: Option<String>,
) -> Result<DemoConfig> {
    let caller = Operator { app, operations };
    let user_pool_id = match caller
        .find(
            "ListUserPools",
            json!({"MaxResults": 60}),
            "UserPools",
            ("Name", POOL),
            ("Id", &format!("{}_", app.config.region)),
        )
        .await?
    {
        Some(id) => id,
        None => make_pool(&caller).await?,
    };
    let of_pool = json!({"UserPoolId": user_pool_id, "MaxResults": 60});
    let client_id = match caller
        .find(
            "ListUserPoolClients",
            of_pool,
            "UserPoolClients",
            ("ClientName", CLIENT),
            ("ClientId", ""),
        )
        .await?
    {
        Some(id) => id,
        None => make_client(&caller, &user_pool_id).await?,
    };
    let relying_party = relying_party_of(&app.config.public_url);
    needs::give(&caller, &user_pool_id, &client_id, &relying_party).await;
    let features = needs::features(&caller, &user_pool_id, &client_id).await?;
    let pool = caller.pool(&user_pool_id).await?;
    Ok(DemoConfig {
        region: app.config.region.clone(),
        user_pool_id,
        client_id,
        inbox_url,
        password_policy: password_policy(&pool["Policies"]["PasswordPolicy"]),
        authenticator_apps: features.authenticator_apps,
        passkeys: features.passkeys,
        sessions: features.sessions,
    })
}

/// The name that passkeys are made for: never an address, so the one under which this machine
/// reaches itself where the public URL has none.
fn relying_party_of(public_url: &str) -> String {
    let host = host_of(public_url).filter(|host| is_domain(host));
    host.unwrap_or("localhost").to_ascii_lowercase()
}

async fn make_pool(caller: &Operator<'_>) -> Result<String> {
    let input = json!({
        "PoolName": POOL,
        "UsernameAttributes": ["email"],
        "AutoVerifiedAttributes": ["email"],
        "Policies": {"PasswordPolicy": {
            "MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true, "RequireSymbols": false,
        }},
    });
    text(&caller.call("CreateUserPool", input).await?["UserPool"]["Id"])
}

async fn make_client(caller: &Operator<'_>, user_pool_id: &str) -> Result<String> {
    let input = json!({
        "UserPoolId": user_pool_id,
        "ClientName": CLIENT,
        "GenerateSecret": false,
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "PreventUserExistenceErrors": "ENABLED",
    });
    text(&caller.call("CreateUserPoolClient", input).await?["UserPoolClient"]["ClientId"])
}

fn text(value: &Value) -> Result<String> {
    value
        .as_str()
        .map(str::to_owned)
        .context("an answer without an id")
}

fn password_policy(policy: &Value) -> DemoPasswordPolicy {
    let requires = |member: &str| policy[member].as_bool().unwrap_or(false);
    DemoPasswordPolicy {
        minimum_length: policy["MinimumLength"]
            .as_u64()
            .and_then(|length| u32::try_from(length).ok())
            .unwrap_or(8),
        require_uppercase: requires("RequireUppercase"),
        require_lowercase: requires("RequireLowercase"),
        require_numbers: requires("RequireNumbers"),
        require_symbols: requires("RequireSymbols"),
    }
}

#[cfg(test)]
mod tests {
    use super::relying_party_of;

    #[test]
    fn passkeys_are_made_for_a_name() {
        for (public_url, name) in [
            ("http://127.0.0.1:9229", "localhost"),
            ("https://[::1]:9229", "localhost"),
            ("https://ID.example.com/auth", "id.example.com"),
        ] {
            assert_eq!(relying_party_of(public_url), name, "{public_url}");
        }
    }
}
