//! Sign-in, and the sessions that it begins.

use cognate_testkit::{PASSWORD, op};
use serde_json::{Value, json};

use super::world::{NEW, World, with, without_client};

pub(super) async fn sign_in(world: &mut World) {
    let good = world.flow("ana", PASSWORD);
    world
        .at_client::<op::InitiateAuth>(without_client(good.as_object().unwrap()))
        .await;
    let by_operator = with(
        good.clone(),
        json!({"AuthFlow": "ADMIN_USER_PASSWORD_AUTH"}),
    );
    world.in_pool::<op::AdminInitiateAuth>(by_operator).await;
    for (code, name, password) in [
        ("NotAuthorizedException", "ana", "Wrong-Horse-1"),
        ("UserNotFoundException", "nobody", PASSWORD),
        ("UserNotConfirmedException", "una", PASSWORD),
        ("PasswordResetRequiredException", "rita", PASSWORD),
    ] {
        let input = world.flow(name, password);
        world.says::<op::InitiateAuth>(code, input.clone()).await;
        world
            .says::<op::AdminInitiateAuth>(code, world.operators(input))
            .await;
    }
    for by_operator in [false, true] {
        for (code, name, password) in [
            ("NotAuthorizedException", "ana", "Wrong-Horse-1"),
            ("UserNotConfirmedException", "una", PASSWORD),
            ("PasswordResetRequiredException", "rita", PASSWORD),
        ] {
            let answer = world.client.begin_srp(name).await.unwrap().answer(password);
            let input = json!({"ClientId": world.client.id, "ChallengeName": "PASSWORD_VERIFIER", "Session": answer.session, "ChallengeResponses": answer.responses});
            respond(world, by_operator, code, input).await;
        }
        let (user, session) = world
            .challenged(if by_operator { "forced1" } else { "forced2" })
            .await;
        for (code, own) in [
            ("InvalidPasswordException", json!({"NEW_PASSWORD": "weak"})),
            (
                "AliasExistsException",
                json!({"NEW_PASSWORD": NEW, "userAttributes.preferred_username": "queen"}),
            ),
            (
                "UserNotFoundException",
                json!({"NEW_PASSWORD": NEW, "USERNAME": "nobody"}),
            ),
        ] {
            let responses = with(json!({"USERNAME": user.name}), own);
            let input = json!({"ClientId": world.client.id, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session, "ChallengeResponses": responses});
            respond(world, by_operator, code, input.clone()).await;
            let input = without_client(input.as_object().unwrap());
            world
                .at_client::<op::RespondToAuthChallenge>(input.clone())
                .await;
            world
                .in_pool::<op::AdminRespondToAuthChallenge>(with(
                    input,
                    json!({"ClientId": world.client.id}),
                ))
                .await;
        }
    }
}

const TIER: &str = "FeatureUnavailableInTierException";

/// In a pool that has come to a lower tier since its client was given the flow.
pub(super) async fn choice_in_the_least_tier(world: &mut World) {
    let pool = world.server.pool().await;
    let client = pool.client().user_auth().await;
    let down = json!({"UserPoolId": pool.id, "UserPoolTier": "LITE"});
    world.server.call::<op::UpdateUserPool>(down).await.unwrap();
    let own = json!({"TARGET_ACR_VALUES": "urn:cognito:loa:1"});
    let input = client.initiation("USER_AUTH", &client.parameters("ana", own));
    world.says::<op::InitiateAuth>(TIER, input.clone()).await;
    let input = with(input, json!({"UserPoolId": pool.id}));
    world.says::<op::AdminInitiateAuth>(TIER, input).await;
}

async fn respond(world: &mut World, by_operator: bool, code: &str, input: Value) {
    if by_operator {
        world
            .says::<op::AdminRespondToAuthChallenge>(code, world.operators(input))
            .await;
    } else {
        world.says::<op::RespondToAuthChallenge>(code, input).await;
    }
}

pub(super) async fn sessions(world: &mut World) {
    let token = world.tokens.refresh().to_owned();
    world
        .at_client::<op::GetTokensFromRefreshToken>(json!({"RefreshToken": token}))
        .await;
    let id = world.client.id.clone();
    world
        .says::<op::GetTokensFromRefreshToken>(
            "NotAuthorizedException",
            json!({"ClientId": id, "RefreshToken": "a.b.c.d.e"}),
        )
        .await;
    let ana = world.ana.at(&world.pool.client().rotation(0).await);
    let first = ana.sign_in().await.unwrap();
    ana.rotate(first.refresh()).await.unwrap();
    let again = json!({"ClientId": ana.client.id, "RefreshToken": first.refresh()});
    world
        .says::<op::GetTokensFromRefreshToken>("RefreshTokenReuseException", again)
        .await;
    let good = json!({"ClientId": id, "Token": token});
    world.good.insert("RevokeToken", good.clone());
    world
        .says::<op::RevokeToken>(
            "UnauthorizedException",
            with(good.clone(), json!({"Token": "a.b.c.d.e"})),
        )
        .await;
    world
        .says::<op::RevokeToken>(
            "UnsupportedTokenTypeException",
            with(good.clone(), json!({"Token": world.tokens.access})),
        )
        .await;
    let without = world
        .pool
        .client()
        .with("EnableTokenRevocation", false)
        .await;
    world
        .says::<op::RevokeToken>(
            "UnsupportedOperationException",
            with(good, json!({"ClientId": without.id})),
        )
        .await;
    world.by_token::<op::GlobalSignOut>(json!({})).await;
}
