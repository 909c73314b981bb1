//! What users write and read of themselves, and how an address is verified.

use cognate_testkit::{
    TestServer, TestUser, Tokens, claims, for_each_database, hours, op, refused,
};
use serde_json::json;

use crate::sentences::{EXPIRED_CODE, NOT_WRITABLE, TOO_OFTEN, WRONG_CODE, other_than};

pub(crate) async fn signed_in(user: TestUser) -> (TestUser, Tokens) {
    let tokens = user.sign_in().await.unwrap();
    (user, tokens)
}

pub(crate) async fn shown(user: &TestUser, tokens: &Tokens) -> Vec<(String, String)> {
    let attributes = user.get_user(&tokens.access).await.unwrap().user_attributes;
    attributes
        .into_iter()
        .map(|attribute| (attribute.name, attribute.value.unwrap()))
        .collect()
}

#[tokio::test]
async fn a_user_reads_what_the_app_client_may_read() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .schema(json!([{"Name": "role", "AttributeDataType": "String"}]))
        .await;
    let client = pool
        .client()
        .read(["name"])
        .write(["name", "email", "custom:role"])
        .await;
    let ana = client
        .user("ana")
        .attribute("name", "Ana")
        .attribute("custom:role", "chief")
        .confirmed()
        .await;
    let (ana, tokens) = signed_in(ana).await;
    assert_eq!(
        shown(&ana, &tokens).await,
        [
            ("sub".to_owned(), ana.sub.clone()),
            ("name".to_owned(), "Ana".to_owned())
        ]
    );
    assert!(claims(&tokens.id).get("email").is_none());
    let (ana, tokens) = signed_in(ana.at(&pool.client().await)).await;
    let names: Vec<_> = shown(&ana, &tokens)
        .await
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        ["sub", "custom:role", "email", "email_verified", "name"]
    );
}

#[tokio::test]
async fn a_user_writes_what_the_app_client_may_write() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .schema(json!([{"Name": "role", "AttributeDataType": "String"}]))
        .await;
    let client = pool.client().write(["name"]).await;
    let told = refused(client.user("ana").sign_up().await);
    assert_eq!(told.told(), NOT_WRITABLE);
    let (ana, tokens) = signed_in(client.user("ana").without_address().confirmed().await).await;
    ana.update(&tokens.access, &[("name", "Ana")])
        .await
        .unwrap();
    for (name, value) in [
        ("email", "ana@example.com"),
        ("custom:role", "admin"),
        ("family_name", "Diaz"),
    ] {
        assert_eq!(
            refused(
                ana.update(&tokens.access, &[("name", "Eve"), (name, value)])
                    .await
            )
            .told(),
            NOT_WRITABLE,
            "{name}"
        );
    }
    assert_eq!(pool.attribute("ana", "name").await.as_deref(), Some("Ana"));
    let input = json!({"AccessToken": tokens.access, "UserAttributeNames": ["email"]});
    assert_eq!(
        refused(server.call::<op::DeleteUserAttributes>(input).await).told(),
        NOT_WRITABLE
    );
}

#[tokio::test]
async fn nobody_says_of_themselves_that_they_are_verified() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let client = pool.client().await;
    for flag in ["email_verified", "phone_number_verified"] {
        let sign_up = refused(client.user("eve").attribute(flag, "true").sign_up().await);
        assert_eq!(sign_up.told(), NOT_WRITABLE, "{flag}");
        let refusal = refused(pool.client().write(["email", flag]).create().await);
        assert_eq!(
            refusal.message,
            "Invalid write attributes specified while creating a client"
        );
    }
    let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
    ana.update(&tokens.access, &[("email", "new@example.com")])
        .await
        .unwrap();
    let flag = refused(
        ana.update(&tokens.access, &[("email_verified", "true")])
            .await,
    );
    assert_eq!(flag.told(), NOT_WRITABLE);
    assert_eq!(
        pool.attribute("ana", "email_verified").await.as_deref(),
        Some("false")
    );
}

