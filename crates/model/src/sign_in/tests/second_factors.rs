//! Second factors: what is asked for after the password, what proves it, and what sets one up.

use cognate_crypto::secret::SecretBytes;
use cognate_crypto::totp;

use super::*;
use crate::attribute::Contact;
use crate::second_factor::{EmailMfa, MfaConfiguration, PoolMfa, SecondFactor};
use crate::sign_in::{EmailOtp, Factor, MfaSetup, SelectMfaType, SetUp, SmsMfa, SoftwareTokenMfa};
use crate::sign_in::{ProvedAddress, TypedCode};
use crate::software_token::{RefusedToken, SoftwareToken, VerifiedToken};
use crate::user_pool::RecoveryMechanism;

const ADDRESS: &str = "ana@example.com";
const PHONE: &str = "+15551234567";

/// A user with a password, and perhaps an app.
struct Factors {
    scene: Scene,
    known: KnownToken,
}

impl Factors {
    /// In a pool that offers all factors; the user has both addresses.
    fn new(configuration: MfaConfiguration) -> Self {
        let mut scene = Scene::confirmed();
        scene.pool.settings.mfa = PoolMfa {
            configuration,
            software_token: Some(true),
            sms: true,
            email: Some(EmailMfa::default()),
            ..PoolMfa::default()
        };
        let user = scene.user_mut();
        for (contact, address) in [(Contact::Email, ADDRESS), (Contact::PhoneNumber, PHONE)] {
            let attribute = contact.attribute().to_owned();
            user.attributes.insert(attribute, address.to_owned());
        }
        Self {
            scene,
            known: KnownToken::default(),
        }
    }

    /// The user has an app, and these factors switched on.
    fn with_app(configuration: MfaConfiguration, enabled: &[SecondFactor]) -> Self {
        let mut factors = Self::new(configuration);
        let verified = VerifiedToken {
            secret: SecretBytes::new(vec![7; totp::SECRET_LENGTH]),
            name: "phone".to_owned(),
        };
        factors.known.token = SoftwareToken {
            verified: Some(verified),
            pending: None,
        };
        factors.scene.user_mut().mfa.enabled = enabled.iter().copied().collect();
        factors
    }

    fn code(&self) -> String {
        let app = self.known.token.verified.as_ref().unwrap();
        code_of(&app.secret, self.scene.now)
    }

    fn with_password(&mut self) -> Outcome {
        let mut random = self.scene.random.derive();
        let facts = self.scene.facts();
        let begun = super::super::start(Flow::Password(secret(PASSWORD)), &facts);
        driven_knowing(&self.known, begun, &facts, &mut random)
    }

    fn answer<C: Challenge>(&mut self, pending: &Pending, answer: C::Answer) -> Outcome {
        let mut random = self.scene.random.derive();
        let facts = self.scene.facts();
        let outcome = super::super::answer::<C>(pending.clone(), answer, &facts, &mut random);
        driven_knowing(&self.known, outcome, &facts, &mut random)
    }

    fn app_code(&mut self, pending: &Pending, code: &str) -> Outcome {
        self.answer::<SoftwareTokenMfa>(pending, typed(code))
    }
}

fn typed(code: &str) -> TypedCode {
    TypedCode(secret(code))
}

fn code_of(secret: &SecretBytes, at: Timestamp) -> String {
    let step = totp::step_of(at.seconds());
    totp::code(secret, step).expose().to_owned()
}

fn effects(outcome: &Outcome) -> &[Effect] {
    match outcome {
        Outcome::Ask(_, effects) | Outcome::SignedIn(_, effects) => effects,
        Outcome::Refuse(_) | Outcome::Need(_) | Outcome::Proved(_) => &[],
    }
}

