//! Recovery codes: in place of a second factor, and of nothing else.

use super::*;
use crate::FirstFactor;
use crate::attribute::Contact;
use crate::recovery_code::{CodeHasher, GoodCode, RecoveryCode, RecoveryCodes, UsedCodes};
use crate::second_factor::{EmailMfa, MfaConfiguration, PoolMfa, SecondFactor};
use crate::sign_in::{
    Choice, EmailOtp, Factor, FirstChallenge, MfaSetup, SetUp, SmsMfa, SoftwareTokenMfa, TypedCode,
};
use crate::software_token::{SoftwareToken, VerifiedToken};

thread_local! {
    /// What is kept of the user's codes.
    static KEPT: std::cell::RefCell<(RecoveryCodes, UsedCodes)> = std::cell::RefCell::default();
}

/// A list for a user.
pub(super) fn draw(
    pool: &UserPoolId,
    sub: &Sub,
    random: &mut Random,
) -> (RecoveryCodes, Vec<RecoveryCode>) {
    let secret = &DECOY_SECRET;
    RecoveryCodes::draw(CodeHasher { secret, pool, sub }, random, NOW)
}

/// Keeps what the next look-up finds.
pub(super) fn keep(codes: RecoveryCodes, used: UsedCodes) {
    KEPT.set((codes, used));
}

/// Looks a code up as the driver does.
pub(super) fn found(facts: &Facts<'_>, typed: &RecoveryCode) -> Option<GoodCode> {
    let hasher = CodeHasher {
        secret: &DECOY_SECRET,
        pool: &facts.pool.id,
        sub: facts.account.sub().expect("a user's codes"),
    };
    KEPT.with_borrow(|(kept, used)| kept.find(*used, hasher, typed))
}

/// A user of a pool with all second factors, of which one is switched on; with their codes.
fn ana(factor: SecondFactor) -> (Scene, Vec<RecoveryCode>) {
    let mut scene = Scene::confirmed();
    scene.pool.settings.mfa = PoolMfa {
        configuration: MfaConfiguration::Optional,
        software_token: Some(true),
        sms: true,
        email: Some(EmailMfa::default()),
        ..PoolMfa::default()
    };
    let user = scene.user_mut();
    for (contact, address) in [
        (Contact::Email, "ana@example.com"),
        (Contact::PhoneNumber, "+15551234567"),
    ] {
        let attribute = contact.attribute().to_owned();
        user.attributes.insert(attribute, address.to_owned());
        user.mark_verified(contact, true);
    }
    user.mfa.enabled = [factor].into();
    let mut random = scene.random.derive();
    let sub = scene.user_mut().sub.clone();
    let (list, codes) = draw(&scene.pool.id, &sub, &mut random);
    keep(list, UsedCodes::default());
    (scene, codes)
}

fn typed(code: &str) -> TypedCode {
    TypedCode(secret(code))
}

/// With an app, whose code nobody types here.
fn token() -> KnownToken {
    let verified = VerifiedToken {
        secret: vec![7; 20].into(),
        name: String::new(),
    };
    KnownToken {
        token: SoftwareToken {
            verified: Some(verified),
            pending: None,
        },
        last_step: 0,
    }
}

fn with_password(scene: &mut Scene) -> Pending {
    let mut random = scene.random.derive();
    let facts = scene.facts();
    let begun = crate::sign_in::start(Flow::Password(secret(PASSWORD)), &facts);
    asked(driven_knowing(&token(), begun, &facts, &mut random))
}

fn answered<C: Challenge<Answer = TypedCode>>(
    scene: &mut Scene,
    pending: &Pending,
    code: &str,
) -> Outcome {
    let mut random = scene.random.derive();
    let facts = scene.facts();
    let outcome = crate::sign_in::answer::<C>(pending.clone(), typed(code), &facts, &mut random);
    driven_knowing(&token(), outcome, &facts, &mut random)
}

