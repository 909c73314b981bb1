//! SignUp.

use cognate_testkit::{PASSWORD, TestServer, for_each_database, op, refused};
use futures_util::future::join_all;
use serde_json::json;

#[tokio::test]
async fn a_user_signs_up_confirms_and_signs_in() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").await;
        assert_eq!(client.pool.status("ana").await, "UNCONFIRMED");
        ana.confirm(&ana.last_code().await).await.unwrap();
        assert_eq!(client.pool.status("ana").await, "CONFIRMED");
        let tokens = ana.sign_in_srp().await.unwrap();
        assert_eq!(ana.get_user(&tokens.access).await.unwrap().username, "ana");
    })
    .await;
}

#[tokio::test]
async fn the_answer_tells_the_sub_and_where_the_code_went_but_not_the_address() {
    let client = TestServer::start().await.pool().await.client().await;
    let answer = client
        .user("ana")
        .email("fixture@example.com")
        .sign_up()
        .await
        .unwrap();
    assert!(!answer.user_confirmed);
    assert_eq!(
        Some(answer.user_sub),
        client.pool.attribute("ana", "sub").await
    );
    let details = answer.code_delivery_details.unwrap();
    assert_eq!(details.destination.unwrap(), "f***@e***");
    assert_eq!(details.attribute_name.unwrap(), "email");
    assert_eq!(details.delivery_medium.unwrap().as_str(), "EMAIL");
}

#[tokio::test]
async fn without_an_address_to_verify_no_code_is_sent() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let answer = client
        .user("ana")
        .without_address()
        .sign_up()
        .await
        .unwrap();
    assert!(answer.code_delivery_details.is_none());
    assert_eq!(server.deliver().await, 0);
}

#[tokio::test]
async fn a_phone_number_gets_its_code_by_text_message() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .verifies(["phone_number", "email"])
        .await
        .client()
        .await;
    let answer = client
        .user("ana")
        .attribute("phone_number", "+15551234567")
        .sign_up()
        .await
        .unwrap();
    assert_eq!(
        answer.code_delivery_details.unwrap().destination.unwrap(),
        "+*******4567"
    );
    assert_eq!(server.mailbox("+15551234567").await.len(), 1);
    assert!(server.mailbox("ana@example.com").await.is_empty());
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused_and_its_holder_gets_no_mail() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        client.user("ana").confirmed().await;
        let again = client.user("ana").email("eve@example.com").sign_up().await;
        assert_eq!(
            refused(again).told(),
            ("UsernameExistsException", "User already exists")
        );
        assert!(server.mailbox("eve@example.com").await.is_empty());
        assert_eq!(server.mailbox("ana@example.com").await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_sign_ups_of_one_name_at_the_same_moment_one_wins() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let attempts = (0..8).map(|n| {
            let name = if n % 2 == 0 { "ana" } else { "ANA" };
            let attempt = client.user(name).email(&format!("ana{n}@example.com"));
            async move { attempt.sign_up().await }
        });
        let outcomes = join_all(attempts).await;
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        for lost in lost {
            assert_eq!(refused(lost).code, "UsernameExistsException");
        }
        assert_eq!(server.deliver().await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_password_is_told_which_part_of_the_policy_it_breaks() {
    let client = TestServer::start().await.pool().await.client().await;
    for (password, part) in [
        ("Aa1!", "Password not long enough"),
        ("aaaaaa1!", "Password must have uppercase characters"),
        ("AAAAAA1!", "Password must have lowercase characters"),
        ("AAAAaaa!", "Password must have numeric characters"),
        ("AAAAaaa1", "Password must have symbol characters"),
    ] {
        let error = refused(client.user("ana").password(password).sign_up().await);
        let sentence = format!("Password did not conform with policy: {part}");
        assert_eq!(
            error.told(),
            ("InvalidPasswordException", sentence.as_str())
        );
    }
}

#[tokio::test]
async fn a_pool_with_a_policy_of_its_own_asks_for_that() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .policy(json!({"MinimumLength": 12}))
        .await
        .client()
        .await;
    refused(client.user("ana").password("short-one").sign_up().await);
    client
        .user("ana")
        .password("lowercaseonly")
        .sign_up()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_sign_up_without_a_password_is_refused() {
    let client = TestServer::start().await.pool().await.client().await;
    let input = json!({"ClientId": client.id, "Username": "ana"});
    let error = refused(client.pool.server.call::<op::SignUp>(input).await);
    assert_eq!(
        error.told(),
        (
            "InvalidParameterException",
            "Missing required parameter Password"
        )
    );
}

#[tokio::test]
async fn where_operators_make_the_users_nobody_signs_up() {
    let client = TestServer::start()
        .await
        .pool()
        .operators_only()
        .await
        .client()
        .await;
    let error = refused(client.user("ana").sign_up().await);
    let sentence = "SignUp is not permitted for this user pool";
    assert_eq!(error.told(), ("NotAuthorizedException", sentence));
}

#[tokio::test]
async fn a_required_attribute_has_to_be_given() {
    let server = TestServer::start().await;
    let schema = json!([{"Name": "family_name", "Required": true}]);
    let client = server.pool().schema(schema).await.client().await;
    for attempt in [
        client.user("ana"),
        client.user("ana").attribute("family_name", ""),
    ] {
        let error = refused(attempt.sign_up().await);
        assert_eq!(error.code, "InvalidParameterException");
        assert!(error.message.contains("family_name"), "{}", error.message);
    }
    client
        .user("ana")
        .attribute("family_name", "Diaz")
        .sign_up()
        .await
        .unwrap();
}

#[tokio::test]
async fn an_app_client_that_is_not_there_signs_nobody_up() {
    let client = TestServer::start().await.pool().await.client().await;
    let input =
        json!({"ClientId": "0123456789abcdefghijklmnop", "Username": "ana", "Password": PASSWORD});
    let error = refused(client.pool.server.call::<op::SignUp>(input).await);
    let sentence = "User pool client 0123456789abcdefghijklmnop does not exist.";
    assert_eq!(error.told(), ("ResourceNotFoundException", sentence));
}

#[tokio::test]
async fn an_app_client_with_a_secret_proves_that_it_knows_it() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().secret().await;
    let call = |input| server.call::<op::SignUp>(input);
    let mut input = client.user("ana").input();
    input["SecretHash"] = client.secret_hash("eve").unwrap().into();
    let unable = format!("Unable to verify secret hash for client {}", client.id);
    let error = refused(call(input.clone()).await);
    assert_eq!(error.told(), ("NotAuthorizedException", unable.as_str()));
    input.as_object_mut().unwrap().remove("SecretHash");
    let error = refused(call(input).await);
    let missing = "is configured with secret but SECRET_HASH was not received";
    assert_eq!(error.message, format!("Client {} {missing}", client.id));
    client.user("ana").sign_up().await.unwrap();
}

#[tokio::test]
async fn a_secret_hash_for_an_app_client_without_a_secret_is_refused() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let mut input = client.user("ana").input();
    input["SecretHash"] = "c2VjcmV0".into();
    let error = refused(server.call::<op::SignUp>(input).await);
    let sentence = format!("Unable to verify secret hash for client {}", client.id);
    assert_eq!(error.told(), ("NotAuthorizedException", sentence.as_str()));
}

