//! Session tracking and password history.

use cognate_testkit::{PASSWORD, op};
use serde_json::json;

use super::world::{NEW, TEMPORARY, World, with};

const TIER: &str = "FeatureUnavailableInTierException";
const NO_SUCH: &str = "tkn0123456789abcdefghijklmno";

pub(super) async fn sessions_and_history(world: &mut World) {
    session_tracking(world).await;
    password_history(world).await;
}

async fn session_tracking(world: &mut World) {
    let tracking = json!({"UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 20}});
    let client = json!({"ClientId": world.client.id});
    let of_client = with(
        client.clone(),
        json!({"SSOSession": {"MaxValidityMinutes": 60}}),
    );
    let named = json!({"SessionId": NO_SUCH});
    world
        .in_pool::<op::GetUserPoolSessionConfiguration>(json!({}))
        .await;
    world
        .in_pool::<op::SetUserPoolSessionConfiguration>(tracking.clone())
        .await;
    world
        .in_pool::<op::GetUserPoolClientSessionConfiguration>(client.clone())
        .await;
    world
        .in_pool::<op::SetUserPoolClientSessionConfiguration>(of_client)
        .await;
    world.admin::<op::AdminListUserSessions>(json!({})).await;
    world
        .admin::<op::AdminRevokeUserSession>(named.clone())
        .await;
    world.by_token::<op::ListUserSessions>(json!({})).await;
    world.by_token::<op::RevokeUserSession>(named.clone()).await;

    let lite = world.server.pool().with("UserPoolTier", "LITE").await;
    let client = lite.client().await;
    let of_lite = json!({"UserPoolId": lite.id});
    world
        .says::<op::SetUserPoolSessionConfiguration>(TIER, with(of_lite.clone(), tracking.clone()))
        .await;
    let of_client = json!({"ClientId": client.id, "SSOSession": {"MaxValidityMinutes": 60}});
    world
        .says::<op::SetUserPoolClientSessionConfiguration>(TIER, with(of_lite, of_client))
        .await;

    let tracked = world.server.pool().await;
    let of_tracked = json!({"UserPoolId": tracked.id});
    let input = with(of_tracked.clone(), tracking);
    world
        .server
        .call::<op::SetUserPoolSessionConfiguration>(input)
        .await
        .unwrap();
    let lower = with(of_tracked, json!({"UserPoolTier": "LITE"}));
    world
        .says::<op::UpdateUserPool>("TierChangeNotAllowedException", lower)
        .await;
    let tia = tracked.client().await.user("tia").confirmed().await;
    let tokens = tia.sign_in().await.unwrap();
    let gone = with(named, json!({"AccessToken": tokens.access}));
    world
        .says::<op::RevokeUserSession>("ResourceNotFoundException", gone)
        .await;
}

async fn password_history(world: &mut World) {
    const CODE: &str = "PasswordHistoryPolicyViolationException";
    let policy =
        json!({"Policies": {"PasswordPolicy": {"MinimumLength": 8, "PasswordHistorySize": 3}}});
    let lite = json!({"PoolName": "x", "UserPoolTier": "LITE"});
    world
        .says::<op::CreateUserPool>(TIER, with(lite, policy.clone()))
        .await;
    let lite = world.server.pool().with("UserPoolTier", "LITE").await;
    let lite = json!({"UserPoolId": lite.id});
    world
        .says::<op::UpdateUserPool>(TIER, with(lite, policy.clone()))
        .await;

    let pool = world
        .server
        .pool()
        .with("Policies", policy["Policies"].clone())
        .await;
    let client = pool.client().await;
    let hal = client.user("hal").confirmed().await;
    let tokens = hal.sign_in().await.unwrap();
    let change = json!({"AccessToken": tokens.access, "PreviousPassword": PASSWORD, "ProposedPassword": PASSWORD});
    world.says::<op::ChangePassword>(CODE, change).await;
    hal.forgot_password().await.unwrap();
    let code = hal.last_code().await;
    let reset = client.about(
        "hal",
        json!({"ConfirmationCode": code, "Password": PASSWORD}),
    );
    world.says::<op::ConfirmForgotPassword>(CODE, reset).await;
    let set = json!({"UserPoolId": pool.id, "Username": "hal", "Password": PASSWORD});
    world.says::<op::AdminSetUserPassword>(CODE, set).await;

    pool.invite("ivy", TEMPORARY, &[]).await;
    let session = client.prove_temporary("ivy", TEMPORARY).await;
    let keep = client.new_password(&session, "ivy", json!({"NEW_PASSWORD": TEMPORARY}));
    world
        .says::<op::RespondToAuthChallenge>(CODE, keep.clone())
        .await;
    let by_operator = with(keep, json!({"UserPoolId": pool.id}));
    world
        .says::<op::AdminRespondToAuthChallenge>(CODE, by_operator)
        .await;
    let other = client.new_password(&session, "ivy", json!({"NEW_PASSWORD": NEW}));
    world
        .server
        .call::<op::RespondToAuthChallenge>(other)
        .await
        .unwrap();
}
