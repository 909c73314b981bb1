//! ForgotPassword, ConfirmForgotPassword, ChangePassword, AdminSetUserPassword,
//! AdminResetUserPassword.

use cognate_outbound::{Mailer, Outbound, SmsSender};
use cognate_testkit::{PASSWORD, TestServer, for_each_database, op, refused};
use serde_json::{Value, json};

use crate::sentences::{DISABLED, EXPIRED_CODE, REVOKED, TOO_OFTEN, WRONG_PASSWORD, other_than};

const NEW: &str = "Another-Horse-2";

#[tokio::test]
async fn a_reset_sets_the_password_and_ends_every_session() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let before = ana.sign_in().await.unwrap();
        ana.forgot_password().await.unwrap();
        ana.sign_in().await.unwrap();
        ana.reset_password(&ana.last_code().await, NEW)
            .await
            .unwrap();
        assert_eq!(refused(ana.sign_in().await).told(), WRONG_PASSWORD);
        ana.with_password(NEW).sign_in_srp().await.unwrap();
        assert_eq!(refused(ana.get_user(&before.access).await).told(), REVOKED);
        let refresh = refused(ana.refresh(before.refresh()).await);
        assert_eq!(
            refresh.told(),
            ("NotAuthorizedException", "Refresh Token has been revoked")
        );
    })
    .await;
}

#[tokio::test]
async fn a_reset_lifts_the_lock() {
    let ana = TestServer::start().await.confirmed_user("ana").await;
    for _ in 0..5 {
        refused(ana.with_password("Wrong-Horse-1").sign_in().await);
    }
    ana.forgot_password().await.unwrap();
    ana.reset_password(&ana.last_code().await, NEW)
        .await
        .unwrap();
    ana.with_password(NEW).sign_in().await.unwrap();
}

#[tokio::test]
async fn a_new_password_that_breaks_the_policy_costs_no_guess() {
    let ana = TestServer::start().await.confirmed_user("ana").await;
    ana.forgot_password().await.unwrap();
    let code = ana.last_code().await;
    for _ in 0..6 {
        assert_eq!(
            refused(ana.reset_password(&other_than(&code), "weak").await).code,
            "InvalidPasswordException"
        );
    }
    ana.reset_password(&code, NEW).await.unwrap();
}

#[tokio::test]
async fn without_a_verified_address_there_is_no_reset() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().legacy_errors().await;
    let ana = client.user("ana").await;
    let sentence = "Cannot reset password for the user as there is no registered/verified email or phone_number";
    assert_eq!(
        refused(ana.forgot_password().await).told(),
        ("InvalidParameterException", sentence)
    );
    let input = json!({"UserPoolId": client.pool.id, "Username": "ana"});
    server.call::<op::AdminConfirmSignUp>(input).await.unwrap();
    assert_eq!(
        refused(ana.forgot_password().await).told(),
        ("InvalidParameterException", sentence)
    );
}

#[tokio::test]
async fn an_unconfirmed_user_is_not_confirmed_by_a_reset() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").await;
    // Where users are hidden, it is answered as if a code were out; none is.
    ana.forgot_password().await.unwrap();
    assert_eq!(server.mailbox("ana@example.com").await.len(), 1);
    let sign_up = ana.last_code().await;
    refused(ana.reset_password(&sign_up, NEW).await);
    assert_eq!(client.pool.status("ana").await, "UNCONFIRMED");
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
    let nobody = client.user("ana").confirmed().await.named("nobody");
    let told = (
        "UserNotFoundException",
        "Username/client id combination not found.",
    );
    assert_eq!(refused(nobody.forgot_password().await).told(), told);
    assert_eq!(
        refused(nobody.reset_password("123456", NEW).await).told(),
        told
    );
}

#[tokio::test]
async fn a_disabled_user_cannot_reset() {
    let client = TestServer::start()
        .await
        .pool()
        .await
        .client()
        .legacy_errors()
        .await;
    let ana = client.user("ana").confirmed().await;
    ana.forgot_password().await.unwrap();
    let code = ana.last_code().await;
    client.pool.disable("ana").await;
    assert_eq!(refused(ana.forgot_password().await).told(), DISABLED);
    assert_eq!(
        refused(ana.reset_password(&code, NEW).await).told(),
        EXPIRED_CODE
    );
}

