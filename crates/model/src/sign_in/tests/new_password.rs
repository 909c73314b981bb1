//! NEW_PASSWORD_REQUIRED: what the answer may set, and what must still be true when it comes.

use super::*;
use crate::attribute::{AttributeError, DataType, SchemaAttribute};
use crate::password::PolicyViolation;

const NEW: &str = "Newer-pass1";

fn attribute(name: &str) -> SchemaAttribute {
    SchemaAttribute {
        name: name.to_owned(),
        data_type: DataType::String,
        developer_only: false,
        mutable: true,
        required: false,
        min_length: None,
        max_length: None,
        min_value: None,
        max_value: None,
    }
}

fn with_schema(changes: Vec<SchemaAttribute>) -> Scene {
    let mut scene = Scene::invited();
    scene.pool.schema = Schema::with_changes(changes).unwrap();
    scene
}

fn begun(scene: &mut Scene) -> Pending {
    asked(scene.start_with_password(PASSWORD))
}

/// Refuses this form, leaves the step, and takes a right form then.
#[track_caller]
fn assert_form_refused(mut scene: Scene, attributes: &[(&str, &str)], expected: &Refusal) {
    let pending = begun(&mut scene);
    let refusal = refused(scene.new_password(&pending, NEW, attributes));
    assert_eq!(refusal, *expected);
    assert!(refusal.keeps_the_step() && !refusal.counts_as_failure());
    signed_in(scene.new_password(&pending, NEW, &[]));
}

#[test]
fn a_new_password_confirms_the_user_and_takes_the_place_of_the_temporary_one() {
    let mut scene = Scene::invited();
    let pending = begun(&mut scene);
    scene.now = NOW.plus(seconds(60));
    let proof = signed_in(scene.new_password(&pending, NEW, &[("name", "Ana")]));
    let change = proof.change.unwrap();
    assert_eq!((proof.sub.as_str(), proof.at), (SUB, scene.now));
    assert_eq!(change.user.status, UserStatus::Confirmed);
    assert_eq!(change.user.modified_at, scene.now);
    assert_eq!(change.user.attribute("name"), Some("Ana"));
    assert_eq!(change.credentials.temporary_until, None);
    assert!(
        change
            .credentials
            .match_password(&scene.pool.id, &secret(NEW))
    );
    assert!(
        !change
            .credentials
            .match_password(&scene.pool.id, &secret(PASSWORD))
    );
    // What is stored signs in from then on.
    (scene.user, scene.credentials) = (Some(change.user), Some(change.credentials));
    let (pending, claim) = scene.challenge(NEW);
    signed_in(scene.claim(&pending, &claim));
    assert_eq!(
        refused(scene.start_with_password(PASSWORD)),
        Refusal::WrongPassword
    );
}

#[test]
fn srp_with_a_temporary_password_leads_to_the_same_step() {
    let mut scene = Scene::invited();
    let (pending, claim) = scene.challenge(PASSWORD);
    let pending = asked(scene.claim(&pending, &claim));
    // The session of the app client counts from here, not the three minutes of an SRP exchange.
    assert_eq!(pending.expires_at, NOW.plus(seconds(600)));
    signed_in(scene.new_password(&pending, NEW, &[]));
}

#[test]
fn a_new_password_meets_the_policy_or_is_asked_for_again() {
    let mut scene = Scene::invited();
    let pending = begun(&mut scene);
    for (password, violation) in [
        ("", PolicyViolation::Length),
        ("Aa1!", PolicyViolation::Length),
        ("newer-pass1", PolicyViolation::Uppercase),
        ("NEWER-PASS1", PolicyViolation::Lowercase),
        ("Newer-passw", PolicyViolation::Number),
        ("Newerpass12", PolicyViolation::Symbol),
    ] {
        let refusal = refused(scene.new_password(&pending, password, &[]));
        assert_eq!(refusal, Refusal::Policy(violation), "{password}");
        assert!(refusal.keeps_the_step());
    }
    signed_in(scene.new_password(&pending, NEW, &[]));
}