#[test]
fn a_code_of_the_app_is_the_second_factor_and_is_used_up() {
    let mut ana = Factors::with_app(MfaConfiguration::Optional, &[SecondFactor::SoftwareToken]);
    let pending = asked(ana.with_password());
    let step: SoftwareTokenMfa = pending.step.read().unwrap();
    assert_eq!(step.name, "phone");
    let outcome = ana.app_code(&pending, &ana.code());
    let [Effect::UseToken(used)] = effects(&outcome) else {
        panic!("not used up");
    };
    assert_eq!(used.step, totp::step_of(NOW.seconds()));
    let proof = signed_in(outcome);
    let proved: Vec<_> = proof.factors.iter().map(|proved| proved.factor).collect();
    assert_eq!(proved, [Factor::Password, Factor::SoftwareToken]);
}

#[test]
fn a_wrong_code_and_a_used_one_are_guesses_that_leave_the_step() {
    let mut ana = Factors::with_app(MfaConfiguration::On, &[SecondFactor::SoftwareToken]);
    let pending = asked(ana.with_password());
    let late = Timestamp(NOW.0 + 600_000);
    let app = ana.known.token.verified.clone().unwrap();
    let wrong = refused(ana.app_code(&pending, &code_of(&app.secret, late)));
    assert_eq!(wrong, Refusal::WrongCode(Factor::SoftwareToken));
    ana.known.last_step = totp::step_of(NOW.seconds());
    let used = refused(ana.app_code(&pending, &ana.code()));
    assert_eq!(used, Refusal::UsedCode);
    for refusal in [wrong, used] {
        assert!(refusal.keeps_the_step() && refusal.counts_as_failure() && refusal.is_a_guess());
    }
}

#[test]
fn an_app_that_is_gone_proves_nothing() {
    let mut ana = Factors::with_app(MfaConfiguration::On, &[SecondFactor::SoftwareToken]);
    let pending = asked(ana.with_password());
    let code = ana.code();
    ana.known = KnownToken::default();
    let refusal = refused(ana.app_code(&pending, &code));
    assert_eq!(refusal, Refusal::NoSoftwareToken);
    assert!(!refusal.keeps_the_step());
}

#[test]
fn a_step_after_the_password_ends_with_the_password() {
    let mut ana = Factors::with_app(MfaConfiguration::On, &[SecondFactor::SoftwareToken]);
    let pending = asked(ana.with_password());
    let code = ana.code();
    ana.scene.set_password("Newer-pass1");
    assert_eq!(refused(ana.app_code(&pending, &code)), Refusal::NoSuchStep);
}

#[test]
fn who_has_several_factors_chooses_among_them_and_no_others() {
    let enabled = [SecondFactor::SoftwareToken, SecondFactor::Email];
    let mut ana = Factors::with_app(MfaConfiguration::Optional, &enabled);
    let pending = asked(ana.with_password());
    let step: SelectMfaType = pending.step.read().unwrap();
    assert_eq!(step.choices, enabled);
    let other = refused(ana.answer::<SelectMfaType>(&pending, SecondFactor::Sms));
    assert_eq!(other, Refusal::NotOffered);
    let chosen = ana.answer::<SelectMfaType>(&pending, SecondFactor::SoftwareToken);
    let pending = asked(chosen);
    signed_in(ana.app_code(&pending, &ana.code()));
}

#[test]
fn a_factor_answers_no_other_ones_challenge() {
    let mut ana = Factors::with_app(MfaConfiguration::On, &[SecondFactor::Sms]);
    let pending = asked(ana.with_password());
    assert_eq!(pending.step.name(), "sms_mfa");
    let code = ana.code();
    for refusal in [
        refused(ana.app_code(&pending, &code)),
        refused(ana.answer::<EmailOtp>(&pending, typed(&code))),
        refused(ana.answer::<MfaSetup>(&pending, SetUp::App)),
    ] {
        assert_eq!(refusal, Refusal::WrongChallenge);
    }
}

/// Answers with the code that was sent last.
fn sent_code<C: Challenge<Answer = TypedCode>>(ana: &mut Factors, pending: &Pending) -> Outcome {
    let code = LAST_CODE.with_borrow(Clone::clone);
    ana.answer::<C>(pending, typed(&code))
}

