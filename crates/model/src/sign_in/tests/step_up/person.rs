//! Somebody who signs in to reach a level, and answers every challenge rightly.

use cognate_crypto::secret::SecretBytes;
use cognate_crypto::totp;
use cognate_crypto::webauthn::authenticator::{Asked as AskedOf, Authenticator};

use super::super::passkeys::{DOMAIN, passkey_of};
use super::super::*;
use crate::FirstFactor;
use crate::acr::{Level, Method};
use crate::attribute::Contact;
use crate::ids::SessionId;
use crate::passkey::Passkey;
use crate::recovery_code::UsedCodes;
use crate::second_factor::{EmailMfa, MfaConfiguration, PoolMfa, SecondFactor};
use crate::session::TokenSession;
use crate::sign_in::{
    Choice, EmailOtp, Factor, FirstChallenge, PasskeyResponse, Password, SelectChallenge,
    SelectMfaType, SmsMfa, SmsOtp, SoftwareTokenMfa, StepUp, TypedCode, WebAuthn, offered_passkeys,
};
use crate::software_token::{SoftwareToken, VerifiedToken};

pub(super) const SESSION: &str = "70707070-1111-4222-8333-444444444444";

/// A user, what the user has, and what the pool takes.
pub(super) struct Person {
    pub(super) scene: Scene,
    known: KnownToken,
    authenticator: Authenticator,
    passkey: Option<Passkey>,
    /// The challenges that were asked, by name.
    pub(super) met: Vec<String>,
    /// Which of several they choose: the number of the choice, counted round.
    pub(super) chooses: usize,
}

/// What a person has and a pool takes.
#[derive(Clone, Debug)]
pub(super) struct Having {
    pub(super) mfa: MfaConfiguration,
    /// Beside the password.
    pub(super) first: Vec<FirstFactor>,
    pub(super) enabled: Vec<SecondFactor>,
    pub(super) app: bool,
    pub(super) contacts: Vec<Contact>,
    pub(super) passkey: bool,
}

impl Having {
    /// A password and two verified addresses, in a pool that takes passwords only.
    pub(super) fn a_password() -> Self {
        Self {
            mfa: MfaConfiguration::Off,
            first: Vec::new(),
            enabled: Vec::new(),
            app: false,
            contacts: Contact::ALL.to_vec(),
            passkey: false,
        }
    }

    /// And second factors.
    pub(super) fn second(enabled: &[SecondFactor]) -> Self {
        Self {
            mfa: MfaConfiguration::Optional,
            enabled: enabled.to_vec(),
            app: enabled.contains(&SecondFactor::SoftwareToken),
            ..Self::a_password()
        }
    }

    /// And whatever else begins a sign-in.
    pub(super) fn first(first: &[FirstFactor]) -> Self {
        Self {
            first: first.to_vec(),
            passkey: first.contains(&FirstFactor::WebAuthn),
            ..Self::a_password()
        }
    }
}

impl Person {
    pub(super) fn new(having: &Having) -> Self {
        let mut scene = Scene::confirmed();
        let settings = &mut scene.pool.settings;
        settings.allowed_first_auth_factors.extend(&having.first);
        settings.mfa = PoolMfa {
            configuration: having.mfa,
            software_token: Some(true),
            sms: true,
            email: Some(EmailMfa::default()),
            ..PoolMfa::default()
        };
        settings.mfa.passkeys.relying_party_id = Some(DOMAIN.to_owned());
        let user = scene.user_mut();
        for contact in &having.contacts {
            let address = match contact {
                Contact::Email => "ana@example.com",
                Contact::PhoneNumber => "+15551234567",
            };
            let attribute = contact.attribute().to_owned();
            user.attributes.insert(attribute, address.to_owned());
            user.mark_verified(*contact, true);
        }
        user.mfa.enabled = having.enabled.iter().copied().collect();
        let verified = VerifiedToken {
            secret: SecretBytes::new(vec![7; totp::SECRET_LENGTH]),
            name: "phone".to_owned(),
        };
        let token = SoftwareToken {
            verified: having.app.then_some(verified),
            pending: None,
        };
        let known = KnownToken {
            token,
            ..KnownToken::default()
        };
        let mut authenticator = Authenticator::ed25519(&[5; 32]).unwrap();
        authenticator.counter = 7;
        let passkey = having.passkey.then(|| passkey_of(&scene, &authenticator));
        Self {
            scene,
            known,
            authenticator,
            passkey,
            met: Vec::new(),
            chooses: 0,
        }
    }

