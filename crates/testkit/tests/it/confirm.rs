//! ConfirmSignUp, AdminConfirmSignUp and the link of a mail. What codes are worth is in codes.rs.

use axum::body::Body;
use axum::http::Request;
use cognate_testkit::{TestServer, for_each_database, hours, op, refused, seconds};
use serde_json::json;

use crate::sentences::{EXPIRED_CODE, WRONG_CODE, other_than};

#[tokio::test]
async fn the_code_confirms_the_user_and_verifies_the_address() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").await;
        let verified = async || client.pool.attribute("ana", "email_verified").await;
        assert_eq!(verified().await.as_deref(), Some("false"));
        ana.confirm(&ana.last_code().await).await.unwrap();
        assert_eq!(verified().await.as_deref(), Some("true"));
    })
    .await;
}

#[tokio::test]
async fn an_operator_confirms_without_verifying_the_address() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").await;
    let input = json!({"UserPoolId": client.pool.id, "Username": "ana"});
    server
        .call::<op::AdminConfirmSignUp>(input.clone())
        .await
        .unwrap();
    ana.sign_in().await.unwrap();
    assert_eq!(
        client
            .pool
            .attribute("ana", "email_verified")
            .await
            .as_deref(),
        Some("false")
    );
    let again = refused(server.call::<op::AdminConfirmSignUp>(input).await);
    let sentence = "User cannot be confirmed. Current status is CONFIRMED";
    assert_eq!(again.told(), ("NotAuthorizedException", sentence));
}

#[tokio::test]
async fn a_second_confirmation_is_told_the_status_where_users_may_be_told_apart() {
    let client = TestServer::start()
        .await
        .pool()
        .await
        .client()
        .legacy_errors()
        .await;
    let ana = client.user("ana").confirmed().await;
    let sentence = "User cannot be confirmed. Current status is CONFIRMED";
    assert_eq!(
        refused(ana.confirm("123456").await).told(),
        ("NotAuthorizedException", sentence)
    );
    let resend = refused(ana.resend().await);
    assert_eq!(
        resend.told(),
        ("InvalidParameterException", "User is already confirmed.")
    );
}

#[tokio::test]
async fn a_name_that_nobody_has_is_told_where_users_may_be_told_apart() {
    let client = TestServer::start()
        .await
        .pool()
        .await
        .client()
        .legacy_errors()
        .await;
    let nobody = client.user("ana").await.named("nobody");
    let told = (
        "UserNotFoundException",
        "Username/client id combination not found.",
    );
    assert_eq!(refused(nobody.confirm("123456").await).told(), told);
    assert_eq!(refused(nobody.resend().await).told(), told);
}

#[tokio::test]
async fn a_pool_that_verifies_nothing_resends_nothing() {
    let client = TestServer::start()
        .await
        .pool()
        .verifies([])
        .await
        .client()
        .await;
    let ana = client.user("ana").await;
    let error = refused(ana.resend().await);
    assert_eq!(
        error.told(),
        (
            "InvalidParameterException",
            "Auto verification not turned on."
        )
    );
}

#[tokio::test]
async fn an_unconfirmed_user_is_told_so_only_with_the_right_password() {
    let client = TestServer::start().await.pool().await.client().await;
    let ana = client.user("ana").await;
    let told = ("UserNotConfirmedException", "User is not confirmed.");
    assert_eq!(refused(ana.sign_in_srp().await).told(), told);
    assert_eq!(refused(ana.sign_in().await).told(), told);
    let wrong = ana.with_password("Wrong-Horse-1");
    assert_eq!(
        refused(wrong.sign_in().await).told(),
        crate::sentences::WRONG_PASSWORD
    );
    assert_eq!(
        refused(wrong.sign_in_srp().await).told(),
        crate::sentences::WRONG_PASSWORD
    );
}

