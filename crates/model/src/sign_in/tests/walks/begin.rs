//! How the walks begin sign-ins, and what each beginning must lead to.

use cognate_crypto::digest::hex_decode;

use super::moves::{Begin, Named, Pick};
use super::*;
use crate::first_factor::FirstFactor;
use crate::second_factor::MfaConfiguration;
use crate::sign_in::{Choice, FirstChallenge, SelectChallenge};

/// What went along with a choice.
pub(super) struct Along {
    pub(super) key: Option<ClientKey>,
    pub(super) password: Option<String>,
}

impl World {
    pub(super) fn begin(&mut self, at: At, begin: Begin, named: Named) {
        self.begin_on(at, named);
        let truth = Truth {
            device: self.device.clone(),
            ..Truth::default()
        };
        match begin {
            Begin::Password(guess) => {
                let password = self.guessed(at, guess);
                let outcome = self.start(at, Flow::Password(secret(&password)));
                let Some(outcome) = self.unlocked(at, outcome) else {
                    return;
                };
                let truth = self.password_truth(at, &password, &truth);
                self.judge(None, at, outcome, truth);
            }
            Begin::Srp => {
                let (key, public) = self.client_key();
                let flow = Flow::Srp(Box::new(public));
                let outcome = self.start(at, flow);
                if let Some(outcome) = self.unlocked(at, outcome) {
                    self.judge_srp(None, at, outcome, key, truth);
                }
            }
            Begin::Choice(pick) => {
                let (choice, along) = self.choice(at, pick);
                let chosen = choice.challenge;
                let outcome = self.start(at, Flow::Choice(choice));
                if let Some(outcome) = self.unlocked(at, outcome) {
                    self.judge_choice(None, at, outcome, (chosen, along), truth);
                }
            }
        }
    }

    fn start(&mut self, at: At, flow: Flow) -> Outcome {
        let mut random = self.random.derive();
        let known = self.known_token(at);
        self.keep(at);
        let facts = self.facts(at);
        let outcome = super::super::super::start(flow, &facts);
        driven_knowing(&known, outcome, &facts, &mut random)
    }

    /// The outcome, where no lock stands.
    fn unlocked(&mut self, at: At, outcome: Outcome) -> Option<Outcome> {
        if self.is_locked(at) {
            self.must_refuse(None, outcome, &Refusal::Locked);
            return None;
        }
        Some(outcome)
    }

    /// What a password that was typed is worth.
    pub(super) fn password_truth(
        &self,
        at: At,
        password: &str,
        before: &Truth,
    ) -> Result<Truth, Refusal> {
        if self.is_password(at, password) {
            Ok(self.by_password(at, before))
        } else {
            Err(Refusal::WrongPassword)
        }
    }

    /// A choice as a client makes it, and what the test knows of it.
    pub(super) fn choice(&mut self, at: At, pick: Pick) -> (Choice, Along) {
        let (key, public) = self.client_key();
        let password = self.guessed(at, pick.guess);
        let challenge = pick.challenge();
        let choice = Choice {
            challenge,
            client_public: pick.with_credentials.then(|| Box::new(public)),
            password: pick.with_credentials.then(|| secret(&password)),
        };
        let along = Along {
            key: pick.with_credentials.then_some(key),
            password: pick.with_credentials.then_some(password),
        };
        (choice, along)
    }

    /// What an account may begin with, in the order of the offer.
    fn available(&self, at: At) -> Vec<FirstChallenge> {
        let (pool, slot) = (&self.pools[at.pool], self.slot(at));
        let user = slot.user.as_ref();
        let takes_codes = match user {
            Some(user) => {
                user.status != UserStatus::ForceChangePassword
                    && !self.rules(at, user).ask_for_a_second()
            }
            None => pool.settings.mfa.configuration != MfaConfiguration::On,
        };
        // These app clients hide who exists, so everybody seems to have one.
        let has_password = true;
        let contacts = contacts(&self.facts(at));
        let gets = |contact| takes_codes && contacts.verified(contact).is_some();
        let allows = |factor| pool.settings.allowed_first_auth_factors.contains(&factor);
        let mut available = Vec::new();
        if allows(FirstFactor::EmailOtp) && gets(Contact::Email) {
            available.push(FirstChallenge::EmailOtp);
        }
        if allows(FirstFactor::SmsOtp) && gets(Contact::PhoneNumber) {
            available.push(FirstChallenge::SmsOtp);
        }
        if has_password || available.is_empty() {
            available.extend([FirstChallenge::Password, FirstChallenge::PasswordSrp]);
        }
        if !self.offered_passkeys(at).is_empty() {
            available.push(FirstChallenge::WebAuthn);
        }
        available
    }