    /// A session that proved these factors so many seconds ago.
    pub(super) fn session(&self, factors: &[Factor], ago: u64) -> TokenSession {
        let at = self.scene.now.minus(seconds(ago));
        let proved = |factor: &Factor| Proved {
            factor: *factor,
            at,
            carried: false,
        };
        let session = serde_json::json!({
            "pool": self.scene.pool.id, "id": SESSION, "sub": SUB, "client": self.scene.client.id,
            "auth_time": at, "expires_at": at.plus(seconds(86_400)), "rotated_at": null,
        });
        let mut session: TokenSession = serde_json::from_value(session).unwrap();
        assert_eq!(session.id, SessionId::parse(SESSION).unwrap());
        session.factors = factors.iter().map(proved).collect();
        session
    }

    /// Begins, without a word on how.
    pub(super) fn begin(&mut self, levels: &[Level], session: Option<TokenSession>) -> Outcome {
        self.begin_with(levels, session, Choice::default(), None)
    }

    pub(super) fn begin_with(
        &mut self,
        levels: &[Level],
        session: Option<TokenSession>,
        choice: Choice,
        max_age: Option<Duration>,
    ) -> Outcome {
        let step_up = StepUp {
            choice,
            levels: levels.to_vec(),
            session,
            max_age,
        };
        let flow = Flow::StepUp(Box::new(step_up));
        let outcome = super::super::super::start(flow, &self.scene.facts());
        self.driven(outcome)
    }

    /// Finds out what the machine needs.
    pub(super) fn driven(&mut self, mut outcome: Outcome) -> Outcome {
        let mut random = self.scene.random.derive();
        let facts = self.scene.facts();
        loop {
            let need = match outcome {
                Outcome::Need(need) => need,
                Outcome::Proved(turn) => {
                    outcome = crate::sign_in::proceed(turn, &facts, &mut random);
                    continue;
                }
                decided => return decided,
            };
            outcome = match need {
                Need::Powers(powers) => powers.compute(&mut random).go_on(&facts, &mut random),
                Need::FirstFactors(asked) => {
                    let all = self.passkey.as_slice();
                    let user = self.scene.user.as_ref();
                    let passkeys = user.map(|user| offered_passkeys(&self.scene.pool, user, all));
                    let found = FirstFactors {
                        contacts: contacts(&facts),
                        passkeys: passkeys.unwrap_or_default(),
                        like: None,
                    };
                    asked.answered(found, &facts, &mut random)
                }
                Need::Passkey(asked) => {
                    let known = KnownPasskey {
                        passkey: self.passkey.clone(),
                        other_origins: Vec::new(),
                    };
                    asked.answered(known, &facts, &mut random)
                }
                Need::SoftwareToken(asked) => {
                    asked.answered(self.known.clone(), &facts, &mut random)
                }
                other => super::super::driven(Outcome::Need(other), &facts, &mut random),
            };
        }
    }

    fn give<C: Challenge>(&mut self, pending: &Pending, answer: C::Answer) -> Outcome {
        let mut random = self.scene.random.derive();
        let facts = self.scene.facts();
        let outcome =
            super::super::super::answer::<C>(pending.clone(), answer, &facts, &mut random);
        self.driven(outcome)
    }

    fn code(&self) -> String {
        let app = self.known.token.verified.as_ref().unwrap();
        let step = totp::step_of(self.scene.now.seconds());
        totp::code(&app.secret, step).expose().to_owned()
    }

    fn respond(&mut self, step: &WebAuthn) -> PasskeyResponse {
        let signed = self.authenticator.sign_in(&AskedOf {
            challenge: &step.challenge,
            relying_party_id: DOMAIN,
            origin: "https://example.com",
        });
        PasskeyResponse {
            id: self.passkey.as_ref().unwrap().id.clone(),
            client_data: signed.client_data,
            authenticator_data: signed.authenticator_data,
            signature: signed.signature,
            user_handle: None,
        }
    }

