//! Passwords, and what signed-in users do with their account.

use cognate_testkit::{PASSWORD, TestUser, attribute_list, hours, op};
use serde_json::{Value, json};

use super::world::{NEW, World, with, without_client};

pub(super) async fn forgotten_passwords(world: &mut World) {
    let client = world.client.clone();
    let forgot = |name: &str| client.about(name, json!({}));
    world
        .at_client::<op::ForgotPassword>(json!({"Username": "ana"}))
        .await;
    world
        .says::<op::ForgotPassword>("UserNotFoundException", forgot("nobody"))
        .await;
    world
        .says::<op::ForgotPassword>("NotAuthorizedException", forgot("forced"))
        .await;
    world
        .says_at::<op::ForgotPassword>(
            &world.silent.clone(),
            "CodeDeliveryFailureException",
            forgot("ana"),
        )
        .await;
    let fay = client.user("fay").confirmed().await;
    fay.forgot_password().await.unwrap();
    let code = fay.last_code().await;
    let reset = |name: &str, code: &str, password: &str| {
        client.about(
            name,
            json!({"ConfirmationCode": code, "Password": password}),
        )
    };
    let wrong = crate::sentences::other_than(&code);
    world
        .at_client::<op::ConfirmForgotPassword>(without_client(
            reset("fay", &wrong, NEW).as_object().unwrap(),
        ))
        .await;
    world
        .says::<op::ConfirmForgotPassword>("UserNotFoundException", reset("nobody", &code, NEW))
        .await;
    world
        .says::<op::ConfirmForgotPassword>("InvalidPasswordException", reset("fay", &code, "weak"))
        .await;
    let with_hash = with(reset("fay", &code, NEW), json!({"SecretHash": "x"}));
    world
        .says::<op::ConfirmForgotPassword>("NotAuthorizedException", with_hash)
        .await;
    world
        .says::<op::ConfirmForgotPassword>("ExpiredCodeException", reset("ana", &code, NEW))
        .await;
    for _ in 0..5 {
        world
            .says::<op::ConfirmForgotPassword>("CodeMismatchException", reset("fay", &wrong, NEW))
            .await;
    }
    world
        .says::<op::ConfirmForgotPassword>("LimitExceededException", reset("fay", &code, NEW))
        .await;
    for _ in 0..4 {
        fay.forgot_password().await.unwrap();
    }
    world
        .says::<op::ForgotPassword>("LimitExceededException", forgot("fay"))
        .await;
}

pub(super) async fn changed_passwords(world: &mut World) {
    world
        .by_token::<op::ChangePassword>(
            json!({"PreviousPassword": PASSWORD, "ProposedPassword": NEW}),
        )
        .await;
    let pam = world.client.user("pam").confirmed().await;
    let tokens = pam.sign_in().await.unwrap();
    let change = |before: &str, after: &str| json!({"AccessToken": tokens.access, "PreviousPassword": before, "ProposedPassword": after});
    world
        .says::<op::ChangePassword>("InvalidPasswordException", change(PASSWORD, "weak"))
        .await;
    for _ in 0..5 {
        world
            .says::<op::ChangePassword>("NotAuthorizedException", change("Wrong-Horse-1", NEW))
            .await;
    }
    world
        .says::<op::ChangePassword>("LimitExceededException", change(PASSWORD, NEW))
        .await;
}

pub(super) async fn own_account(world: &mut World) {
    world.by_token::<op::GetUser>(json!({})).await;
    world.by_token::<op::DeleteUser>(json!({})).await;
    world
        .by_token::<op::DeleteUserAttributes>(json!({"UserAttributeNames": ["name"]}))
        .await;
    let bob = world.client.user("bob").confirmed().await;
    let tokens = bob.sign_in().await.unwrap();
    let update = |name: &str, value: &str| json!({"AccessToken": tokens.access, "UserAttributes": attribute_list(&[(name, value)])});
    world
        .by_token::<op::UpdateUserAttributes>(
            json!({"UserAttributes": attribute_list(&[("name", "x")])}),
        )
        .await;
    world
        .says::<op::UpdateUserAttributes>(
            "AliasExistsException",
            update("preferred_username", "queen"),
        )
        .await;
    world
        .says_at::<op::UpdateUserAttributes>(
            &world.silent.clone(),
            "CodeDeliveryFailureException",
            update("email", "b@example.com"),
        )
        .await;
    bob.update(&tokens.access, &[("email", "aliased@example.com")])
        .await
        .unwrap();
    let code = world
        .server
        .mailbox("aliased@example.com")
        .await
        .last_code();
    let email = json!({"AccessToken": tokens.access, "AttributeName": "email"});
    let verify = |code: &str| with(email.clone(), json!({"Code": code}));
    world
        .says::<op::VerifyUserAttribute>("AliasExistsException", verify(&code))
        .await;
    world
        .by_token::<op::VerifyUserAttribute>(json!({"AttributeName": "email", "Code": "123456"}))
        .await;
    world
        .by_token::<op::GetUserAttributeVerificationCode>(json!({"AttributeName": "email"}))
        .await;
    world
        .says_at::<op::GetUserAttributeVerificationCode>(
            &world.silent.clone(),
            "CodeDeliveryFailureException",
            email.clone(),
        )
        .await;
    bob.update(&tokens.access, &[("email", "mine@example.com")])
        .await
        .unwrap();
    limits_of_verification(world, &email).await;
    world
        .says::<op::UpdateUserAttributes>(
            "TooManyRequestsException",
            update("email", "more@example.com"),
        )
        .await;
    late_verification(world, &bob).await;
}

/// Wrong and repeated answers to the code that verifies `mine@example.com`; the members tell whose
/// it is.
async fn limits_of_verification(world: &mut World, email: &Value) {
    let verify = |code: &str| with(email.clone(), json!({"Code": code}));
    let code = world.server.mailbox("mine@example.com").await.last_code();
    for _ in 0..5 {
        world
            .says::<op::VerifyUserAttribute>(
                "CodeMismatchException",
                verify(&crate::sentences::other_than(&code)),
            )
            .await;
    }
    world
        .says::<op::VerifyUserAttribute>("LimitExceededException", verify(&code))
        .await;
    for _ in 0..3 {
        world
            .server
            .call::<op::GetUserAttributeVerificationCode>(email.clone())
            .await
            .unwrap();
    }
    world
        .says::<op::GetUserAttributeVerificationCode>("LimitExceededException", email.clone())
        .await;
}

/// A day goes by, and the tokens are new.
async fn late_verification(world: &mut World, bob: &TestUser) {
    world.server.advance(hours(1));
    let tokens = bob.sign_in().await.unwrap();
    bob.update(&tokens.access, &[("email", "bob2@example.com")])
        .await
        .unwrap();
    let code = world.server.mailbox("bob2@example.com").await.last_code();
    world.server.advance(hours(24));
    let tokens = bob.sign_in().await.unwrap();
    let late = json!({"AccessToken": tokens.access, "AttributeName": "email", "Code": code});
    world
        .says::<op::VerifyUserAttribute>("ExpiredCodeException", late)
        .await;
    world.tokens = world.ana.sign_in().await.unwrap();
    for input in world
        .good
        .values_mut()
        .filter(|input| input.get("AccessToken").is_some())
    {
        input["AccessToken"] = world.tokens.access.as_str().into();
    }
}
