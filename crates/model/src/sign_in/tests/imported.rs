//! Users who were imported with a hash of their password, until they first sign in by it.

use cognate_crypto::digest::hmac_sha256;

use super::*;
use crate::imported_hash::ImportedHash;

/// Credentials of a hash as another system stores it: PBKDF2 of one round, which is one HMAC.
pub(super) fn waiting(
    pool: &UserPool,
    username: &str,
    password: &str,
    random: &mut Random,
) -> Credentials {
    let salt = b"sixteen bytes ok";
    let hash = hmac_sha256(password.as_bytes(), &[salt, &[0, 0, 0, 1]]);
    let base64 = |bytes: &[u8]| base64_encode(bytes).trim_end_matches('=').to_owned();
    let text = format!("$pbkdf2-sha256$i=1,l=32${}${}", base64(salt), base64(&hash));
    let (_, hash) = ImportedHash::parse(&text).unwrap();
    Credentials::of_hash(&NormalName::new(pool, username), hash, random)
}

/// `ana`, whose [`PASSWORD`] is known by its hash.
fn imported() -> Scene {
    let mut scene = Scene::confirmed();
    let mut random = scene.random.derive();
    scene.credentials = Some(waiting(&scene.pool, "ana", PASSWORD, &mut random));
    scene
}

/// What a request leaves in the place of the hash.
fn settled(outcome: &Outcome) -> Option<Credentials> {
    let (Outcome::Ask(_, effects) | Outcome::SignedIn(_, effects)) = outcome else {
        return None;
    };
    effects.iter().find_map(|effect| match effect {
        Effect::SettlePassword(credentials) => Some(credentials.as_ref().clone()),
        _ => None,
    })
}

#[test]
fn the_password_meets_its_hash_and_leaves_a_verifier_that_serves_srp() {
    let mut scene = imported();
    let before = scene.credentials.clone().unwrap();
    let outcome = scene.start_with_password(PASSWORD);
    let after = settled(&outcome).expect("a verifier in the place of the hash");
    signed_in(outcome);
    assert!(after.imported.is_none());
    assert_eq!(after.salt, before.salt, "the same password");
    scene.credentials = Some(after);
    let again = scene.start_with_password(PASSWORD);
    assert!(settled(&again).is_none(), "nothing waits any more");
    signed_in(again);
    let (pending, claim) = scene.challenge(PASSWORD);
    signed_in(scene.claim(&pending, &claim));
}

#[test]
fn a_wrong_password_is_wrong_counts_and_leaves_the_hash() {
    let mut scene = imported();
    for wrong in ["", "right-pass1", "Right-pass1\0", "Right-pass1 "] {
        let outcome = scene.start_with_password(wrong);
        assert!(settled(&outcome).is_none());
        let refusal = refused(outcome);
        assert_eq!(refusal, Refusal::WrongPassword, "{wrong:?}");
        assert!(refusal.counts_as_failure());
    }
}

#[test]
fn srp_answers_as_with_a_wrong_password_while_the_hash_waits() {
    let mut scene = imported();
    let (pending, claim) = scene.challenge(PASSWORD);
    let (again, _) = scene.challenge(PASSWORD);
    let (step, other) = (password_step(&pending), password_step(&again));
    assert_eq!(step.user_id, "ana");
    assert_eq!(step.exchange.salt, other.exchange.salt);
    assert_eq!(step.exchange.salt.len(), 32);
    assert_eq!(step.exchange.server_public.len(), 768);
    let refusal = refused(scene.claim(&pending, &claim));
    assert_eq!(refusal, Refusal::WrongPassword);
    assert!(refusal.counts_as_failure() && !refusal.keeps_the_step());
    // Even a verifier of a known password would serve nobody beside a hash.
    let known = credentials(
        &scene.pool,
        "ana",
        PASSWORD,
        &mut Random::from_seed([7; 32]),
    );
    let waiting = scene.credentials.as_mut().unwrap();
    (waiting.salt, waiting.verifier) = (known.salt, known.verifier);
    let (pending, claim) = scene.challenge(PASSWORD);
    assert_eq!(
        refused(scene.claim(&pending, &claim)),
        Refusal::WrongPassword
    );
}

#[test]
fn an_exchange_that_began_before_the_password_settled_fails() {
    let mut scene = imported();
    let (pending, claim) = scene.challenge(PASSWORD);
    scene.credentials = settled(&scene.start_with_password(PASSWORD));
    assert_eq!(
        refused(scene.claim(&pending, &claim)),
        Refusal::WrongPassword
    );
}

#[test]
fn who_may_not_go_on_leaves_the_hash_though_the_password_was_right() {
    let mut scene = imported();
    scene.user_mut().enabled = false;
    let outcome = scene.start_with_password(PASSWORD);
    assert!(settled(&outcome).is_none());
    assert_eq!(refused(outcome), Refusal::Disabled);
}

#[test]
fn a_hash_is_a_password_of_the_history_like_any_other() {
    let scene = imported();
    let current = scene.credentials.as_ref();
    let pool = &scene.pool.id;
    let mut history = PasswordHistory::default();
    assert!(!history.permits(1, current, pool, &secret(PASSWORD)));
    assert!(history.permits(1, current, pool, &secret("Other-pass1")));
    assert_eq!(
        history.hashing_memory(1, current),
        Some(0),
        "in the turn of hashes"
    );
    history.push(current.unwrap().clone(), 2);
    assert!(!history.permits(2, None, pool, &secret(PASSWORD)));
}

#[test]
fn a_user_name_that_got_another_normal_form_signs_in_with_the_one_that_the_verifier_was_made_for() {
    let mut scene = Scene::confirmed();
    scene.user_mut().username = "Ana".to_owned();
    scene.pool.case_sensitive = true;
    scene.given = "Ana";
    let (pending, claim) = scene.challenge(PASSWORD);
    assert_eq!(
        password_step(&pending).user_id,
        "ana",
        "as USER_ID_FOR_SRP tells the client"
    );
    signed_in(scene.claim(&pending, &claim));
    signed_in(scene.start_with_password(PASSWORD));
}
