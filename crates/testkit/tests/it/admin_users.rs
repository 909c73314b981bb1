//! Users in an operator's hands.

use cognate_testkit::{
    PASSWORD, TestPool, TestServer, attribute_list, for_each_database, op, refused,
};
use serde_json::{Value, json};

use crate::sentences::{DISABLED, NO_SUCH_USER};

const TEMPORARY: &str = "Temporary-1!";

fn create(
    pool: &TestPool,
    own: Value,
) -> impl Future<Output = Result<cognate_api::idp::AdminCreateUserResponse, cognate_testkit::ApiError>>
{
    let mut input = json!({"UserPoolId": pool.id, "Username": "ana"});
    input
        .as_object_mut()
        .unwrap()
        .extend(own.as_object().unwrap().clone());
    let server = pool.server.clone();
    async move { server.call::<op::AdminCreateUser>(input).await }
}

fn mail() -> Value {
    attribute_list(&[("email", "ana@example.com"), ("email_verified", "true")])
}

#[tokio::test]
async fn an_invitation_carries_the_name_and_a_temporary_password_that_signs_in() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let made = create(
            &client.pool,
            json!({"UserAttributes": mail(), "DesiredDeliveryMediums": ["EMAIL"]}),
        )
        .await
        .ok()
        .unwrap();
        let user = made.user.unwrap();
        assert_eq!(user.user_status.unwrap().as_str(), "FORCE_CHANGE_PASSWORD");
        let mailbox = server.mailbox("ana@example.com").await;
        let text = mailbox.last_text();
        assert!(text.contains("ana"), "{text}");
        let mut challenged = false;
        for word in text.split_whitespace() {
            let word = word.trim_end_matches('.');
            if word.len() == 12 {
                let parameters = client.parameters("ana", json!({"PASSWORD": word}));
                let input = client.initiation("USER_PASSWORD_AUTH", &parameters);
                challenged |= server.call::<op::InitiateAuth>(input).await.is_ok();
            }
        }
        assert!(challenged, "{text}");
    })
    .await;
}

#[tokio::test]
async fn an_invitation_goes_once_to_each_address_whose_medium_is_named_or_else_by_text() {
    let server = TestServer::start().await;
    let both = attribute_list(&[
        ("email", "ana@example.com"),
        ("phone_number", "+14155550123"),
    ]);
    for (mediums, mails, texts) in [
        (json!(null), 0, 1),
        (json!([]), 0, 1),
        (json!(["SMS"]), 0, 1),
        (json!(["EMAIL", "EMAIL"]), 1, 0),
        (json!(["EMAIL", "SMS", "EMAIL"]), 1, 1),
    ] {
        let pool = server.pool().await;
        let before = (
            server.mailbox("ana@example.com").await.len(),
            server.mailbox("+14155550123").await.len(),
        );
        let own = json!({"UserAttributes": both, "DesiredDeliveryMediums": mediums});
        create(&pool, own).await.unwrap();
        let after = (
            server.mailbox("ana@example.com").await.len(),
            server.mailbox("+14155550123").await.len(),
        );
        let sent = (after.0 - before.0, after.1 - before.1);
        assert_eq!(sent, (mails, texts), "{mediums}");
    }
    // By default nobody without a number is invited; who is named has to have an address.
    let pool = server.pool().await;
    let without = json!({"UserAttributes": mail()});
    create(&pool, without).await.unwrap();
    assert_eq!(server.deliver().await, 0);
    let named = json!({"Username": "bea", "UserAttributes": mail(), "DesiredDeliveryMediums": ["EMAIL", "SMS"]});
    let error = refused(create(&server.pool().await, named).await);
    assert_eq!(error.code, "InvalidParameterException");
    assert_eq!(server.deliver().await, 0);
}

#[tokio::test]
async fn a_suppressed_invitation_is_not_sent() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    create(
        &pool,
        json!({"UserAttributes": mail(), "MessageAction": "SUPPRESS"}),
    )
    .await
    .ok()
    .unwrap();
    assert_eq!(server.deliver().await, 0);
}

