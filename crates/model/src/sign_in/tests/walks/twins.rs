//! What a stranger does to a name, once where somebody has it and once where nobody has, and
//! whether the outcomes look alike: the steps that are asked, the codes that seem to go out, the
//! passkeys that are asked for, the refusals. The stranger may name a device of the user's: a key
//! is no secret.
//!
//! Nobody is made up in the likeness of the same user here. That likenesses are drawn well is
//! proved beside them (`model/destination.rs`) and through the API.

use cognate_crypto::webauthn::authenticator::{Asked as AskedOf, Authenticator};
use serde_json::{Value, json};

use super::super::passkeys;
use super::answers::KINDS;
use super::claims::client_key;
use super::draws::{pool_and_user, strangers_moves};
use super::moves::{self, Begin, Beginning, Pick, PoolDraw, Response};
use super::passkeys::Make;
use super::*;
use crate::device::group_key;
use crate::passkey::{CredentialId, Hints};
use crate::sign_in::{
    Choice, DeviceClaim, DevicePasswordVerifier, DeviceSrp, DeviceSrpAuth, EmailOtp, MfaSetup,
    PasskeyResponse, Password, PasswordSrp, SelectChallenge, SelectMfaType, SetUp, SmsMfa, SmsOtp,
    SoftwareTokenMfa, TypedCode, WebAuthn,
};

const WRONG: &str = "Wrong-pass1";

/// A name, and the step that waits there.
struct Side {
    scene: Scene,
    waiting: Option<(Pending, Option<ClientKey>)>,
    /// The key of the user's device, which the stranger knows.
    device: DeviceKey,
    /// Whether this request names it.
    names_device: bool,
}

impl Side {
    fn of(scene: Scene, device: &DeviceKey) -> Self {
        Self {
            scene,
            waiting: None,
            device: device.clone(),
            names_device: false,
        }
    }

    fn facts(&self) -> Facts<'_> {
        let is_read = self.names_device && self.scene.pool.settings.devices.is_some();
        Facts {
            device: is_read.then_some(&self.device),
            ..self.scene.facts()
        }
    }

    fn begin(&mut self, begin: Begin) -> Value {
        let mut random = self.scene.random.derive();
        let (key, public) = client_key(&mut random);
        let flow = match begin {
            Begin::Password(_) => Flow::Password(secret(WRONG)),
            Begin::Srp => Flow::Srp(Box::new(public)),
            Begin::Choice(pick) => Flow::Choice(choice(pick, public)),
        };
        LAST_SENT.take();
        let outcome = start(flow, &self.facts(), &mut random);
        self.look(outcome, Some(key))
    }

    fn put<C: Challenge>(&mut self, answer: C::Answer, key: Option<ClientKey>) -> Value {
        let Some((pending, _)) = &self.waiting else {
            return json!("nothing waits");
        };
        let mut random = self.scene.random.derive();
        LAST_SENT.take();
        let outcome = super::super::answer::<C>(pending, answer, &self.facts(), &mut random);
        self.look(outcome, key)
    }

    /// A wrong answer to the step that waits, of its kind or of another.
    fn answer(&mut self, with: Response) -> Value {
        let Some((pending, _)) = &self.waiting else {
            return json!("nothing waits");
        };
        let (key, public) = client_key(&mut self.scene.random.derive());
        let wrong_code = || {
            let is_recovery = matches!(with.code, moves::Code::Recovery(_));
            TypedCode(secret(if is_recovery { "0000000000" } else { "no code" }))
        };
        let name = pending.step.name().to_owned();
        let kind = with.of_another_kind;
        match kind.map_or(name.as_str(), |kind| KINDS[kind.index(KINDS.len())]) {
            "confirmed_sign_up" => self.put::<ConfirmedSignUp>(Vec::new(), None),
            "device_password_verifier" => {
                let claim = DeviceClaim {
                    device_key: self.device.clone(),
                    claim: Claim::empty(self.scene.now).answer(),
                };
                self.put::<DevicePasswordVerifier>(claim, None)
            }
            "device_srp_auth" => {
                let begin = DeviceSrp {
                    device_key: self.device.clone(),
                    client_public: Box::new(public),
                };
                self.put::<DeviceSrpAuth>(begin, None)
            }
            "email_otp" => self.put::<EmailOtp>(wrong_code(), None),
            "mfa_setup" => self.put::<MfaSetup>(SetUp::App, None),
            "new_password_required" => {
                let new = NewPassword {
                    password: secret("Newer-pass1"),
                    attributes: Attributes::new(),
                };
                self.put::<NewPasswordRequired>(new, None)
            }
            "password" => self.put::<Password>(secret(WRONG), None),
            "password_srp" => self.put::<PasswordSrp>(Box::new(public), Some(key)),
            "password_verifier" => {
                let claim = self.claim();
                self.put::<PasswordVerifier>(claim.answer(), None)
            }
            "select_challenge" => {
                let choice = choice(with.pick, public);
                self.put::<SelectChallenge>(choice, Some(key))
            }
            "select_mfa_type" => self.put::<SelectMfaType>(SecondFactor::Email, None),
            "sms_mfa" => self.put::<SmsMfa>(wrong_code(), None),
            "sms_otp" => self.put::<SmsOtp>(wrong_code(), None),
            "software_token_mfa" => self.put::<SoftwareTokenMfa>(wrong_code(), None),
            "web_authn" => {
                let response = self.respond(with);
                self.put::<WebAuthn>(response, None)
            }
            other => panic!("a step that no stranger answers: {other}"),
        }
    }

    /// A claim with a wrong password.
    fn claim(&self) -> Claim {
        let (pool, now) = (&self.scene.pool, self.scene.now);
        let waiting = self.waiting.as_ref();
        let exchange = waiting.and_then(|(it, key)| Some((key.as_ref()?, it.step.read()?)));
        exchange.map_or_else(
            || Claim::empty(now),
            |(key, step)| Claim::of(pool, key, &step, WRONG, now),
        )
    }

    /// What the stranger's own authenticator answers: for a passkey that is asked for, or for its
    /// own.
    fn respond(&self, with: Response) -> PasskeyResponse {
        let step = self.waiting.as_ref();
        let step = step.and_then(|(pending, _)| pending.step.read::<WebAuthn>());
        let mut authenticator = Authenticator::ed25519(&[66; 32]).unwrap();
        let own = CredentialId::of_bytes(&authenticator.credential_id);
        let ids = step.iter().flat_map(|step| &step.allowed).map(|it| &it.id);
        let mut ids = ids.chain([&own]);
        let count = ids.clone().count();
        let signed = authenticator.sign_in(&AskedOf {
            challenge: step.as_ref().map_or(&[], |step| &step.challenge),
            relying_party_id: step.as_ref().map_or("", |step| &step.relying_party_id),
            origin: "https://example.com",
        });
        PasskeyResponse {
            id: ids.nth(with.passkey.index(count)).unwrap().clone(),
            client_data: signed.client_data,
            authenticator_data: signed.authenticator_data,
            signature: signed.signature,
            user_handle: None,
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
                    pending.progress,
                    effects.len(),
                    sent,
                ]);
                self.waiting = Some((pending, key));
                seen
            }
            // Why a passkey was refused is for the log alone.
            Outcome::Refuse(Refusal::WrongPasskey(_)) => json!("WrongPasskey"),
            Outcome::Refuse(refusal) => json!(format!("{refusal:?}")),
            Outcome::SignedIn(..) => panic!("a stranger signs in"),
            Outcome::Need(_) | Outcome::Proved(_) => panic!("undecided"),
        }
    }
}

