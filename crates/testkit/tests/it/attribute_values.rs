//! Which values attributes take, which of them change, and which go.

use cognate_testkit::{TestServer, claims, op, refused};
use serde_json::{Value, json};

use crate::attributes::{shown, signed_in};
use crate::sentences::NOT_WRITABLE;

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
        "Invalid user attributes: user.custom:other: Attribute does not exist in the schema.\n"
    );
}

#[tokio::test]
async fn what_cannot_change_is_set_when_the_user_is_made_or_never() {
    let server = TestServer::start().await;
    let immutable =
        |name: &str| json!({"Name": name, "AttributeDataType": "String", "Mutable": false});
    let pool = server
        .pool()
        .schema(json!([immutable("badge"), immutable("late")]))
        .await;
    let client = pool
        .client()
        .write(["email", "custom:badge", "custom:late"])
        .await;
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
    let late = "user.custom:late: Attribute cannot be updated.";
    let error = refused(ana.update(&tokens.access, &[("custom:late", "1")]).await);
    assert_eq!(error.told(), ("InvalidParameterException", late));
    let by_operator = |name: &str, value: &str| {
        let attributes = [json!({"Name": name, "Value": value})];
        let input = json!({"UserPoolId": pool.id, "Username": "ana", "UserAttributes": attributes});
        server.call::<op::AdminUpdateUserAttributes>(input)
    };
    let error = refused(by_operator("custom:late", "1").await);
    assert_eq!(error.told(), ("InvalidParameterException", late));
    // What is as it was changes nothing.
    by_operator("custom:late", "").await.unwrap();
    by_operator("custom:badge", "7").await.unwrap();
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
    ana.sign_in().await.unwrap();
    let code = server.mailbox("new@example.com").await.last_code();
    ana.verify_email(&tokens.access, &code).await.unwrap();
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