    pub(super) fn judge_srp(
        &mut self,
        step: Option<usize>,
        at: At,
        outcome: Outcome,
        key: ClientKey,
        truth: Truth,
    ) {
        // Known or not, in whatever state: the same challenge.
        let pending = asked(outcome);
        let exchange = password_step(&pending).exchange;
        let salt = hex_decode(&exchange.salt).unwrap();
        assert_eq!((salt.len(), exchange.secret_block.len()), (16, 48));
        assert_eq!(exchange.server_public.len(), 768);
        assert_eq!(password_step(&pending).user_id, NAMES[at.name]);
        let slot = self.slot(at);
        let has_salt = slot.user.is_none() || slot.credentials.is_some();
        let of_account = |earlier: &&Issued| {
            let is_here = (earlier.at.pool, earlier.at.name) == (at.pool, at.name);
            is_here
                && earlier.generation == slot.generation
                && earlier.of_user == slot.user.is_some()
        };
        for earlier in self.issued.iter().filter(of_account) {
            if let (Some(before), true) =
                (earlier.pending.step.read::<PasswordVerifier>(), has_salt)
            {
                assert_eq!(before.exchange.salt, exchange.salt, "a salt that changes");
            }
        }
        self.issue(step, at, pending, truth, Some(key));
    }

    pub(super) fn judge_choice(
        &mut self,
        step: Option<usize>,
        at: At,
        outcome: Outcome,
        (chosen, along): (Option<FirstChallenge>, Along),
        truth: Truth,
    ) {
        let available = self.available(at);
        match chosen.filter(|chosen| available.contains(chosen)) {
            None => {
                let pending = asked(outcome);
                let select = pending.step.read::<SelectChallenge>();
                assert_eq!(select.expect("a choice").available, available);
                self.issue(step, at, pending, truth, None);
            }
            Some(FirstChallenge::Password) => match along.password {
                Some(password) => {
                    let truth = self.password_truth(at, &password, &truth);
                    self.judge(step, at, outcome, truth);
                }
                None => self.must_ask(step, at, outcome, truth, "password"),
            },
            Some(FirstChallenge::PasswordSrp) => match along.key {
                Some(key) => self.judge_srp(step, at, outcome, key, truth),
                None => self.must_ask(step, at, outcome, truth, "password_srp"),
            },
            Some(FirstChallenge::EmailOtp) => {
                self.must_send(at, Contact::Email);
                self.must_ask(step, at, outcome, truth, "email_otp");
            }
            Some(FirstChallenge::SmsOtp) => {
                self.must_send(at, Contact::PhoneNumber);
                self.must_ask(step, at, outcome, truth, "sms_otp");
            }
            Some(FirstChallenge::WebAuthn) => {
                self.must_ask_for_passkey(step, at, outcome, truth);
            }
        }
    }

    fn must_ask(
        &mut self,
        step: Option<usize>,
        at: At,
        outcome: Outcome,
        truth: Truth,
        name: &str,
    ) {
        let pending = asked(outcome);
        assert_eq!(pending.step.name(), name);
        self.issue(step, at, pending, truth, None);
    }

    /// A code has gone out, to a verified address of who may sign in with it, and to nobody else.
    fn must_send(&self, at: At, contact: Contact) {
        let sent = LAST_SENT.with_borrow(Clone::clone);
        let sent = sent.expect("a code was sent");
        assert!(!sent.is_second && sent.medium == contact);
        assert_eq!(sent.code.expose().len(), 8);
        let user = self.slot(at).user.as_ref();
        let may = user.filter(|user| user.enabled && user.status == UserStatus::Confirmed);
        let address = may.and_then(|user| user.attribute(contact.attribute()));
        assert_eq!(sent.is_real, address.is_some());
        if sent.is_real {
            assert_eq!(Some(sent.address.as_str()), address);
            assert!(may.unwrap().has_verified(contact));
        }
    }
}