#[test]
fn a_code_that_came_back_proves_the_address_that_it_went_to() {
    let mut ana = Factors::new(MfaConfiguration::Optional);
    ana.scene.user_mut().mfa.enabled = BTreeSet::from([SecondFactor::Sms]);
    let pending = asked(ana.with_password());
    let outcome = sent_code::<SmsMfa>(&mut ana, &pending);
    let [Effect::ProveAddress(proved)] = effects(&outcome) else {
        panic!("not proved");
    };
    let ProvedAddress {
        user,
        contact,
        is_new,
    } = proved.as_ref();
    assert!(user.has_verified(Contact::PhoneNumber) && !user.has_verified(Contact::Email));
    assert_eq!((*contact, *is_new), (Contact::PhoneNumber, false));
    signed_in(outcome);
    // What is verified already is not written again.
    ana.scene
        .user_mut()
        .mark_verified(Contact::PhoneNumber, true);
    let pending = asked(ana.with_password());
    let outcome = sent_code::<SmsMfa>(&mut ana, &pending);
    assert!(effects(&outcome).is_empty());
}

/// A pool that asks everybody, and a user who has nothing to be asked for.
fn without_factor() -> Factors {
    let mut ana = Factors::new(MfaConfiguration::On);
    ana.scene.user_mut().attributes.clear();
    ana.scene.pool.settings.recovery = Some(vec![RecoveryMechanism::AdminOnly]);
    ana
}

fn associated(ana: &Factors, pending: &Pending, byte: u8) -> (Pending, SecretBytes) {
    let secret = SecretBytes::new(vec![byte; totp::SECRET_LENGTH]);
    let at = (&ana.scene.pool, &ana.scene.client);
    let next = pending
        .clone()
        .with_secret(secret.clone(), at, ana.scene.now);
    (next.unwrap(), secret)
}

fn verified(ana: &Factors, pending: &Pending, code: &str) -> Result<Pending, RefusedToken> {
    let at = (&ana.scene.pool, &ana.scene.client);
    let next = pending
        .clone()
        .with_code((code, "phone"), at, ana.scene.now);
    next.unwrap()
}

#[test]
fn an_app_is_set_up_in_the_sign_in_and_becomes_the_users_at_its_end() {
    let mut ana = without_factor();
    let pending = asked(ana.with_password());
    let step: MfaSetup = pending.step.read().unwrap();
    let choices = [SecondFactor::SoftwareToken, SecondFactor::Email];
    assert_eq!(step.choices, choices);
    let nothing = refused(ana.answer::<MfaSetup>(&pending, SetUp::App));
    assert_eq!(nothing, Refusal::NotSetUp);
    let (pending, secret) = associated(&ana, &pending, 1);
    let nothing = refused(ana.answer::<MfaSetup>(&pending, SetUp::App));
    assert_eq!(nothing, Refusal::NotSetUp);
    let wrong = verified(&ana, &pending, &code_of(&secret, Timestamp(0)));
    assert_eq!(wrong.err(), Some(RefusedToken::Mismatch));
    let pending = verified(&ana, &pending, &code_of(&secret, NOW)).unwrap();
    let outcome = ana.answer::<MfaSetup>(&pending, SetUp::App);
    let [Effect::SetUpToken(new)] = effects(&outcome) else {
        panic!("not set up");
    };
    assert_eq!((&new.app.secret, new.app.name.as_str()), (&secret, "phone"));
    assert_eq!(new.step, totp::step_of(NOW.seconds()));
    assert_eq!(new.user.mfa.preferred, Some(SecondFactor::SoftwareToken));
    let factors = signed_in(outcome).factors;
    assert_eq!(factors.last().unwrap().factor, Factor::SoftwareToken);
}

#[test]
fn a_new_secret_takes_the_place_of_the_one_whose_code_was_shown() {
    let mut ana = without_factor();
    let pending = asked(ana.with_password());
    let (pending, secret) = associated(&ana, &pending, 1);
    let pending = verified(&ana, &pending, &code_of(&secret, NOW)).unwrap();
    let (pending, _) = associated(&ana, &pending, 2);
    let nothing = refused(ana.answer::<MfaSetup>(&pending, SetUp::App));
    assert_eq!(nothing, Refusal::NotSetUp);
}

