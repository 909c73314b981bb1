//! Sign-in with passkeys: USER_AUTH and WEB_AUTHN.

use cognate_testkit::{
    TestClient, TestPasskey, TestServer, TestUser, Tokens, claims, for_each_database, minutes, op,
    refused,
};
use serde_json::{Value, json};

const WRONG: (&str, &str) = ("NotAuthorizedException", "Incorrect username or password.");
const NO_SESSION: (&str, &str) = ("NotAuthorizedException", "Invalid session for the user.");

/// A client of a pool whose passkeys are for example.com.
async fn client(server: &TestServer) -> TestClient {
    let pool = server.pool().passkeys().await;
    pool.set_passkeys(json!({"RelyingPartyId": "example.com"}))
        .await;
    pool.client().user_auth().await
}

/// A user of the client who has a passkey.
async fn with_passkey(client: &TestClient, name: &str, passkey: &mut TestPasskey) -> TestUser {
    let user = client.user(name).confirmed().await;
    let tokens = user.sign_in().await.unwrap();
    user.add_passkey(&tokens.access, passkey).await.unwrap();
    user
}

async fn stage(server: &TestServer) -> (TestUser, TestPasskey) {
    let mut passkey = TestPasskey::es256();
    let client = client(server).await;
    let ana = with_passkey(&client, "ana", &mut passkey).await;
    (ana, passkey)
}

