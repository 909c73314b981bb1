//! Passkeys: their registration and the list of them.

use cognate_service::server_settings::{self, Subject};
use cognate_testkit::{
    TestClient, TestPasskey, TestServer, TestUser, Tokens, for_each_database, minutes, op, refused,
    seconds,
};
use serde_json::{Value, json};

mod responses;
mod settings;

/// An app client of a pool whose passkeys are for example.com, and a user who is signed in.
async fn stage(server: &TestServer) -> (TestClient, TestUser, Tokens) {
    let pool = server.pool().passkeys().await;
    pool.set_passkeys(json!({"RelyingPartyId": "example.com"}))
        .await;
    let client = pool.client().await;
    let ana = client.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    (client, ana, tokens)
}

/// The passkeys of a user, and the token of the next page.
async fn list(ana: &TestUser, members: Value) -> (Vec<Value>, Option<String>) {
    let server = &ana.client.pool.server;
    let list = server.call::<op::ListWebAuthnCredentials>(members).await;
    let list = list.unwrap();
    let credentials = serde_json::to_value(list.credentials).unwrap();
    (credentials.as_array().unwrap().clone(), list.next_token)
}

async fn all(ana: &TestUser, tokens: &Tokens) -> Vec<Value> {
    list(ana, json!({"AccessToken": tokens.access})).await.0
}

async fn delete(
    ana: &TestUser,
    tokens: &Tokens,
    id: &str,
) -> Result<(), cognate_testkit::ApiError> {
    let input = json!({"AccessToken": tokens.access, "CredentialId": id});
    let server = &ana.client.pool.server;
    let deleted = server.call::<op::DeleteWebAuthnCredential>(input).await;
    deleted.map(drop)
}

#[tokio::test]
async fn the_options_say_all_that_a_browser_needs_and_have_no_null() {
    let server = TestServer::start().await;
    let (_, ana, tokens) = stage(&server).await;
    let mut options = ana.passkey_options(&tokens.access).await.unwrap();
    let challenge = options["challenge"].take();
    assert_eq!(
        challenge.as_str().unwrap().len(),
        43,
        "32 bytes in base64url"
    );
    let handle = cognate_crypto::digest::base64url_encode(ana.sub.as_bytes());
    let expected = json!({
        "rp": {"id": "example.com", "name": "example.com"},
        "user": {"id": handle, "name": "ana", "displayName": "ana"},
        "challenge": null,
        "pubKeyCredParams": [
            {"type": "public-key", "alg": -7},
            {"type": "public-key", "alg": -8},
            {"type": "public-key", "alg": -257},
        ],
        "timeout": 300_000,
        "excludeCredentials": [],
        "authenticatorSelection": {
            "residentKey": "required", "requireResidentKey": true, "userVerification": "preferred",
        },
        "attestation": "none",
    });
    assert_eq!(options, expected);
    let again = ana.passkey_options(&tokens.access).await.unwrap();
    assert_ne!(again["challenge"], challenge);
}

#[tokio::test]
async fn passkeys_of_each_algorithm_are_registered_listed_and_deleted() {
    for_each_database(async |server| {
        let (_, ana, tokens) = stage(&server).await;
        let mut passkeys = [
            TestPasskey::es256(),
            TestPasskey::rs256(),
            TestPasskey::eddsa(),
        ];
        passkeys[1].transports = vec!["usb".to_owned(), "nfc".to_owned()];
        for passkey in &mut passkeys {
            ana.add_passkey(&tokens.access, passkey).await.unwrap();
            server.advance(seconds(1));
        }
        let options = ana.passkey_options(&tokens.access).await.unwrap();
        let excluded = options["excludeCredentials"].as_array().unwrap();
        assert_eq!(excluded.len(), 3);
        let second =
            json!({"type": "public-key", "id": passkeys[1].id(), "transports": ["nfc", "usb"]});
        assert_eq!(excluded[1], second);
        let listed = all(&ana, &tokens).await;
        let ids: Vec<_> = listed
            .iter()
            .map(|one| one["CredentialId"].as_str().unwrap())
            .collect();
        let expected: Vec<_> = passkeys.iter().map(TestPasskey::id).collect();
        assert_eq!(ids, expected);
        let names: Vec<_> = listed
            .iter()
            .map(|one| &one["FriendlyCredentialName"])
            .collect();
        assert_eq!(names, ["Passkey", "Passkey 2", "Passkey 3"]);
        assert_eq!(listed[1]["RelyingPartyId"], "example.com");
        assert_eq!(listed[1]["AuthenticatorAttachment"], "platform");
        assert_eq!(listed[1]["AuthenticatorTransports"], json!(["nfc", "usb"]));
        delete(&ana, &tokens, ids[1]).await.unwrap();
        let left = all(&ana, &tokens).await;
        assert_eq!(left, [listed[0].clone(), listed[2].clone()]);
        let error = refused(delete(&ana, &tokens, ids[1]).await);
        let gone = ("ResourceNotFoundException", "Passkey does not exist.");
        assert_eq!(error.told(), gone);
        assert_eq!(refused(delete(&ana, &tokens, "no id").await).told(), gone);
    })
    .await;
}

