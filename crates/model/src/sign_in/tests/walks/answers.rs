//! How the walks answer steps, and what each answer must lead to.

use super::moves::{Code, Moved, Response};
use super::*;
use crate::sign_in::{
    EmailOtp, MfaSetup, Password, PasswordSrp, SelectChallenge, SelectMfaType, SetUp, SmsMfa,
    SmsOtp, SoftwareTokenMfa, TypedCode, WebAuthn,
};

/// The kinds of answers, by the names of their steps.
pub(super) const KINDS: [&str; 15] = [
    "confirmed_sign_up",
    "device_password_verifier",
    "device_srp_auth",
    "email_otp",
    "mfa_setup",
    "new_password_required",
    "password",
    "password_srp",
    "password_verifier",
    "select_challenge",
    "select_mfa_type",
    "sms_mfa",
    "sms_otp",
    "software_token_mfa",
    "web_authn",
];

impl World {
    pub(super) fn answer(&mut self, step: Option<Index>, by: Moved, with: Response) {
        if self.issued.is_empty() {
            return;
        }
        let last = self.issued.len() - 1;
        let index = step.map_or(last, |step| step.index(last + 1));
        if self.issued[index].is_used_up {
            // The driver finds no row.
            return;
        }
        let home = self.issued[index].at;
        let at = match by {
            Moved::Not => home,
            Moved::ToName(name) => At { name, ..home },
            Moved::ToClient(client) => At { client, ..home },
            Moved::ToPool(pool) => At { pool, ..home },
        };
        let own = self.issued[index].pending.step.name().to_owned();
        let kind = with
            .of_another_kind
            .map_or(own.as_str(), |other| KINDS[other.index(KINDS.len())]);
        let with = self.change_meanwhile(index, with);
        self.answer_on(index, at, with.device);
        match kind {
            "confirmed_sign_up" => self.answer_confirmed(index, at),
            "device_password_verifier" => self.answer_device_claim(index, at, with),
            "device_srp_auth" => self.answer_device_srp(index, at),
            "email_otp" => self.answer_code::<EmailOtp>(index, at, with, Factor::Email),
            "mfa_setup" => self.answer_setup(index, at, with),
            "new_password_required" => self.answer_new_password(index, at, with),
            "password" => self.answer_password(index, at, with),
            "password_srp" => self.answer_srp(index, at),
            "password_verifier" => self.answer_claim(index, at, with),
            "select_challenge" => self.answer_choice(index, at, with),
            "select_mfa_type" => self.answer_factor(index, at, with),
            "sms_mfa" => self.answer_code::<SmsMfa>(index, at, with, Factor::Sms),
            "sms_otp" => self.answer_code::<SmsOtp>(index, at, with, Factor::Sms),
            "software_token_mfa" => self.answer_app(index, at, with),
            "web_authn" => self.answer_passkey(index, at, with),
            other => panic!("a step that nobody answers here: {other}"),
        }
    }

    /// Changes what a step is about, just before it is answered; gives the answer.
    fn change_meanwhile(&mut self, index: usize, with: Response) -> Response {
        let Some(drawn) = with.meanwhile else {
            return with;
        };
        let home = self.issued[index].at;
        if let Some(key) = self.asked_of(index) {
            self.change_device(home, &key, drawn);
        } else if let Some(step) = self.issued[index].pending.step.read::<WebAuthn>() {
            let asked_for = &step.allowed[with.passkey.index(step.allowed.len())];
            let trick = self.change_passkey(home, &asked_for.id, drawn);
            let trick = trick.unwrap_or(with.trick);
            return Response { trick, ..with };
        }
        with
    }

    /// Answers, and gives the outcome where the step may be answered so, here and now and by them.
    pub(super) fn put<C: Challenge>(
        &mut self,
        index: usize,
        at: At,
        answer: C::Answer,
    ) -> Option<Outcome> {
        let mut random = self.random.derive();
        let known = self.known_token(at);
        self.keep(at);
        let facts = self.facts(at);
        let pending = self.issued[index].pending.clone();
        let outcome = super::super::super::answer::<C>(pending, answer, &facts, &mut random);
        let outcome = driven_knowing(&known, outcome, &facts, &mut random);
        let fits = self.issued[index].pending.step.read::<C>().is_some();
        let obstacle = self.obstacle(index, at);
        let obstacle = obstacle.or((!fits).then_some(Refusal::WrongChallenge));
        match obstacle {
            Some(refusal) => {
                self.must_refuse(Some(index), outcome, &refusal);
                None
            }
            None => Some(outcome),
        }
    }

    /// How an answer must fail, whatever it is.
    fn obstacle(&self, index: usize, at: At) -> Option<Refusal> {
        let issued = &self.issued[index];
        let is_holders = issued.at == at && issued.of_user == self.slot(at).user.is_some();
        if !is_holders || self.now.since(issued.made_at) >= validity(&issued.pending) {
            Some(Refusal::NoSuchStep)
        } else if self.is_locked(at) {
            Some(Refusal::Locked)
        } else {
            None
        }
    }

