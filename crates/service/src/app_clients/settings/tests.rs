#![allow(clippy::unwrap_used, clippy::expect_used)]

use cognate_model::UserPool;
use cognate_model::app_client::ClientSettings;
use serde_json::{Value, json};

use super::read;
use crate::app_clients::asked::asked_of_new;
use crate::app_clients::clients::tests::{create_request, pool_with};
use crate::{ErrorCode, Result};

fn settings_of(pool: &UserPool, members: Value) -> Result<ClientSettings> {
    let (asked, own, generate) = asked_of_new(create_request(pool, members));
    read(asked, pool, None, own.is_some() || generate)
}

fn refusal(pool: &UserPool, members: Value) -> String {
    let error = settings_of(pool, members).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidParameter);
    error.message
}

#[tokio::test]
async fn every_setting_that_is_not_built_is_refused_by_its_name() {
    let (_, pool) = pool_with(json!({})).await;
    for (member, asked) in [
        (
            "AllowedOAuthFlowsUserPoolClient",
            json!({"AllowedOAuthFlowsUserPoolClient": true}),
        ),
        ("AllowedOAuthFlows", json!({"AllowedOAuthFlows": ["code"]})),
        (
            "AllowedOAuthScopes",
            json!({"AllowedOAuthScopes": ["openid"]}),
        ),
        (
            "CallbackURLs",
            json!({"CallbackURLs": ["https://example.com/"]}),
        ),
        (
            "LogoutURLs",
            json!({"LogoutURLs": ["https://example.com/"]}),
        ),
        (
            "DefaultRedirectURI",
            json!({"DefaultRedirectURI": "https://example.com/"}),
        ),
        (
            "ALLOW_CLIENT_TOKEN_AUTH in ExplicitAuthFlows",
            json!({"ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"]}),
        ),
        (
            "ALLOW_TOKEN_EXCHANGE_DELEGATION in ExplicitAuthFlows",
            json!({"ExplicitAuthFlows": ["ALLOW_TOKEN_EXCHANGE_DELEGATION"]}),
        ),
    ] {
        assert_eq!(
            refusal(&pool, asked),
            format!("Cognate does not support {member} yet")
        );
    }
    for (asked, words) in [
        (
            json!({"AnalyticsConfiguration": {"UserDataShared": true}}),
            "AnalyticsConfiguration: nothing is sent to Amazon Pinpoint",
        ),
        (
            json!({"PublishSecretsInAWSSecretsManager": true}),
            "PublishSecretsInAWSSecretsManager: secrets lie in Cognate's own database, sealed",
        ),
    ] {
        assert_eq!(
            refusal(&pool, asked),
            format!("Cognate does not support {words}")
        );
    }
    let off = json!({
        "AllowedOAuthFlowsUserPoolClient": false, "AllowedOAuthFlows": [], "AllowedOAuthScopes": [], "CallbackURLs": [], "LogoutURLs": [],
        "AnalyticsConfiguration": {}, "EnablePropagateAdditionalUserContextData": false,
        "PublishSecretsInAWSSecretsManager": false, "RefreshTokenRotation": {"Feature": "DISABLED"},
    });
    assert_eq!(
        settings_of(&pool, off).unwrap(),
        settings_of(&pool, json!({})).unwrap()
    );
}