#[tokio::test]
async fn passkeys_of_each_algorithm_sign_in() {
    for_each_database(async |server| {
        let client = client(&server).await;
        for (name, mut passkey) in [
            ("ana", TestPasskey::es256()),
            ("bea", TestPasskey::rs256()),
            ("eve", TestPasskey::eddsa()),
        ] {
            passkey.authenticator.counter = 3;
            let user = with_passkey(&client, name, &mut passkey).await;
            for _ in 0..2 {
                let tokens = user.sign_in_with(&mut passkey).await.unwrap();
                assert_eq!(claims(&tokens.access)["username"], name);
                user.get_user(&tokens.access).await.unwrap();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_options_of_a_sign_in_name_the_passkeys_and_have_no_null() {
    let server = TestServer::start().await;
    let (ana, first) = stage(&server).await;
    let tokens = ana.sign_in().await.unwrap();
    let mut second = TestPasskey::eddsa();
    second.transports = Vec::new();
    server.advance(minutes(1));
    ana.add_passkey(&tokens.access, &mut second).await.unwrap();
    let (_, mut options) = ana.begin_passkey().await.unwrap();
    assert_eq!(options["challenge"].take().as_str().unwrap().len(), 43);
    let expected = json!({
        "challenge": null,
        "timeout": 180_000,
        "rpId": "example.com",
        "allowCredentials": [
            {"type": "public-key", "id": first.id(), "transports": ["internal"]},
            {"type": "public-key", "id": second.id()},
        ],
        "userVerification": "preferred",
    });
    assert_eq!(options, expected);
}

#[tokio::test]
async fn a_passkey_is_chosen_among_what_there_is() {
    let server = TestServer::start().await;
    let (ana, mut passkey) = stage(&server).await;
    let asked = ana.begin_choice(None).await.unwrap();
    let challenges = serde_json::to_value(&asked.available_challenges).unwrap();
    assert_eq!(challenges, json!(["PASSWORD", "PASSWORD_SRP", "WEB_AUTHN"]));
    let input = json!({
        "ClientId": ana.client.id, "ChallengeName": "SELECT_CHALLENGE", "Session": asked.session,
        "ChallengeResponses": {"USERNAME": "ana", "ANSWER": "WEB_AUTHN"},
    });
    let chosen = server
        .call::<op::RespondToAuthChallenge>(input)
        .await
        .unwrap();
    let parameters = chosen.challenge_parameters.unwrap();
    assert_eq!(parameters["USERNAME"], "ana");
    let options = serde_json::from_str(&parameters["CREDENTIAL_REQUEST_OPTIONS"]).unwrap();
    let credential = passkey.sign_in(&options);
    let session = chosen.session.unwrap();
    ana.answer_passkey(&session, &credential).await.unwrap();
    let eve = ana.client.user("eve").confirmed().await;
    let asked = eve.begin_choice(Some("WEB_AUTHN")).await.unwrap();
    assert_eq!(asked.available_challenges.unwrap().len(), 2, "she has none");
}

#[tokio::test]
async fn a_stolen_response_signs_nobody_in() {
    let server = TestServer::start().await;
    let (ana, mut passkey) = stage(&server).await;
    let mut of_eve = TestPasskey::eddsa();
    let eve = with_passkey(&ana.client, "eve", &mut of_eve).await;
    // To another challenge, page or domain.
    let changes: [fn(&mut TestPasskey); 3] = [
        |passkey| passkey.challenge = Some(vec![7; 32]),
        |passkey| passkey.origin = "https://evil.example".to_owned(),
        |passkey| passkey.relying_party_id = Some("evil.example".to_owned()),
    ];
    for change in changes {
        let (session, options) = ana.begin_passkey().await.unwrap();
        let mut stolen = passkey;
        change(&mut stolen);
        let credential = stolen.sign_in(&options);
        let error = refused(ana.answer_passkey(&session, &credential).await);
        assert_eq!(error.told(), WRONG);
        // And the step is used up.
        (stolen.challenge, stolen.relying_party_id) = (None, None);
        stolen.origin = "https://example.com".to_owned();
        let right = stolen.sign_in(&options);
        let error = refused(ana.answer_passkey(&session, &right).await);
        assert_eq!(error.told(), NO_SESSION);
        passkey = stolen;
    }
    // Of one user for another, in either's session.
    let (session, options) = ana.begin_passkey().await.unwrap();
    let credential = passkey.sign_in(&options);
    let error = refused(eve.answer_passkey(&session, &credential).await);
    assert_eq!(error.told(), NO_SESSION);
    let (session, options) = eve.begin_passkey().await.unwrap();
    let credential = passkey.sign_in(&options);
    let error = refused(eve.answer_passkey(&session, &credential).await);
    assert_eq!(error.told(), WRONG);
    // At another client.
    let (session, options) = ana.begin_passkey().await.unwrap();
    let credential = passkey.sign_in(&options);
    let elsewhere = ana.at(&ana.client.pool.client().user_auth().await);
    let error = refused(elsewhere.answer_passkey(&session, &credential).await);
    assert_eq!(error.told(), NO_SESSION);
    ana.sign_in_with(&mut passkey).await.unwrap();
}

#[tokio::test]
async fn a_response_is_taken_once_and_in_time() {
    for_each_database(async |server| {
        let (ana, mut passkey) = stage(&server).await;
        let (session, options) = ana.begin_passkey().await.unwrap();
        let credential = passkey.sign_in(&options);
        ana.answer_passkey(&session, &credential).await.unwrap();
        let error = refused(ana.answer_passkey(&session, &credential).await);
        assert_eq!(error.told(), NO_SESSION);
        let (other, _) = ana.begin_passkey().await.unwrap();
        let error = refused(ana.answer_passkey(&other, &credential).await);
        assert_eq!(error.told(), WRONG);
        let (session, options) = ana.begin_passkey().await.unwrap();
        let credential = passkey.sign_in(&options);
        server.advance(minutes(3));
        let error = refused(ana.answer_passkey(&session, &credential).await);
        assert_eq!(error.told(), NO_SESSION);
    })
    .await;
}

#[tokio::test]
async fn a_copied_passkey_is_found_by_its_counter_and_signs_nobody_in_any_more() {
    for_each_database(async |server| {
        let client = client(&server).await;
        let mut passkey = TestPasskey::eddsa();
        passkey.authenticator.counter = 5;
        let ana = with_passkey(&client, "ana", &mut passkey).await;
        ana.sign_in_with(&mut passkey).await.unwrap();
        // The copy signs with a count that the owner's has used.
        passkey.authenticator.counter = 5;
        let error = refused(ana.sign_in_with(&mut passkey).await);
        assert_eq!(error.told(), WRONG);
        // From now on it is offered to nobody.
        let asked = ana.begin_choice(Some("WEB_AUTHN")).await.unwrap();
        assert_eq!(asked.available_challenges.unwrap().len(), 2);
        let tokens = ana.sign_in().await.unwrap();
        assert_eq!(
            number_of_passkeys(&ana, &tokens).await,
            1,
            "for its user to see"
        );
        // And the authenticator may make another in its place.
        let options = ana.passkey_options(&tokens.access).await.unwrap();
        assert_eq!(options["excludeCredentials"], json!([]));
        let mut new = TestPasskey::eddsa();
        ana.add_passkey(&tokens.access, &mut new).await.unwrap();
        ana.sign_in_with(&mut new).await.unwrap();
    })
    .await;
}

async fn number_of_passkeys(ana: &TestUser, tokens: &Tokens) -> usize {
    let input = json!({"AccessToken": tokens.access});
    let server = &ana.client.pool.server;
    let list = server.call::<op::ListWebAuthnCredentials>(input).await;
    list.unwrap().credentials.len()
}

#[tokio::test]
async fn a_copy_that_was_asked_for_before_it_was_found_out_is_refused_too() {
    let server = TestServer::start().await;
    let client = client(&server).await;
    let mut passkey = TestPasskey::eddsa();
    passkey.authenticator.counter = 5;
    let ana = with_passkey(&client, "ana", &mut passkey).await;
    let (early, options) = ana.begin_passkey().await.unwrap();
    let later = ana.begin_passkey().await.unwrap();
    passkey.authenticator.counter = 1;
    let of_copy = passkey.sign_in(&later.1);
    refused(ana.answer_passkey(&later.0, &of_copy).await);
    passkey.authenticator.counter = 9;
    let of_owner = passkey.sign_in(&options);
    let error = refused(ana.answer_passkey(&early, &of_owner).await);
    assert_eq!(error.told(), WRONG);
}

#[tokio::test]
async fn a_deleted_passkey_signs_nobody_in() {
    let server = TestServer::start().await;
    let (ana, mut passkey) = stage(&server).await;
    let (session, options) = ana.begin_passkey().await.unwrap();
    let tokens = ana.sign_in().await.unwrap();
    let input = json!({"AccessToken": tokens.access, "CredentialId": passkey.id()});
    server
        .call::<op::DeleteWebAuthnCredential>(input)
        .await
        .unwrap();
    let credential = passkey.sign_in(&options);
    let error = refused(ana.answer_passkey(&session, &credential).await);
    assert_eq!(error.told(), WRONG);
}

#[tokio::test]
async fn what_is_no_response_is_refused_and_the_step_stays() {
    let server = TestServer::start().await;
    let (ana, mut passkey) = stage(&server).await;
    let (session, options) = ana.begin_passkey().await.unwrap();
    let good = passkey.sign_in(&options);
    let told = (
        "InvalidParameterException",
        "Credential is not the response of an authenticator to the request.",
    );
    for (place, value) in [
        ("/id", json!("?")),
        ("/rawId", json!("AAAA")),
        ("/response", json!({})),
        ("/response/signature", json!("=")),
        ("/response/authenticatorData", json!(7)),
        ("/response/userHandle", json!("?")),
    ] {
        let mut credential = good.clone();
        *credential.pointer_mut(place).unwrap() = value;
        let error = refused(ana.answer_passkey(&session, &credential).await);
        assert_eq!(error.told(), told, "{place}");
    }
    let error = refused(ana.answer_passkey(&session, &json!([good])).await);
    assert_eq!(error.told(), told);
    let mut without_handle = good;
    without_handle["response"]["userHandle"] = Value::Null;
    ana.answer_passkey(&session, &without_handle).await.unwrap();
}

#[tokio::test]
async fn a_locked_user_does_not_sign_in_by_passkey_either() {
    let server = TestServer::start().await;
    let (ana, mut passkey) = stage(&server).await;
    let (session, options) = ana.begin_passkey().await.unwrap();
    let wrong = ana.with_password("Wrong-Horse-1");
    for _ in 0..6 {
        refused(wrong.sign_in().await);
    }
    let locked = ("NotAuthorizedException", "Password attempts exceeded");
    let credential = passkey.sign_in(&options);
    let error = refused(ana.answer_passkey(&session, &credential).await);
    assert_eq!(error.told(), locked);
    assert_eq!(refused(ana.begin_passkey().await).told(), locked);
}

#[tokio::test]
async fn user_verification_is_asked_for_and_checked_where_the_pool_demands_it() {
    let server = TestServer::start().await;
    let (ana, mut passkey) = stage(&server).await;
    passkey.authenticator.flags &= !4;
    ana.sign_in_with(&mut passkey).await.unwrap();
    let required = json!({"RelyingPartyId": "example.com", "UserVerification": "required"});
    ana.client.pool.set_passkeys(required).await;
    let (session, options) = ana.begin_passkey().await.unwrap();
    assert_eq!(options["userVerification"], "required");
    let credential = passkey.sign_in(&options);
    let error = refused(ana.answer_passkey(&session, &credential).await);
    assert_eq!(error.told(), WRONG);
    passkey.authenticator.flags |= 4;
    ana.sign_in_with(&mut passkey).await.unwrap();
}

#[tokio::test]
async fn a_users_factors_name_the_passkey() {
    let server = TestServer::start().await;
    let (ana, _) = stage(&server).await;
    let tokens = ana.sign_in().await.unwrap();
    let input = json!({"AccessToken": tokens.access});
    let factors = server.call::<op::GetUserAuthFactors>(input).await.unwrap();
    let factors = serde_json::to_value(factors.configured_user_auth_factors).unwrap();
    assert_eq!(factors, json!(["PASSWORD", "WEB_AUTHN"]));
}

#[tokio::test]
async fn a_name_that_nobody_has_is_asked_for_passkeys_like_those_of_others() {
    for_each_database(async |server| {
        let client = client(&server).await;
        for name in ["ana", "bea", "eve"] {
            let mut passkey = TestPasskey::es256();
            with_passkey(&client, name, &mut passkey).await;
        }
        let mut real = TestPasskey::es256();
        let ana = with_passkey(&client, "liv", &mut real).await;
        let nobody = ana.named("nobody");
        let (session, options) = nobody.begin_passkey().await.unwrap();
        let (_, again) = nobody.begin_passkey().await.unwrap();
        assert_eq!(options["allowCredentials"], again["allowCredentials"]);
        let (_, of_ana) = ana.begin_passkey().await.unwrap();
        let shape = |options: &Value| {
            let mut options = options.clone();
            options["challenge"].take();
            options["allowCredentials"][0]["id"] =
                json!(options["allowCredentials"][0]["id"].as_str().unwrap().len());
            options
        };
        assert_eq!(shape(&options), shape(&of_ana));
        // Whatever comes back is refused alike.
        let mut forged = TestPasskey::es256();
        for (user, options) in [(&nobody, &options), (&ana, &of_ana)] {
            let id = options["allowCredentials"][0]["id"].as_str().unwrap();
            let id = cognate_crypto::digest::base64url_decode(id).unwrap();
            forged.authenticator.credential_id = id;
            let (session, options) = user.begin_passkey().await.unwrap();
            let credential = forged.sign_in(&options);
            let error = refused(user.answer_passkey(&session, &credential).await);
            assert_eq!(error.told(), WRONG);
        }
        let error = refused(nobody.answer_passkey(&session, &json!({})).await);
        assert_eq!(error.code, "InvalidParameterException");
    })
    .await;
}

/// Second factors by mail and passkeys, and what a user has chosen of them.
async fn with_second_factor(server: &TestServer, configuration: &str) -> (TestUser, TestPasskey) {
    let recovery = json!({"RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}]});
    let pool = server
        .pool()
        .passkeys()
        .with("AccountRecoverySetting", recovery)
        .await;
    pool.set_passkeys(json!({"RelyingPartyId": "example.com"}))
        .await;
    let client = pool.client().user_auth().await;
    let mut passkey = TestPasskey::eddsa();
    let ana = with_passkey(&client, "ana", &mut passkey).await;
    let input = json!({
        "UserPoolId": pool.id, "MfaConfiguration": configuration, "EmailMfaConfiguration": {},
        "WebAuthnConfiguration": {
            "RelyingPartyId": "example.com",
            "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION",
        },
    });
    server
        .call::<op::SetUserPoolMfaConfig>(input)
        .await
        .unwrap();
    (ana, passkey)
}

async fn choose(ana: &TestUser, passkey: bool) {
    let pool = &ana.client.pool;
    let input = json!({
        "UserPoolId": pool.id, "Username": ana.name,
        "EmailMfaSettings": {"Enabled": true}, "WebAuthnMfaSettings": {"Enabled": passkey},
    });
    pool.server
        .call::<op::AdminSetUserMFAPreference>(input)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_verified_passkey_stands_for_the_second_factor_where_pool_and_user_say_so() {
    for configuration in ["OPTIONAL", "ON"] {
        let server = TestServer::start().await;
        let (ana, mut passkey) = with_second_factor(&server, configuration).await;
        choose(&ana, true).await;
        let by_password = ana.initiate_with_password().await.unwrap();
        assert!(
            by_password.authentication_result.is_none(),
            "a second factor is asked for"
        );
        let (session, options) = ana.begin_passkey().await.unwrap();
        assert_eq!(options["userVerification"], "required");
        let unverified = passkey.authenticator.flags & !4;
        let flags = std::mem::replace(&mut passkey.authenticator.flags, unverified);
        let credential = passkey.sign_in(&options);
        let error = refused(ana.answer_passkey(&session, &credential).await);
        assert_eq!(error.told(), WRONG);
        passkey.authenticator.flags = flags;
        ana.sign_in_with(&mut passkey).await.unwrap();
        // One who has not chosen so cannot get around the second factor with it.
        let asked = ana.begin_passkey().await.unwrap();
        choose(&ana, false).await;
        let credential = passkey.sign_in(&asked.1);
        let input = json!({
            "ClientId": ana.client.id, "ChallengeName": "WEB_AUTHN", "Session": asked.0,
            "ChallengeResponses": {"USERNAME": "ana", "CREDENTIAL": credential.to_string()},
        });
        let answered = server.call::<op::RespondToAuthChallenge>(input).await;
        let answered = answered.unwrap();
        assert!(answered.authentication_result.is_none());
        assert_eq!(answered.challenge_name.unwrap().as_str(), "EMAIL_OTP");
        let offered = ana.begin_choice(Some("WEB_AUTHN")).await.unwrap();
        let offered = serde_json::to_value(offered.available_challenges).unwrap();
        assert_eq!(offered, json!(["PASSWORD", "PASSWORD_SRP"]));
    }
}

#[tokio::test]
async fn in_whatever_state_an_account_is_a_stranger_sees_the_same_of_its_passkeys() {
    let server = TestServer::start().await;
    let client = client(&server).await;
    let mut users = Vec::new();
    for name in ["confirmed", "disabled1", "mustreset"] {
        users.push(with_passkey(&client, name, &mut TestPasskey::es256()).await);
    }
    client.pool.disable("disabled1").await;
    let ids = json!({"UserPoolId": client.pool.id, "Username": "mustreset"});
    server
        .call::<op::AdminResetUserPassword>(ids)
        .await
        .unwrap();
    users.push(users[0].named("nobody123"));
    for user in &users {
        let offered = user.begin_choice(None).await.unwrap();
        let offered = serde_json::to_value(offered.available_challenges).unwrap();
        let all = json!(["PASSWORD", "PASSWORD_SRP", "WEB_AUTHN"]);
        assert_eq!(offered, all, "{}", user.name);
        let (session, options) = user.begin_passkey().await.unwrap();
        let allowed = options["allowCredentials"].as_array().unwrap();
        assert_eq!(allowed.len(), 1, "{}", user.name);
        let id = allowed[0]["id"].as_str().unwrap();
        assert_eq!(
            (id.len(), &allowed[0]["transports"]),
            (22, &json!(["internal"]))
        );
        let mut forged = TestPasskey::es256();
        forged.authenticator.credential_id = cognate_crypto::digest::base64url_decode(id).unwrap();
        let credential = forged.sign_in(&options);
        let error = refused(user.answer_passkey(&session, &credential).await);
        assert_eq!(error.told(), WRONG, "{}", user.name);
    }
}