    fn answer_confirmed(&mut self, index: usize, at: At) {
        let Some(outcome) = self.put::<ConfirmedSignUp>(index, at, Vec::new()) else {
            return;
        };
        let stored = serde_json::to_value(&self.issued[index].pending.step).unwrap();
        let stored = &stored["confirmed_sign_up"];
        let (attribute, factor) = match stored["contact"].as_str() {
            Some("email") => ("email", Factor::Email),
            _ => ("phone_number", Factor::Sms),
        };
        let user = self.slot(at).user.as_ref().unwrap();
        let truth = if user.attribute(attribute) == stored["address"].as_str() {
            Ok(self.truth(index).with(factor, self.now))
        } else {
            Err(Refusal::NoSuchStep)
        };
        self.judge(Some(index), at, outcome, truth);
    }

    fn answer_password(&mut self, index: usize, at: At, with: Response) {
        let password = self.guessed(at, with.guess);
        if let Some(outcome) = self.put::<Password>(index, at, secret(&password)) {
            let truth = self.password_truth(at, &password, &self.truth(index));
            self.judge(Some(index), at, outcome, truth);
        }
    }

    fn answer_srp(&mut self, index: usize, at: At) {
        let (key, public) = self.client_key();
        if let Some(outcome) = self.put::<PasswordSrp>(index, at, Box::new(public)) {
            let truth = self.truth(index);
            self.judge_srp(Some(index), at, outcome, key, truth);
        }
    }

    fn answer_choice(&mut self, index: usize, at: At, with: Response) {
        let offer = self.issued[index].pending.step.read::<SelectChallenge>();
        let offered = offer.map_or_else(Vec::new, |offer| offer.available);
        let pick = match with.attributes.index(4) {
            0 => with.pick,
            _ => with.pick.of(&offered),
        };
        let (choice, along) = self.choice(at, pick);
        let chosen = choice.challenge;
        let Some(outcome) = self.put::<SelectChallenge>(index, at, choice) else {
            return;
        };
        let is_offered = chosen.is_some_and(|chosen| offered.contains(&chosen));
        if is_offered {
            let truth = self.truth(index);
            self.judge_choice(Some(index), at, outcome, (chosen, along), truth);
        } else {
            self.must_refuse(Some(index), outcome, &Refusal::NotOffered);
        }
    }

    /// The code that is typed: the right one, where it reached somebody.
    fn typed(&self, index: usize, code: Code) -> String {
        let reached = |issued: &Issued| {
            let sent = issued.sent.as_ref().filter(|sent| sent.is_real);
            sent.map(|sent| sent.code.expose().to_owned())
        };
        let typed = match code {
            Code::Right => reached(&self.issued[index]),
            Code::Wrong | Code::Recovery(_) => None,
            Code::Another(other) => reached(&self.issued[other.index(self.issued.len())]),
        };
        typed.unwrap_or_else(|| "no code".to_owned())
    }

    /// Types a recovery code where a code of a factor was asked for. It is good once, and only
    /// where another factor was proved before and none is being set up.
    fn answer_recovery<C>(&mut self, index: usize, at: At, drawn: Index, factor: Factor)
    where
        C: Challenge<Answer = TypedCode>,
    {
        let slot = self.slot(at);
        let paper = match slot.paper.len() {
            0 => "0000000000",
            codes => slot.paper[drawn.index(codes)].expose(),
        };
        let typed = TypedCode(secret(paper));
        let place = slot.paper.iter().position(|code| code.expose() == paper);
        let is_used = place.is_none_or(|place| slot.recovery.1.0 >> place & 1 == 1);
        let Some(outcome) = self.put::<C>(index, at, typed) else {
            return;
        };
        let issued = &self.issued[index];
        let is_second = !issued.truth.factors.is_empty() && !issued.is_new_address;
        let truth = if is_second && !is_used {
            Ok(self.truth(index).with(Factor::RecoveryCode, self.now))
        } else {
            Err(Refusal::WrongCode(factor))
        };
        self.judge(Some(index), at, outcome, truth);
    }

    fn answer_code<C>(&mut self, index: usize, at: At, with: Response, factor: Factor)
    where
        C: Challenge<Answer = TypedCode>,
    {
        if let Code::Recovery(drawn) = with.code {
            return self.answer_recovery::<C>(index, at, drawn, factor);
        }
        let typed = self.typed(index, with.code);
        let Some(outcome) = self.put::<C>(index, at, TypedCode(secret(&typed))) else {
            return;
        };
        let issued = &self.issued[index];
        let sent = issued.sent.as_ref().expect("a code went out with the step");
        let contact = sent.medium.attribute();
        let address = self.slot(at).user.as_ref();
        let address = address.and_then(|user| user.attribute(contact));
        let is_theirs = if issued.is_new_address {
            address.is_none()
        } else {
            address == Some(sent.address.as_str())
        };
        let truth = if typed != sent.code.expose() {
            Err(Refusal::WrongCode(factor))
        } else if is_theirs {
            Ok(self.truth(index).with(factor, self.now))
        } else {
            self.seen
                .met("a right code for an address that is no more theirs");
            Err(Refusal::NoSuchStep)
        };
        self.judge(Some(index), at, outcome, truth);
    }