#[tokio::test]
async fn token_validities_are_counted_in_their_units_and_kept_in_their_ranges() {
    let (_, pool) = pool_with(json!({})).await;
    let seconds = |members: Value| {
        let settings = settings_of(&pool, members).unwrap();
        [
            settings.access_validity,
            settings.id_validity,
            settings.refresh_validity,
        ]
        .map(|validity| validity.span().as_secs())
    };
    assert_eq!(seconds(json!({})), [3_600, 3_600, 2_592_000]);
    assert_eq!(
        seconds(
            json!({"AccessTokenValidity": 24, "IdTokenValidity": 2, "RefreshTokenValidity": 3650})
        ),
        [86_400, 7_200, 315_360_000]
    );
    assert_eq!(
        seconds(
            json!({"RefreshTokenValidity": 0, "TokenValidityUnits": {"RefreshToken": "minutes"}})
        ),
        [3_600, 3_600, 2_592_000]
    );
    assert_eq!(
        seconds(json!({"TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "seconds"}})),
        [3_600, 3_600, 2_592_000]
    );
    assert_eq!(
        seconds(json!({
            "AccessTokenValidity": 5, "IdTokenValidity": 300, "RefreshTokenValidity": 60,
            "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "seconds", "RefreshToken": "minutes"},
        })),
        [300, 300, 3_600]
    );
    for outside in [
        json!({"AccessTokenValidity": 25}),
        json!({"IdTokenValidity": 299, "TokenValidityUnits": {"IdToken": "seconds"}}),
        json!({"AccessTokenValidity": 4, "TokenValidityUnits": {"AccessToken": "minutes"}}),
        json!({"RefreshTokenValidity": 3651}),
        json!({"RefreshTokenValidity": 59, "TokenValidityUnits": {"RefreshToken": "minutes"}}),
        json!({"RefreshTokenValidity": 315_360_000}),
        json!({"TokenValidityUnits": {"AccessToken": "days"}}),
    ] {
        assert_eq!(
            refusal(&pool, outside.clone()),
            "Invalid range for token validity.",
            "{outside}"
        );
    }
    let refresh_first = json!({"AccessTokenValidity": 2, "RefreshTokenValidity": 1, "TokenValidityUnits": {"RefreshToken": "hours"}});
    assert_eq!(
        refusal(&pool, refresh_first),
        "Access and Id Token expiration times must be less than or equal to refresh token expiration times."
    );
}

#[tokio::test]
async fn flows_of_the_old_names_and_of_the_new_do_not_mix() {
    let (_, pool) = pool_with(json!({})).await;
    let flows = |names: Value| json!({"ExplicitAuthFlows": names});
    assert_eq!(
        refusal(
            &pool,
            flows(json!(["ADMIN_NO_SRP_AUTH", "ALLOW_USER_SRP_AUTH"]))
        ),
        "Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names."
    );
    let twice = settings_of(
        &pool,
        flows(json!([
            "ADMIN_NO_SRP_AUTH",
            "USER_PASSWORD_AUTH",
            "ADMIN_NO_SRP_AUTH"
        ])),
    )
    .unwrap();
    assert_eq!(twice.explicit_auth_flows.unwrap().len(), 2);
    assert!(
        settings_of(
            &pool,
            flows(json!([
                "ALLOW_CUSTOM_AUTH",
                "ALLOW_USER_AUTH",
                "ALLOW_REFRESH_TOKEN_AUTH"
            ]))
        )
        .is_ok()
    );
}

#[tokio::test]
async fn rotation_and_the_flow_that_it_replaces_exclude_each_other() {
    let (_, pool) = pool_with(json!({})).await;
    let rotating = |flows: Value| json!({"RefreshTokenRotation": {"Feature": "ENABLED"}, "ExplicitAuthFlows": flows});
    assert!(
        refusal(&pool, rotating(json!(["ALLOW_REFRESH_TOKEN_AUTH"])))
            .starts_with("ALLOW_REFRESH_TOKEN_AUTH")
    );
    let rotation = settings_of(&pool, rotating(json!(["ALLOW_USER_SRP_AUTH"])))
        .unwrap()
        .rotation
        .unwrap();
    assert_eq!(rotation.grace_seconds, 0);
    assert!(
        settings_of(
            &pool,
            json!({"RefreshTokenRotation": {"Feature": "ENABLED"}})
        )
        .is_ok()
    );
}

#[tokio::test]
async fn choice_based_sign_in_is_no_feature_of_the_least_tier() {
    let (_, pool) = pool_with(json!({"UserPoolTier": "LITE"})).await;
    let error = settings_of(&pool, json!({"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]})).unwrap_err();
    assert_eq!(error.code, ErrorCode::FeatureUnavailableInTier);
}

#[tokio::test]
async fn attributes_of_a_client_are_in_the_schema_and_those_to_write_are_the_users_own() {
    let schema = json!({"Schema": [
        {"Name": "email", "AttributeDataType": "String", "Required": true, "Mutable": true},
        {"Name": "role", "AttributeDataType": "String"},
        {"Name": "note", "AttributeDataType": "String", "DeveloperOnlyAttribute": true},
    ]});
    let (_, pool) = pool_with(schema).await;
    let invalid_read = "Invalid read attributes specified while creating a client";
    let invalid_write = "Invalid write attributes specified while creating a client";
    assert_eq!(
        refusal(&pool, json!({"ReadAttributes": ["email", "role"]})),
        invalid_read
    );
    assert!(
        settings_of(
            &pool,
            json!({"ReadAttributes": ["email_verified", "custom:role", "sub"]})
        )
        .is_ok()
    );
    assert!(settings_of(&pool, json!({"WriteAttributes": ["email", "custom:role"]})).is_ok());
    for names in [
        json!(["email", "nothing"]),
        json!(["email", "email_verified"]),
        json!(["email", "phone_number_verified"]),
        json!(["email", "sub"]),
        json!(["email", "dev:custom:note"]),
        json!(["custom:role"]),
    ] {
        assert_eq!(
            refusal(&pool, json!({"WriteAttributes": names.clone()})),
            invalid_write,
            "{names}"
        );
    }
}

#[tokio::test]
async fn empty_lists_are_what_a_client_gets_that_names_none() {
    // Also where an attribute is required: a list that leaves it out is refused, but this is none.
    let (_, pool) = pool_with(json!({"Schema": [{"Name": "email", "Required": true}]})).await;
    let empty = json!({
        "ReadAttributes": [], "WriteAttributes": [], "ExplicitAuthFlows": [], "SupportedIdentityProviders": [], "CallbackURLs": [],
        "LogoutURLs": [], "AllowedOAuthFlows": [], "AllowedOAuthScopes": [],
    });
    assert_eq!(
        settings_of(&pool, empty).unwrap(),
        settings_of(&pool, json!({})).unwrap()
    );
}

#[tokio::test]
async fn an_identity_provider_that_the_pool_does_not_have_is_refused() {
    let (_, pool) = pool_with(json!({})).await;
    let sentence = format!(
        "The provider Google does not exist for User Pool {}",
        pool.id
    );
    assert_eq!(
        refusal(
            &pool,
            json!({"SupportedIdentityProviders": ["COGNITO", "Google"]})
        ),
        sentence
    );
}
