//! Recovery codes, and what makes and ends them.

use cognate_testkit::op;
use serde_json::json;

use super::Repeated::{Settled, Succeeds};
use super::{Stage, after_a_sign_out, at_every_fault};

faults! {
    verify_software_token_as_the_first_factor: async |stage| {
        with_recovery_codes_on(stage).await;
        let app = stage.ana.associate_app(&stage.tokens.access).await.unwrap();
        stage.found = app.code(&stage.server);
    }, async |stage| stage.ana.verify_app(&stage.tokens.access, &stage.found).await, Settled;
    make_recovery_codes: with_app, async |stage| stage.ana.make_recovery_codes(&stage.tokens.access).await.map(drop), Settled;
    make_recovery_codes_again: with_recovery_code,
        async |stage| stage.ana.make_recovery_codes(&stage.tokens.access).await.map(drop), Settled;
    sign_in_with_a_recovery_code: with_recovery_code, async |stage| {
        let (session, code) = stage.found.split_once(' ').unwrap();
        let answer = json!({"SOFTWARE_TOKEN_MFA_CODE": code});
        stage.ana.respond("SOFTWARE_TOKEN_MFA", session, answer).await.map(drop)
    }, Settled;
    switch_the_last_second_factor_off: with_recovery_code,
        async |stage| stage.own::<op::SetUserMFAPreference>(json!({"SoftwareTokenMfaSettings": {"Enabled": false}})).await, Succeeds;
    take_the_last_second_factor_away: with_recovery_code,
        async |stage| stage.on_user::<op::AdminDeleteSoftwareToken>(json!({})).await, Succeeds;
}

/// A user of a pool with authenticator apps and recovery codes.
async fn with_recovery_codes_on(stage: &mut Stage) {
    let apps =
        json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    let pool = stage.server.pool().await.mfa(apps).await;
    pool.set_recovery_codes("on").await;
    stage.ana = pool.client().await.user("ana").confirmed().await;
    stage.tokens = stage.ana.sign_in().await.unwrap();
}

/// The same with an app.
async fn with_app(stage: &mut Stage) {
    with_recovery_codes_on(stage).await;
    stage.ana.with_app(&stage.tokens.access).await;
}

/// The same with recovery codes: the session of a sign-in that waits for one, and one.
async fn with_recovery_code(stage: &mut Stage) {
    with_app(stage).await;
    let codes = stage.ana.make_recovery_codes(&stage.tokens.access).await;
    let begun = stage.ana.initiate_with_password().await.unwrap();
    stage.found = format!("{} {}", begun.session.unwrap(), codes.unwrap()[0]);
}
