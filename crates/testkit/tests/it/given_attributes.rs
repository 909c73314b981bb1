//! What is asked of the attributes that a request gives, and nothing of those that it does not;
//! which address a code goes to; how booleans and schemas are taken.

use cognate_testkit::{
    ApiError, PASSWORD, TestClient, TestPool, TestServer, TestUser, Tokens, attribute_list,
    for_each_database, op, refused,
};
use serde_json::{Value, json};

use crate::attributes::signed_in;
use crate::sentences::EXPIRED_CODE;

async fn operator_sets(pool: &TestPool, attributes: &[(&str, &str)]) -> Result<(), ApiError> {
    let input = json!({"UserPoolId": pool.id, "Username": "ana", "UserAttributes": attribute_list(attributes)});
    let answer = pool
        .server
        .call::<op::AdminUpdateUserAttributes>(input)
        .await;
    answer.map(drop)
}

/// A pool whose addresses wait for their proof, and a user who is signed in to it.
async fn careful(server: &TestServer) -> (TestClient, TestUser, Tokens) {
    let pool = server.pool().aliases(["email"]).verified_before_update();
    let client = pool.await.client().await;
    let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
    (client, ana, tokens)
}

async fn email(pool: &TestPool) -> (String, String) {
    let address = pool.attribute("ana", "email").await.unwrap_or_default();
    let flag = pool.attribute("ana", "email_verified").await;
    (address, flag.unwrap_or_default())
}

fn verified(address: &str) -> (String, String) {
    (address.to_owned(), "true".to_owned())
}