#[tokio::test]
async fn a_user_sees_and_deletes_nobody_elses_passkey() {
    let server = TestServer::start().await;
    let (client, ana, tokens) = stage(&server).await;
    let mut passkey = TestPasskey::es256();
    ana.add_passkey(&tokens.access, &mut passkey).await.unwrap();
    let eve = client.user("eve").confirmed().await;
    let of_eve = eve.sign_in().await.unwrap();
    assert!(all(&eve, &of_eve).await.is_empty());
    let error = refused(delete(&eve, &of_eve, &passkey.id()).await);
    assert_eq!(error.code, "ResourceNotFoundException");
    assert_eq!(all(&ana, &tokens).await.len(), 1);
    // Nor is it registered as another's, or once more.
    for (user, tokens) in [(&eve, &of_eve), (&ana, &tokens)] {
        let error = refused(user.add_passkey(&tokens.access, &mut passkey).await);
        let told = (
            "InvalidParameterException",
            "The passkey is registered already.",
        );
        assert_eq!(error.told(), told);
    }
    delete(&ana, &tokens, &passkey.id()).await.unwrap();
    eve.add_passkey(&of_eve.access, &mut passkey).await.unwrap();
}

#[tokio::test]
async fn a_list_comes_in_pages_whose_tokens_are_good_for_their_user_only() {
    let server = TestServer::start().await;
    let (client, ana, tokens) = stage(&server).await;
    for _ in 0..5 {
        let mut passkey = TestPasskey::eddsa();
        ana.add_passkey(&tokens.access, &mut passkey).await.unwrap();
    }
    let whole = all(&ana, &tokens).await;
    let page = |max: i32, token: Option<&str>| json!({"AccessToken": tokens.access, "MaxResults": max, "NextToken": token});
    let (mut found, mut token, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let (credentials, next) = list(&ana, page(2, token.as_deref())).await;
        sizes.push(credentials.len());
        found.extend(credentials);
        match next {
            Some(next) => token = Some(next),
            None => break,
        }
    }
    assert_eq!((found, sizes), (whole.clone(), vec![2, 2, 1]));
    assert_eq!(
        list(&ana, page(0, None)).await,
        (whole, None),
        "0 is none said"
    );
    let eve = client.user("eve").confirmed().await;
    let of_eve = eve.sign_in().await.unwrap();
    let stolen = json!({"AccessToken": of_eve.access, "NextToken": token});
    let error = refused(server.call::<op::ListWebAuthnCredentials>(stolen).await);
    let invalid = (
        "InvalidParameterException",
        "Invalid pagination token given.",
    );
    assert_eq!(error.told(), invalid);
}

