//! What a stranger does to a name, once where somebody has it and once where nobody has, and
//! whether the outcomes look alike: the steps that are asked, the codes that seem to go out, the
//! refusals.
//!
//! Nobody is made up in the likeness of the same user here. That likenesses are drawn well is
//! proved beside them (`model/destination.rs`) and through the API.

use serde_json::{Value, json};

use super::moves::{self, Begin, Beginning, PoolDraw, Response};
use super::*;
use crate::sign_in::{
    Choice, EmailOtp, MfaSetup, Password, PasswordSrp, SelectChallenge, SelectMfaType, SetUp,
    SmsMfa, SmsOtp, SoftwareTokenMfa, TypedCode,
};

/// A name, and the step that waits there.
struct Side {
    scene: Scene,
    waiting: Option<(Pending, Option<ClientKey>)>,
}

impl Side {
    fn of(scene: Scene) -> Self {
        Self {
            scene,
            waiting: None,
        }
    }

    fn begin(&mut self, begin: Begin) -> Value {
        let mut random = self.scene.random.derive();
        let key = ClientKey::generate(&mut random);
        let public = Box::new(key.public_value());
        let flow = match begin {
            Begin::Password(_) => Flow::Password(secret("Wrong-pass1")),
            Begin::Srp => Flow::Srp(public),
            Begin::Choice(pick) => Flow::Choice(Choice {
                challenge: pick.challenge(),
                client_public: pick.with_credentials.then_some(public),
                password: pick.with_credentials.then(|| secret("Wrong-pass1")),
            }),
        };
        LAST_SENT.take();
        let outcome = start(flow, &self.scene.facts(), &mut random);
        self.look(outcome, Some(key))
    }

    fn put<C: Challenge>(&mut self, answer: C::Answer, key: Option<ClientKey>) -> Value {
        let Some((pending, _)) = &self.waiting else {
            return json!("nothing waits");
        };
        let mut random = self.scene.random.derive();
        LAST_SENT.take();
        let outcome = super::super::answer::<C>(pending, answer, &self.scene.facts(), &mut random);
        self.look(outcome, key)
    }

    /// A wrong answer to the step that waits, of its kind or of another.
    fn answer(&mut self, with: Response) -> Value {
        let Some((pending, key)) = &self.waiting else {
            return json!("nothing waits");
        };
        let mut random = self.scene.random.derive();
        let new_key = ClientKey::generate(&mut random);
        let public = Box::new(new_key.public_value());
        let wrong_code = || {
            let is_recovery = matches!(with.code, moves::Code::Recovery(_));
            TypedCode(secret(if is_recovery { "0000000000" } else { "no code" }))
        };
        let kind = match with.of_another_kind {
            Some(other) => other.index(12),
            None => 12,
        };
        match (kind, pending.step.name()) {
            (0, _) | (12, "confirmed_sign_up") => self.put::<ConfirmedSignUp>(Vec::new(), None),
            (1, _) | (12, "email_otp") => self.put::<EmailOtp>(wrong_code(), None),
            (2, _) | (12, "mfa_setup") => self.put::<MfaSetup>(SetUp::App, None),
            (3, _) | (12, "new_password_required") => {
                let new = NewPassword {
                    password: secret("Newer-pass1"),
                    attributes: Attributes::new(),
                };
                self.put::<NewPasswordRequired>(new, None)
            }
            (4, _) | (12, "password") => self.put::<Password>(secret("Wrong-pass1"), None),
            (5, _) | (12, "password_srp") => self.put::<PasswordSrp>(public, Some(new_key)),
            (6, _) | (12, "password_verifier") => {
                let claim = match (key, pending.step.read()) {
                    (Some(key), Some(step)) => {
                        let (pool, now) = (&self.scene.pool, self.scene.now);
                        Claim::of(pool, key, &step, "Wrong-pass1", now)
                    }
                    _ => Claim {
                        secret_block: String::new(),
                        timestamp: claim_time(self.scene.now),
                        signature: String::new(),
                    },
                };
                self.put::<PasswordVerifier>(claim.answer(), None)
            }
            (7, _) | (12, "select_challenge") => {
                let choice = Choice {
                    challenge: with.pick.challenge(),
                    client_public: with.pick.with_credentials.then_some(public),
                    password: with.pick.with_credentials.then(|| secret("Wrong-pass1")),
                };
                self.put::<SelectChallenge>(choice, Some(new_key))
            }
            (8, _) | (12, "select_mfa_type") => {
                self.put::<SelectMfaType>(SecondFactor::Email, None)
            }
            (9, _) | (12, "sms_mfa") => self.put::<SmsMfa>(wrong_code(), None),
            (10, _) | (12, "sms_otp") => self.put::<SmsOtp>(wrong_code(), None),
            _ => self.put::<SoftwareTokenMfa>(wrong_code(), None),
        }
    }

