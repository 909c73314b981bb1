//! What users write and read of themselves, and how an address is verified.

use cognate_testkit::{
    TestServer, TestUser, Tokens, claims, for_each_database, hours, op, refused,
};
use serde_json::{Value, json};

use crate::sentences::{EXPIRED_CODE, NOT_WRITABLE, TOO_OFTEN, WRONG_CODE, other_than};

async fn signed_in(user: TestUser) -> (TestUser, Tokens) {
    let tokens = user.sign_in().await.unwrap();
    (user, tokens)
}

async fn shown(user: &TestUser, tokens: &Tokens) -> Vec<(String, String)> {
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
    assert_eq!(names, ["sub", "email", "email_verified", "name"]);
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
async fn custom_attributes_are_written_only_where_they_are_named() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .schema(json!([{"Name": "role", "AttributeDataType": "String"}]))
        .await;
    let (ana, tokens) = signed_in(pool.client().await.user("ana").confirmed().await).await;
    assert_eq!(
        refused(
            ana.update(&tokens.access, &[("custom:role", "admin")])
                .await
        )
        .told(),
        NOT_WRITABLE
    );
    let sign_up = pool
        .client()
        .await
        .user("eve")
        .attribute("custom:role", "admin")
        .sign_up()
        .await;
    assert_eq!(refused(sign_up).told(), NOT_WRITABLE);
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
        refused(ask("email").await).told(),
        (
            "InvalidParameterException",
            "The email is verified already."
        )
    );
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
async fn an_attribute_is_of_its_type_and_within_its_limits() {
    let server = TestServer::start().await;
    let pool = server.pool().schema(json!([
        {"Name": "level", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "9"}},
        {"Name": "note", "AttributeDataType": "String", "StringAttributeConstraints": {"MinLength": "2", "MaxLength": "4"}},
        {"Name": "flag", "AttributeDataType": "Boolean"},
    ]));
    let pool = pool.await;
    let client = pool
        .client()
        .write([
            "email",
            "birthdate",
            "custom:level",
            "custom:note",
            "custom:flag",
        ])
        .await;
    let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
    for (name, value) in [
        ("custom:level", "0"),
        ("custom:level", "10"),
        ("custom:level", "five"),
        ("custom:note", "a"),
        ("custom:note", "abcde"),
        ("custom:flag", "yes"),
        ("birthdate", "1.1.1990"),
        ("custom:note", "a\0b"),
        ("email", "nobody"),
    ] {
        let error = refused(ana.update(&tokens.access, &[(name, value)]).await);
        assert_eq!(error.code, "InvalidParameterException", "{name} {value}");
    }
    let good = [
        ("custom:level", "9"),
        ("custom:note", "äöüß"),
        ("custom:flag", "true"),
        ("birthdate", "1990-01-01"),
    ];
    ana.update(&tokens.access, &good).await.unwrap();
    assert_eq!(
        refused(ana.update(&tokens.access, &[("custom:other", "x")]).await).message,
        "Attribute does not exist in the schema."
    );
}

#[tokio::test]
async fn what_cannot_change_is_set_once() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .schema(json!([{"Name": "badge", "AttributeDataType": "String", "Mutable": false}]))
        .await;
    let client = pool.client().write(["email", "custom:badge"]).await;
    let (ana, tokens) = signed_in(
        client
            .user("ana")
            .attribute("custom:badge", "7")
            .confirmed()
            .await,
    )
    .await;
    ana.update(&tokens.access, &[("custom:badge", "7")])
        .await
        .unwrap();
    let error = refused(ana.update(&tokens.access, &[("custom:badge", "8")]).await);
    assert_eq!(
        error.told(),
        (
            "InvalidParameterException",
            "user.custom:badge: Attribute cannot be updated."
        )
    );
}

#[tokio::test]
async fn attributes_that_are_only_for_operators_are_not_the_users() {
    let server = TestServer::start().await;
    let schema =
        json!([{"Name": "risk", "AttributeDataType": "String", "DeveloperOnlyAttribute": true}]);
    let pool = server.pool().schema(schema).await;
    let client = pool.client().await;
    let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
    let input = json!({"UserPoolId": pool.id, "Username": "ana", "UserAttributes": [{"Name": "dev:custom:risk", "Value": "high"}]});
    server
        .call::<op::AdminUpdateUserAttributes>(input)
        .await
        .unwrap();
    assert_eq!(
        refused(
            ana.update(&tokens.access, &[("dev:custom:risk", "low")])
                .await
        )
        .told(),
        NOT_WRITABLE
    );
    assert!(
        !shown(&ana, &tokens)
            .await
            .iter()
            .any(|(name, _)| name == "dev:custom:risk")
    );
}

#[tokio::test]
async fn a_user_takes_attributes_back_but_not_what_is_required() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .schema(json!([{"Name": "name", "Required": true}]))
        .await
        .client()
        .await;
    let ana = client
        .user("ana")
        .attribute("name", "Ana")
        .attribute("nickname", "A")
        .confirmed()
        .await;
    let (_ana, tokens) = signed_in(ana).await;
    let delete = |names: Value| {
        server.call::<op::DeleteUserAttributes>(
            json!({"AccessToken": tokens.access, "UserAttributeNames": names}),
        )
    };
    delete(json!(["nickname", "email"])).await.unwrap();
    for gone in ["nickname", "email", "email_verified"] {
        assert_eq!(client.pool.attribute("ana", gone).await, None, "{gone}");
    }
    assert_eq!(
        refused(delete(json!(["name"])).await).code,
        "InvalidParameterException"
    );
    assert_eq!(
        refused(delete(json!(["sub"])).await).code,
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn in_a_pool_of_addresses_a_user_keeps_a_name() {
    let server = TestServer::start().await;
    let client = server.pool().email_as_username().await.client().await;
    let (ana, tokens) = signed_in(client.user("ana@example.com").confirmed().await).await;
    let input = json!({"AccessToken": tokens.access, "UserAttributeNames": ["email"]});
    assert_eq!(
        refused(server.call::<op::DeleteUserAttributes>(input).await).code,
        "InvalidParameterException"
    );
    assert_eq!(
        refused(ana.update(&tokens.access, &[("email", "")]).await).code,
        "InvalidParameterException"
    );
    client.user("eve@example.com").confirmed().await;
    let error = refused(
        ana.update(&tokens.access, &[("email", "Eve@example.com")])
            .await,
    );
    assert_eq!(error.code, "AliasExistsException");
    ana.update(&tokens.access, &[("email", "new@example.com")])
        .await
        .unwrap();
    ana.named("new@example.com").sign_in().await.unwrap();
}

#[tokio::test]
async fn values_are_kept_letter_for_letter_and_never_made_into_markup() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .with("EmailVerificationMessage", "<p>{username}: {####}</p>")
        .await
        .client()
        .await;
    let value = "<script>alert('x')</script> \"&amp; ☃ \u{202e}";
    let (_ana, tokens) = signed_in(
        client
            .user("ana")
            .attribute("name", value)
            .confirmed()
            .await,
    )
    .await;
    assert_eq!(claims(&tokens.id)["name"], value);
    assert_eq!(client.pool.attribute("ana", "name").await.unwrap(), value);
}