#[tokio::test]
async fn a_changed_address_is_unverified_until_its_own_code_comes_back() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
        ana.update(&tokens.access, &[("email", "new@example.com")])
            .await
            .unwrap();
        assert_eq!(
            client.pool.attribute("ana", "email").await.unwrap(),
            "new@example.com"
        );
        assert_eq!(
            client
                .pool
                .attribute("ana", "email_verified")
                .await
                .unwrap(),
            "false"
        );
        let code = server.mailbox("new@example.com").await.last_code();
        assert_eq!(
            refused(ana.verify_email(&tokens.access, &other_than(&code)).await).told(),
            WRONG_CODE
        );
        ana.verify_email(&tokens.access, &code).await.unwrap();
        assert_eq!(
            client
                .pool
                .attribute("ana", "email_verified")
                .await
                .unwrap(),
            "true"
        );
        assert_eq!(
            refused(ana.verify_email(&tokens.access, &code).await).told(),
            EXPIRED_CODE
        );
    })
    .await;
}

#[tokio::test]
async fn where_the_pool_says_so_an_address_changes_only_once_it_is_verified() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .aliases(["email"])
        .verified_before_update()
        .await
        .client()
        .await;
    let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
    ana.update(
        &tokens.access,
        &[("email", "new@example.com"), ("name", "Ana")],
    )
    .await
    .unwrap();
    assert_eq!(
        client.pool.attribute("ana", "email").await.unwrap(),
        "ana@example.com"
    );
    assert_eq!(
        client
            .pool
            .attribute("ana", "email_verified")
            .await
            .unwrap(),
        "true"
    );
    assert_eq!(client.pool.attribute("ana", "name").await.unwrap(), "Ana");
    ana.named("ana@example.com").sign_in().await.unwrap();
    refused(ana.named("new@example.com").sign_in().await);
    let code = server.mailbox("new@example.com").await.last_code();
    ana.verify_email(&tokens.access, &code).await.unwrap();
    ana.named("new@example.com").sign_in().await.unwrap();
    refused(ana.named("ana@example.com").sign_in().await);
}

#[tokio::test]
async fn a_code_for_one_address_does_not_verify_the_next() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
    ana.update(&tokens.access, &[("email", "mine@example.com")])
        .await
        .unwrap();
    let code = server.mailbox("mine@example.com").await.last_code();
    ana.update(&tokens.access, &[("email", "victim@example.com")])
        .await
        .unwrap();
    assert_eq!(
        refused(ana.verify_email(&tokens.access, &code).await).told(),
        WRONG_CODE
    );
    assert_eq!(
        client
            .pool
            .attribute("ana", "email_verified")
            .await
            .unwrap(),
        "false"
    );
}

#[tokio::test]
async fn an_address_that_another_user_has_verified_is_not_verified_again() {
    for_each_database(async |server| {
        let client = server.pool().aliases(["email"]).await.client().await;
        client
            .user("eve")
            .email("eve@example.com")
            .confirmed()
            .await;
        let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
        ana.update(&tokens.access, &[("email", "eve@example.com")])
            .await
            .unwrap();
        let code = server.mailbox("eve@example.com").await.last_code();
        let error = refused(ana.verify_email(&tokens.access, &code).await);
        assert_eq!(
            error.told(),
            (
                "AliasExistsException",
                "An account with the given email already exists."
            )
        );
        assert_eq!(
            client.pool.user("eve@example.com").await.unwrap().username,
            "eve"
        );
    })
    .await;
}

#[tokio::test]
async fn a_code_is_asked_for_anew_and_verifies_a_code_lives_a_day_and_is_sent_five_times_an_hour() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
    let ask = |attribute: &str| {
        let input = json!({"AccessToken": tokens.access, "AttributeName": attribute});
        server.call::<op::GetUserAttributeVerificationCode>(input)
    };
    assert_eq!(
        refused(ask("phone_number").await).told(),
        ("InvalidParameterException", "User has no phone_number.")
    );
    assert_eq!(refused(ask("name").await).code, "InvalidParameterException");
    ana.update(&tokens.access, &[("email", "new@example.com")])
        .await
        .unwrap();
    for _ in 0..4 {
        let details = ask("email").await.unwrap().code_delivery_details.unwrap();
        assert_eq!(details.destination.unwrap(), "n***@e***");
        server.deliver().await;
    }
    assert_eq!(refused(ask("email").await).told(), TOO_OFTEN);
    assert_eq!(
        refused(
            ana.update(&tokens.access, &[("email", "third@example.com")])
                .await
        )
        .code,
        "TooManyRequestsException"
    );
    let code = server.mailbox("new@example.com").await.last_code();
    server.advance(hours(24));
    let tokens = ana.refresh(tokens.refresh()).await.unwrap();
    assert_eq!(
        refused(ana.verify_email(&tokens.access, &code).await).told(),
        EXPIRED_CODE
    );
}

