//! Sign-up and its confirmation.

use cognate_testkit::{hours, op};
use serde_json::json;

use super::world::{World, with, without_client};

pub(super) async fn sign_up(world: &mut World) {
    let client = world.client.clone();
    let input = |name: &str| client.user(name).input();
    world
        .at_client::<op::SignUp>(
            with(input("new"), json!({"ClientId": null}))
                .as_object()
                .map(without_client)
                .unwrap(),
        )
        .await;
    world
        .says::<op::SignUp>("UsernameExistsException", input("ana"))
        .await;
    world
        .says::<op::SignUp>(
            "InvalidPasswordException",
            with(input("new"), json!({"Password": "weak"})),
        )
        .await;
    world
        .says::<op::SignUp>(
            "NotAuthorizedException",
            with(input("new"), json!({"SecretHash": "x"})),
        )
        .await;
    world
        .says_at::<op::SignUp>(
            &world.silent.clone(),
            "CodeDeliveryFailureException",
            input("new"),
        )
        .await;
    for n in 0..20 {
        client
            .user(&format!("many{n}"))
            .email("many@example.com")
            .await;
    }
    world
        .says::<op::SignUp>(
            "LimitExceededException",
            client.user("many").email("many@example.com").input(),
        )
        .await;
}

pub(super) async fn confirm_sign_up(world: &mut World) {
    let client = world.client.clone();
    let una = client.user("una").await;
    let code = una.last_code().await;
    let wrong = crate::sentences::other_than(&code);
    let confirm = |name: &str, code: &str| client.about(name, json!({"ConfirmationCode": code}));
    world
        .at_client::<op::ConfirmSignUp>(json!({"Username": "una", "ConfirmationCode": wrong}))
        .await;
    world
        .says::<op::ConfirmSignUp>("UserNotFoundException", confirm("nobody", &code))
        .await;
    world
        .says::<op::ConfirmSignUp>("NotAuthorizedException", confirm("ana", &code))
        .await;
    for _ in 0..5 {
        world
            .says::<op::ConfirmSignUp>("CodeMismatchException", confirm("una", &wrong))
            .await;
    }
    world
        .says::<op::ConfirmSignUp>("LimitExceededException", confirm("una", &code))
        .await;
    let claims = client.user("claims").email("aliased@example.com").await;
    let code = claims.last_code().await;
    world
        .says::<op::ConfirmSignUp>("AliasExistsException", confirm("claims", &code))
        .await;
}

/// The last of sign-up: a day goes by, and the tokens are new.
pub(super) async fn resend_confirmation_code(world: &mut World) {
    let client = world.client.clone();
    let rea = client.user("resends").await;
    world
        .at_client::<op::ResendConfirmationCode>(json!({"Username": "resends"}))
        .await;
    world
        .says::<op::ResendConfirmationCode>(
            "UserNotFoundException",
            client.about("nobody", json!({})),
        )
        .await;
    world
        .says::<op::ResendConfirmationCode>(
            "NotAuthorizedException",
            client.about("resends", json!({"SecretHash": "x"})),
        )
        .await;
    world
        .says_at::<op::ResendConfirmationCode>(
            &world.silent.clone(),
            "CodeDeliveryFailureException",
            client.about("resends", json!({})),
        )
        .await;
    for _ in 0..5 {
        rea.resend().await.unwrap();
    }
    world
        .says::<op::ResendConfirmationCode>(
            "LimitExceededException",
            client.about("resends", json!({})),
        )
        .await;
    let late = client.user("late").await;
    let code = json!({"ConfirmationCode": late.last_code().await});
    world.server.advance(hours(24));
    world
        .says::<op::ConfirmSignUp>("ExpiredCodeException", client.about("late", code))
        .await;
    world.tokens = world.ana.sign_in().await.unwrap();
}
