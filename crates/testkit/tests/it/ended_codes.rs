//! What ends a code before its time: another password, status or address than it was sent for.

use cognate_testkit::{PASSWORD, TestPool, TestServer, TestUser, for_each_database, op, refused};
use serde_json::{Value, json};

use crate::sentences::EXPIRED_CODE;

const NEW: &str = "Another-Horse-2";

async fn on_ana<O: cognate_api::Operation>(pool: &TestPool, own: Value)
where
    O::Output: serde::de::DeserializeOwned,
{
    let mut input = json!({"UserPoolId": pool.id, "Username": "ana"});
    let members = input.as_object_mut().unwrap();
    members.extend(own.as_object().unwrap().clone());
    pool.server.call::<O>(input).await.unwrap();
}

async fn set_attributes(pool: &TestPool, attributes: &[(&str, &str)]) {
    let list = cognate_testkit::attribute_list(attributes);
    on_ana::<op::AdminUpdateUserAttributes>(pool, json!({"UserAttributes": list})).await;
}

async fn set_password(pool: &TestPool) {
    let own = json!({"Password": PASSWORD, "Permanent": true});
    on_ana::<op::AdminSetUserPassword>(pool, own).await;
}

async fn disable_and_enable(pool: &TestPool) {
    on_ana::<op::AdminDisableUser>(pool, json!({})).await;
    on_ana::<op::AdminEnableUser>(pool, json!({})).await;
}

/// Sends a reset code, does something, and tells that the code is worth nothing afterwards,
/// whatever state the user has come back to.
async fn reset_ends(act: impl AsyncFn(&TestUser)) {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        ana.forgot_password().await.unwrap();
        let code = ana.last_code().await;
        act(&ana).await;
        assert_eq!(client.pool.status("ana").await, "CONFIRMED");
        let told = refused(ana.reset_password(&code, NEW).await);
        assert_eq!(told.told(), EXPIRED_CODE);
        refused(ana.with_password(NEW).sign_in().await);
    })
    .await;
}

#[tokio::test]
async fn a_reset_code_ends_with_the_password_that_an_operator_replaces() {
    reset_ends(async |ana| set_password(&ana.client.pool).await).await;
}

#[tokio::test]
async fn a_reset_code_ends_with_the_password_that_its_user_changes() {
    reset_ends(async |ana| {
        let tokens = ana.sign_in().await.unwrap();
        ana.change_password(&tokens.access, PASSWORD).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_reset_code_ends_when_its_user_is_disabled_and_is_not_revived() {
    reset_ends(async |ana| disable_and_enable(&ana.client.pool).await).await;
}

#[tokio::test]
async fn a_reset_code_ends_when_its_address_is_changed_and_comes_back() {
    reset_ends(async |ana| {
        for address in ["other@example.com", "ana@example.com"] {
            let attributes = [("email", address), ("email_verified", "true")];
            set_attributes(&ana.client.pool, &attributes).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_reset_code_ends_when_its_address_is_taken_away_and_comes_back() {
    reset_ends(async |ana| {
        let pool = &ana.client.pool;
        let own = json!({"UserAttributeNames": ["email"]});
        on_ana::<op::AdminDeleteUserAttributes>(pool, own).await;
        let attributes = [("email", "ana@example.com"), ("email_verified", "true")];
        set_attributes(pool, &attributes).await;
    })
    .await;
}

#[tokio::test]
async fn a_reset_code_ends_when_its_address_is_unverified_and_verified_again() {
    reset_ends(async |ana| {
        for flag in ["false", "true"] {
            set_attributes(&ana.client.pool, &[("email_verified", flag)]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_reset_code_ends_when_an_operator_asks_for_another_reset() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        ana.forgot_password().await.unwrap();
        let code = ana.last_code().await;
        on_ana::<op::AdminResetUserPassword>(&client.pool, json!({})).await;
        let newer = ana.last_code().await;
        if code != newer {
            refused(ana.reset_password(&code, NEW).await);
        }
        ana.reset_password(&newer, NEW).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_reset_code_outlives_a_change_that_has_nothing_to_do_with_it() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        ana.forgot_password().await.unwrap();
        let code = ana.last_code().await;
        set_attributes(
            &client.pool,
            &[("name", "Ana"), ("phone_number", "+15551234567")],
        )
        .await;
        on_ana::<op::AdminUserGlobalSignOut>(&client.pool, json!({})).await;
        ana.reset_password(&code, NEW).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn guesses_at_a_code_that_has_ended_are_counted_like_others() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    ana.forgot_password().await.unwrap();
    let code = ana.last_code().await;
    set_password(&client.pool).await;
    let wrong = crate::sentences::other_than(&code);
    for _ in 0..5 {
        let told = refused(ana.reset_password(&wrong, NEW).await);
        assert_eq!(told.told(), crate::sentences::WRONG_CODE);
    }
    let told = refused(ana.reset_password(&wrong, NEW).await);
    assert_eq!(told.told(), crate::sentences::TOO_OFTEN);
}

#[tokio::test]
async fn a_sign_up_code_ends_when_its_user_is_disabled_or_its_address_changes() {
    for_each_database(async |server| {
        for step in ["disabled", "changed"] {
            let client = server.pool().await.client().await;
            let ana = client.user("ana").await;
            let code = ana.last_code().await;
            if step == "disabled" {
                disable_and_enable(&client.pool).await;
            } else {
                for address in ["other@example.com", "ana@example.com"] {
                    set_attributes(&client.pool, &[("email", address)]).await;
                }
            }
            let told = refused(ana.confirm(&code).await);
            assert_eq!(told.told(), EXPIRED_CODE, "{step}");
            assert_eq!(client.pool.status("ana").await, "UNCONFIRMED");
        }
    })
    .await;
}

#[tokio::test]
async fn a_verification_code_ends_when_the_address_changes_and_comes_back() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        ana.update(&tokens.access, &[("email", "new@example.com")])
            .await
            .unwrap();
        let code = server.mailbox("new@example.com").await.last_code();
        for address in ["other@example.com", "new@example.com"] {
            set_attributes(&client.pool, &[("email", address)]).await;
        }
        let told = refused(ana.verify_email(&tokens.access, &code).await);
        assert_eq!(told.told(), EXPIRED_CODE);
    })
    .await;
}

#[tokio::test]
async fn a_temporary_password_that_was_proved_opens_nothing_once_another_is_set() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client.pool.invite("ana", "Temporary-1!", &[]).await;
    let session = client.prove_temporary("ana", "Temporary-1!").await;
    let own = json!({"Password": "Temporary-1!", "Permanent": false});
    on_ana::<op::AdminSetUserPassword>(&client.pool, own).await;
    let input = client.new_password(&session, "ana", json!({"NEW_PASSWORD": NEW}));
    let told = refused(server.call::<op::RespondToAuthChallenge>(input).await);
    assert_eq!(told.told(), crate::sentences::INVALID_SESSION);
}
