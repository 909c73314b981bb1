//! What comes back from the browser, and is refused.

use super::*;

/// A registration that is answered by a passkey which a test has changed.
async fn answered(ana: &TestUser, tokens: &Tokens, change: impl Fn(&mut TestPasskey)) -> String {
    let mut passkey = TestPasskey::eddsa();
    change(&mut passkey);
    let outcome = ana.add_passkey(&tokens.access, &mut passkey).await;
    outcome.err().map_or_else(String::new, |error| error.code)
}

#[tokio::test]
async fn a_response_from_another_page_or_for_another_domain_is_refused() {
    let server = TestServer::start().await;
    let pool = server.pool().passkeys().await;
    pool.set_passkeys(json!({"RelyingPartyId": "example.com"}))
        .await;
    let client = pool.client().await;
    // Before the first use, after which a node keeps them for a while.
    allow(&client, "https://shop.example.net,android:apk-key-hash:abc").await;
    let ana = client.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    for (origin, code) in [
        ("https://example.com", ""),
        ("https://login.example.com:8443", ""),
        ("https://shop.example.net", ""),
        ("android:apk-key-hash:abc", ""),
        ("https://evil.example", "WebAuthnOriginNotAllowedException"),
        ("http://example.com", "WebAuthnOriginNotAllowedException"),
        ("http://localhost:5173", "WebAuthnOriginNotAllowedException"),
        (
            "https://a.shop.example.net",
            "WebAuthnOriginNotAllowedException",
        ),
        (
            "android:apk-key-hash:abcd",
            "WebAuthnOriginNotAllowedException",
        ),
    ] {
        let at_origin = |passkey: &mut TestPasskey| origin.clone_into(&mut passkey.origin);
        assert_eq!(answered(&ana, &tokens, at_origin).await, code, "{origin}");
    }
    let other = |passkey: &mut TestPasskey| passkey.relying_party_id = Some("example.net".into());
    let mismatch = "WebAuthnRelyingPartyMismatchException";
    assert_eq!(answered(&ana, &tokens, other).await, mismatch);
    let unasked = |passkey: &mut TestPasskey| passkey.challenge = Some(vec![7; 32]);
    let not_found = "WebAuthnChallengeNotFoundException";
    assert_eq!(answered(&ana, &tokens, unasked).await, not_found);
}

#[tokio::test]
async fn localhost_is_a_domain_for_development() {
    let server = TestServer::start().await;
    let (client, ana, tokens) = stage(&server).await;
    client
        .pool
        .set_passkeys(json!({"RelyingPartyId": "localhost"}))
        .await;
    let local = |passkey: &mut TestPasskey| "http://localhost:5173".clone_into(&mut passkey.origin);
    assert_eq!(answered(&ana, &tokens, local).await, "");
}

#[tokio::test]
async fn an_authenticator_that_does_not_do_what_was_asked_is_refused() {
    let server = TestServer::start().await;
    let (client, ana, tokens) = stage(&server).await;
    let unsupported = "WebAuthnCredentialNotSupportedException";
    let present_only = |passkey: &mut TestPasskey| passkey.authenticator.flags = 1;
    assert_eq!(answered(&ana, &tokens, present_only).await, "");
    let absent = |passkey: &mut TestPasskey| passkey.authenticator.flags = 4;
    assert_eq!(
        answered(&ana, &tokens, absent).await,
        "InvalidParameterException"
    );
    let other_algorithm = |passkey: &mut TestPasskey| {
        // -8 becomes -36 (ES512).
        let key = &mut passkey.authenticator.public_key;
        let at = key.windows(2).position(|pair| pair == [3, 0x27]).unwrap();
        key.splice(at + 1..at + 2, [0x38, 35]);
    };
    assert_eq!(answered(&ana, &tokens, other_algorithm).await, unsupported);
    for configuration in [
        json!({"RelyingPartyId": "example.com", "UserVerification": "required"}),
        json!({
            "RelyingPartyId": "example.com",
            "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION",
        }),
    ] {
        client.pool.set_passkeys(configuration).await;
        let options = ana.passkey_options(&tokens.access).await.unwrap();
        assert_eq!(
            options["authenticatorSelection"]["userVerification"],
            "required"
        );
        assert_eq!(answered(&ana, &tokens, present_only).await, unsupported);
        assert_eq!(answered(&ana, &tokens, |_| ()).await, "");
    }
}

#[tokio::test]
async fn a_registration_ends_for_the_domain_that_it_was_begun_for() {
    let server = TestServer::start().await;
    let (client, ana, tokens) = stage(&server).await;
    let options = ana.passkey_options(&tokens.access).await.unwrap();
    client
        .pool
        .set_passkeys(json!({"RelyingPartyId": "login.example.com"}))
        .await;
    let credential = TestPasskey::eddsa().register(&options);
    let error = refused(ana.complete_passkey(&tokens.access, credential).await);
    assert_eq!(error.code, "WebAuthnRelyingPartyMismatchException");
}

#[tokio::test]
async fn what_is_no_response_of_an_authenticator_is_refused_and_uses_nothing_up() {
    let server = TestServer::start().await;
    let (_, ana, tokens) = stage(&server).await;
    let options = ana.passkey_options(&tokens.access).await.unwrap();
    let mut passkey = TestPasskey::eddsa();
    let good = passkey.register(&options);
    let other_id = TestPasskey::eddsa().id();
    let changes: [(&str, Value); 16] = [
        ("/id", json!("")),
        ("/id", json!("not base64!")),
        ("/id", json!(7)),
        ("/rawId", json!(other_id)),
        ("/type", json!("password")),
        ("/response", json!([])),
        ("/response/clientDataJSON", json!("e30")),
        ("/response/clientDataJSON", json!("ey==")),
        ("/response/clientDataJSON", json!(null)),
        ("/response/attestationObject", json!("")),
        ("/response/attestationObject", json!("oA")),
        ("/response/attestationObject", json!("A".repeat(200_000))),
        ("/response/transports", json!("usb")),
        ("/response/transports", json!(["USB"])),
        ("/response/transports", json!(vec!["usb"; 9])),
        ("/authenticatorAttachment", json!({})),
    ];
    for (place, value) in changes {
        let mut credential = good.clone();
        *credential.pointer_mut(place).unwrap() = value;
        let error = refused(ana.complete_passkey(&tokens.access, credential).await);
        let told = (
            "InvalidParameterException",
            "Credential is not the response of an authenticator to the request.",
        );
        assert_eq!(error.told(), told, "{place}");
    }
    for (place, both) in [("id", "rawId"), ("rawId", "id")] {
        let mut credential = good.clone();
        credential[place] = json!(other_id);
        credential[both] = json!(other_id);
        let error = refused(ana.complete_passkey(&tokens.access, credential).await);
        assert_eq!(error.code, "InvalidParameterException");
    }
    // What a browser may leave out, or say and nobody knows.
    let mut credential = good;
    for member in [
        "rawId",
        "type",
        "authenticatorAttachment",
        "clientExtensionResults",
    ] {
        credential.as_object_mut().unwrap().remove(member);
    }
    credential["response"]
        .as_object_mut()
        .unwrap()
        .remove("transports");
    credential["response"]["publicKeyAlgorithm"] = json!(-8);
    ana.complete_passkey(&tokens.access, credential)
        .await
        .unwrap();
    assert_eq!(
        all(&ana, &tokens).await[0]["AuthenticatorTransports"],
        json!([])
    );
}