#[tokio::test]
async fn an_invitation_is_sent_once_more_with_another_password() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let resend = || {
        create(
            &client.pool,
            json!({"MessageAction": "RESEND", "DesiredDeliveryMediums": ["EMAIL"]}),
        )
    };
    assert_eq!(refused(resend().await).told(), NO_SUCH_USER);
    create(&client.pool, json!({"UserAttributes": mail(), "TemporaryPassword": TEMPORARY, "MessageAction": "SUPPRESS"})).await.ok().unwrap();
    resend().await.ok().unwrap();
    assert_eq!(server.mailbox("ana@example.com").await.len(), 1);
    let parameters = client.parameters("ana", json!({"PASSWORD": TEMPORARY}));
    let input = client.initiation("USER_PASSWORD_AUTH", &parameters);
    assert_eq!(
        refused(server.call::<op::InitiateAuth>(input).await).told(),
        crate::sentences::WRONG_PASSWORD
    );
    client.user("eve").confirmed().await;
    let input = json!({"UserPoolId": client.pool.id, "Username": "eve", "MessageAction": "RESEND"});
    assert_eq!(
        refused(server.call::<op::AdminCreateUser>(input).await).code,
        "UnsupportedUserStateException"
    );
}

#[tokio::test]
async fn what_an_operator_cannot_create_is_refused() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let pool = &client.pool;
    for (own, code, part) in [
        (
            json!({"TemporaryPassword": "weak"}),
            "InvalidPasswordException",
            "Password not long enough",
        ),
        (
            json!({"DesiredDeliveryMediums": ["EMAIL"]}),
            "InvalidParameterException",
            "User has no email",
        ),
        (
            json!({"UserAttributes": attribute_list(&[("email_verified", "true")])}),
            "InvalidParameterException",
            "email_verified",
        ),
        (
            json!({"UserAttributes": attribute_list(&[("email", "nobody")])}),
            "InvalidParameterException",
            "Invalid email address format.",
        ),
        (
            json!({"UserAttributes": attribute_list(&[("custom:none", "x")])}),
            "InvalidParameterException",
            "does not exist in the schema",
        ),
        (
            json!({"UserAttributes": attribute_list(&[("sub", "x")])}),
            "InvalidParameterException",
            "does not exist in the schema",
        ),
    ] {
        let error = refused(create(pool, own.clone()).await);
        assert!(
            error.code == code && error.message.contains(part),
            "{own}: {error:?}"
        );
        assert_eq!(refused(pool.user("ana").await).told(), NO_SUCH_USER);
    }
    create(pool, json!({})).await.ok().unwrap();
    let again = refused(create(pool, json!({})).await);
    assert_eq!(
        again.told(),
        ("UsernameExistsException", "User account already exists")
    );
}

#[tokio::test]
async fn every_operation_on_a_user_tells_the_operator_that_there_is_none() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let about = |own: Value| {
        let mut input = json!({"UserPoolId": pool.id, "Username": "nobody"});
        input
            .as_object_mut()
            .unwrap()
            .extend(own.as_object().unwrap().clone());
        input
    };
    let attributes = attribute_list(&[("name", "x")]);
    let answers = [
        server.prepare::<op::AdminGetUser>(about(json!({}))),
        server.prepare::<op::AdminDeleteUser>(about(json!({}))),
        server.prepare::<op::AdminDisableUser>(about(json!({}))),
        server.prepare::<op::AdminEnableUser>(about(json!({}))),
        server.prepare::<op::AdminConfirmSignUp>(about(json!({}))),
        server.prepare::<op::AdminResetUserPassword>(about(json!({}))),
        server.prepare::<op::AdminUserGlobalSignOut>(about(json!({}))),
        server.prepare::<op::AdminSetUserPassword>(about(json!({"Password": PASSWORD}))),
        server
            .prepare::<op::AdminUpdateUserAttributes>(about(json!({"UserAttributes": attributes}))),
        server.prepare::<op::AdminDeleteUserAttributes>(about(
            json!({"UserAttributeNames": ["name"]}),
        )),
    ];
    for call in answers {
        assert_eq!(call.send().await.error().told(), NO_SUCH_USER);
    }
}

