//! Sealed documents as earlier versions wrote them, beside those of `cognate-store`, which tells of
//! the folder.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use cognate_model::passkey::Registration;
use cognate_model::sign_in::{self, StepKind};
use cognate_outbound::Delivery;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::sign_in::kept_step::KeptStep;
use crate::tokens::refresh_token::Content;

/// All releases' documents of a name. A release that changed nothing of it has none.
fn documents(name: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/golden");
    let releases = std::fs::read_dir(folder).unwrap();
    let texts = releases.filter_map(|release| {
        let file = release.unwrap().path().join(format!("{name}.json"));
        std::fs::read_to_string(file).ok()
    });
    texts
        .map(|text| serde_json::from_str(&text).unwrap())
        .collect()
}

/// Each of them is read, and written again it is the same.
fn is_read_for_ever<T: Serialize + DeserializeOwned>(name: &str) {
    let documents = documents(name);
    assert!(!documents.is_empty(), "no golden document of {name}");
    for old in documents {
        let value: T = serde_json::from_value(old.clone()).unwrap();
        let new = serde_json::to_value(&value).unwrap();
        assert!(is_within(&old, &new), "{name}: {new}");
    }
}

fn is_within(small: &Value, large: &Value) -> bool {
    match (small, large) {
        (Value::Object(small), Value::Object(large)) => small
            .iter()
            .all(|(name, value)| large.get(name).is_some_and(|other| is_within(value, other))),
        _ => small == large,
    }
}

/// The same for a step: as it is kept, and as its own challenge reads it.
fn is_a_step_for_ever<S: StepKind>() {
    let name = format!("challenge_{}", S::NAME);
    is_read_for_ever::<KeptStep>(&name);
    for old in documents(&name) {
        let old = &old["pending"]["step"][S::NAME];
        let step: S = serde_json::from_value(old.clone()).unwrap();
        let new = serde_json::to_value(&step).unwrap();
        assert!(is_within(old, &new), "{name}: {new}");
    }
}

#[test]
fn steps_of_sign_ins_that_any_release_has_kept_are_read() {
    is_a_step_for_ever::<sign_in::PasswordVerifier>();
    is_a_step_for_ever::<sign_in::NewPasswordRequired>();
    is_a_step_for_ever::<sign_in::WebAuthn>();
    is_a_step_for_ever::<sign_in::SmsMfa>();
    is_a_step_for_ever::<sign_in::SmsOtp>();
    is_a_step_for_ever::<sign_in::EmailOtp>();
    is_a_step_for_ever::<sign_in::SelectMfaType>();
    is_a_step_for_ever::<sign_in::SelectChallenge>();
    is_a_step_for_ever::<sign_in::Password>();
    is_a_step_for_ever::<sign_in::PasswordSrp>();
    is_a_step_for_ever::<sign_in::SoftwareTokenMfa>();
    is_a_step_for_ever::<sign_in::MfaSetup>();
    is_a_step_for_ever::<sign_in::CustomChallenge>();
    is_a_step_for_ever::<sign_in::ConfirmedSignUp>();
    is_a_step_for_ever::<sign_in::DeviceSrpAuth>();
    is_a_step_for_ever::<sign_in::DevicePasswordVerifier>();
    is_read_for_ever::<KeptStep>("challenge_step_up");
}

#[test]
fn registrations_of_passkeys_that_any_release_has_kept_are_read() {
    is_read_for_ever::<Registration>("passkey_registration");
}

#[test]
fn refresh_tokens_that_any_release_has_given_are_read() {
    is_read_for_ever::<Content>("refresh_token");
    // The first ones did not say whose they are.
    let older = r#"{"session":"11111111-2222-4333-8444-555555555555","generation":0,"expires_at":1,"secret":"s"}"#;
    serde_json::from_str::<Content>(older).unwrap();
}

#[test]
fn messages_that_any_release_has_left_in_the_outbox_are_read() {
    is_read_for_ever::<Delivery>("message_email");
    is_read_for_ever::<Delivery>("message_sms");
}
