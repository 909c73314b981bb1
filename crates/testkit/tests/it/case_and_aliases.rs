//! Which spellings and which addresses are the name of a user.

use cognate_testkit::{PASSWORD, TestServer, for_each_database, op, refused};
use serde_json::json;

use crate::sentences::WRONG_PASSWORD;

#[tokio::test]
async fn names_are_one_whatever_their_case() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("Ana").confirmed().await;
        ana.named("ANA").sign_in().await.unwrap();
        ana.named("ana").sign_in_srp().await.unwrap();
        assert_eq!(
            refused(client.user("aNA").sign_up().await).code,
            "UsernameExistsException"
        );
        assert_eq!(client.pool.user("ana").await.unwrap().username, "Ana");
    })
    .await;
}

#[tokio::test]
async fn in_a_case_sensitive_pool_two_cases_are_two_names() {
    let server = TestServer::start().await;
    let client = server.pool().case_sensitive().await.client().await;
    let ana = client.user("Ana").confirmed().await;
    let other = client
        .user("ana")
        .password("Another-Horse-2")
        .confirmed()
        .await;
    assert_ne!(ana.sub, other.sub);
    assert_eq!(
        refused(ana.named("ana").sign_in().await).told(),
        WRONG_PASSWORD
    );
    other.sign_in().await.unwrap();
}

#[tokio::test]
async fn look_alikes_of_a_name_are_that_name() {
    let client = TestServer::start().await.pool().await.client().await;
    client.user("ana").confirmed().await;
    for look_alike in ["ａｎａ", "Ａna", "ⓐna"] {
        let again = client
            .user(look_alike)
            .email("eve@example.com")
            .sign_up()
            .await;
        assert_eq!(
            refused(again).code,
            "UsernameExistsException",
            "{look_alike}"
        );
    }
}

