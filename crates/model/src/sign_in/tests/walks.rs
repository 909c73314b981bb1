//! Whole sign-ins explored at random, through every way in and every challenge: two pools whose
//! second factors, first factors, recovery, passkeys and devices are drawn and change, users in
//! every state, with addresses, an app, passkeys, devices and preferences that come and go, and
//! answers right, wrong, late, used and moved to others.
//!
//! What is judged is told from what really happened: which password was typed, where a code went
//! and what was typed of it, which authenticator or device has signed, and over what. The rules
//! here say what a sign-in must have proved in words of their own; the machine's are not asked. The
//! driver's part is played: a step that was accepted, or that a refusal ends, is not answered
//! again, and a code takes as many wrong guesses as it may.

mod answers;
mod begin;
mod changes;
mod claims;
mod devices;
mod draws;
mod moves;
mod new_password;
mod passkeys;
mod rules;
mod seen;
mod twins;

use cognate_crypto::secret::SecretBytes;
use cognate_crypto::totp;
use proptest::sample::Index;

use self::devices::Thing;
use self::draws::walks;
use self::moves::{At, Contacts, Guess, Move, PoolDraw};
use self::passkeys::{Held, Made};
use self::rules::Rules;
use self::seen::Seen;
use super::*;
use crate::attribute::{Contact, DataType, SchemaAttribute};
use crate::device::{Device, DeviceSecret};
use crate::ids::DeviceKey;
use crate::passkey::{CredentialId, Passkey};
use crate::recovery_code::{RecoveryCode, RecoveryCodes, UsedCodes};
use crate::second_factor::SecondFactor;
use crate::sign_in::{ConfirmedSignUp, Factor, MAX_GUESSES, SendCode};
use crate::software_token::{SoftwareToken, VerifiedToken};

const NAMES: [&str; 3] = ["ana", "bob", "eve"];
const POOLS: [&str; 2] = ["us-east-1_Home", "eu-west-1_Home"];
const CLIENTS: [&str; 2] = ["web", "mobile"];
const SUBS: [&str; 3] = [
    "00000000-1111-4222-8333-444444444444",
    "11111111-1111-4222-8333-444444444444",
    "22222222-1111-4222-8333-444444444444",
];
/// What the first app client may write.
const WRITABLE: [&str; 3] = ["email", "family_name", "phone_number"];

/// A name of a pool and what is true of it.
#[derive(Clone, Default)]
struct Slot {
    user: Option<User>,
    credentials: Option<Credentials>,
    password: String,
    former: String,
    /// Whether it is known by its hash only.
    hash_waits: bool,
    /// Counts the passwords, so that a proof of one is not taken for a proof of another.
    generation: u32,
    locked_until: Timestamp,
    app: Option<SecretBytes>,
    last_app_step: i64,
    /// A list of recovery codes, which are used, and what the user has on paper.
    recovery: (RecoveryCodes, UsedCodes),
    paper: Vec<RecoveryCode>,
    passkeys: Vec<Passkey>,
    devices: Vec<(Device, DeviceSecret)>,
}

/// What one sign-in has truly proved.
#[derive(Clone, Default)]
struct Truth {
    factors: Vec<Proved>,
    /// Which of the account's passwords, if one was proved.
    generation: Option<u32>,
    /// The device that the client says it is.
    device: Option<DeviceKey>,
    /// Whether that was to spare its user the second factor when it proved itself.
    device_stands_in: bool,
}

/// A step that was asked for, and what is true of it.
struct Issued {
    pending: Pending,
    at: At,
    /// Of a user, not of nobody.
    of_user: bool,
    made_at: Timestamp,
    generation: u32,
    /// Whether the password was known by its hash only.
    hash_waited: bool,
    truth: Truth,
    /// For SRP.
    key: Option<ClientKey>,
    /// The code that went out with it.
    sent: Option<SendCode>,
    /// Whether that went to an address which is to be the user's.
    is_new_address: bool,
    is_used_up: bool,
    guesses: i64,
}