fn stands_in<C: Challenge<Answer = TypedCode>>(factor: SecondFactor, name: &str) {
    let (mut scene, codes) = ana(factor);
    let pending = with_password(&mut scene);
    assert_eq!(pending.step.name(), name);
    let outcome = answered::<C>(&mut scene, &pending, codes[3].expose());
    let Outcome::SignedIn(_, effects) = &outcome else {
        panic!("{}", told(&outcome));
    };
    let [Effect::UseRecoveryCode(used)] = effects.as_slice() else {
        panic!("not used up, or more than that");
    };
    KEPT.with_borrow_mut(|(kept, spent)| {
        assert!(kept.takes(*spent, used));
        *spent = spent.and(used);
    });
    let factors = signed_in(outcome).factors;
    let factors: Vec<_> = factors.iter().map(|proved| proved.factor).collect();
    assert_eq!(factors, [Factor::Password, Factor::RecoveryCode]);
    // It was good once; the others still are.
    let pending = with_password(&mut scene);
    for wrong in [codes[3].expose(), "0000000000"] {
        let refusal = refused(answered::<C>(&mut scene, &pending, wrong));
        assert!(matches!(refusal, Refusal::WrongCode(_)), "{refusal:?}");
        assert!(refusal.keeps_the_step() && refusal.counts_as_failure() && refusal.is_a_guess());
    }
    let spaced = format!(" {} {}", &codes[4].expose()[..5], &codes[4].expose()[5..]);
    signed_in(answered::<C>(&mut scene, &pending, &spaced));
}

#[test]
fn a_recovery_code_stands_in_for_each_second_factor_once() {
    stands_in::<SmsMfa>(SecondFactor::Sms, "sms_mfa");
    stands_in::<EmailOtp>(SecondFactor::Email, "email_otp");
    stands_in::<SoftwareTokenMfa>(SecondFactor::SoftwareToken, "software_token_mfa");
}

#[test]
fn it_is_refused_as_a_wrong_code_of_the_factor_that_was_asked_for() {
    let (mut scene, _) = ana(SecondFactor::SoftwareToken);
    let pending = with_password(&mut scene);
    let refusal = refused(answered::<SoftwareTokenMfa>(
        &mut scene,
        &pending,
        "0000000000",
    ));
    assert_eq!(refusal, Refusal::WrongCode(Factor::SoftwareToken));
}

#[test]
fn a_code_of_another_user_is_none() {
    let (mut scene, codes) = ana(SecondFactor::Sms);
    scene.user_mut().sub = Sub::parse("00000000-1111-4222-8333-444444444444").unwrap();
    let pending = with_password(&mut scene);
    let refusal = refused(answered::<SmsMfa>(&mut scene, &pending, codes[0].expose()));
    assert_eq!(refusal, Refusal::WrongCode(Factor::Sms));
}

#[test]
fn a_step_after_the_password_ends_with_the_password_for_a_recovery_code_too() {
    let (mut scene, codes) = ana(SecondFactor::Sms);
    let pending = with_password(&mut scene);
    scene.set_password("Newer-pass1");
    let refusal = refused(answered::<SmsMfa>(&mut scene, &pending, codes[0].expose()));
    assert_eq!(refusal, Refusal::NoSuchStep);
}

#[test]
fn a_recovery_code_is_no_first_factor() {
    let (mut scene, codes) = ana(SecondFactor::Sms);
    // In a pool without second factors a code by mail is a first one.
    scene.pool.settings.mfa = PoolMfa::default();
    let first = [FirstFactor::Password, FirstFactor::EmailOtp];
    scene.pool.settings.allowed_first_auth_factors = first.into();
    let mut random = scene.random.derive();
    let choice = Choice {
        challenge: Some(FirstChallenge::EmailOtp),
        password: None,
        client_public: None,
    };
    let pending = asked(start(Flow::Choice(choice), &scene.facts(), &mut random));
    assert_eq!(pending.step.name(), "email_otp");
    let refusal = refused(answered::<EmailOtp>(
        &mut scene,
        &pending,
        codes[0].expose(),
    ));
    assert_eq!(refusal, Refusal::WrongCode(Factor::Email));
}

#[test]
fn a_recovery_code_sets_no_factor_up() {
    let (mut scene, codes) = ana(SecondFactor::Sms);
    scene.pool.settings.mfa.configuration = MfaConfiguration::On;
    scene.pool.settings.mfa.sms = false;
    scene.pool.settings.mfa.software_token = None;
    scene.pool.settings.recovery = Some(Vec::new());
    let user = scene.user_mut();
    user.mfa.enabled.clear();
    user.attributes.clear();
    let mut random = scene.random.derive();
    let pending = asked(start(
        Flow::Password(secret(PASSWORD)),
        &scene.facts(),
        &mut random,
    ));
    let address = SetUp::Email("new@example.com".to_owned());
    let outcome = answer::<MfaSetup>(&pending, address, &scene.facts(), &mut random);
    let pending = asked(outcome);
    let refusal = refused(answered::<EmailOtp>(
        &mut scene,
        &pending,
        codes[0].expose(),
    ));
    assert_eq!(refusal, Refusal::WrongCode(Factor::Email));
}