    /// What a stranger sees of an outcome; what is random, by its form.
    fn look(&mut self, outcome: Outcome, key: Option<ClientKey>) -> Value {
        match outcome {
            Outcome::Ask(pending, effects) => {
                let sent = LAST_SENT.take().map(|sent| {
                    let length = sent.code.expose().len();
                    json!([sent.address, length, sent.is_second])
                });
                let seen = json!([
                    form(serde_json::to_value(&pending.step).unwrap()),
                    pending.expires_at,
                    pending.progress.way,
                    effects.len(),
                    sent,
                ]);
                self.waiting = Some((pending, key));
                seen
            }
            Outcome::Refuse(refusal) => json!(format!("{refusal:?}")),
            Outcome::SignedIn(..) => panic!("a stranger signs in"),
            Outcome::Need(_) | Outcome::Proved(_) => panic!("undecided"),
        }
    }
}

/// A step without what is random in it.
fn form(step: Value) -> Value {
    const RANDOM: [&str; 6] = [
        "client_public",
        "hash",
        "salt",
        "secret_block",
        "server_private",
        "server_public",
    ];
    match step {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let is_random = RANDOM.contains(&name.as_str());
                let value = if is_random {
                    json!("random")
                } else {
                    form(value)
                };
                (name, value)
            })
            .collect(),
        other => other,
    }
}

/// The same pool with `ana` in it, and without.
fn sides(draw: PoolDraw, beginning: &Beginning) -> [Side; 2] {
    let mut known = Scene::confirmed();
    draw.set(&mut known.pool);
    let user = known.user_mut();
    user.status = beginning.status;
    for (contact, address) in [
        (Contact::Email, "ana@example.com"),
        (Contact::PhoneNumber, "+15551234567"),
    ] {
        if let Some(is_verified) = beginning.contacts.of(contact) {
            let attribute = contact.attribute().to_owned();
            user.attributes.insert(attribute, address.to_owned());
            user.mark_verified(contact, is_verified);
        }
    }
    let factors = SecondFactor::ALL.into_iter().zip(beginning.factors);
    let enabled = factors.filter(|(_, is_on)| *is_on);
    user.mfa.enabled = enabled.map(|(factor, _)| factor).collect();
    user.enabled = beginning.has_app;
    TWIN.set(Some(user.clone()));
    let mut unknown = Scene::nobody();
    unknown.pool = known.pool.clone();
    [Side::of(known), Side::of(unknown)]
}

/// What a stranger can come to see, all of which must have been compared.
const LOOKS: [&str; 11] = [
    "email_otp",
    "password",
    "password_srp",
    "password_verifier",
    "select_challenge",
    "sms_otp",
    "\"NotOffered\"",
    "\"WrongChallenge\"",
    "\"WrongCode(Email)\"",
    "\"WrongCode(Sms)\"",
    "\"WrongPassword\"",
];

/// Compares what strangers see in so many histories; gives what that was.
fn compare(cases: u32) -> BTreeSet<String> {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};
    let looks = std::cell::RefCell::new(BTreeSet::new());
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(cases)
    });
    let drawn = (moves::pool_and_user(), moves::strangers_moves());
    let result = runner.run(&drawn, |((draw, beginning), moves)| {
        let [mut known, mut unknown] = sides(draw, &beginning);
        for (begin, with) in moves {
            let [of_known, of_unknown] = [&mut known, &mut unknown].map(|side| match begin {
                Some(begin) => side.begin(begin),
                None => side.answer(with),
            });
            prop_assert_eq!(&of_known, &of_unknown);
            let kind = of_known.pointer("/0").and_then(Value::as_object);
            let kind = kind.and_then(|step| step.keys().next().cloned());
            looks
                .borrow_mut()
                .insert(kind.unwrap_or_else(|| of_known.to_string()));
        }
        Ok(())
    });
    TWIN.set(None);
    if let Err(error) = result {
        panic!("{error}");
    }
    looks.into_inner()
}

#[test]
fn a_stranger_sees_the_same_of_a_name_that_somebody_has_and_of_one_that_nobody_has() {
    let mut looks = BTreeSet::new();
    // What is rare is not seen in every hundred histories.
    for _ in 0..20 {
        looks.append(&mut compare(100));
        if LOOKS.iter().all(|look| looks.contains(*look)) {
            return;
        }
    }
    panic!("seen only: {looks:?}");
}