#[tokio::test]
async fn where_only_operators_recover_nobody_resets_themselves() {
    let server = TestServer::start().await;
    let only_operators = json!({"RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}]});
    let client = server
        .pool()
        .with("AccountRecoverySetting", only_operators)
        .await
        .client()
        .await;
    let ana = client.user("ana").confirmed().await;
    let sentence = "Contact administrator to reset password.";
    assert_eq!(
        refused(ana.forgot_password().await).told(),
        ("NotAuthorizedException", sentence)
    );
}

#[tokio::test]
async fn the_code_goes_where_the_pool_recovers_first() {
    let server = TestServer::start().await;
    let both = json!({"RecoveryMechanisms": [
        {"Priority": 2, "Name": "verified_phone_number"}, {"Priority": 1, "Name": "verified_email"},
    ]});
    for (setting, address) in [(Some(both), "ana@example.com"), (None, "+15551234567")] {
        let mut pool = server.pool();
        if let Some(setting) = setting {
            pool = pool.with("AccountRecoverySetting", setting);
        }
        let client = pool.await.client().await;
        let ana = client.user("ana").confirmed().await;
        let input = json!({"UserPoolId": client.pool.id, "Username": "ana", "UserAttributes": [
            {"Name": "phone_number", "Value": "+15551234567"}, {"Name": "phone_number_verified", "Value": "true"},
        ]});
        server
            .call::<op::AdminUpdateUserAttributes>(input)
            .await
            .unwrap();
        let before = server.mailbox(address).await.len();
        ana.forgot_password().await.unwrap();
        assert_eq!(server.mailbox(address).await.len(), before + 1);
    }
}

#[tokio::test]
async fn a_reset_code_is_worth_nothing_once_its_address_is_no_longer_the_users() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    ana.forgot_password().await.unwrap();
    let code = ana.last_code().await;
    let input = json!({"UserPoolId": client.pool.id, "Username": "ana", "UserAttributes": [
        {"Name": "email", "Value": "new@example.com"}, {"Name": "email_verified", "Value": "true"},
    ]});
    server
        .call::<op::AdminUpdateUserAttributes>(input)
        .await
        .unwrap();
    assert_eq!(
        refused(ana.reset_password(&code, NEW).await).told(),
        EXPIRED_CODE
    );
}

#[tokio::test]
async fn a_change_keeps_the_session_that_made_it_and_ends_the_others() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let (mine, other) = (ana.sign_in().await.unwrap(), ana.sign_in().await.unwrap());
        ana.change_password(&mine.access, NEW).await.unwrap();
        ana.get_user(&mine.access).await.unwrap();
        ana.refresh(mine.refresh()).await.unwrap();
        assert_eq!(refused(ana.get_user(&other.access).await).told(), REVOKED);
        refused(ana.refresh(other.refresh()).await);
        assert_eq!(refused(ana.sign_in().await).told(), WRONG_PASSWORD);
        ana.with_password(NEW).sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_change_needs_the_password_before_and_a_good_one_after() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    let weak = refused(ana.change_password(&tokens.access, "weak").await);
    assert_eq!(weak.code, "InvalidPasswordException");
    let input = json!({"AccessToken": tokens.access, "ProposedPassword": NEW});
    let error = refused(server.call::<op::ChangePassword>(input).await);
    assert_eq!(
        error.told(),
        (
            "InvalidParameterException",
            "Missing required parameter PreviousPassword"
        )
    );
    ana.sign_in().await.unwrap();
}

#[tokio::test]
async fn wrong_changes_are_limited_by_the_hour() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    let wrong = ana.with_password("Wrong-Horse-1");
    for _ in 0..5 {
        assert_eq!(
            refused(wrong.change_password(&tokens.access, NEW).await).told(),
            WRONG_PASSWORD
        );
    }
    server.advance(cognate_testkit::minutes(16));
    assert_eq!(
        refused(wrong.change_password(&tokens.access, NEW).await).told(),
        TOO_OFTEN
    );
}