#[tokio::test]
async fn a_code_proves_the_address_it_was_sent_to_and_no_other() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").await;
    let code = ana.last_code().await;
    let input = json!({
        "UserPoolId": client.pool.id, "Username": "ana",
        "UserAttributes": [{"Name": "email", "Value": "victim@example.com"}],
    });
    server
        .call::<op::AdminUpdateUserAttributes>(input)
        .await
        .unwrap();
    assert_eq!(refused(ana.confirm(&code).await).told(), EXPIRED_CODE);
    assert_eq!(
        client
            .pool
            .attribute("ana", "email_verified")
            .await
            .as_deref(),
        Some("false")
    );
}

/// The path and query of the newest link to an address.
pub(crate) async fn link(server: &TestServer, address: &str) -> String {
    let mail = server.mailbox(address).await;
    let text = mail.last_text();
    let from = text.find("http://cognate.test/").expect("a link");
    let end = text[from..]
        .find(char::is_whitespace)
        .map_or(text.len(), |end| from + end);
    text[from + "http://cognate.test".len()..end]
        .trim_end_matches(['.', '>', ')'])
        .to_owned()
}

pub(crate) async fn post(server: &TestServer, link: &str) -> u16 {
    let (path, query) = link.split_once('?').unwrap();
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(query.to_owned()))
        .unwrap();
    server.raw(request).await.status().as_u16()
}

#[tokio::test]
async fn the_link_of_a_mail_confirms_once_its_button_is_pressed_and_not_when_a_scanner_opens_it() {
    for_each_database(async |server| {
        let client = server.pool().link().await.client().await;
        client.user("ana+1").email("ana@example.com").await;
        let link = link(&server, "ana@example.com").await;
        assert_eq!(server.get(&link).await.0, 200);
        assert_eq!(client.pool.status("ana+1").await, "UNCONFIRMED");
        assert_eq!(post(&server, &link).await, 200);
        assert_eq!(client.pool.status("ana+1").await, "CONFIRMED");
        assert_eq!(post(&server, &link).await, 400);
    })
    .await;
}

#[tokio::test]
async fn a_link_that_was_changed_or_is_too_old_confirms_nobody() {
    let server = TestServer::start().await;
    let client = server.pool().link().await.client().await;
    client.user("ana").await;
    client.user("eve").await;
    let ana = link(&server, "ana@example.com").await;
    let eves_name = ana.replace("user_name=ana", "user_name=eve");
    assert_eq!(post(&server, &eves_name).await, 400);
    server.advance(hours(24) + seconds(1));
    assert_eq!(post(&server, &ana).await, 400);
    assert_eq!(client.pool.status("ana").await, "UNCONFIRMED");
    assert_eq!(client.pool.status("eve").await, "UNCONFIRMED");
}

#[tokio::test]
async fn a_link_leads_to_the_configured_address_whatever_host_the_request_named() {
    let server = TestServer::start().await;
    let client = server.pool().link().await.client().await;
    let call = server.prepare::<op::SignUp>(client.user("ana").input());
    let call = call
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example");
    call.send().await.success().unwrap();
    let text = server
        .mailbox("ana@example.com")
        .await
        .last_text()
        .to_owned();
    assert!(text.contains("http://cognate.test/confirmUser?"), "{text}");
    assert!(!text.contains("evil"), "{text}");
}

#[tokio::test]
async fn a_wrong_code_does_not_use_up_the_right_one() {
    for_each_database(async |server| {
        let ana = server.pool().await.client().await.user("ana").await;
        let code = ana.last_code().await;
        assert_eq!(
            refused(ana.confirm(&other_than(&code)).await).told(),
            WRONG_CODE
        );
        ana.confirm(&code).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_session_that_no_sign_up_gave_confirms_nothing() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").await;
    let code = ana.last_code().await;
    let input = json!({
        "ClientId": client.id, "Username": "ana", "ConfirmationCode": code, "Session": "a".repeat(40),
    });
    let error = refused(server.call::<op::ConfirmSignUp>(input).await);
    let told = ("NotAuthorizedException", "Invalid session for the user.");
    assert_eq!(error.told(), told);
}