#[tokio::test]
async fn every_operation_tells_the_operator_that_there_is_no_such_pool() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    for pool in ["us-east-1_nobody123", "us-east-1_"] {
        let about = |own: Value| {
            let mut input = json!({"UserPoolId": pool, "Username": "ana"});
            input
                .as_object_mut()
                .unwrap()
                .extend(own.as_object().unwrap().clone());
            input
        };
        let flow = json!({"ClientId": client.id, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "ana", "PASSWORD": "x"}});
        let challenge = json!({"ClientId": client.id, "ChallengeName": "NEW_PASSWORD_REQUIRED", "ChallengeResponses": {"USERNAME": "ana"}});
        for call in [
            server.prepare::<op::AdminCreateUser>(about(json!({}))),
            server.prepare::<op::AdminGetUser>(about(json!({}))),
            server.prepare::<op::AdminDeleteUser>(about(json!({}))),
            server.prepare::<op::AdminDisableUser>(about(json!({}))),
            server.prepare::<op::AdminEnableUser>(about(json!({}))),
            server.prepare::<op::AdminConfirmSignUp>(about(json!({}))),
            server.prepare::<op::AdminResetUserPassword>(about(json!({}))),
            server.prepare::<op::AdminUserGlobalSignOut>(about(json!({}))),
            server.prepare::<op::AdminSetUserPassword>(about(json!({"Password": PASSWORD}))),
            server.prepare::<op::AdminUpdateUserAttributes>(about(json!({"UserAttributes": []}))),
            server.prepare::<op::AdminDeleteUserAttributes>(about(
                json!({"UserAttributeNames": ["name"]}),
            )),
            server.prepare::<op::ListUsers>(json!({"UserPoolId": pool})),
            server.prepare::<op::AdminInitiateAuth>(about(flow)),
            server.prepare::<op::AdminRespondToAuthChallenge>(about(challenge)),
        ] {
            let error = call.send().await.error();
            let of_pattern = error.code == "InvalidParameterException"
                && error.message.contains("userPoolId")
                && pool.ends_with('_');
            assert!(
                error.code == "ResourceNotFoundException" || of_pattern,
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_user_is_shown_whole_to_the_operator() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client
        .user("Ana")
        .email("ana@example.com")
        .attribute("name", "Ana Diaz")
        .confirmed()
        .await;
    let shown = client.pool.user("ana").await.unwrap();
    assert_eq!(
        (shown.username.as_str(), shown.enabled),
        ("Ana", Some(true))
    );
    assert_eq!(shown.user_status.unwrap().as_str(), "CONFIRMED");
    assert_eq!(shown.user_create_date.unwrap().0, server.now().0);
    let attributes: Vec<_> = shown
        .user_attributes
        .unwrap()
        .into_iter()
        .map(|a| (a.name, a.value.unwrap()))
        .collect();
    let expected = [
        ("sub", ana.sub.as_str()),
        ("email", "ana@example.com"),
        ("email_verified", "true"),
        ("name", "Ana Diaz"),
    ];
    assert_eq!(
        attributes,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[tokio::test]
async fn a_disabled_user_is_enabled_again() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        client.pool.disable("ana").await;
        assert_eq!(client.pool.user("ana").await.unwrap().enabled, Some(false));
        assert_eq!(refused(ana.sign_in().await).told(), DISABLED);
        server
            .call::<op::AdminEnableUser>(json!({"UserPoolId": client.pool.id, "Username": "ana"}))
            .await
            .unwrap();
        ana.sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_operator_verifies_addresses_and_takes_attributes_away() {
    for_each_database(async |server| {
        let client = server.pool().aliases(["email"]).await.client().await;
        let ana = client.user("ana").confirmed().await;
        let update = async |attributes: &[(&str, &str)]| {
            let input = json!({"UserPoolId": client.pool.id, "Username": "ana", "UserAttributes": attribute_list(attributes)});
            server.call::<op::AdminUpdateUserAttributes>(input).await
        };
        update(&[("email", "second@example.com")]).await.unwrap();
        assert_eq!(client.pool.attribute("ana", "email_verified").await.unwrap(), "false");
        refused(ana.named("second@example.com").sign_in().await);
        update(&[("email_verified", "true")]).await.unwrap();
        ana.named("second@example.com").sign_in().await.unwrap();
        client.user("eve").confirmed().await;
        let taken = refused(update(&[("email", "eve@example.com"), ("email_verified", "true")]).await);
        assert_eq!(taken.code, "AliasExistsException");
        assert_eq!(refused(update(&[("phone_number_verified", "true")]).await).code, "InvalidParameterException");
        let input = json!({"UserPoolId": client.pool.id, "Username": "ana", "UserAttributeNames": ["email"]});
        server.call::<op::AdminDeleteUserAttributes>(input).await.unwrap();
        assert_eq!(client.pool.attribute("ana", "email_verified").await, None);
        refused(ana.named("second@example.com").sign_in().await);
    })
    .await;
}

#[tokio::test]
async fn a_deleted_user_is_gone_and_their_name_is_free() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        client.user("ana").confirmed().await;
        client.pool.delete_user("ANA").await;
        assert_eq!(refused(client.pool.user("ana").await).told(), NO_SUCH_USER);
        client
            .user("ana")
            .confirmed()
            .await
            .sign_in()
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_user_of_another_pool_is_not_found() {
    let server = TestServer::start().await;
    server.confirmed_user("ana").await;
    assert_eq!(
        refused(server.pool().await.user("ana").await).told(),
        NO_SUCH_USER
    );
}