    /// Answers a challenge rightly, or wrongly.
    pub(super) fn answer(&mut self, pending: &Pending, rightly: bool) -> Outcome {
        let sent = LAST_CODE.with_borrow(Clone::clone);
        let typed = |right: &str| {
            let code = if rightly { right } else { "000000000" };
            TypedCode(secret(code))
        };
        let password = secret(if rightly { PASSWORD } else { "Wrong-pass1" });
        match pending.step.name() {
            "select_challenge" => {
                let choice = self.chosen(pending, password);
                self.give::<SelectChallenge>(pending, choice)
            }
            "select_mfa_type" => {
                let step: SelectMfaType = pending.step.read().unwrap();
                let chosen = step.choices[self.chooses % step.choices.len()];
                self.give::<SelectMfaType>(pending, chosen)
            }
            "password" => self.give::<Password>(pending, password),
            "email_otp" => self.give::<EmailOtp>(pending, typed(&sent)),
            "sms_otp" => self.give::<SmsOtp>(pending, typed(&sent)),
            "sms_mfa" => self.give::<SmsMfa>(pending, typed(&sent)),
            "software_token_mfa" => {
                let code = self.code();
                self.give::<SoftwareTokenMfa>(pending, typed(&code))
            }
            "web_authn" => {
                let mut response = self.respond(&pending.step.read().unwrap());
                if !rightly {
                    response.signature[0] ^= 1;
                }
                self.give::<WebAuthn>(pending, response)
            }
            other => panic!("cannot answer {other}"),
        }
    }

    /// One of what is offered, but for SRP, which proves what the password does.
    fn chosen(&self, pending: &Pending, password: SecretString) -> Choice {
        let step: SelectChallenge = pending.step.read().unwrap();
        let mut offered = step.available;
        offered.retain(|challenge| *challenge != FirstChallenge::PasswordSrp);
        let challenge = offered[self.chooses % offered.len()];
        Choice {
            challenge: Some(challenge),
            client_public: None,
            password: (challenge == FirstChallenge::Password).then_some(password),
        }
    }

    /// Answers rightly until it is decided. What sets a factor up is not answered.
    pub(super) fn end_of(&mut self, mut outcome: Outcome) -> Outcome {
        loop {
            let pending = match outcome {
                Outcome::Ask(pending, _) if pending.step.name() != "mfa_setup" => pending,
                decided => return decided,
            };
            self.met.push(pending.step.name().to_owned());
            assert!(self.met.len() < 12, "no end: {:?}", self.met);
            outcome = self.answer(&pending, true);
        }
    }

    /// Goes on from a sign-up that was just confirmed.
    pub(super) fn confirmed(&mut self, pending: &Pending, levels: Vec<Level>) -> Outcome {
        self.give::<crate::sign_in::ConfirmedSignUp>(pending, levels)
    }

    /// A recovery code of theirs that is not used.
    pub(super) fn draw_recovery_code(&mut self) -> String {
        let sub = Sub::parse(SUB).unwrap();
        let (list, codes) = recovery_codes::draw(&self.scene.pool.id, &sub, &mut self.scene.random);
        recovery_codes::keep(list, UsedCodes::default());
        codes[0].expose().to_owned()
    }

    pub(super) fn type_app_code(&mut self, pending: &Pending, code: &str) -> Outcome {
        self.give::<SoftwareTokenMfa>(pending, TypedCode(secret(code)))
    }

    pub(super) fn has_app(&self) -> bool {
        self.known.token.verified.is_some()
    }

    /// Signs in so, and tells the challenges and the factors that the new session has.
    #[track_caller]
    pub(super) fn reaches(
        &mut self,
        levels: &[Level],
        session: Option<TokenSession>,
    ) -> (Vec<String>, Vec<Factor>) {
        let begun = self.begin(levels, session);
        let proof = signed_in(self.end_of(begun));
        let met = std::mem::take(&mut self.met);
        let factors = proof.factors.iter().map(|proved| proved.factor).collect();
        (met, factors)
    }
}

/// The method that a challenge proves; None of one that only lets choose.
pub(super) fn method(step: &str) -> Option<Method> {
    match step {
        "password" => Some(Method::Password),
        "email_otp" => Some(Method::Email),
        "sms_otp" | "sms_mfa" => Some(Method::Sms),
        "software_token_mfa" => Some(Method::App),
        "web_authn" => Some(Method::Passkey),
        _ => None,
    }
}