#[test]
fn a_password_alone_takes_no_factors_place() {
    let mut ana = without_factor();
    let pending = asked(ana.with_password());
    let (pending, secret) = associated(&ana, &pending, 1);
    let pending = verified(&ana, &pending, &code_of(&secret, NOW)).unwrap();
    // Meanwhile the user has set one up elsewhere.
    ana.known = Factors::with_app(MfaConfiguration::On, &[]).known;
    for answer in [SetUp::App, SetUp::Email(ADDRESS.to_owned())] {
        let refusal = refused(ana.answer::<MfaSetup>(&pending, answer));
        assert_eq!(refusal, Refusal::NoSuchStep);
    }
}

#[test]
fn an_app_is_set_up_at_no_other_step_pool_or_client_and_not_for_ever() {
    let mut ana = without_factor();
    let pending = asked(ana.with_password());
    let secret = || SecretBytes::new(vec![1; totp::SECRET_LENGTH]);
    let (own, client) = (ana.scene.pool.clone(), ana.scene.client.clone());
    let other_pool = pool("eu-west-1_Home");
    let other_client = super::client(&own, "mobile");
    let takes = |pending: &Pending, at, now| pending.clone().with_secret(secret(), at, now);
    assert!(takes(&pending, (&own, &client), NOW).is_some());
    assert!(takes(&pending, (&other_pool, &client), NOW).is_none());
    assert!(takes(&pending, (&own, &other_client), NOW).is_none());
    assert!(takes(&pending, (&own, &client), pending.expires_at).is_none());
    // Each call makes the step live longer, but for no more than an hour.
    let (mut step, mut now) = (pending, NOW);
    let mut calls = 0;
    while let Some(next) = takes(&step, (&own, &client), now) {
        (step, now, calls) = (next, now.plus(seconds(300)), calls + 1);
    }
    assert_eq!(calls, 12);
    let mut bea = Factors::with_app(MfaConfiguration::On, &[SecondFactor::SoftwareToken]);
    let pending = asked(bea.with_password());
    assert!(takes(&pending, (&own, &client), NOW).is_none());
}

#[test]
fn an_address_is_set_up_by_the_code_that_went_there() {
    let mut ana = without_factor();
    let pending = asked(ana.with_password());
    let form = refused(ana.answer::<MfaSetup>(&pending, SetUp::Email("nowhere".to_owned())));
    assert!(matches!(form, Refusal::Attribute(_)) && form.keeps_the_step());
    let outcome = ana.answer::<MfaSetup>(&pending, SetUp::Email(ADDRESS.to_owned()));
    assert!(effects(&outcome).is_empty(), "nothing is the user's yet");
    let pending = asked(outcome);
    assert_eq!(pending.step.name(), "email_otp");
    let outcome = sent_code::<EmailOtp>(&mut ana, &pending);
    let [Effect::ProveAddress(proved)] = effects(&outcome) else {
        panic!("not proved");
    };
    assert!(proved.is_new && proved.user.has_verified(Contact::Email));
    assert_eq!(proved.user.attribute("email"), Some(ADDRESS));
    assert_eq!(proved.user.mfa.preferred, Some(SecondFactor::Email));
    signed_in(outcome);
    // Another address that came meanwhile is not overwritten.
    let attribute = Contact::Email.attribute().to_owned();
    let user = ana.scene.user_mut();
    user.attributes
        .insert(attribute, "other@example.com".to_owned());
    let outcome = sent_code::<EmailOtp>(&mut ana, &pending);
    assert_eq!(refused(outcome), Refusal::NoSuchStep);
}

#[test]
fn who_has_no_factor_where_everybody_must_is_not_let_in() {
    let mut ana = without_factor();
    ana.scene.pool.settings.mfa.software_token = None;
    ana.scene.pool.settings.mfa.email = None;
    assert_eq!(refused(ana.with_password()), Refusal::NoSecondFactor);
}