    fn answer_app(&mut self, index: usize, at: At, with: Response) {
        if let Code::Recovery(drawn) = with.code {
            let factor = Factor::SoftwareToken;
            return self.answer_recovery::<SoftwareTokenMfa>(index, at, drawn, factor);
        }
        let slot = self.slot(at);
        let step = match with.code {
            Code::Right => totp::step_of(self.now.seconds()),
            Code::Wrong => totp::step_of(self.now.seconds()) + 100,
            Code::Another(_) | Code::Recovery(_) => slot.last_app_step,
        };
        let code = slot.app.as_ref().map(|app| totp::code(app, step));
        let code = code.map_or_else(|| "000000".to_owned(), |code| code.expose().to_owned());
        let answer = TypedCode(secret(&code));
        let Some(outcome) = self.put::<SoftwareTokenMfa>(index, at, answer) else {
            return;
        };
        let slot = self.slot(at);
        let factor = Factor::SoftwareToken;
        let truth = match &slot.app {
            None => Err(Refusal::NoSoftwareToken),
            Some(app) => match totp::matching_step(app, &code, self.now.seconds()) {
                None => Err(Refusal::WrongCode(factor)),
                Some(step) if step <= slot.last_app_step => Err(Refusal::UsedCode),
                Some(_) => Ok(self.truth(index).with(factor, self.now)),
            },
        };
        self.judge(Some(index), at, outcome, truth);
    }

    fn answer_factor(&mut self, index: usize, at: At, with: Response) {
        let factor = SecondFactor::ALL[with.factor.index(3)];
        let Some(outcome) = self.put::<SelectMfaType>(index, at, factor) else {
            return;
        };
        let offer: SelectMfaType = self.issued[index].pending.step.read().unwrap();
        if !offer.choices.contains(&factor) {
            return self.must_refuse(Some(index), outcome, &Refusal::NotOffered);
        }
        let slot = self.slot(at);
        let user = slot.user.clone().unwrap();
        let is_gone = match factor.contact() {
            Some(contact) => user.attribute(contact.attribute()).is_none(),
            None => slot.app.is_none(),
        };
        if is_gone {
            let refusal = match factor {
                SecondFactor::SoftwareToken => Refusal::NoSoftwareToken,
                _ => Refusal::NoSecondFactor,
            };
            return self.must_refuse(Some(index), outcome, &refusal);
        }
        let pending = asked(outcome);
        let expected = match factor {
            SecondFactor::Sms => "sms_mfa",
            SecondFactor::Email => "email_otp",
            SecondFactor::SoftwareToken => "software_token_mfa",
        };
        assert_eq!(pending.step.name(), expected);
        let sent = LAST_SENT.with_borrow(Clone::clone);
        self.rules(at, &user)
            .assert_goes_to_the_user(&pending.step, sent.as_ref());
        let truth = self.truth(index);
        self.issue(Some(index), at, pending, truth, None);
    }

    /// An address is set up, or an app that never was.
    fn answer_setup(&mut self, index: usize, at: At, with: Response) {
        let by_mail = with.factor.index(2) == 0;
        let address = self.address(at, Contact::Email);
        let answer = if by_mail {
            SetUp::Email(address.clone())
        } else {
            SetUp::App
        };
        let Some(outcome) = self.put::<MfaSetup>(index, at, answer) else {
            return;
        };
        let offer: MfaSetup = self.issued[index].pending.step.read().unwrap();
        let factor = if by_mail {
            SecondFactor::Email
        } else {
            SecondFactor::SoftwareToken
        };
        if !offer.choices.contains(&factor) {
            return self.must_refuse(Some(index), outcome, &Refusal::NotOffered);
        }
        let user = self.slot(at).user.clone().unwrap();
        if !self.rules(at, &user).sets_up(factor) {
            return self.must_refuse(Some(index), outcome, &Refusal::NoSuchStep);
        }
        if !by_mail {
            return self.must_refuse(Some(index), outcome, &Refusal::NotSetUp);
        }
        let pending = asked(outcome);
        assert_eq!(pending.step.name(), "email_otp");
        let sent = LAST_SENT.with_borrow(Clone::clone).unwrap();
        assert!(sent.is_real && sent.is_second && sent.address == address);
        let truth = self.truth(index);
        self.issue(Some(index), at, pending, truth, None);
        self.issued.last_mut().unwrap().is_new_address = true;
    }
}
