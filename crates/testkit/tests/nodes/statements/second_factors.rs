//! Second factors.

use cognate_api::Operation;
use cognate_model::Timestamp;
use cognate_testkit::{ApiError, Authenticator, op};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Repeated::{Settled, Succeeds};
use super::{Stage, after_a_sign_out, at_every_fault, nothing};

faults! {
    set_user_pool_mfa_config: nothing, async |stage| stage.on_pool::<op::SetUserPoolMfaConfig>(apps("OPTIONAL")).await, Succeeds;

    associate_software_token: offer_apps, async |stage| stage.own::<op::AssociateSoftwareToken>(json!({})).await, Succeeds;
    verify_software_token: async |stage| {
        offer_apps(stage).await;
        let app = stage.ana.associate_app(&stage.tokens.access).await.unwrap();
        stage.found = app.code(&stage.server);
    }, async |stage| stage.own::<op::VerifySoftwareToken>(json!({"UserCode": stage.found})).await, Settled;
    admin_delete_software_token: async |stage| {
        offer_apps(stage).await;
        stage.ana.with_app(&stage.tokens.access).await;
    }, async |stage| stage.on_user::<op::AdminDeleteSoftwareToken>(json!({})).await, Succeeds;

    set_user_mfa_preference: offer_text_messages, async |stage| stage.own::<op::SetUserMFAPreference>(preference()).await, Succeeds;
    admin_set_user_mfa_preference: offer_text_messages,
        async |stage| stage.on_user::<op::AdminSetUserMFAPreference>(preference()).await, Succeeds;
    set_user_settings: offer_text_messages, async |stage| stage.own::<op::SetUserSettings>(options()).await, Succeeds;
    admin_set_user_settings: offer_text_messages,
        async |stage| stage.on_user::<op::AdminSetUserSettings>(options()).await, Succeeds;

    answer_software_token_mfa: async |stage| {
        offer_apps(stage).await;
        let app = stage.ana.with_app(&stage.tokens.access).await;
        let session = stage.ana.initiate_with_password().await.unwrap().session;
        // It is right for a minute from now on.
        let code = app.code_at(Timestamp(stage.server.now().0 + 30_000));
        stage.found = json!({"Session": session, "UserCode": code}).to_string();
    }, async |stage| {
        let found = found(stage);
        let answer = json!({"SOFTWARE_TOKEN_MFA_CODE": found["UserCode"]});
        let session = found["Session"].as_str().unwrap();
        stage.ana.respond("SOFTWARE_TOKEN_MFA", session, answer).await.map(drop)
    }, Settled;
    answer_sms_mfa: async |stage| {
        offer_text_messages(stage).await;
        stage.on_user::<op::AdminSetUserMFAPreference>(preference()).await.unwrap();
        let session = stage.ana.initiate_with_password().await.unwrap().session;
        let code = stage.server.mailbox(NUMBER).await.last_code();
        stage.found = json!({"Session": session, "UserCode": code}).to_string();
    }, async |stage| {
        let found = found(stage);
        let answer = json!({"SMS_MFA_CODE": found["UserCode"]});
        let session = found["Session"].as_str().unwrap();
        stage.ana.respond("SMS_MFA", session, answer).await.map(drop)
    }, Settled;

    associate_software_token_in_a_sign_in: begin_set_up,
        async |stage| by_session::<op::AssociateSoftwareToken>(stage, json!({"Session": stage.found})).await, Settled;
    verify_software_token_in_a_sign_in: associate,
        async |stage| by_session::<op::VerifySoftwareToken>(stage, found(stage)).await, Settled;
    answer_mfa_setup: async |stage| {
        associate(stage).await;
        let verified = stage.server.call::<op::VerifySoftwareToken>(found(stage)).await;
        stage.found = verified.unwrap().session.unwrap();
    }, async |stage| stage.ana.respond("MFA_SETUP", &stage.found, json!({})).await.map(drop), Settled;
}

const NUMBER: &str = "+15555550123";

fn apps(configuration: &str) -> Value {
    json!({"MfaConfiguration": configuration, "SoftwareTokenMfaConfiguration": {"Enabled": true}})
}

fn preference() -> Value {
    json!({"SMSMfaSettings": {"Enabled": true, "PreferredMfa": true}})
}

fn options() -> Value {
    json!({"MFAOptions": [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]})
}

async fn offer_apps(stage: &mut Stage) {
    stage.pool().set_mfa(apps("OPTIONAL")).await.unwrap();
}

/// The user has a number that nobody has verified.
async fn offer_text_messages(stage: &mut Stage) {
    let sms = json!({"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    let mfa = json!({"MfaConfiguration": "OPTIONAL", "SmsMfaConfiguration": sms});
    stage.pool().set_mfa(mfa).await.unwrap();
    let number = json!({"UserAttributes": [{"Name": "phone_number", "Value": NUMBER}]});
    stage
        .on_user::<op::AdminUpdateUserAttributes>(number)
        .await
        .unwrap();
}

/// A sign-in that waits for an app.
async fn begin_set_up(stage: &mut Stage) {
    let mut mfa = apps("ON");
    mfa["WebAuthnConfiguration"] =
        json!({"FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION"});
    stage.pool().set_mfa(mfa).await.unwrap();
    let asked = stage.ana.initiate_with_password().await.unwrap();
    stage.found = asked.session.unwrap();
}

/// A sign-in that waits for the first code of an app.
async fn associate(stage: &mut Stage) {
    begin_set_up(stage).await;
    let input = json!({"Session": stage.found});
    let answer = stage.server.call::<op::AssociateSoftwareToken>(input).await;
    let answer = answer.unwrap();
    let app = Authenticator::of(&answer.secret_code.unwrap());
    let code = app.code(&stage.server);
    stage.found = json!({"Session": answer.session, "UserCode": code}).to_string();
}

/// Session and code, as `arrange` has left them.
fn found(stage: &Stage) -> Value {
    serde_json::from_str(&stage.found).unwrap()
}

async fn by_session<O: Operation>(stage: &Stage, input: Value) -> Result<(), ApiError>
where
    O::Output: DeserializeOwned,
{
    stage.server.call::<O>(input).await.map(drop)
}
