//! Sign-ins that are to reach a level, from what a session has proved.

use cognate_api::idp::InitiateAuthResponse;
use cognate_model::Timestamp;
use cognate_testkit::{ApiError, op};
use serde_json::{Value, json};

use super::Repeated::Settled;
use super::{Stage, after_a_sign_out, at_every_fault};

faults! {
    begin_step_up: async |stage| offer(stage).await, async |stage| begin(stage).await.map(drop), Settled;
    answer_step_up: async |stage| {
        offer(stage).await;
        let session = begin(stage).await.unwrap().session;
        let mut found: Value = serde_json::from_str(&stage.found).unwrap();
        found["Session"] = json!(session);
        stage.found = found.to_string();
    }, async |stage| {
        let found: Value = serde_json::from_str(&stage.found).unwrap();
        let answer = json!({"SOFTWARE_TOKEN_MFA_CODE": found["UserCode"]});
        let session = found["Session"].as_str().unwrap();
        stage.ana.respond("SOFTWARE_TOKEN_MFA", session, answer).await.map(drop)
    }, Settled;
}

/// A user with an app, and a client that takes USER_AUTH.
async fn offer(stage: &mut Stage) {
    let apps =
        json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    stage.pool().set_mfa(apps).await.unwrap();
    stage.ana = stage.ana.at(&stage.pool().client().user_auth().await);
    let (app, tokens) = stage.ana.session_beside_app().await;
    stage.tokens = tokens;
    // It is right for a minute from now on.
    let code = app.code_at(Timestamp(stage.server.now().0 + 30_000));
    stage.found = json!({"UserCode": code}).to_string();
}

async fn begin(stage: &Stage) -> Result<InitiateAuthResponse, ApiError> {
    let client = &stage.ana.client;
    let own =
        json!({"TARGET_ACR_VALUES": "urn:cognito:loa:4", "ACCESS_TOKEN": stage.tokens.access});
    let parameters = client.parameters(&stage.ana.name, own);
    let input = client.initiation("USER_AUTH", &parameters);
    stage.server.call::<op::InitiateAuth>(input).await
}