#[tokio::test]
async fn an_operator_sets_a_password_for_good_or_for_the_next_sign_in() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        let set = async |password: &str, permanent: bool| {
            let input = json!({"UserPoolId": client.pool.id, "Username": "ana", "Password": password, "Permanent": permanent});
            server.call::<op::AdminSetUserPassword>(input).await
        };
        assert_eq!(refused(set("weak", true).await).code, "InvalidPasswordException");
        set(NEW, true).await.unwrap();
        assert_eq!(client.pool.status("ana").await, "CONFIRMED");
        assert_eq!(refused(ana.get_user(&tokens.access).await).told(), REVOKED);
        ana.with_password(NEW).sign_in().await.unwrap();
        set(PASSWORD, false).await.unwrap();
        assert_eq!(client.pool.status("ana").await, "FORCE_CHANGE_PASSWORD");
        assert!(ana.initiate_with_password().await.unwrap().authentication_result.is_none());
    })
    .await;
}

#[tokio::test]
async fn an_operators_reset_shuts_the_old_password_out_until_the_code_comes_back() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        let input = json!({"UserPoolId": client.pool.id, "Username": "ana"});
        server
            .call::<op::AdminResetUserPassword>(input)
            .await
            .unwrap();
        let told = (
            "PasswordResetRequiredException",
            "Password reset required for the user",
        );
        assert_eq!(refused(ana.sign_in().await).told(), told);
        assert_eq!(refused(ana.sign_in_srp().await).told(), told);
        assert_eq!(
            refused(ana.with_password("Wrong-Horse-1").sign_in().await).told(),
            WRONG_PASSWORD
        );
        assert_eq!(refused(ana.get_user(&tokens.access).await).told(), REVOKED);
        ana.reset_password(&ana.last_code().await, NEW)
            .await
            .unwrap();
        ana.with_password(NEW).sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_user_with_a_temporary_password_is_not_reset() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().legacy_errors().await;
    client
        .pool
        .invite(
            "ana",
            "Temporary-1!",
            &[("email", "ana@example.com"), ("email_verified", "true")],
        )
        .await;
    let told = (
        "NotAuthorizedException",
        "User password cannot be reset in the current state.",
    );
    let input = json!({"UserPoolId": client.pool.id, "Username": "ana"});
    assert_eq!(
        refused(server.call::<op::AdminResetUserPassword>(input).await).told(),
        told
    );
    let forgot = server
        .call::<op::ForgotPassword>(client.about("ana", json!({})))
        .await;
    assert_eq!(refused(forgot).told(), told);
}

#[tokio::test]
async fn an_operator_is_told_that_a_reset_code_cannot_be_sent() {
    let outbound = Outbound {
        mail: Mailer::None,
        sms: SmsSender::None,
        triggers: cognate_outbound::Triggers::None,
    };
    let server = TestServer::builder().outbound(outbound).start().await;
    let pool = server.pool().await;
    let attributes = [("email", "ana@example.com"), ("email_verified", "true")];
    pool.invite("ana", PASSWORD, &attributes).await;
    let about = |own: Value| {
        let mut input = json!({"UserPoolId": pool.id, "Username": "ana"});
        input
            .as_object_mut()
            .unwrap()
            .extend(own.as_object().unwrap().clone());
        input
    };
    server
        .call::<op::AdminSetUserPassword>(about(json!({"Password": PASSWORD, "Permanent": true})))
        .await
        .unwrap();
    let told = refused(
        server
            .call::<op::AdminResetUserPassword>(about(json!({})))
            .await,
    );
    assert_eq!(told.code, "InvalidParameterException");
    assert!(told.message.contains("--smtp-url"), "{}", told.message);
    assert_eq!(pool.status("ana").await, "RESET_REQUIRED");
}

#[tokio::test]
async fn a_reset_code_leads_round_no_temporary_password() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    ana.forgot_password().await.unwrap();
    let code = ana.last_code().await;
    let temporary = json!({"UserPoolId": client.pool.id, "Username": "ana", "Password": "Temporary-1!", "Permanent": false});
    server
        .call::<op::AdminSetUserPassword>(temporary)
        .await
        .unwrap();
    assert_eq!(
        refused(ana.reset_password(&code, NEW).await).told(),
        EXPIRED_CODE
    );
    assert_eq!(client.pool.status("ana").await, "FORCE_CHANGE_PASSWORD");
}
