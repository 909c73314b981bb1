//! Devices: what proves one, what it stands in for, and what becomes of a key without a device.

use std::cell::RefCell;

use super::*;
use crate::device::{Device, DeviceSecret, DeviceSettings, group_key};
use crate::ids::DeviceKey;
use crate::second_factor::{MfaConfiguration, SecondFactor};
use crate::sign_in::{
    DeviceClaim, DevicePasswordVerifier, DeviceSrp, DeviceSrpAuth, Factor, KnownDevice, SmsMfa,
    TypedCode,
};

thread_local! {
    /// The devices that are stored.
    static STORED: RefCell<Vec<(Device, DeviceSecret)>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what the next look-ups find.
pub(super) fn keep(all: Vec<(Device, DeviceSecret)>) {
    STORED.set(all);
}

/// What the driver finds of a device: the user's own only.
pub(super) fn known(key: &DeviceKey, facts: &Facts<'_>) -> Option<KnownDevice> {
    let (pool, sub) = (&facts.pool.id, facts.account.sub()?);
    let is_theirs = |device: &Device| device.pool == *pool && device.sub == *sub;
    STORED.with_borrow(|stored| {
        let mut all = stored.iter();
        let found = all.find(|(device, _)| is_theirs(device) && device.key == *key);
        found.map(|(device, secret)| KnownDevice {
            device: device.clone(),
            secret: secret.clone(),
        })
    })
}

const DEVICE_SECRET: &str = "a secret of forty random bytes";

/// A device of a user, which is stored.
fn stored(scene: &mut Scene, sub: &Sub, remembered: bool) -> DeviceKey {
    let key = DeviceKey::random(&scene.pool.id, &mut scene.random);
    let device = confirmed(&scene.pool.id, sub, &key, remembered);
    let secret = secret_of(&scene.pool.id, &key, DEVICE_SECRET);
    STORED.with_borrow_mut(|all| all.push((device, secret)));
    key
}

/// What is stored of a device that a user has confirmed.
pub(super) fn confirmed(pool: &UserPoolId, sub: &Sub, key: &DeviceKey, remembered: bool) -> Device {
    Device {
        pool: pool.clone(),
        sub: sub.clone(),
        key: key.clone(),
        name: None,
        remembered,
        after_second_factor: true,
        last_ip: None,
        created_at: NOW,
        modified_at: NOW,
        authenticated_at: NOW,
    }
}

/// And of its secret.
pub(super) fn secret_of(pool: &UserPoolId, key: &DeviceKey, made_of: &str) -> DeviceSecret {
    let salt = [0x8f; 16];
    let verifier = srp::verifier(&group_key(pool), key.as_str(), &secret(made_of), &salt);
    DeviceSecret::of_client(pool, &salt, verifier.expose()).unwrap()
}

/// What a device with this secret answers to a step.
pub(super) fn claim_of(
    pool: &UserPoolId,
    key: &ClientKey,
    step: &DevicePasswordVerifier,
    made_of: &str,
    at: Timestamp,
) -> Claim {
    let (salt, public) = (&step.exchange.salt, &step.exchange.server_public);
    let (group, id) = (group_key(pool), step.device_key.as_str());
    let session_key = key.session_key(salt, public, &group, id, &secret(made_of));
    let (block, timestamp) = (&step.exchange.secret_block, claim_time(at));
    let signature = srp::claim_signature(&session_key.unwrap(), &group, id, block, &timestamp);
    Claim {
        secret_block: base64_encode(block),
        timestamp,
        signature: base64_encode(&signature),
    }
}

fn forget_all() {
    STORED.with_borrow_mut(Vec::clear);
}

fn remember(remembered: bool) {
    STORED.with_borrow_mut(|all| {
        for (device, _) in all {
            device.remembered = remembered;
        }
    });
}

/// `ana` in a pool that remembers devices and asks for a code by SMS, with a device.
fn scene(stands_in_for_mfa: bool, remembered: bool) -> (Scene, DeviceKey) {
    forget_all();
    let mut scene = Scene::confirmed();
    scene.pool.settings.devices = Some(DeviceSettings {
        stands_in_for_mfa,
        remembered_on_prompt: false,
    });
    scene.pool.settings.mfa.configuration = MfaConfiguration::On;
    scene.pool.settings.mfa.sms = true;
    let phone = ("phone_number".to_owned(), "+14155550123".to_owned());
    scene.user_mut().attributes.extend([phone]);
    scene.user_mut().mfa.enabled.insert(SecondFactor::Sms);
    let key = stored(&mut scene, &Sub::parse(SUB).unwrap(), remembered);
    (scene, key)
}

impl Scene {
    fn on<'a>(&'a self, device: Option<&'a DeviceKey>) -> Facts<'a> {
        Facts {
            device,
            ..self.facts()
        }
    }

    fn password_on(&mut self, device: Option<&DeviceKey>) -> Outcome {
        let mut random = self.random.derive();
        let flow = Flow::Password(secret(PASSWORD));
        start(flow, &self.on(device), &mut random)
    }

    fn answer_on<C: Challenge>(
        &mut self,
        pending: &Pending,
        with: C::Answer,
        device: Option<&DeviceKey>,
    ) -> Outcome {
        let mut random = self.random.derive();
        answer::<C>(pending, with, &self.on(device), &mut random)
    }

    fn code_on(&mut self, pending: &Pending, device: Option<&DeviceKey>) -> Outcome {
        assert_eq!(pending.step.name(), "sms_mfa");
        let code = TypedCode(secret(&LAST_CODE.with_borrow(String::clone)));
        self.answer_on::<SmsMfa>(pending, code, device)
    }

    /// Lets a device begin.
    fn begin_device(&mut self, pending: &Pending, device: &DeviceKey) -> (ClientKey, Outcome) {
        let key = ClientKey::generate(&mut self.random);
        let begin = DeviceSrp {
            device_key: device.clone(),
            client_public: Box::new(key.public_value()),
        };
        let outcome = self.answer_on::<DeviceSrpAuth>(pending, begin, Some(device));
        (key, outcome)
    }

    /// Lets a device with this secret prove itself.
    fn prove_device(&mut self, pending: &Pending, device: &DeviceKey, made_of: &str) -> Outcome {
        let (key, outcome) = self.begin_device(pending, device);
        let pending = asked(outcome);
        let claim = self.device_claim(&pending, &key, device, made_of);
        self.answer_on::<DevicePasswordVerifier>(&pending, claim, Some(device))
    }

    fn device_claim(
        &self,
        pending: &Pending,
        key: &ClientKey,
        device: &DeviceKey,
        made_of: &str,
    ) -> DeviceClaim {
        let step: DevicePasswordVerifier = pending.step.read().unwrap();
        let claim = claim_of(&self.pool.id, key, &step, made_of, self.now);
        DeviceClaim {
            device_key: device.clone(),
            claim: claim.answer(),
        }
    }
}

fn factors(signed_in: &SignedIn) -> Vec<Factor> {
    let proved = signed_in.factors.iter();
    proved.map(|proved| proved.factor).collect()
}

#[track_caller]
fn assert_asks_for_a_code(outcome: Outcome) -> Pending {
    let pending = asked(outcome);
    assert_eq!(pending.step.name(), "sms_mfa");
    pending
}

#[track_caller]
fn assert_asks_the_device(outcome: Outcome) -> Pending {
    let pending = asked(outcome);
    assert_eq!(pending.step.name(), "device_srp_auth");
    pending
}

#[test]
fn where_devices_are_remembered_a_sign_in_without_one_begins_on_a_new_one() {
    let mut scene = Scene::confirmed();
    let on_none = signed_in(scene.password_on(None));
    assert_eq!(on_none.device, OnDevice::None);
    scene.pool.settings.devices = Some(DeviceSettings::default());
    let on_new = signed_in(scene.password_on(None));
    assert_eq!(on_new.device, OnDevice::New);
    assert_eq!(factors(&on_new), [Factor::Password]);
}

#[test]
fn a_remembered_device_stands_in_for_the_second_factor_where_the_pool_says_so() {
    let (mut scene, key) = scene(true, true);
    let pending = assert_asks_the_device(scene.password_on(Some(&key)));
    let outcome = scene.prove_device(&pending, &key, DEVICE_SECRET);
    let Outcome::SignedIn(_, effects) = &outcome else {
        panic!("not signed in");
    };
    assert!(
        matches!(effects.as_slice(), [Effect::UseDevice(used)] if used.key == key && !used.after_second_factor)
    );
    let signed_in = signed_in(outcome);
    assert_eq!(factors(&signed_in), [Factor::Password, Factor::Device]);
    assert_eq!(signed_in.device, OnDevice::Known(key));
}

#[test]
fn where_the_pool_does_not_say_so_the_second_factor_comes_first_and_then_the_device() {
    // Nor does a device that is not remembered.
    for (stands_in, remembered) in [(false, true), (true, false), (false, false)] {
        let (mut scene, key) = scene(stands_in, remembered);
        let pending = assert_asks_for_a_code(scene.password_on(Some(&key)));
        let pending = assert_asks_the_device(scene.code_on(&pending, None));
        let signed_in = signed_in(scene.prove_device(&pending, &key, DEVICE_SECRET));
        let all = [Factor::Password, Factor::Sms, Factor::Device];
        assert_eq!(factors(&signed_in), all);
        assert_eq!(signed_in.device, OnDevice::Known(key));
    }
}

#[test]
fn without_a_second_factor_a_device_proves_itself_all_the_same() {
    let (mut scene, key) = scene(false, true);
    scene.pool.settings.mfa.configuration = MfaConfiguration::Off;
    let pending = assert_asks_the_device(scene.password_on(Some(&key)));
    let signed_in = signed_in(scene.prove_device(&pending, &key, DEVICE_SECRET));
    assert_eq!(signed_in.device, OnDevice::Known(key));
}

#[test]
fn who_has_the_key_of_a_device_and_not_its_secret_is_refused_as_with_a_wrong_password() {
    let (mut scene, key) = scene(true, true);
    let pending = assert_asks_the_device(scene.password_on(Some(&key)));
    let refusal = refused(scene.prove_device(&pending, &key, "another secret"));
    assert_eq!(refusal, Refusal::WrongPassword);
    assert!(refusal.counts_as_failure() && !refusal.keeps_the_step());
}

#[test]
fn who_could_be_asked_for_no_second_factor_gets_round_it_by_no_device() {
    let (mut scene, key) = scene(true, true);
    scene.user_mut().attributes.clear();
    let refusal = refused(scene.password_on(Some(&key)));
    assert_eq!(refusal, Refusal::NoSecondFactor);
}

#[test]
fn a_device_that_is_none_of_the_users_is_told_where_an_answer_names_it() {
    let (mut scene, _) = scene(true, true);
    let bob = Sub::parse("5d8a6d3c-0000-4000-8000-1234567890ab").unwrap();
    let of_bob = stored(&mut scene, &bob, true);
    let of_nobody = DeviceKey::random(&scene.pool.id, &mut scene.random);
    for key in [of_bob, of_nobody] {
        let (pending, claim) = scene.challenge(PASSWORD);
        let answer = claim.answer();
        let outcome = scene.answer_on::<PasswordVerifier>(&pending, answer, Some(&key));
        let refusal = refused(outcome);
        assert_eq!(refusal, Refusal::UnknownDevice);
        assert!(refusal.keeps_the_step() && !refusal.counts_as_failure());
        // Who does not know the password is told nothing of devices.
        let wrong = Claim {
            signature: base64_encode(&[7; 32]),
            ..claim.clone()
        };
        let outcome = scene.answer_on::<PasswordVerifier>(&pending, wrong.answer(), Some(&key));
        assert_eq!(refused(outcome), Refusal::WrongPassword);
        // The client forgets the device and sends the same answer again.
        let outcome = scene.answer_on::<PasswordVerifier>(&pending, claim.answer(), None);
        assert_asks_for_a_code(outcome);
    }
}

#[test]
fn a_device_that_is_none_of_the_users_is_passed_over_where_the_sign_in_begins_with_it() {
    let (mut scene, _) = scene(true, true);
    let key = DeviceKey::random(&scene.pool.id, &mut scene.random);
    let pending = assert_asks_for_a_code(scene.password_on(Some(&key)));
    let signed_in = signed_in(scene.code_on(&pending, None));
    assert_eq!(signed_in.device, OnDevice::New);
}

#[test]
fn a_device_that_the_sign_in_began_with_is_asked_though_the_answer_names_none() {
    let (mut scene, key) = scene(true, true);
    let mut random = scene.random.derive();
    let client = ClientKey::generate(&mut random);
    let flow = Flow::Srp(Box::new(client.public_value()));
    let pending = asked(start(flow, &scene.on(Some(&key)), &mut random));
    let step = password_step(&pending);
    let claim = Claim::of(&scene.pool, &client, &step, PASSWORD, scene.now);
    let outcome = scene.answer_on::<PasswordVerifier>(&pending, claim.answer(), None);
    let pending = assert_asks_the_device(outcome);
    let step: DeviceSrpAuth = pending.step.read().unwrap();
    assert_eq!(step.client_public, Some(client.public_value().to_hex()));
}

#[test]
fn another_device_than_the_one_that_was_asked_is_refused_and_the_step_stays() {
    let (mut scene, key) = scene(true, true);
    let other = stored(&mut scene, &Sub::parse(SUB).unwrap(), true);
    let pending = assert_asks_the_device(scene.password_on(Some(&key)));
    let (_, outcome) = scene.begin_device(&pending, &other);
    assert_eq!(refused(outcome), Refusal::UnknownDevice);
    let (client, outcome) = scene.begin_device(&pending, &key);
    let pending = asked(outcome);
    let mut claim = scene.device_claim(&pending, &client, &key, DEVICE_SECRET);
    claim.device_key = other.clone();
    let outcome = scene.answer_on::<DevicePasswordVerifier>(&pending, claim, Some(&other));
    assert_eq!(refused(outcome), Refusal::UnknownDevice);
}

#[test]
fn a_device_that_is_forgotten_while_it_proves_itself_is_refused() {
    let (mut scene, key) = scene(true, true);
    let asked_to_begin = assert_asks_the_device(scene.password_on(Some(&key)));
    let (client, outcome) = scene.begin_device(&asked_to_begin, &key);
    let pending = asked(outcome);
    let claim = scene.device_claim(&pending, &client, &key, DEVICE_SECRET);
    forget_all();
    let (_, outcome) = scene.begin_device(&asked_to_begin, &key);
    assert_eq!(refused(outcome), Refusal::UnknownDevice);
    let outcome = scene.answer_on::<DevicePasswordVerifier>(&pending, claim, Some(&key));
    assert_eq!(refused(outcome), Refusal::UnknownDevice);
}

#[test]
fn a_device_that_ceases_to_stand_in_while_it_proves_itself_does_not_stand_in() {
    for case in 0..3 {
        let (mut scene, key) = scene(true, true);
        let pending = assert_asks_the_device(scene.password_on(Some(&key)));
        match case {
            0 => remember(false),
            1 => scene.pool.settings.devices = Some(DeviceSettings::default()),
            _ => scene.pool.settings.devices = None,
        }
        let pending = assert_asks_for_a_code(scene.prove_device(&pending, &key, DEVICE_SECRET));
        // What has proved itself is not exchanged for what has not.
        let other = stored(&mut scene, &Sub::parse(SUB).unwrap(), true);
        let signed_in = signed_in(scene.code_on(&pending, Some(&other)));
        let known = OnDevice::Known(key);
        let expected = if case < 2 { known } else { OnDevice::None };
        assert_eq!(signed_in.device, expected, "{case}");
    }
}

#[test]
fn a_device_proves_itself_in_its_time_only() {
    let (mut scene, key) = scene(true, true);
    let pending = assert_asks_the_device(scene.password_on(Some(&key)));
    let (client, outcome) = scene.begin_device(&pending, &key);
    let pending = asked(outcome);
    assert_eq!(pending.expires_at, NOW.plus(seconds(180)));
    let mut late = scene.device_claim(&pending, &client, &key, DEVICE_SECRET);
    late.claim.timestamp = claim_time(NOW.minus(seconds(301)));
    let outcome = scene.answer_on::<DevicePasswordVerifier>(&pending, late, Some(&key));
    assert_eq!(refused(outcome), Refusal::Timestamp);
    scene.now = NOW.plus(seconds(180));
    let claim = scene.device_claim(&pending, &client, &key, DEVICE_SECRET);
    let outcome = scene.answer_on::<DevicePasswordVerifier>(&pending, claim, Some(&key));
    assert_eq!(refused(outcome), Refusal::NoSuchStep);
}

/// Every combination of what a pool says, what a device is and what its holder knows: signed in
/// means that all was proved that had to be.
#[test]
fn signed_in_on_a_device_means_that_the_second_factor_or_the_device_was_proved() {
    let mut by_device_alone = 0;
    for case in 0..64_u32 {
        let is = |bit: u32| case & (1 << bit) != 0;
        let (needs_code, stands_in, remembered) = (is(0), is(1), is(2));
        let (is_stored, has_secret, has_code) = (is(3), is(4), is(5));
        let (mut scene, key) = scene(stands_in, remembered);
        if !needs_code {
            scene.pool.settings.mfa.configuration = MfaConfiguration::Off;
        }
        if !is_stored {
            forget_all();
        }
        let made_of = if has_secret { DEVICE_SECRET } else { "a guess" };
        let mut outcome = scene.password_on(Some(&key));
        let signed_in = loop {
            let pending = match outcome {
                Outcome::Ask(pending, _) => pending,
                Outcome::SignedIn(..) => break Some(signed_in(outcome)),
                Outcome::Refuse(_) => break None,
                Outcome::Need(_) | Outcome::Proved(_) => panic!("undecided"),
            };
            outcome = match pending.step.name() {
                "device_srp_auth" => scene.prove_device(&pending, &key, made_of),
                "sms_mfa" if has_code => scene.code_on(&pending, None),
                _ => Outcome::Refuse(Refusal::WrongCode(Factor::Sms)),
            };
        };
        let Some(signed_in) = signed_in else { continue };
        let factors = factors(&signed_in);
        let by_code = factors.contains(&Factor::Sms);
        let by_device = factors.contains(&Factor::Device);
        assert!(!by_code || has_code, "{case}");
        assert!(!by_device || (is_stored && has_secret), "{case}");
        let device_suffices = by_device && remembered && stands_in;
        assert!(!needs_code || by_code || device_suffices, "{case}");
        assert_eq!(
            signed_in.device == OnDevice::Known(key),
            by_device,
            "{case}"
        );
        by_device_alone += u32::from(needs_code && !by_code);
    }
    assert_eq!(by_device_alone, 2, "with the code at hand and without");
}