#[tokio::test]
async fn an_alias_signs_in_once_it_is_verified_and_not_before() {
    for_each_database(async |server| {
        let client = server.pool().aliases(["email"]).await.client().await;
        let ana = client.user("ana").await;
        let by_mail = ana.named("Ana@Example.com");
        assert_eq!(refused(by_mail.sign_in().await).told(), WRONG_PASSWORD);
        ana.confirm(&ana.last_code().await).await.unwrap();
        by_mail.sign_in().await.unwrap();
        by_mail.sign_in_srp().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn without_aliases_an_address_is_no_name() {
    let ana = TestServer::start().await.confirmed_user("ana").await;
    assert_eq!(
        refused(ana.named("ana@example.com").sign_in().await).told(),
        WRONG_PASSWORD
    );
}

#[tokio::test]
async fn an_unverified_address_keeps_nobody_from_theirs() {
    let client = TestServer::start()
        .await
        .pool()
        .aliases(["email"])
        .await
        .client()
        .await;
    // Eve claims Ana's address before Ana comes.
    client
        .user("eve")
        .email("ana@example.com")
        .password("Eves-Horse-3")
        .await;
    let ana = client.user("ana").confirmed().await;
    let by_mail = ana.named("ana@example.com");
    by_mail.sign_in().await.unwrap();
    assert_eq!(
        refused(by_mail.with_password("Eves-Horse-3").sign_in().await).told(),
        WRONG_PASSWORD
    );
}

#[tokio::test]
async fn an_alias_that_another_holds_is_taken_over_only_where_it_is_forced() {
    for_each_database(async |server| {
        let client = server.pool().aliases(["email"]).await.client().await;
        let old = client
            .user("old")
            .email("shared@example.com")
            .confirmed()
            .await;
        let new = client
            .user("new")
            .email("shared@example.com")
            .password("New-Horse-2")
            .await;
        let code = server.mailbox("shared@example.com").await.last_code();
        let error = refused(new.confirm(&code).await);
        assert_eq!(
            error.told(),
            (
                "AliasExistsException",
                "An account with the given email already exists."
            )
        );
        assert_eq!(client.pool.status("new").await, "UNCONFIRMED");
        let forced = client.about(
            "new",
            json!({"ConfirmationCode": code, "ForceAliasCreation": true}),
        );
        server.call::<op::ConfirmSignUp>(forced).await.unwrap();
        new.named("shared@example.com").sign_in().await.unwrap();
        assert_eq!(
            refused(old.named("shared@example.com").sign_in().await).told(),
            WRONG_PASSWORD
        );
        old.sign_in().await.unwrap();
        assert_eq!(
            client
                .pool
                .attribute("old", "email_verified")
                .await
                .as_deref(),
            Some("false")
        );
    })
    .await;
}

#[tokio::test]
async fn an_operator_takes_an_alias_over_only_where_it_is_forced() {
    let server = TestServer::start().await;
    let client = server.pool().aliases(["email"]).await.client().await;
    client
        .user("old")
        .email("shared@example.com")
        .confirmed()
        .await;
    let create = |forced: bool| {
        let input = json!({
            "UserPoolId": client.pool.id, "Username": "new", "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS",
            "ForceAliasCreation": forced, "UserAttributes": [
                {"Name": "email", "Value": "shared@example.com"}, {"Name": "email_verified", "Value": "true"},
            ],
        });
        server.call::<op::AdminCreateUser>(input)
    };
    let told = (
        "UsernameExistsException",
        "An account with the given email already exists.",
    );
    assert_eq!(refused(create(false).await).told(), told);
    create(true).await.ok().unwrap();
    assert_eq!(
        client
            .pool
            .user("shared@example.com")
            .await
            .unwrap()
            .username,
        "new"
    );
}

#[tokio::test]
async fn a_user_name_does_not_look_like_an_alias() {
    let client = TestServer::start()
        .await
        .pool()
        .aliases(["email", "phone_number"])
        .await
        .client()
        .await;
    // Full-width letters are the same name where it is looked up.
    for name in ["ana@example.com", "ana＠example.com", "ana@example．com"] {
        let mail = refused(client.user(name).without_address().sign_up().await);
        let sentence =
            "Username cannot be of email format, since user pool is configured for email alias.";
        assert_eq!(
            mail.told(),
            ("InvalidParameterException", sentence),
            "{name}"
        );
    }
    for name in ["+15551234567", "＋15551234567", "+１5551234567"] {
        let phone = refused(client.user(name).without_address().sign_up().await);
        let sentence = "Username cannot be of phone number format, since user pool is configured for phone number alias.";
        assert_eq!(
            phone.told(),
            ("InvalidParameterException", sentence),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_preferred_name_is_an_alias_that_a_confirmed_user_chooses_and_nobody_else_has() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .aliases(["preferred_username"])
        .await
        .client()
        .await;
    let early = refused(
        client
            .user("ana")
            .attribute("preferred_username", "queen")
            .sign_up()
            .await,
    );
    assert_eq!(early.code, "InvalidParameterException");
    let (ana, eve) = (
        client.user("ana").confirmed().await,
        client.user("eve").confirmed().await,
    );
    let tokens = ana.sign_in().await.unwrap();
    ana.update(&tokens.access, &[("preferred_username", "Queen")])
        .await
        .unwrap();
    ana.named("queen").sign_in().await.unwrap();
    let eves = eve.sign_in().await.unwrap();
    for taken in ["queen", "ana"] {
        let error = refused(
            eve.update(&eves.access, &[("preferred_username", taken)])
                .await,
        );
        assert_eq!(error.code, "AliasExistsException", "{taken}");
    }
}

#[tokio::test]
async fn in_a_pool_of_addresses_the_sub_signs_in_too() {
    let server = TestServer::start().await;
    let client = server.pool().email_as_username().await.client().await;
    let ana = client.user("ana@example.com").confirmed().await;
    ana.named(&ana.sub).sign_in().await.unwrap();
    let exchange = ana.begin_srp().await.unwrap();
    assert_eq!(exchange.parameter("USER_ID_FOR_SRP"), ana.sub);
    exchange.answer(PASSWORD).tokens().await.unwrap();
}

#[tokio::test]
async fn a_pool_of_addresses_takes_phone_numbers_where_it_says_so() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .with("UsernameAttributes", json!(["email", "phone_number"]))
        .verifies(["email", "phone_number"]);
    let client = pool.await.client().await;
    let error = refused(client.user("ana").sign_up().await);
    assert_eq!(
        error.message,
        "Username should be either an email or a phone number."
    );
    let ana = client
        .user("+15551234567")
        .phone_only("+15551234567")
        .confirmed()
        .await;
    ana.sign_in().await.unwrap();
    assert_eq!(
        client
            .pool
            .attribute("+15551234567", "phone_number_verified")
            .await
            .as_deref(),
        Some("true")
    );
    let only_phones = server
        .pool()
        .with("UsernameAttributes", json!(["phone_number"]))
        .await
        .client()
        .await;
    let error = refused(only_phones.user("ana@example.com").sign_up().await);
    assert_eq!(error.message, "Username should be a phone number.");
}
