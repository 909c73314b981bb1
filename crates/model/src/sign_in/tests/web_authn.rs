//! WEB_AUTHN.

use cognate_crypto::webauthn::authenticator::{Asked as AskedOf, Authenticator};
use cognate_crypto::webauthn::{self, Refusal as Passkeys};
use proptest::prelude::*;

use super::passkeys::{DOMAIN, passkey_of};
use super::*;
use crate::FirstFactor;
use crate::passkey::{OfferedPasskey, Passkey};
use crate::second_factor::{MfaConfiguration, PasskeyFactor, SecondFactor, UserVerification};
use crate::sign_in::{Choice, Factor, FirstChallenge, PasskeyResponse, WebAuthn, offered_passkeys};

type Change = fn(&mut Stage);
type ChangeOfPage = fn(&mut AskedOf<'_>);

/// A pool with passkeys, a user, and passkeys that the user may have.
struct Stage {
    scene: Scene,
    authenticator: Authenticator,
    passkey: Passkey,
}

impl Stage {
    fn of(mut scene: Scene) -> Self {
        let settings = &mut scene.pool.settings;
        settings.allowed_first_auth_factors = [FirstFactor::Password, FirstFactor::WebAuthn].into();
        settings.mfa.passkeys.relying_party_id = Some(DOMAIN.to_owned());
        let mut authenticator = Authenticator::ed25519(&[5; 32]).unwrap();
        authenticator.counter = 7;
        Self {
            passkey: passkey_of(&scene, &authenticator),
            authenticator,
            scene,
        }
    }

    fn set() -> Self {
        Self::of(Scene::confirmed())
    }

    /// Where passkeys stand for both factors, and everybody needs both.
    fn of_two_factors() -> Self {
        let mut stage = Self::set();
        let mfa = &mut stage.scene.pool.settings.mfa;
        mfa.configuration = MfaConfiguration::On;
        mfa.software_token = Some(true);
        mfa.passkeys.factor = PasskeyFactor::MultiFactorWithUserVerification;
        let user = stage.scene.user_mut();
        user.mfa.enabled = [SecondFactor::SoftwareToken].into();
        user.mfa.passkey = true;
        stage
    }

    fn offered(&self) -> Vec<OfferedPasskey> {
        match &self.scene.user {
            Some(user) => {
                offered_passkeys(&self.scene.pool, user, std::slice::from_ref(&self.passkey))
            }
            None => vec![OfferedPasskey::of(&self.passkey)],
        }
    }

    /// Finds out what the machine needs, with the passkey.
    fn driven(&self, mut outcome: Outcome, random: &mut Random) -> Outcome {
        let facts = self.scene.facts();
        loop {
            let need = match outcome {
                Outcome::Need(need) => need,
                Outcome::Proved(turn) => {
                    outcome = crate::sign_in::proceed(turn, &facts, random);
                    continue;
                }
                decided => return decided,
            };
            outcome = match need {
                Need::FirstFactors(asked) => {
                    let found = FirstFactors {
                        contacts: contacts(&facts),
                        passkeys: self.offered(),
                        like: None,
                    };
                    asked.answered(found, &facts, random)
                }
                Need::Passkey(asked) => {
                    let is_theirs = asked.question == self.passkey.id && self.scene.user.is_some();
                    let known = KnownPasskey {
                        passkey: is_theirs.then(|| self.passkey.clone()),
                        other_origins: Vec::new(),
                    };
                    asked.answered(known, &facts, random)
                }
                other => return driven(Outcome::Need(other), &facts, random),
            };
        }
    }

    fn start(&mut self, preferred: Option<FirstChallenge>) -> Outcome {
        let mut random = self.scene.random.derive();
        let choice = Choice {
            challenge: preferred,
            ..Choice::default()
        };
        let outcome = super::super::start(Flow::Choice(choice), &self.scene.facts());
        self.driven(outcome, &mut random)
    }

    fn challenge(&mut self) -> Pending {
        asked(self.start(Some(FirstChallenge::WebAuthn)))
    }

    /// What the authenticator answers.
    fn respond(
        &mut self,
        pending: &Pending,
        change: impl FnOnce(&mut AskedOf<'_>),
    ) -> PasskeyResponse {
        let mut at_page = AskedOf {
            challenge: &step(pending).challenge,
            relying_party_id: DOMAIN,
            origin: "https://example.com",
        };
        change(&mut at_page);
        let signed = self.authenticator.sign_in(&at_page);
        PasskeyResponse {
            id: self.passkey.id.clone(),
            client_data: signed.client_data,
            authenticator_data: signed.authenticator_data,
            signature: signed.signature,
            user_handle: None,
        }
    }

    fn answer(&mut self, pending: &Pending, response: PasskeyResponse) -> Outcome {
        let mut random = self.scene.random.derive();
        let facts = self.scene.facts();
        let outcome =
            super::super::answer::<WebAuthn>(pending.clone(), response, &facts, &mut random);
        self.driven(outcome, &mut random)
    }

    fn sign_in(&mut self) -> Outcome {
        let pending = self.challenge();
        let response = self.respond(&pending, |_| ());
        self.answer(&pending, response)
    }
}

fn step(pending: &Pending) -> WebAuthn {
    pending.step.read().unwrap()
}

fn available(outcome: Outcome) -> Vec<FirstChallenge> {
    asked(outcome)
        .step
        .read::<crate::sign_in::SelectChallenge>()
        .unwrap()
        .available
}

/// The factors that were proved, and the use of the passkey that is to be stored.
#[track_caller]
fn by_passkey(outcome: Outcome) -> (Vec<Factor>, u32) {
    match outcome {
        Outcome::SignedIn(proof, effects) => {
            let [Effect::UsePasskey(used)] = effects.as_slice() else {
                panic!("one effect");
            };
            let factors = proof.into_parts().factors;
            let kinds = factors.iter().map(|proved| proved.factor).collect();
            (kinds, used.verified.counter)
        }
        other => panic!("not signed in: {}", told(&other)),
    }
}

#[test]
fn a_passkey_signs_in_and_its_counter_is_stored() {
    let mut stage = Stage::set();
    let pending = stage.challenge();
    assert_eq!(pending.expires_at, NOW.plus(seconds(600)));
    assert_eq!(step(&pending).challenge.len(), 32);
    let mut response = stage.respond(&pending, |_| ());
    response.user_handle = Some(SUB.as_bytes().to_vec());
    let outcome = stage.answer(&pending, response);
    assert_eq!(by_passkey(outcome), (vec![Factor::Passkey], 8));
}

#[test]
fn a_passkey_is_offered_to_those_who_have_one_for_the_pools_domain() {
    let mut stage = Stage::set();
    let all = [
        FirstChallenge::Password,
        FirstChallenge::PasswordSrp,
        FirstChallenge::WebAuthn,
    ];
    assert_eq!(available(stage.start(None)), all);
    let passwords = &all[..2];
    let elsewhere: [Change; 4] = [
        |stage| stage.passkey.relying_party_id = "example.org".to_owned(),
        |stage| stage.passkey.distrusted_at = Some(NOW),
        |stage| stage.scene.pool.settings.mfa.passkeys.relying_party_id = None,
        |stage| {
            let allowed = &mut stage.scene.pool.settings.allowed_first_auth_factors;
            allowed.remove(&FirstFactor::WebAuthn);
        },
    ];
    for change in elsewhere {
        let mut stage = Stage::set();
        change(&mut stage);
        assert_eq!(available(stage.start(None)), passwords);
        // Preferred, it is not there.
        let preferred = stage.start(Some(FirstChallenge::WebAuthn));
        assert_eq!(available(preferred), passwords);
    }
    // Who was invited has a temporary password to begin with.
    let mut invited = Stage::of(Scene::invited());
    assert_eq!(available(invited.start(None)), passwords);
}

#[test]
fn a_response_to_another_challenge_page_or_domain_is_refused() {
    let wrong = |refusal| Refusal::WrongPasskey(Some(refusal));
    let changes: [(ChangeOfPage, Passkeys); 3] = [
        (|asked| asked.challenge = &[1; 32], Passkeys::OtherChallenge),
        (
            |asked| asked.origin = "https://evil.example",
            Passkeys::Origin,
        ),
        (
            |asked| asked.relying_party_id = "evil.example",
            Passkeys::OtherRelyingParty,
        ),
    ];
    for (change, expected) in changes {
        let mut stage = Stage::set();
        let pending = stage.challenge();
        let response = stage.respond(&pending, change);
        assert_eq!(refused(stage.answer(&pending, response)), wrong(expected));
    }
    let mut stage = Stage::set();
    let pending = stage.challenge();
    let mut of_another = stage.respond(&pending, |_| ());
    of_another.user_handle = Some(b"66666666-1111-4222-8333-444444444444".to_vec());
    let refusal = refused(stage.answer(&pending, of_another));
    assert_eq!(refusal, Refusal::WrongPasskey(None));
    let mut unasked = stage.respond(&pending, |_| ());
    unasked.id = crate::passkey::CredentialId::of_bytes(b"another");
    let refusal = refused(stage.answer(&pending, unasked));
    assert_eq!(refusal, Refusal::WrongPasskey(None));
    assert!(!refusal.counts_as_failure() && !refusal.keeps_the_step());
}

#[test]
fn a_passkey_that_another_user_has_signs_nobody_else_in() {
    let mut stage = Stage::set();
    let pending = stage.challenge();
    let response = stage.respond(&pending, |_| ());
    // The step is asked of Ana; Eve answers under her own name.
    stage.scene.user = Some(user(
        &stage.scene.pool,
        "77777777-1111-4222-8333-444444444444",
        "ana",
        UserStatus::Confirmed,
    ));
    assert_eq!(
        refused(stage.answer(&pending, response)),
        Refusal::NoSuchStep
    );
}

#[test]
fn a_passkey_whose_counter_went_back_is_told_by_its_id_only_if_its_signature_is_right() {
    let mut stage = Stage::set();
    stage.passkey.counter = 8;
    let copied = Refusal::CopiedPasskey(stage.passkey.id.clone());
    assert_eq!(refused(stage.sign_in()), copied);
    assert!(!copied.keeps_the_step() && !copied.counts_as_failure());
    let pending = stage.challenge();
    stage.passkey.counter = 100;
    let mut forged = stage.respond(&pending, |_| ());
    forged.signature[3] ^= 1;
    let refusal = refused(stage.answer(&pending, forged));
    assert_eq!(refusal, Refusal::WrongPasskey(Some(Passkeys::Signature)));
    // The next count is fine again, for one that is trusted.
    stage.passkey.counter = 8;
    by_passkey(stage.sign_in());
}

#[test]
fn what_changed_meanwhile_voids_the_step() {
    let changes: [(Change, Refusal); 6] = [
        (
            |stage| stage.scene.pool.settings.mfa.passkeys.relying_party_id = None,
            Refusal::NoSuchStep,
        ),
        (
            |stage| {
                let allowed = &mut stage.scene.pool.settings.allowed_first_auth_factors;
                allowed.remove(&FirstFactor::WebAuthn);
            },
            Refusal::NoSuchStep,
        ),
        (
            |stage| stage.passkey.distrusted_at = Some(NOW),
            // Checked against a key of nobody's.
            Refusal::WrongPasskey(Some(Passkeys::Signature)),
        ),
        (
            |stage| stage.scene.user_mut().enabled = false,
            Refusal::Disabled,
        ),
        (
            |stage| stage.scene.user_mut().status = UserStatus::ResetRequired,
            Refusal::ResetRequired,
        ),
        (
            |stage| stage.scene.now = NOW.plus(seconds(600)),
            Refusal::NoSuchStep,
        ),
    ];
    for (change, expected) in changes {
        let mut stage = Stage::set();
        let pending = stage.challenge();
        let response = stage.respond(&pending, |_| ());
        change(&mut stage);
        assert_eq!(refused(stage.answer(&pending, response)), expected);
    }
}

#[test]
fn a_verified_passkey_stands_for_both_factors_where_pool_and_user_say_so() {
    let mut stage = Stage::of_two_factors();
    let outcome = stage.sign_in();
    assert_eq!(by_passkey(outcome).0, [Factor::PasskeyForBoth]);
    // The authenticator must verify its user there.
    stage.authenticator.flags = 0x19;
    let refusal = refused(stage.sign_in());
    assert_eq!(
        refusal,
        Refusal::WrongPasskey(Some(Passkeys::UserNotVerified))
    );
    let no_longer: [Change; 2] = [
        |stage| stage.scene.user_mut().mfa.passkey = false,
        |stage| {
            let passkeys = &mut stage.scene.pool.settings.mfa.passkeys;
            passkeys.factor = PasskeyFactor::SingleFactor;
            passkeys.user_verification = UserVerification::Required;
        },
    ];
    for change in no_longer {
        let mut stage = Stage::of_two_factors();
        let pending = stage.challenge();
        let response = stage.respond(&pending, |_| ());
        change(&mut stage);
        // Not offered any more; and what was asked for before is one factor.
        assert!(stage.offered().is_empty());
        let outcome = stage.answer(&pending, response);
        assert!(
            !matches!(outcome, Outcome::SignedIn(..)),
            "{}",
            told(&outcome)
        );
    }
}

#[test]
fn nobody_is_asked_for_passkeys_and_answers_none() {
    let mut stage = Stage::of(Scene::nobody());
    let offered = stage.offered();
    let pending = stage.challenge();
    assert_eq!(step(&pending).allowed, offered);
    let response = stage.respond(&pending, |_| ());
    let refusal = refused(stage.answer(&pending, response));
    assert_eq!(refusal, Refusal::WrongPasskey(Some(Passkeys::Signature)));
}

#[test]
fn made_up_passkeys_are_alike_and_stay_the_same() {
    let like: Vec<_> = [16, 20, 64, 1, 1023]
        .map(|length| OfferedPasskey {
            id: crate::passkey::CredentialId::of_bytes(&vec![3; length]),
            transports: vec!["usb".to_owned()],
        })
        .into();
    let nobody = Sub::parse(SUB).unwrap();
    let pool = UserPoolId::parse("us-east-1_Home").unwrap();
    let made_up = OfferedPasskey::made_up(&DECOY_SECRET, &pool, &nobody, &like);
    let again = OfferedPasskey::made_up(&DECOY_SECRET, &pool, &nobody, &like);
    assert_eq!(made_up, again);
    for (one, other) in made_up.iter().zip(&like) {
        assert_eq!(one.id.as_str().len(), other.id.as_str().len());
        assert_eq!(one.transports, other.transports);
        assert_ne!(one.id, other.id);
    }
    let elsewhere = UserPoolId::parse("us-east-1_Other").unwrap();
    let of_other_pool = OfferedPasskey::made_up(&DECOY_SECRET, &elsewhere, &nobody, &like);
    assert!(
        made_up
            .iter()
            .zip(&of_other_pool)
            .all(|(one, other)| one.id != other.id)
    );
}

proptest! {
    /// Whatever is changed between the challenge and its answer: who signs in has the passkey, at
    /// the right page, and has shown a second factor where one is needed.
    #[test]
    fn who_signs_in_by_passkey_has_proved_all_that_is_needed(
        configuration in 0..3usize,
        multi in any::<bool>(),
        required in any::<bool>(),
        chosen in any::<bool>(),
        enabled in any::<bool>(),
        flags in any::<u8>(),
        known in 0..12u32,
        origin in 0..3usize,
        forged in any::<bool>(),
    ) {
        let mut stage = Stage::set();
        let pending = stage.challenge();
        let mfa = &mut stage.scene.pool.settings.mfa;
        let all = [MfaConfiguration::Off, MfaConfiguration::Optional, MfaConfiguration::On];
        mfa.configuration = all[configuration];
        mfa.software_token = Some(true);
        if multi {
            mfa.passkeys.factor = PasskeyFactor::MultiFactorWithUserVerification;
        }
        let user = stage.scene.user_mut();
        user.mfa.passkey = chosen;
        if enabled {
            user.mfa.enabled.insert(SecondFactor::SoftwareToken);
        }
        stage.authenticator.flags = flags & 0x1f;
        stage.passkey.counter = known;
        let origins = ["https://example.com", "https://a.example.com", "https://evil.example"];
        let mut pending = pending;
        let mut step = step(&pending);
        step.user_verification = required;
        pending.step = crate::sign_in::Step::of(&step);
        let mut response = stage.respond(&pending, |asked| asked.origin = origins[origin]);
        if forged {
            response.signature[0] ^= 1;
        }
        let outcome = stage.answer(&pending, response);
        let (present, verified) = (flags & 1 != 0, flags & 4 != 0);
        let is_right = present && flags & 8 != 0 && (verified || !required) && known < 8 && origin < 2 && !forged;
        let needs_both = configuration == 2 || (configuration == 1 && enabled);
        let has_both = verified && multi && chosen;
        match outcome {
            Outcome::SignedIn(..) => prop_assert!(is_right && (has_both || !needs_both)),
            _ => prop_assert!(!is_right || needs_both),
        }
    }
}

/// The key of nobody's passkey is one that a response can be checked against.
#[test]
fn the_key_of_nobody_is_a_key() {
    let mut stage = Stage::of(Scene::nobody());
    let pending = stage.challenge();
    let response = stage.respond(&pending, |_| ());
    let refusal = refused(stage.answer(&pending, response));
    assert_ne!(
        refusal,
        Refusal::WrongPasskey(Some(webauthn::Refusal::PublicKey))
    );
}