#[tokio::test]
async fn an_address_that_was_theirs_a_moment_ago_is_not_verified_by_the_code_of_another() {
    for_each_database(async |server| {
        let pool = server.pool().verifies([]).await;
        let ana = pool.client().await.user("ana").confirmed().await;
        for round in 0..10 {
            server.advance(hours(1));
            let tokens = ana.sign_in().await.unwrap();
            let (own, victims) = (
                format!("own{round}@example.com"),
                format!("victim{round}@example.com"),
            );
            let (to_own, to_victims) = ([("email", own.as_str())], [("email", victims.as_str())]);
            ana.update(&tokens.access, &to_own).await.unwrap();
            let input = json!({"AccessToken": tokens.access, "AttributeName": "email"});
            server
                .call::<op::GetUserAttributeVerificationCode>(input)
                .await
                .unwrap();
            let code = server.mailbox(&own).await.last_code();
            ana.update(&tokens.access, &to_victims).await.unwrap();
            let (_, _, last) = tokio::join!(
                ana.update(&tokens.access, &to_own),
                ana.verify_email(&tokens.access, &code),
                ana.update(&tokens.access, &to_victims),
            );
            last.unwrap();
            let verified = pool.attribute("ana", "email_verified").await.unwrap();
            let address = pool.attribute("ana", "email").await.unwrap();
            assert!(
                address == own || verified == "false",
                "{address} is verified"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn more_codes_to_one_address_than_it_bears_are_too_many_requests() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let mut codes = Vec::new();
    for name in ["ana", "bob", "eve", "ina", "ute"] {
        let (user, tokens) = signed_in(client.user(name).without_address().confirmed().await).await;
        for _ in 0..5 {
            let changed = user
                .update(&tokens.access, &[("email", "victim@example.com")])
                .await;
            codes.push(changed.map_err(|error| error.code));
            user.update(&tokens.access, &[("email", "")]).await.unwrap();
        }
    }
    assert!(codes.iter().take(20).all(Result::is_ok), "{codes:?}");
    let too_many = Err("TooManyRequestsException".to_owned());
    assert!(codes.iter().skip(20).all(|code| *code == too_many));
    assert_eq!(codes.len(), 25);
}

#[tokio::test]
async fn a_user_who_tries_whose_addresses_are_taken_is_held_up() {
    let server = TestServer::start().await;
    // Without codes, whose own limit would come first.
    let pool = server.pool().email_as_username().verifies([]);
    let client = pool.await.client().await;
    let victim = client.user("victim@example.com").confirmed().await;
    let verified = json!([{"Name": "email_verified", "Value": "true"}]);
    let input =
        json!({"UserPoolId": client.pool.id, "Username": victim.sub, "UserAttributes": verified});
    server
        .call::<op::AdminUpdateUserAttributes>(input)
        .await
        .unwrap();
    let (_eve, tokens) = signed_in(client.user("eve@example.com").confirmed().await).await;
    let codes = async |times: usize| {
        let mut codes = Vec::new();
        for _ in 0..times {
            let input = json!({"AccessToken": tokens.access, "UserAttributes": [{"Name": "email", "Value": "victim@example.com"}]});
            let call = server.prepare::<op::UpdateUserAttributes>(input);
            codes.push(call.from([203, 0, 113, 9]).send().await.error().code);
        }
        codes
    };
    assert_eq!(codes(100).await, ["AliasExistsException"; 100]);
    assert_eq!(codes(1).await, ["TooManyRequestsException"]);
}