/// A stranger's choice.
fn choice(pick: Pick, public: srp::ClientPublic) -> Choice {
    Choice {
        challenge: pick.challenge(),
        client_public: pick.with_credentials.then(|| Box::new(public)),
        password: pick.with_credentials.then(|| secret(WRONG)),
    }
}

/// A step without what is random in it: of the ids of passkeys the length is left.
fn form(step: Value) -> Value {
    const RANDOM: [&str; 7] = [
        "challenge",
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
                let value = match &value {
                    _ if is_random => json!("random"),
                    Value::String(id) if name == "id" => json!(id.len()),
                    _ => form(value),
                };
                (name, value)
            })
            .collect(),
        Value::Array(all) => all.into_iter().map(form).collect(),
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
    let factors = beginning.preferences.factors;
    let factors = SecondFactor::ALL.into_iter().zip(factors);
    let enabled = factors.filter(|(_, is_on)| *is_on);
    user.mfa.enabled = enabled.map(|(factor, _)| factor).collect();
    user.mfa.passkey = beginning.preferences.passkey && !user.mfa.enabled.is_empty();
    user.enabled = beginning.has_app;
    let user = user.clone();
    keep_passkeys(&known, &user, beginning);
    let device = keep_device(&known, &user);
    TWIN.set(Some(user));
    let mut unknown = Scene::nobody();
    unknown.pool = known.pool.clone();
    [Side::of(known, &device), Side::of(unknown, &device)]
}

/// The user's passkeys.
fn keep_passkeys(known: &Scene, user: &User, beginning: &Beginning) {
    let domain = Rules::passkey_domain(&known.pool).unwrap_or_default();
    let one = |(number, make): (u8, &Make)| {
        let mut authenticator = Authenticator::ed25519(&[number; 32]).unwrap();
        let hints = match make.is_carried {
            true => Hints::of(&["usb".to_owned()], Some("cross-platform")),
            false => Some(Hints::default()),
        };
        authenticator.credential_id.truncate(16 << number);
        let (client, hints) = (&known.client, hints.unwrap());
        passkeys::registered(client, &user.sub, domain, &authenticator, hints)
    };
    passkeys::keep((0..).zip(&beginning.passkeys).map(one).collect());
}

/// The user's device.
fn keep_device(known: &Scene, user: &User) -> DeviceKey {
    let pool = &known.pool.id;
    let key = DeviceKey::random(pool, &mut Random::from_seed([6; 32]));
    let secret = DeviceSecret {
        salt: vec![0x8f; 16],
        verifier: vec![5; 384],
        group_key: group_key(pool),
    };
    device::keep(vec![(
        device::confirmed(pool, &user.sub, &key, true),
        secret,
    )]);
    key
}

/// What a stranger can come to see, all of which must have been compared.
const LOOKS: [&str; 13] = [
    "email_otp",
    "password",
    "password_srp",
    "password_verifier",
    "select_challenge",
    "sms_otp",
    "web_authn",
    "\"NotOffered\"",
    "\"WrongChallenge\"",
    "\"WrongCode(Email)\"",
    "\"WrongCode(Sms)\"",
    "\"WrongPasskey\"",
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
    let drawn = (pool_and_user(), strangers_moves());
    let result = runner.run(&drawn, |((draw, beginning), moves)| {
        let [mut known, mut unknown] = sides(draw, &beginning);
        for (begin, names_device, with) in moves {
            let [of_known, of_unknown] = [&mut known, &mut unknown].map(|side| {
                side.names_device = names_device;
                match begin {
                    Some(begin) => side.begin(begin),
                    None => side.answer(with),
                }
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