#[tokio::test]
async fn an_address_that_an_operator_sets_waits_for_its_proof_where_the_pool_says_so() {
    for_each_database(async |server| {
        let (client, ana, tokens) = careful(&server).await;
        for flag in [None, Some("false")] {
            let mut given = vec![("email", "new@example.com"), ("name", "Ana")];
            given.extend(flag.map(|flag| ("email_verified", flag)));
            operator_sets(&client.pool, &given).await.unwrap();
            assert_eq!(email(&client.pool).await, verified("ana@example.com"));
            assert_eq!(client.pool.attribute("ana", "name").await.unwrap(), "Ana");
        }
        ana.named("ana@example.com").sign_in().await.unwrap();
        let code = server.mailbox("new@example.com").await.last_code();
        ana.verify_email(&tokens.access, &code).await.unwrap();
        assert_eq!(email(&client.pool).await, verified("new@example.com"));
        ana.named("new@example.com").sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_address_that_an_operator_vouches_for_waits_for_nothing() {
    for_each_database(async |server| {
        let (client, ana, _) = careful(&server).await;
        let given = [("email", "new@example.com"), ("email_verified", "True")];
        operator_sets(&client.pool, &given).await.unwrap();
        assert_eq!(email(&client.pool).await, verified("new@example.com"));
        assert!(server.mailbox("new@example.com").await.is_empty());
        ana.named("new@example.com").sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn only_the_addresses_that_the_pool_names_wait() {
    let server = TestServer::start().await;
    let (client, _, _) = careful(&server).await;
    operator_sets(&client.pool, &[("phone_number", "+15551234567")])
        .await
        .unwrap();
    let number = client.pool.attribute("ana", "phone_number").await;
    assert_eq!(number.unwrap(), "+15551234567");
    operator_sets(&client.pool, &[("email", "")]).await.unwrap();
    assert_eq!(client.pool.attribute("ana", "email").await, None);
}

#[tokio::test]
async fn a_code_that_cannot_be_sent_is_told_to_the_operator_and_changes_nothing() {
    let outbound = cognate_outbound::Outbound {
        mail: cognate_outbound::Mailer::None,
        sms: cognate_outbound::SmsSender::None,
        triggers: cognate_outbound::Triggers::None,
    };
    let server = TestServer::builder().outbound(outbound).start().await;
    let pool = server.pool().verified_before_update().await;
    let attributes = [("email", "ana@example.com"), ("email_verified", "true")];
    pool.invite("ana", PASSWORD, &attributes).await;
    let told = refused(operator_sets(&pool, &[("email", "new@example.com")]).await);
    assert_eq!(told.code, "InvalidParameterException");
    assert!(told.message.contains("--smtp-url"), "{}", told.message);
    assert_eq!(email(&pool).await, verified("ana@example.com"));
}

#[tokio::test]
async fn an_address_that_waits_does_not_come_over_what_an_operator_has_set_since() {
    for_each_database(async |server| {
        // Another address, and the one that stands, said once more.
        for set in ["set@example.com", "ana@example.com"] {
            let (client, ana, tokens) = careful(&server).await;
            ana.update(&tokens.access, &[("email", "mine@example.com")])
                .await
                .unwrap();
            let code = server.mailbox("mine@example.com").await.last_code();
            let given = [("email", set), ("email_verified", "true")];
            operator_sets(&client.pool, &given).await.unwrap();
            let told = refused(ana.verify_email(&tokens.access, &code).await);
            assert_eq!(told.told(), EXPIRED_CODE);
            assert_eq!(email(&client.pool).await, verified(set));
        }
    })
    .await;
}

#[tokio::test]
async fn a_code_is_sent_to_what_is_verified_already() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let (ana, tokens) = signed_in(client.user("ana").confirmed().await).await;
        let input = json!({"AccessToken": tokens.access, "AttributeName": "email"});
        let answer = server
            .call::<op::GetUserAttributeVerificationCode>(input)
            .await
            .unwrap();
        let details = answer.code_delivery_details.unwrap();
        assert_eq!(details.destination.unwrap(), "a***@e***");
        let code = ana.last_code().await;
        ana.verify_email(&tokens.access, &code).await.unwrap();
        assert_eq!(email(&client.pool).await, verified("ana@example.com"));
    })
    .await;
}

#[tokio::test]
async fn during_a_change_a_code_that_is_asked_for_goes_to_the_address_that_stands() {
    for_each_database(async |server| {
        let (client, ana, tokens) = careful(&server).await;
        ana.update(&tokens.access, &[("email", "new@example.com")])
            .await
            .unwrap();
        let waiting = server.mailbox("new@example.com").await.len();
        let input = json!({"AccessToken": tokens.access, "AttributeName": "email"});
        server
            .call::<op::GetUserAttributeVerificationCode>(input)
            .await
            .unwrap();
        assert_eq!(server.mailbox("new@example.com").await.len(), waiting);
        let code = ana.last_code().await;
        ana.verify_email(&tokens.access, &code).await.unwrap();
        assert_eq!(email(&client.pool).await, verified("ana@example.com"));
    })
    .await;
}

/// A user who lacks what the pool requires, as one whom an operator has made.
async fn incomplete(server: &TestServer) -> (TestClient, TestUser, Tokens) {
    let schema =
        json!([{"Name": "family_name", "Required": true}, {"Name": "email", "Required": true}]);
    let client = server.pool().schema(schema).await.client().await;
    client.pool.invite("ana", "Temporary-1!", &[]).await;
    let own = json!({"Password": PASSWORD, "Permanent": true, "UserPoolId": client.pool.id, "Username": "ana"});
    server.call::<op::AdminSetUserPassword>(own).await.unwrap();
    let ana = TestUser {
        client: client.clone(),
        name: "ana".to_owned(),
        password: PASSWORD.to_owned(),
        sub: client.pool.attribute("ana", "sub").await.unwrap(),
        address: String::new(),
    };
    let (ana, tokens) = signed_in(ana).await;
    (client, ana, tokens)
}

#[tokio::test]
async fn a_user_who_lacks_what_is_required_has_other_attributes_changed() {
    for_each_database(async |server| {
        let (client, ana, tokens) = incomplete(&server).await;
        ana.update(&tokens.access, &[("nickname", "A")])
            .await
            .unwrap();
        operator_sets(&client.pool, &[("given_name", "Ana")])
            .await
            .unwrap();
        let own = json!({"AccessToken": tokens.access, "UserAttributeNames": ["nickname"]});
        server.call::<op::DeleteUserAttributes>(own).await.unwrap();
        assert_eq!(
            client.pool.attribute("ana", "given_name").await.unwrap(),
            "Ana"
        );
        assert_eq!(client.pool.attribute("ana", "nickname").await, None);
    })
    .await;
}

#[tokio::test]
async fn what_is_required_is_not_emptied_by_its_user_nor_by_an_operator() {
    let server = TestServer::start().await;
    let (client, ana, tokens) = incomplete(&server).await;
    operator_sets(&client.pool, &[("family_name", "Diaz")])
        .await
        .unwrap();
    let emptied = [("family_name", ""), ("nickname", "A")];
    let by_user = refused(ana.update(&tokens.access, &emptied).await);
    assert_eq!(by_user.code, "InvalidParameterException");
    let by_operator = refused(operator_sets(&client.pool, &emptied).await);
    assert_eq!(by_operator.code, "InvalidParameterException");
    assert_eq!(
        client.pool.attribute("ana", "family_name").await.as_deref(),
        Some("Diaz")
    );
    assert_eq!(client.pool.attribute("ana", "nickname").await, None);
}

#[tokio::test]
async fn booleans_come_in_any_case_and_are_kept_in_lower_case() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .schema(json!([{"Name": "flag", "AttributeDataType": "Boolean"}]))
        .await;
    let client = pool.client().write(["email", "custom:flag"]).await;
    let flag = async || pool.attribute("ana", "custom:flag").await.unwrap();
    let ana = client.user("ana").attribute("custom:flag", "True");
    let (ana, tokens) = signed_in(ana.confirmed().await).await;
    assert_eq!(flag().await, "true");
    ana.update(&tokens.access, &[("custom:flag", "FALSE")])
        .await
        .unwrap();
    assert_eq!(flag().await, "false");
    operator_sets(
        &pool,
        &[("custom:flag", "tRUE"), ("email_verified", "False")],
    )
    .await
    .unwrap();
    assert_eq!(flag().await, "true");
    assert_eq!(email(&pool).await.1, "false");
    let told = refused(ana.update(&tokens.access, &[("custom:flag", "yes")]).await);
    assert_eq!(told.code, "InvalidParameterException");

    let attributes = [("email", "bob@example.com"), ("email_verified", "TRUE")];
    pool.invite("bob", "Temporary-1!", &attributes).await;
    assert_eq!(
        pool.attribute("bob", "email_verified").await.as_deref(),
        Some("true")
    );
    let session = client.prove_temporary("bob", "Temporary-1!").await;
    let own = json!({"NEW_PASSWORD": PASSWORD, "userAttributes.custom:flag": "True"});
    let input = client.new_password(&session, "bob", own);
    server
        .call::<op::RespondToAuthChallenge>(input)
        .await
        .unwrap();
    assert_eq!(
        pool.attribute("bob", "custom:flag").await.as_deref(),
        Some("true")
    );
}

#[tokio::test]
async fn constraints_of_another_type_are_dropped() {
    let server = TestServer::start().await;
    let number = json!({"MinValue": "no number", "MaxValue": "9"});
    let text = json!({"MinLength": "3", "MaxLength": "1"});
    let schema = |suffix: &str| {
        json!([
            {"Name": format!("word{suffix}"), "AttributeDataType": "String", "NumberAttributeConstraints": number,
             "StringAttributeConstraints": {"MaxLength": "5"}},
            {"Name": format!("level{suffix}"), "AttributeDataType": "Number", "StringAttributeConstraints": text,
             "NumberAttributeConstraints": {"MaxValue": "7"}},
            {"Name": format!("flag{suffix}"), "AttributeDataType": "Boolean", "StringAttributeConstraints": text,
             "NumberAttributeConstraints": number},
        ])
    };
    let pool = server.pool().schema(schema("")).await;
    let input = json!({"UserPoolId": pool.id, "CustomAttributes": schema("2")});
    server.call::<op::AddCustomAttributes>(input).await.unwrap();
    let input = json!({"UserPoolId": pool.id});
    let answer = server.call::<op::DescribeUserPool>(input).await.unwrap();
    let shown = serde_json::to_value(answer.user_pool.unwrap().schema_attributes).unwrap();
    for (name, text, number) in [
        ("word", json!({"MaxLength": "5"}), Value::Null),
        ("level", Value::Null, json!({"MaxValue": "7"})),
        ("flag", Value::Null, Value::Null),
    ] {
        for suffix in ["", "2"] {
            let name = format!("custom:{name}{suffix}");
            let all = shown.as_array().unwrap();
            let one = all.iter().find(|one| one["Name"] == name.as_str()).unwrap();
            assert_eq!(one["StringAttributeConstraints"], text, "{name}");
            assert_eq!(one["NumberAttributeConstraints"], number, "{name}");
        }
    }
    pool.invite(
        "ana",
        PASSWORD,
        &[("custom:word", "abc"), ("custom:level", "7")],
    )
    .await;
}