#[tokio::test]
async fn an_attribute_that_is_given_twice_is_refused() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let mut input = client.user("ana").input();
    input["UserAttributes"] = json!([
        {"Name": "email", "Value": "ana@example.com"}, {"Name": "email", "Value": "eve@example.com"}
    ]);
    assert_eq!(
        refused(server.call::<op::SignUp>(input).await).told(),
        (
            "InvalidParameterException",
            "Attribute email is given more than once."
        )
    );
}

#[tokio::test]
async fn values_that_are_no_addresses_are_refused_in_awss_words() {
    let client = TestServer::start().await.pool().await.client().await;
    let email = refused(client.user("ana").email("ana@nowhere").sign_up().await);
    assert_eq!(
        email.told(),
        ("InvalidParameterException", "Invalid email address format.")
    );
    let phone = refused(
        client
            .user("ana")
            .attribute("phone_number", "5551234")
            .sign_up()
            .await,
    );
    assert_eq!(
        phone.told(),
        ("InvalidParameterException", "Invalid phone number format.")
    );
    let header = client
        .user("ana")
        .email("ana@example.com\r\nBcc: all@example.com");
    assert_eq!(
        refused(header.sign_up().await).message,
        "Invalid email address format."
    );
}

#[tokio::test]
async fn what_breaks_the_models_constraints_is_told_all_at_once_and_keeps_the_password() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let input = json!({
        "ClientId": client.id, "Username": "a".repeat(129), "Password": "b".repeat(300),
    });
    let error = refused(server.call::<op::SignUp>(input).await);
    assert_eq!(error.code, "InvalidParameterException");
    assert!(
        error.message.starts_with("2 validation errors detected: "),
        "{}",
        error.message
    );
    let constraint = "at 'username' failed to satisfy constraint: Member must have length less than or equal to 128";
    assert!(error.message.contains(constraint), "{}", error.message);
    assert!(!error.message.contains("bbb"), "{}", error.message);
}

#[tokio::test]
async fn in_a_pool_of_addresses_the_name_is_an_address_and_the_user_name_the_sub() {
    let server = TestServer::start().await;
    let client = server.pool().email_as_username().await.client().await;
    let error = refused(client.user("ana").sign_up().await);
    assert_eq!(
        error.told(),
        ("InvalidParameterException", "Username should be an email.")
    );
    let ana = client.user("ana@example.com").confirmed().await;
    let known = client.pool.user("ana@example.com").await.unwrap();
    assert_eq!(known.username, ana.sub);
    let again = refused(client.user("Ana@Example.com").sign_up().await);
    let sentence = "An account with the given email already exists.";
    assert_eq!(again.told(), ("UsernameExistsException", sentence));
    ana.sign_in_srp().await.unwrap();
}

#[tokio::test]
async fn what_the_pool_sends_in_its_own_words_carries_the_code() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .with(
            "EmailVerificationMessage",
            "Your number is {####}. Yours, Example",
        )
        .with("EmailVerificationSubject", "Welcome to Example")
        .await;
    let ana = pool.client().await.user("ana").await;
    let code = ana.last_code().await;
    let mail = server.mailbox("ana@example.com").await;
    assert_eq!(
        mail.last_text().trim(),
        format!("Your number is {code}. Yours, Example")
    );
}

#[tokio::test]
async fn who_asks_for_many_names_that_are_taken_is_held_up_and_others_are_not() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client.user("ana").await;
    let sign_up = async |name: &str, from: [u8; 4]| {
        let input = client.user(name).without_address().input();
        let call = server.prepare::<op::SignUp>(input).from(from);
        call.send().await.output::<op::SignUp>()
    };
    let (stranger, another) = ([203, 0, 113, 9], [198, 51, 100, 7]);
    for _ in 0..100 {
        assert_eq!(
            refused(sign_up("ana", stranger).await).code,
            "UsernameExistsException"
        );
    }
    for name in ["ana", "free"] {
        assert_eq!(
            refused(sign_up(name, stranger).await).code,
            "TooManyRequestsException"
        );
    }
    sign_up("free", another).await.unwrap();
}