struct World {
    pools: Vec<UserPool>,
    clients: Vec<Vec<AppClient>>,
    slots: Vec<Vec<Slot>>,
    issued: Vec<Issued>,
    /// All authenticators, and all that they have answered.
    authenticators: Vec<Held>,
    responses: Vec<Made>,
    /// All devices that were ever confirmed.
    things: Vec<Thing>,
    /// The device that this request names, where it is read.
    device: Option<DeviceKey>,
    /// A, where this request ends the password's exchange.
    public: Option<String>,
    /// The uses of a passkey and of a device that this request has to note.
    uses: (Option<CredentialId>, Option<(DeviceKey, bool)>),
    now: Timestamp,
    counter: u32,
    random: Random,
    seen: Seen,
}

impl World {
    fn new(seed: [u8; 32], draws: &[PoolDraw; 2]) -> Self {
        let mut pools = POOLS.map(pool).to_vec();
        pools[0].schema = Schema::with_changes(vec![required("family_name")]).unwrap();
        let mut clients: Vec<_> = pools
            .iter()
            .map(|pool| CLIENTS.map(|id| client(pool, id)).to_vec())
            .collect();
        for of_pool in &mut clients {
            of_pool[0].settings.write_attributes = Some(WRITABLE.map(str::to_owned).into());
        }
        for (pool, draw) in pools.iter_mut().zip(draws) {
            draw.set(pool);
        }
        Self {
            pools,
            clients,
            slots: vec![vec![Slot::default(); NAMES.len()]; POOLS.len()],
            issued: Vec::new(),
            authenticators: Vec::new(),
            responses: Vec::new(),
            things: Vec::new(),
            device: None,
            public: None,
            uses: (None, None),
            now: NOW,
            counter: 0,
            random: Random::from_seed(seed),
            seen: Seen::default(),
        }
    }

    fn slot(&self, at: At) -> &Slot {
        &self.slots[at.pool][at.name]
    }

    fn slot_mut(&mut self, at: At) -> &mut Slot {
        &mut self.slots[at.pool][at.name]
    }