#[test]
fn the_step_ends_with_the_app_client_s_session() {
    let mut scene = Scene::invited();
    let pending = begun(&mut scene);
    scene.now = NOW.plus(seconds(600));
    assert_eq!(
        refused(scene.new_password(&pending, NEW, &[])),
        Refusal::NoSuchStep
    );
    scene.now = scene.now.minus(Duration::from_millis(1));
    signed_in(scene.new_password(&pending, NEW, &[]));
}

#[test]
fn a_password_of_the_history_is_refused_and_another_may_be_given() {
    let mut scene = Scene::invited();
    scene.pool.settings.password_policy.history_size = 1;
    let pending = begun(&mut scene);
    // The temporary one is the last one.
    let refusal = refused(scene.new_password(&pending, PASSWORD, &[]));
    assert_eq!(refusal, Refusal::UsedBefore);
    // It is a guess at what the user had, of which a step takes a few.
    assert!(refusal.keeps_the_step() && refusal.is_a_guess() && refusal.counts_as_failure());
    signed_in(scene.new_password(&pending, NEW, &[]));
}

#[test]
fn another_temporary_password_set_meanwhile_ends_the_step() {
    let mut scene = Scene::invited();
    let pending = begun(&mut scene);
    // Even the same text: it is another password, of another day.
    scene.set_password(PASSWORD);
    let refusal = refused(scene.new_password(&pending, NEW, &[]));
    assert_eq!(refusal, Refusal::NoSuchStep);
    assert!(!refusal.keeps_the_step());
}

#[test]
fn a_state_that_changed_meanwhile_ends_the_step() {
    for status in [
        UserStatus::Confirmed,
        UserStatus::ResetRequired,
        UserStatus::Unconfirmed,
    ] {
        let mut scene = Scene::invited();
        let pending = begun(&mut scene);
        scene.user_mut().status = status;
        assert_eq!(
            refused(scene.new_password(&pending, NEW, &[])),
            Refusal::NoSuchStep
        );
    }
    let mut scene = Scene::invited();
    let pending = begun(&mut scene);
    scene.user_mut().enabled = false;
    assert_eq!(
        refused(scene.new_password(&pending, NEW, &[])),
        Refusal::Disabled
    );
    scene.user_mut().enabled = true;
    scene.credentials = None;
    assert_eq!(
        refused(scene.new_password(&pending, NEW, &[])),
        Refusal::NoSuchStep
    );
}

#[test]
fn an_unknown_attribute_is_refused() {
    assert_form_refused(
        Scene::invited(),
        &[("custom:role", "admin")],
        &Refusal::Attribute(AttributeError::Unknown(vec!["custom:role".into()])),
    );
    assert_form_refused(
        Scene::invited(),
        &[("sub", "00000000-1111-4222-8333-444444444444")],
        &Refusal::Attribute(AttributeError::Unknown(vec!["sub".into()])),
    );
}

#[test]
fn nobody_marks_an_own_address_as_verified() {
    let mut scene = Scene::invited();
    scene.client.settings.write_attributes = Some(BTreeSet::from([
        "email".to_owned(),
        "email_verified".to_owned(),
    ]));
    assert_form_refused(
        scene,
        &[("email", "ana@example.com"), ("email_verified", "true")],
        &Refusal::NotWritable("email_verified".into()),
    );
}

#[test]
fn attributes_that_the_app_client_may_not_write_are_refused() {
    for (name, value) in [("custom:role", "admin"), ("nickname", "a")] {
        let mut scene = with_schema(vec![attribute("role")]);
        scene.client.settings.write_attributes = Some(BTreeSet::from(["name".to_owned()]));
        let refusal = Refusal::NotWritable(name.into());
        assert_form_refused(scene, &[(name, value)], &refusal);
    }
}

#[test]
fn what_only_operators_write_is_not_written_whatever_the_app_client_lists() {
    let mut scene = with_schema(vec![SchemaAttribute {
        developer_only: true,
        ..attribute("rank")
    }]);
    scene.client.settings.write_attributes = Some(BTreeSet::from(["dev:custom:rank".to_owned()]));
    assert_form_refused(
        scene,
        &[("dev:custom:rank", "1")],
        &Refusal::NotWritable("dev:custom:rank".into()),
    );
}

