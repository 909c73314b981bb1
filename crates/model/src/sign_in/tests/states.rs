//! What an account's state, a lock and a step's holder make of a right password.

use super::*;

/// Each way to prove the password.
fn proofs(scene: &mut Scene, password: &str) -> [Outcome; 2] {
    let (pending, claim) = scene.challenge(password);
    [
        scene.claim(&pending, &claim),
        scene.start_with_password(password),
    ]
}

#[track_caller]
fn assert_refused(scene: &mut Scene, expected: &Refusal) {
    for outcome in proofs(scene, PASSWORD) {
        assert_eq!(refused(outcome), *expected);
    }
    assert!(!expected.counts_as_failure());
    // A stranger learns nothing of the state.
    for outcome in proofs(scene, "Wrong-pass1") {
        assert_eq!(refused(outcome), Refusal::WrongPassword);
    }
}

#[test]
fn a_disabled_account_is_refused_in_every_state() {
    for status in [
        UserStatus::Confirmed,
        UserStatus::Unconfirmed,
        UserStatus::ResetRequired,
        UserStatus::ForceChangePassword,
    ] {
        let mut scene = Scene::confirmed();
        scene.user_mut().enabled = false;
        scene.user_mut().status = status;
        assert_refused(&mut scene, &Refusal::Disabled);
    }
}

#[test]
fn a_sign_up_that_is_not_confirmed_does_not_sign_in() {
    let mut scene = Scene::confirmed();
    scene.user_mut().status = UserStatus::Unconfirmed;
    assert_refused(&mut scene, &Refusal::NotConfirmed);
}

#[test]
fn a_password_that_must_be_reset_does_not_sign_in() {
    let mut scene = Scene::confirmed();
    scene.user_mut().status = UserStatus::ResetRequired;
    assert_refused(&mut scene, &Refusal::ResetRequired);
}

#[test]
fn a_temporary_password_works_until_it_runs_out() {
    let mut scene = Scene::invited();
    let until = scene.credentials.as_ref().unwrap().temporary_until.unwrap();
    scene.now = until.minus(Duration::from_millis(1));
    for outcome in proofs(&mut scene, PASSWORD) {
        assert_eq!(asked(outcome).step.name(), "new_password_required");
    }
    scene.now = until;
    assert_refused(&mut scene, &Refusal::TemporaryPasswordExpired);
}

#[test]
fn while_a_name_is_locked_nothing_is_looked_at() {
    for mut scene in [Scene::confirmed(), Scene::invited(), Scene::nobody()] {
        let (pending, claim) = scene.challenge(PASSWORD);
        scene.lockout.locked_until = NOW.plus(Duration::from_millis(1));
        assert_eq!(
            refused(scene.start_with_password(PASSWORD)),
            Refusal::Locked
        );
        assert_eq!(refused(scene.start_srp().1), Refusal::Locked);
        let refusal = refused(scene.claim(&pending, &claim));
        assert_eq!(refusal, Refusal::Locked);
        // An attempt under a lock does not extend it.
        assert!(!refusal.counts_as_failure());
    }
}

#[test]
fn a_lock_ends_in_time() {
    let mut scene = Scene::confirmed();
    scene.lockout.locked_until = NOW;
    for outcome in proofs(&mut scene, PASSWORD) {
        signed_in(outcome);
    }
}

#[test]
fn a_lock_holds_back_a_new_password_too() {
    let mut scene = Scene::invited();
    let pending = asked(scene.start_with_password(PASSWORD));
    scene.lockout.locked_until = NOW.plus(seconds(1));
    assert_eq!(
        refused(scene.new_password(&pending, "Newer-pass1", &[])),
        Refusal::Locked
    );
}

#[test]
fn a_step_is_worth_nothing_at_another_app_client() {
    let mut scene = Scene::confirmed();
    let (pending, claim) = scene.challenge(PASSWORD);
    scene.client.id = ClientId::parse("mobile").unwrap();
    assert_eq!(refused(scene.claim(&pending, &claim)), Refusal::NoSuchStep);
}

#[test]
fn a_step_is_worth_nothing_in_another_pool() {
    let mut scene = Scene::confirmed();
    let (pending, claim) = scene.challenge(PASSWORD);
    // Same name after the underscore, which is all that the signature covers.
    scene.pool.id = UserPoolId::parse("eu-west-1_Home").unwrap();
    assert_eq!(refused(scene.claim(&pending, &claim)), Refusal::NoSuchStep);
}

#[test]
fn a_step_is_worth_nothing_to_another_user() {
    let mut scene = Scene::confirmed();
    let (pending, claim) = scene.challenge(PASSWORD);
    scene.user_mut().sub = Sub::parse("00000000-1111-4222-8333-444444444444").unwrap();
    assert_eq!(refused(scene.claim(&pending, &claim)), Refusal::NoSuchStep);
}

#[test]
fn a_step_begun_for_nobody_is_not_the_user_s_who_takes_the_name() {
    let mut scene = Scene::nobody();
    let (pending, claim) = scene.challenge(PASSWORD);
    let registered = Scene::confirmed();
    (scene.user, scene.credentials) = (registered.user, registered.credentials);
    assert_eq!(refused(scene.claim(&pending, &claim)), Refusal::NoSuchStep);
}

#[test]
fn a_step_of_a_deleted_user_is_no_longer_anybody_s() {
    let mut scene = Scene::confirmed();
    let (pending, claim) = scene.challenge(PASSWORD);
    (scene.user, scene.credentials) = (None, None);
    assert_eq!(refused(scene.claim(&pending, &claim)), Refusal::NoSuchStep);
}

#[test]
fn an_answer_of_another_kind_is_refused_and_leaves_the_step() {
    let mut scene = Scene::invited();
    let (pending, claim) = scene.challenge(PASSWORD);
    let refusal = refused(scene.new_password(&pending, "Newer-pass1", &[]));
    assert_eq!(refusal, Refusal::WrongChallenge);
    assert!(refusal.keeps_the_step() && !refusal.counts_as_failure());
    let pending = asked(scene.claim(&pending, &claim));
    assert_eq!(
        refused(scene.claim(&pending, &claim)),
        Refusal::WrongChallenge
    );
}