    fn facts(&self, at: At) -> Facts<'_> {
        let (pool, slot) = (&self.pools[at.pool], self.slot(at));
        let name = NormalName::new(pool, NAMES[at.name]);
        let account = account(pool, &name, slot.user.as_ref(), slot.credentials.as_ref());
        let lockout = Lockout {
            locked_until: slot.locked_until,
            ..Lockout::default()
        };
        Facts {
            pool,
            client: &self.clients[at.pool][at.client],
            account,
            device: self.device.as_ref(),
            lockout,
            now: self.now,
        }
    }

    /// Keeps what the driver finds when the machine asks.
    fn keep(&self, at: At) {
        let (list, used) = self.slot(at).recovery.clone();
        recovery_codes::keep(list, used);
        let slots = self.slots.iter().flatten();
        device::keep(slots.clone().flat_map(|it| it.devices.clone()).collect());
        super::passkeys::keep(slots.flat_map(|it| it.passkeys.clone()).collect());
        LAST_SENT.take();
    }

    fn known_token(&self, at: At) -> KnownToken {
        let slot = self.slot(at);
        let verified = slot.app.clone().map(|secret| VerifiedToken {
            secret,
            name: String::new(),
        });
        KnownToken {
            token: SoftwareToken {
                verified,
                pending: None,
            },
            last_step: slot.last_app_step,
        }
    }

    fn rules<'a>(&'a self, at: At, user: &'a User) -> Rules<'a> {
        let has_app = self.slot(at).app.is_some();
        Rules::of(&self.pools[at.pool], user, has_app)
    }

    fn is_locked(&self, at: At) -> bool {
        self.now < self.slot(at).locked_until
    }

    /// The password that a guess comes to.
    fn guessed(&self, at: At, guess: Guess) -> String {
        let other = At {
            pool: 1 - at.pool,
            ..at
        };
        match guess {
            Guess::Right => self.slot(at).password.clone(),
            Guess::Former => self.slot(at).former.clone(),
            Guess::OfTheOtherPool => self.slot(other).password.clone(),
            Guess::Wrong => "Wrong-pass1".to_owned(),
        }
    }

    /// Whether a text is the password, as who set it knows.
    fn is_password(&self, at: At, text: &str) -> bool {
        let slot = self.slot(at);
        slot.user.is_some() && slot.credentials.is_some() && slot.password == text
    }

    /// A sign-in that has proved the password just now.
    fn by_password(&self, at: At, before: &Truth) -> Truth {
        let mut truth = before.clone();
        truth.generation = Some(self.slot(at).generation);
        truth.prove(Factor::Password, self.now);
        truth
    }

    /// What follows a first factor that was proved or not, and each factor after it.
    fn judge(
        &mut self,
        step: Option<usize>,
        at: At,
        outcome: Outcome,
        truth: Result<Truth, Refusal>,
    ) {
        let truth = match truth {
            Ok(truth) => truth,
            Err(refusal) => return self.must_refuse(step, outcome, &refusal),
        };
        let slot = self.slot(at);
        let user = slot.user.clone().unwrap();
        let is_void = |generation| slot.generation != generation || slot.credentials.is_none();
        if truth.generation.is_some_and(is_void) {
            self.seen
                .met("another factor after the password has changed");
            return self.must_refuse(step, outcome, &Refusal::NoSuchStep);
        }
        let expected = match user.status {
            _ if !user.enabled => Some(Refusal::Disabled),
            UserStatus::Unconfirmed => Some(Refusal::NotConfirmed),
            UserStatus::ResetRequired => Some(Refusal::ResetRequired),
            UserStatus::ForceChangePassword if !truth.has(Factor::Password) => {
                self.seen
                    .met("a code of who must change a temporary password");
                Some(Refusal::WrongPassword)
            }
            UserStatus::ForceChangePassword => {
                let ends = slot.credentials.as_ref().unwrap().temporary_until;
                let has_run_out = ends.is_some_and(|until| until <= self.now);
                has_run_out.then_some(Refusal::TemporaryPasswordExpired)
            }
            UserStatus::Confirmed => None,
        };
        match expected {
            Some(refusal) => self.must_refuse(step, outcome, &refusal),
            None if user.status == UserStatus::ForceChangePassword => {
                let Outcome::Ask(pending, effects) = outcome else {
                    panic!("no new password is asked for: {}", told(&outcome));
                };
                assert_eq!(pending.step.name(), "new_password_required");
                self.apply(at, &effects);
                self.issue(step, at, pending, truth, None);
            }
            None => self.judge_second(step, at, &user, outcome, truth),
        }
    }

    /// What follows for a confirmed user: a second factor, where one is needed, the proof of the
    /// device, where one is named, or the end.
    fn judge_second(
        &mut self,
        step: Option<usize>,
        at: At,
        user: &User,
        outcome: Outcome,
        mut truth: Truth,
    ) {
        let (device, stands_in) = match self.find_device(step, at, &mut truth) {
            Ok(found) => found,
            Err(refusal) => return self.must_refuse(step, outcome, &refusal),
        };
        let rules = self.rules(at, user);
        let is_needed = rules.ask_for_a_second() && !truth.is_of_two_factors();
        // A device stands in for a factor that the user has, and for no other.
        let is_spared = is_needed && stands_in && rules.has_another(&truth);
        if is_needed {
            self.note_device(at, &truth, device.is_some(), (stands_in, is_spared));
        }
        if self.names_another(&truth) {
            self.seen
                .met("another device, named after one has proved itself");
        }
        if is_needed && truth.has(Factor::Passkey) {
            self.seen
                .met("a passkey that is not both factors where both are asked for");
        }
        if is_needed && !is_spared {
            self.judge_asked(step, at, user, outcome, truth);
        } else if let Some(key) = device {
            self.must_ask_device(step, at, outcome, truth, &key);
        } else {
            self.must_sign_in(step, at, outcome, &truth);
        }
    }

    /// A second factor is asked for, or there is none.
    fn judge_asked(
        &mut self,
        step: Option<usize>,
        at: At,
        user: &User,
        outcome: Outcome,
        truth: Truth,
    ) {
        let rules = self.rules(at, user);
        match outcome {
            Outcome::SignedIn(..) => panic!("a second factor was skipped: {}", rules.told()),
            Outcome::Ask(pending, effects) => {
                rules.assert_may_ask(&pending.step, &truth);
                let sent = LAST_SENT.with_borrow(Clone::clone);
                rules.assert_goes_to_the_user(&pending.step, sent.as_ref());
                self.apply(at, &effects);
                self.issue(step, at, pending, truth, None);
            }
            outcome => {
                rules.assert_has_none(&truth);
                self.must_refuse(step, outcome, &Refusal::NoSecondFactor);
            }
        }
    }

    #[track_caller]
    fn must_sign_in(&mut self, step: Option<usize>, at: At, outcome: Outcome, truth: &Truth) {
        let Outcome::SignedIn(proof, effects) = outcome else {
            panic!("not signed in: {}", told(&outcome));
        };
        let proof = proof.into_parts();
        assert_eq!(proof.sub.as_str(), SUBS[at.name]);
        assert_eq!(proof.pool, self.pools[at.pool].id);
        assert_eq!(proof.client.as_str(), CLIENTS[at.client]);
        assert_eq!(proof.at, self.now);
        assert_eq!(proof.factors, truth.factors, "the proof tells the truth");
        let proved = truth.device.clone().filter(|_| truth.has(Factor::Device));
        let on_device = match self.pools[at.pool].settings.devices {
            None => OnDevice::None,
            Some(_) => proved.map_or(OnDevice::New, OnDevice::Known),
        };
        assert_eq!(proof.device, on_device);
        self.apply(at, &effects);
        self.assert_settled(at, truth);
        self.accept(step);
        self.seen.signed_in(&truth.factors);
    }

    /// Refused, and what the driver makes of that.
    #[track_caller]
    fn must_refuse(&mut self, step: Option<usize>, outcome: Outcome, expected: &Refusal) {
        let Outcome::Refuse(refusal) = outcome else {
            panic!("not refused ({expected:?}): {}", told(&outcome));
        };
        assert_eq!(refusal, *expected);
        let is_guess = matches!(refusal, Refusal::WrongCode(_) | Refusal::UsedCode);
        assert_eq!(refusal.is_a_guess(), is_guess);
        let counts = is_guess || refusal == Refusal::WrongPassword;
        assert_eq!(refusal.counts_as_failure(), counts);
        assert_eq!(refusal.keeps_the_step(), is_guess || is_of_form(&refusal));
        if let Some(step) = step {
            let issued = &mut self.issued[step];
            if issued.made_at.plus(validity(&issued.pending)) == self.now {
                self.seen.met("an answer in the moment that is too late");
            }
            issued.guesses += i64::from(is_guess);
            issued.is_used_up |= !refusal.keeps_the_step() || issued.guesses >= MAX_GUESSES;
        }
        self.seen.refused(&refusal);
    }

    /// A step was answered rightly: it serves no more.
    fn accept(&mut self, step: Option<usize>) {
        if let Some(step) = step {
            assert!(!self.issued[step].is_used_up, "accepted twice");
            self.issued[step].is_used_up = true;
        }
    }

    /// A step was asked for, after another or at the beginning.
    fn issue(
        &mut self,
        step: Option<usize>,
        at: At,
        pending: Pending,
        truth: Truth,
        key: Option<ClientKey>,
    ) {
        self.accept(step);
        self.assert_settled(at, &truth);
        let validity = validity(&pending);
        assert_eq!(pending.expires_at, self.now.plus(validity));
        self.seen.asked(&pending.step);
        let slot = self.slot(at);
        self.issued.push(Issued {
            of_user: slot.user.is_some(),
            generation: slot.generation,
            hash_waited: slot.hash_waits,
            pending,
            at,
            made_at: self.now,
            truth,
            key,
            sent: LAST_SENT.take(),
            is_new_address: false,
            is_used_up: false,
            guesses: 0,
        });
    }

    /// A password that was proved waits for no first sign-in any more.
    fn assert_settled(&self, at: At, truth: &Truth) {
        let slot = self.slot(at);
        let is_proved = truth.has(Factor::Password) && truth.generation == Some(slot.generation);
        assert!(!is_proved || !slot.hash_waits, "proved, and the hash left");
    }

    /// Does what the machine asks for, as the driver does.
    fn apply(&mut self, at: At, effects: &[Effect]) {
        for effect in effects {
            if let Some(user) = effect.changed_user() {
                self.slot_mut(at).user = Some(user.clone());
            }
            if let Effect::SettlePassword(settled) = effect {
                let slot = self.slot_mut(at);
                assert!(slot.hash_waits, "a verifier, and no hash to give way");
                slot.hash_waits = false;
                slot.credentials = Some(settled.as_ref().clone());
                self.seen.met("a password that meets its hash");
            }
            if let Effect::UseToken(used) = effect {
                let slot = self.slot_mut(at);
                assert!(used.step > slot.last_app_step, "a code of an app, twice");
                slot.last_app_step = used.step;
            }
            if let Effect::UseRecoveryCode(code) = effect {
                let (list, used) = &mut self.slot_mut(at).recovery;
                assert!(list.takes(*used, code), "a recovery code, twice");
                *used = used.and(code);
            }
            if let Effect::UsePasskey(used) = effect {
                self.use_passkey(at, used);
            }
            if let Effect::UseDevice(used) = effect {
                self.use_device(at, used);
            }
        }
        assert_eq!(self.uses, (None, None), "a use that is not noted");
    }
}