#[test]
fn an_address_that_the_user_has_cannot_be_exchanged_for_another() {
    for (name, old, new) in [
        ("email", "ana@example.com", "eve@example.com"),
        ("email", "ana@example.com", ""),
        ("phone_number", "+14155550123", "+14155550199"),
    ] {
        let mut scene = Scene::invited();
        scene
            .user_mut()
            .attributes
            .insert(name.to_owned(), old.to_owned());
        assert_form_refused(
            scene,
            &[(name, new)],
            &Refusal::AlreadyProvided(if name == "email" {
                "email"
            } else {
                "phone_number"
            }),
        );
    }
}

#[test]
fn the_address_that_the_user_has_may_be_repeated_and_stays_verified() {
    let mut scene = Scene::invited();
    for (name, value) in [("email", "ana@example.com"), ("email_verified", "true")] {
        scene
            .user_mut()
            .attributes
            .insert(name.to_owned(), value.to_owned());
    }
    // A client that may not write it echoes what it was shown.
    scene.client.settings.write_attributes = Some(BTreeSet::from(["name".to_owned()]));
    let before = scene.user.as_ref().unwrap().attributes.clone();
    let pending = begun(&mut scene);
    let echo = [("email", "ana@example.com"), ("email_verified", "true")];
    let change = signed_in(scene.new_password(&pending, NEW, &echo))
        .change
        .unwrap();
    assert_eq!(change.user.attributes, before);
}

#[test]
fn a_new_address_begins_unverified() {
    let mut scene = Scene::invited();
    // Left over from an address that was taken away.
    scene
        .user_mut()
        .attributes
        .insert("email_verified".to_owned(), "true".to_owned());
    let pending = begun(&mut scene);
    let change = signed_in(scene.new_password(&pending, NEW, &[("email", "ana@example.com")]))
        .change
        .unwrap();
    assert_eq!(change.user.attribute("email_verified"), Some("false"));
}

#[test]
fn clearing_an_absent_address_changes_nothing() {
    let mut scene = Scene::invited();
    let pending = begun(&mut scene);
    let change = signed_in(scene.new_password(&pending, NEW, &[("email", "")]))
        .change
        .unwrap();
    assert!(change.user.attributes.is_empty());
}

#[test]
fn a_value_that_breaks_the_schema_is_refused() {
    assert_form_refused(
        Scene::invited(),
        &[("email", "not an address")],
        &Refusal::Attribute(AttributeError::Email),
    );
    assert_form_refused(
        Scene::invited(),
        &[("phone_number", "123")],
        &Refusal::Attribute(AttributeError::PhoneNumber),
    );
}

#[test]
fn an_immutable_attribute_is_set_once() {
    let mut scene = with_schema(vec![SchemaAttribute {
        mutable: false,
        ..attribute("nickname")
    }]);
    let pending = begun(&mut scene);
    signed_in(scene.new_password(&pending, NEW, &[("nickname", "a")]));
    for other in ["b", ""] {
        let mut scene = with_schema(vec![SchemaAttribute {
            mutable: false,
            ..attribute("nickname")
        }]);
        scene
            .user_mut()
            .attributes
            .insert("nickname".to_owned(), "a".to_owned());
        assert_form_refused(
            scene,
            &[("nickname", other)],
            &Refusal::Attribute(AttributeError::Immutable("nickname".into())),
        );
    }
}

#[test]
fn required_attributes_are_given_now_or_the_step_waits() {
    let required = |name: &str| SchemaAttribute {
        required: true,
        ..attribute(name)
    };
    let mut scene = with_schema(vec![required("email"), required("given_name")]);
    let pending = begun(&mut scene);
    for (given, missing) in [
        (&[][..], vec!["given_name", "email"]),
        (&[("email", "ana@example.com")][..], vec!["given_name"]),
        (
            &[("email", "ana@example.com"), ("given_name", "")][..],
            vec!["given_name"],
        ),
    ] {
        let missing = missing.into_iter().map(str::to_owned).collect();
        let refusal = refused(scene.new_password(&pending, NEW, given));
        assert_eq!(refusal, Refusal::Missing(missing));
        assert!(refusal.keeps_the_step());
    }
    signed_in(scene.new_password(
        &pending,
        NEW,
        &[("email", "ana@example.com"), ("given_name", "Ana")],
    ));
}
