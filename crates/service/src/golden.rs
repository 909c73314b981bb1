//! Sealed documents as earlier versions wrote them, beside those of `cognate-store`, which tells of
//! the folder.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use cognate_model::passkey::Registration;
use cognate_outbound::Delivery;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::sign_in::kept_step::KeptStep;
use crate::tokens::refresh_token::Content;

/// All releases' documents of a name: each is read, and written again it is the same.
fn is_read_for_ever<T: Serialize + DeserializeOwned>(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/golden");
    let mut seen = 0;
    for release in std::fs::read_dir(folder).unwrap() {
        let file = release.unwrap().path().join(format!("{name}.json"));
        // A release that changed nothing of it has none.
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        seen += 1;
        let old: Value = serde_json::from_str(&text).unwrap();
        let value: T = serde_json::from_value(old.clone()).unwrap();
        let new = serde_json::to_value(&value).unwrap();
        assert!(is_within(&old, &new), "{}: {new}", file.display());
    }
    assert!(seen > 0, "no golden document of {name}");
}

fn is_within(small: &Value, large: &Value) -> bool {
    match (small, large) {
        (Value::Object(small), Value::Object(large)) => small
            .iter()
            .all(|(name, value)| large.get(name).is_some_and(|other| is_within(value, other))),
        _ => small == large,
    }
}

#[test]
fn steps_of_sign_ins_that_any_release_has_kept_are_read() {
    is_read_for_ever::<KeptStep>("challenge_password_verifier");
    is_read_for_ever::<KeptStep>("challenge_new_password_required");
    is_read_for_ever::<KeptStep>("challenge_web_authn");
    is_read_for_ever::<KeptStep>("challenge_sms_mfa");
    is_read_for_ever::<KeptStep>("challenge_email_otp");
    is_read_for_ever::<KeptStep>("challenge_select_mfa_type");
    is_read_for_ever::<KeptStep>("challenge_software_token_mfa");
    is_read_for_ever::<KeptStep>("challenge_mfa_setup");
    is_read_for_ever::<KeptStep>("challenge_step_up");
    is_read_for_ever::<KeptStep>("challenge_device_srp_auth");
    is_read_for_ever::<KeptStep>("challenge_device_password_verifier");
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