impl Truth {
    fn has(&self, factor: Factor) -> bool {
        self.factors.iter().any(|proved| proved.factor == factor)
    }

    /// Two different factors of the user, of which a device is none, or a passkey that is both.
    fn is_of_two_factors(&self) -> bool {
        let of_user = self.factors.iter().map(|proved| proved.factor);
        let mut of_user = of_user.filter(|factor| *factor != Factor::Device);
        let first = of_user.next();
        of_user.any(|factor| Some(factor) != first) || self.has(Factor::PasskeyForBoth)
    }

    fn prove(&mut self, factor: Factor, at: Timestamp) {
        self.factors.push(Proved {
            factor,
            at,
            carried: false,
        });
    }

    /// With a factor that was proved just now, or the refusal.
    fn with(&self, factor: Factor, at: Timestamp) -> Self {
        let mut truth = self.clone();
        truth.prove(factor, at);
        truth
    }
}

/// Whether an answer of a wrong form was refused, which guesses nothing.
fn is_of_form(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::AlreadyProvided(_)
            | Refusal::Attribute(_)
            | Refusal::Missing(_)
            | Refusal::NotOffered
            | Refusal::NotSetUp
            | Refusal::NotWritable(_)
            | Refusal::Policy(_)
            | Refusal::Timestamp
            | Refusal::UnknownDevice
            | Refusal::WrongChallenge
    )
}

