//! The settings of a pool that passkeys depend on.

use super::*;

const FACTORS: &str = "/UserPool/Policies/SignInPolicy/AllowedFirstAuthFactors";

async fn factors(client: &TestClient) -> Value {
    let server = &client.pool.server;
    let input = json!({"UserPoolId": client.pool.id});
    let pool = server.call::<op::DescribeUserPool>(input).await.unwrap();
    let pool = serde_json::to_value(pool).unwrap();
    pool.pointer(FACTORS).cloned().unwrap_or_default()
}

async fn update(client: &TestClient, members: Value) -> Result<(), cognate_testkit::ApiError> {
    let mut input = json!({"UserPoolId": client.pool.id});
    input
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    let server = &client.pool.server;
    server.call::<op::UpdateUserPool>(input).await.map(drop)
}

fn policy(factors: &[&str]) -> Value {
    json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": factors}}})
}

#[tokio::test]
async fn the_first_factors_of_a_pool_are_kept_until_others_are_said() {
    for_each_database(async |server| {
        let (client, _, _) = stage(&server).await;
        let both = json!(["PASSWORD", "WEB_AUTHN"]);
        assert_eq!(factors(&client).await, both);
        let password_policy = json!({"Policies": {"PasswordPolicy": {"MinimumLength": 9}}});
        for kept in [
            json!({}),
            password_policy,
            json!({"Policies": {"SignInPolicy": {}}}),
        ] {
            update(&client, kept).await.unwrap();
            assert_eq!(factors(&client).await, both);
        }
        update(&client, policy(&["PASSWORD"])).await.unwrap();
        assert_eq!(factors(&client).await, json!(["PASSWORD"]));
        update(&client, policy(&["WEB_AUTHN", "PASSWORD"]))
            .await
            .unwrap();
        assert_eq!(factors(&client).await, both);
        let all = ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"];
        update(&client, policy(&all)).await.unwrap();
        assert_eq!(factors(&client).await, json!(all));
        let error = refused(update(&client, policy(&["WEB_AUTHN"])).await);
        let told = "Password should be configured as one of the allowed first auth factors.";
        assert_eq!(error.told(), ("InvalidParameterException", told));
        let plain = server.pool().await.client().await;
        assert_eq!(factors(&plain).await, json!(["PASSWORD"]));
    })
    .await;
}

#[tokio::test]
async fn the_least_tier_has_no_first_factor_but_passwords() {
    let server = TestServer::start().await;
    let lite = server.pool().passkeys().with("UserPoolTier", "LITE");
    let error = refused(lite.create().await);
    let told = "AllowedFirstAuthFactors other than PASSWORD needs a user pool of the ESSENTIALS or PLUS tier";
    assert_eq!(error.told(), ("FeatureUnavailableInTierException", told));
    let (client, _, _) = stage(&server).await;
    client.pool.set_passkeys(json!({})).await;
    let error = refused(update(&client, json!({"UserPoolTier": "LITE"})).await);
    assert_eq!(error.code, "TierChangeNotAllowedException");
    let mut both = policy(&["PASSWORD"]);
    both["UserPoolTier"] = json!("LITE");
    update(&client, both).await.unwrap();
    assert_eq!(factors(&client).await, json!(null));
}

#[tokio::test]
async fn passkeys_need_to_be_switched_on_and_a_domain() {
    let server = TestServer::start().await;
    let (client, ana, tokens) = stage(&server).await;
    let mut passkey = TestPasskey::eddsa();
    ana.add_passkey(&tokens.access, &mut passkey).await.unwrap();
    let options = ana.passkey_options(&tokens.access).await.unwrap();
    client
        .pool
        .set_passkeys(json!({"UserVerification": "preferred"}))
        .await;
    let error = refused(ana.passkey_options(&tokens.access).await);
    let missing = (
        "WebAuthnConfigurationMissingException",
        "The user pool has no relying party ID and no domain.",
    );
    assert_eq!(error.told(), missing);
    update(&client, policy(&["PASSWORD"])).await.unwrap();
    let credential = TestPasskey::eddsa().register(&options);
    let start = refused(ana.passkey_options(&tokens.access).await);
    let complete = refused(ana.complete_passkey(&tokens.access, credential).await);
    for error in [start, complete] {
        assert_eq!(error.code, "WebAuthnNotEnabledException");
    }
    // What there is can still be looked through and deleted.
    assert_eq!(all(&ana, &tokens).await.len(), 1);
    delete(&ana, &tokens, &passkey.id()).await.unwrap();
}

#[tokio::test]
async fn a_relying_party_is_a_domain_and_never_an_address_or_a_url() {
    let server = TestServer::start().await;
    let (client, _, _) = stage(&server).await;
    for id in [
        "https://example.com",
        "127.0.0.1",
        "Example.com",
        "example.com:443",
        "a b",
    ] {
        let input = json!({
            "UserPoolId": client.pool.id,
            "WebAuthnConfiguration": {"RelyingPartyId": id},
        });
        let error = refused(server.call::<op::SetUserPoolMfaConfig>(input).await);
        let told = format!("The relying party ID {id} is no domain in lower case.");
        assert_eq!(error.told(), ("InvalidParameterException", told.as_str()));
    }
}