#[tokio::test]
async fn a_user_has_twenty_passkeys_at_most() {
    for_each_database(async |server| {
        let (_, ana, tokens) = stage(&server).await;
        let mut late = TestPasskey::eddsa();
        let options = ana.passkey_options(&tokens.access).await.unwrap();
        for _ in 0..20 {
            let mut passkey = TestPasskey::eddsa();
            ana.add_passkey(&tokens.access, &mut passkey).await.unwrap();
        }
        let limit = (
            "LimitExceededException",
            "The limit is reached: 20 passkeys of a user",
        );
        let error = refused(ana.passkey_options(&tokens.access).await);
        assert_eq!(error.told(), limit);
        let credential = late.register(&options);
        let error = refused(
            ana.complete_passkey(&tokens.access, credential.clone())
                .await,
        );
        assert_eq!(error.told(), limit);
        let first = all(&ana, &tokens).await.remove(0);
        delete(&ana, &tokens, first["CredentialId"].as_str().unwrap())
            .await
            .unwrap();
        ana.complete_passkey(&tokens.access, credential)
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_registration_ends_once_in_time_by_its_own_user_and_client() {
    for_each_database(async |server| {
        let (client, ana, tokens) = stage(&server).await;
        let not_found = "WebAuthnChallengeNotFoundException";
        let options = ana.passkey_options(&tokens.access).await.unwrap();
        let mut passkey = TestPasskey::es256();
        let credential = passkey.register(&options);
        let eve = client.user("eve").confirmed().await;
        let of_eve = eve.sign_in().await.unwrap();
        let stolen = refused(
            eve.complete_passkey(&of_eve.access, credential.clone())
                .await,
        );
        assert_eq!(stolen.code, not_found);
        let elsewhere = ana.at(&client.pool.client().await);
        let other = elsewhere.sign_in().await.unwrap();
        let error = refused(
            ana.complete_passkey(&other.access, credential.clone())
                .await,
        );
        assert_eq!(error.code, "WebAuthnClientMismatchException");
        // None of these has used it up.
        ana.complete_passkey(&tokens.access, credential.clone())
            .await
            .unwrap();
        let again = refused(ana.complete_passkey(&tokens.access, credential).await);
        assert_eq!(again.code, not_found);
        let options = ana.passkey_options(&tokens.access).await.unwrap();
        let late = TestPasskey::es256().register(&options);
        server.advance(minutes(5));
        let late = refused(ana.complete_passkey(&tokens.access, late).await);
        assert_eq!(late.code, not_found);
    })
    .await;
}

#[tokio::test]
async fn a_registration_does_not_outlive_the_session_that_began_it() {
    let server = TestServer::start().await;
    let (_, ana, tokens) = stage(&server).await;
    let options = ana.passkey_options(&tokens.access).await.unwrap();
    ana.sign_out_everywhere(&tokens.access).await.unwrap();
    let credential = TestPasskey::es256().register(&options);
    let error = refused(ana.complete_passkey(&tokens.access, credential).await);
    assert_eq!(
        error.told(),
        ("NotAuthorizedException", "Access Token has been revoked")
    );
}

#[tokio::test]
async fn registrations_that_nobody_ends_are_limited_by_network_address() {
    let server = TestServer::start().await;
    let (_, ana, tokens) = stage(&server).await;
    let begin = async || {
        let input = json!({"AccessToken": tokens.access});
        let call = server.prepare::<op::StartWebAuthnRegistration>(input);
        call.from([203, 0, 113, 9]).send().await
    };
    for _ in 0..300 {
        begin()
            .await
            .output::<op::StartWebAuthnRegistration>()
            .unwrap();
    }
    assert_eq!(begin().await.error().code, "TooManyRequestsException");
    // Those of this machine are not counted.
    ana.passkey_options(&tokens.access).await.unwrap();
}

#[tokio::test]
async fn an_authenticator_shows_the_address_where_users_sign_in_with_one() {
    let server = TestServer::start().await;
    let pool = server.pool().passkeys().email_as_username().await;
    pool.set_passkeys(json!({"RelyingPartyId": "example.com"}))
        .await;
    let ana = pool
        .client()
        .await
        .user("ana@example.com")
        .confirmed()
        .await;
    let tokens = ana.sign_in().await.unwrap();
    let options = ana.passkey_options(&tokens.access).await.unwrap();
    assert_eq!(options["user"]["name"], "ana@example.com");
}

/// Other origins of a pool's passkeys, as operators set them.
async fn allow(client: &TestClient, origins: &str) {
    let of = Subject {
        pool: client.pool.id.clone(),
        client: None,
    };
    let db = &client.pool.server.app().db;
    let set = server_settings::set(db, &of, "passkey-origins", Some(origins)).await;
    set.unwrap();
}