/// How long a step can be answered.
fn validity(pending: &Pending) -> Duration {
    match pending.step.name() {
        "device_password_verifier" | "password_verifier" => seconds(180),
        _ => seconds(600),
    }
}

fn required(name: &str) -> SchemaAttribute {
    SchemaAttribute {
        name: name.to_owned(),
        data_type: DataType::String,
        developer_only: false,
        mutable: true,
        required: true,
        min_length: None,
        max_length: None,
        min_value: None,
        max_value: None,
    }
}

/// Two users to begin with, and then whatever comes.
fn walk(walk: moves::Walk) -> Seen {
    let mut world = World::new(walk.seed, &walk.pools);
    for (name, beginning) in walk.beginnings.into_iter().enumerate() {
        for pool in 0..POOLS.len() {
            let at = At {
                pool,
                client: 0,
                name,
            };
            world.sign_up(at, beginning.status, beginning.contacts);
            world.set_app(at, beginning.has_app);
            world.prefer(at, beginning.preferences);
            for make in &beginning.passkeys {
                world.add_passkey(at, *make);
            }
            for is_wished in &beginning.devices {
                world.add_device(at, *is_wished);
            }
        }
    }
    for a_move in walk.moves {
        world.take(a_move);
    }
    world.seen
}

#[test]
fn who_signs_in_has_proved_every_factor_that_is_required_and_nothing_is_taken_twice() {
    use proptest::test_runner::{Config, TestRunner};
    let seen = std::cell::RefCell::new(Seen::default());
    // What is rare is not met by every hundred walks.
    for _ in 0..20 {
        let mut runner = TestRunner::new(Config {
            failure_persistence: None,
            ..Config::with_cases(100)
        });
        let result = runner.run(&walks(), |drawn| {
            seen.borrow_mut().add(walk(drawn));
            Ok(())
        });
        if let Err(error) = result {
            panic!("{error}");
        }
        if seen.borrow().never_met().is_empty() {
            return;
        }
    }
    panic!("{:#?} of {seen:#?}", seen.borrow().never_met());
}
