//! Second factors.

use cognate_testkit::{Authenticator, TestUser, op};
use serde_json::{Value, json};

use super::world::{World, with};
use crate::sentences::other_than;

const NO_APP: &str = "SoftwareTokenMFANotFoundException";

pub(super) async fn second_factors(world: &mut World) {
    in_common(world).await;
    tiers(world).await;
    let apps =
        json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    let pool = world.server.pool().await.mfa(apps).await;
    let max = pool.client().await.user("max").confirmed().await;
    setting_up(world, &max).await;
    let access = max.sign_in().await.unwrap().access;
    let app = max.with_app(&access).await;
    answers(world, &max, &app).await;
}

/// The refusals that operations of a kind have in common.
async fn in_common(world: &mut World) {
    let none = json!({"SMSMfaSettings": {"Enabled": false}});
    let options = json!({"MFAOptions": []});
    let code = json!({"UserCode": "123456"});
    world
        .by_token::<op::AssociateSoftwareToken>(json!({}))
        .await;
    world.by_token::<op::VerifySoftwareToken>(code).await;
    world
        .by_token::<op::SetUserMFAPreference>(none.clone())
        .await;
    world.by_token::<op::SetUserSettings>(options.clone()).await;
    world.by_token::<op::GetUserAuthFactors>(json!({})).await;
    world.admin::<op::AdminSetUserMFAPreference>(none).await;
    world.admin::<op::AdminSetUserSettings>(options).await;
    world.admin::<op::AdminGetUserAuthFactors>(json!({})).await;
    world.admin::<op::AdminDeleteSoftwareToken>(json!({})).await;
}

async fn tiers(world: &mut World) {
    let lite = world.server.pool().with("UserPoolTier", "LITE").await;
    let by_mail = json!({"UserPoolId": lite.id, "MfaConfiguration": "OPTIONAL", "EmailMfaConfiguration": {"Message": "{####}", "Subject": "Code"}});
    world
        .says::<op::SetUserPoolMfaConfig>("FeatureUnavailableInTierException", by_mail)
        .await;
}

async fn setting_up(world: &mut World, max: &TestUser) {
    let offered_none = json!({"AccessToken": world.tokens.access});
    world
        .says::<op::AssociateSoftwareToken>(NO_APP, offered_none)
        .await;
    let access = max.sign_in().await.unwrap().access;
    let verify = |code: &str| json!({"AccessToken": access, "UserCode": code});
    world
        .says::<op::VerifySoftwareToken>(NO_APP, verify("123456"))
        .await;
    let app = max.associate_app(&access).await.unwrap();
    let wrong = other_than(&app.code(&world.server));
    world
        .says::<op::VerifySoftwareToken>("EnableSoftwareTokenMFAException", verify(&wrong))
        .await;
}

/// Answers to SOFTWARE_TOKEN_MFA.
async fn answers(world: &mut World, max: &TestUser, app: &Authenticator) {
    let used = app.code(&world.server);
    for (code, answer) in [
        ("CodeMismatchException", other_than(&used)),
        ("ExpiredCodeException", used.clone()),
    ] {
        respond(world, max, code, answer_of(max, &answer).await).await;
        let input = answer_of(max, &answer).await;
        world.says::<op::RespondToAuthChallenge>(code, input).await;
    }
    let (late, later) = (answer_of(max, &used).await, answer_of(max, &used).await);
    let input = json!({"UserPoolId": max.client.pool.id, "Username": max.name});
    let deleted = world.server.call::<op::AdminDeleteSoftwareToken>(input);
    deleted.await.unwrap();
    respond(world, max, NO_APP, late).await;
    world
        .says::<op::RespondToAuthChallenge>(NO_APP, later)
        .await;
}

/// A sign-in that asks for a code, and an answer to it.
async fn answer_of(max: &TestUser, code: &str) -> Value {
    let asked = max.initiate_with_password().await.unwrap();
    let answer = json!({"SOFTWARE_TOKEN_MFA_CODE": code});
    json!({
        "ClientId": max.client.id, "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": asked.session,
        "ChallengeResponses": max.client.parameters(&max.name, answer),
    })
}

/// By an operator.
async fn respond(world: &mut World, max: &TestUser, code: &str, input: Value) {
    let pool = json!({"UserPoolId": max.client.pool.id});
    world
        .says::<op::AdminRespondToAuthChallenge>(code, with(input, pool))
        .await;
}
