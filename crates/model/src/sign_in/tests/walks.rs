//! Whole sign-ins explored at random, through every way in and every challenge: two pools whose
//! second factors, first factors and recovery are drawn and change, users in every state, with
//! addresses, an app and preferences that come and go, and answers right, wrong, late, used and
//! moved to others.
//!
//! What is judged is told from what really happened: which password was typed, and where a code
//! went and what was typed of it. The rules here say what a sign-in must have proved in words of
//! their own; the machine's are not asked. The driver's part is played: a step that was accepted,
//! or that a refusal ends, is not answered again, and a code takes as many wrong guesses as it may.

mod answers;
mod begin;
mod moves;
mod rules;
mod seen;
mod twins;

use cognate_crypto::secret::SecretBytes;
use cognate_crypto::totp;
use proptest::sample::Index;

use self::moves::{At, Contacts, Guess, Move, PoolDraw, walks};
use self::rules::Rules;
use self::seen::Seen;
use super::*;
use crate::attribute::{Contact, DataType, SchemaAttribute};
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
    /// Counts the passwords, so that a proof of one is not taken for a proof of another.
    generation: u32,
    locked_until: Timestamp,
    app: Option<SecretBytes>,
    last_app_step: i64,
    /// A list of recovery codes, which are used, and what the user has on paper.
    recovery: (RecoveryCodes, UsedCodes),
    paper: Vec<RecoveryCode>,
}

/// What one sign-in has truly proved.
#[derive(Clone, Default)]
struct Truth {
    factors: Vec<Proved>,
    /// Which of the account's passwords, if one was proved.
    generation: Option<u32>,
}

/// A step that was asked for, and what is true of it.
struct Issued {
    pending: Pending,
    at: At,
    /// Of a user, not of nobody.
    of_user: bool,
    made_at: Timestamp,
    generation: u32,
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
            device: None,
            lockout,
            now: self.now,
        }
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
            UserStatus::ForceChangePassword if truth.generation.is_none() => {
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
                let pending = asked(outcome);
                assert_eq!(pending.step.name(), "new_password_required");
                self.issue(step, at, pending, truth, None);
            }
            None => self.judge_second(step, at, &user, outcome, truth),
        }
    }

    /// What follows for a confirmed user: a second factor, where one is needed, or the end.
    fn judge_second(
        &mut self,
        step: Option<usize>,
        at: At,
        user: &User,
        outcome: Outcome,
        truth: Truth,
    ) {
        let rules = self.rules(at, user);
        if !rules.ask_for_a_second() || truth.factors.len() > 1 {
            return self.must_sign_in(step, at, outcome, &truth);
        }
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
        self.apply(at, &effects);
        self.accept(step);
        self.seen.signed_in(&truth.factors);
    }

    /// Refused, and what the driver makes of that.
    #[track_caller]
    fn must_refuse(&mut self, step: Option<usize>, outcome: Outcome, expected: &Refusal) {
        let refusal = refused(outcome);
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
        let validity = validity(&pending);
        assert_eq!(pending.expires_at, self.now.plus(validity));
        self.seen.asked(&pending.step);
        let slot = self.slot(at);
        self.issued.push(Issued {
            of_user: slot.user.is_some(),
            generation: slot.generation,
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

    /// Does what the machine asks for, as the driver does.
    fn apply(&mut self, at: At, effects: &[Effect]) {
        for effect in effects {
            if let Some(user) = effect.changed_user() {
                self.slot_mut(at).user = Some(user.clone());
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
        }
    }
}

impl Truth {
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

/// Whether an answer of a wrong form was refused, which proves and guesses nothing.
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
            | Refusal::WrongChallenge
    )
}

/// How long a step can be answered.
fn validity(pending: &Pending) -> Duration {
    match pending.step.name() {
        "password_verifier" => seconds(180),
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

/// What happens around the sign-ins.
impl World {
    fn take(&mut self, a_move: Move) {
        match a_move {
            Move::Begin(at, way) => self.begin(at, way),
            Move::Answer { step, by, with } => self.answer(step, by, with),
            Move::Confirm(at, contact) => self.confirm(at, contact),
            Move::Wait(span) => self.now = self.now.plus(Duration::from_millis(span)),
            Move::SignUp(at, status, contacts) => self.sign_up(at, status, contacts),
            Move::SetPool(pool, draw) => draw.set(&mut self.pools[pool]),
            Move::SetPassword(place, temporary) => self.set_password(self.at(place), temporary),
            Move::DropPassword(place) => self.slot_mut(self.at(place)).credentials = None,
            Move::SetStatus(place, status) => {
                self.change(self.at(place), |user| user.status = status);
            }
            Move::SetEnabled(place, enabled) => {
                self.change(self.at(place), |user| user.enabled = enabled);
            }
            Move::SetAddress(place, contact, address) => {
                self.set_address(self.at(place), contact, address);
            }
            Move::Prefer(place, factors, preferred) => {
                self.prefer(self.at(place), factors, preferred);
            }
            Move::SetApp(place, has_app) => self.set_app(self.at(place), has_app),
            Move::Delete(place) => {
                let slot = self.slot_mut(self.at(place));
                (slot.user, slot.credentials, slot.app) = (None, None, None);
            }
            Move::Lock(place, span) => {
                let until = self.now.plus(Duration::from_millis(span));
                self.slot_mut(self.at(place)).locked_until = until;
            }
        }
    }

    /// A place: the one whose step waits last, if it is not another.
    fn at(&self, place: moves::Place) -> At {
        let last = self.issued.last().map(|issued| issued.at);
        place.or(last).unwrap_or(At {
            pool: 0,
            client: 0,
            name: 0,
        })
    }

    fn change(&mut self, at: At, change: impl FnOnce(&mut User)) {
        if let Some(user) = &mut self.slot_mut(at).user {
            change(user);
        }
    }

    fn sign_up(&mut self, at: At, status: UserStatus, contacts: Contacts) {
        if self.slot(at).user.is_some() {
            return;
        }
        let mut user = user(&self.pools[at.pool], SUBS[at.name], NAMES[at.name], status);
        for contact in Contact::ALL {
            if let Some(is_verified) = contacts.of(contact) {
                let address = self.address(at, contact);
                let attribute = contact.attribute().to_owned();
                user.attributes.insert(attribute, address);
                user.mark_verified(contact, is_verified);
            }
        }
        let mut random = self.random.derive();
        let (list, paper) = recovery_codes::draw(&user.pool, &user.sub, &mut random);
        let slot = self.slot_mut(at);
        (slot.recovery, slot.paper) = ((list, UsedCodes::default()), paper);
        slot.user = Some(user);
        let temporary = (status == UserStatus::ForceChangePassword).then_some(700_000);
        self.set_password(at, temporary);
    }

    /// An address that nobody had before.
    fn address(&mut self, at: At, contact: Contact) -> String {
        self.counter += 1;
        match contact {
            Contact::Email => format!("{}{}@example.com", NAMES[at.name], self.counter),
            Contact::PhoneNumber => format!("+1555{:07}", self.counter),
        }
    }

    fn set_password(&mut self, at: At, temporary: Option<u64>) {
        if self.slot(at).user.is_none() {
            return;
        }
        self.counter += 1;
        let password = format!("Pass-word{}", self.counter);
        let pool = &self.pools[at.pool];
        let new = credentials(pool, NAMES[at.name], &password, &mut self.random);
        let temporary_until = temporary.map(|span| self.now.plus(Duration::from_millis(span)));
        let new = Credentials {
            temporary_until,
            ..new
        };
        self.store_password(at, new, password);
    }

    fn store_password(&mut self, at: At, credentials: Credentials, password: String) {
        let slot = self.slot_mut(at);
        slot.former = std::mem::replace(&mut slot.password, password);
        slot.credentials = Some(credentials);
        slot.generation += 1;
    }

    /// Changes, verifies or takes away an address.
    fn set_address(&mut self, at: At, contact: Contact, address: moves::Address) {
        let new = self.address(at, contact);
        self.change(at, |user| {
            let attribute = contact.attribute().to_owned();
            match address {
                moves::Address::Gone => {
                    user.attributes.remove(&attribute);
                    user.mark_verified(contact, false);
                }
                moves::Address::New(is_verified) => {
                    user.attributes.insert(attribute, new);
                    user.mark_verified(contact, is_verified);
                }
                moves::Address::Verified if user.attributes.contains_key(&attribute) => {
                    user.mark_verified(contact, true);
                }
                moves::Address::Verified => {}
            }
        });
    }

    fn prefer(&mut self, at: At, factors: [bool; 3], preferred: Option<Index>) {
        let has_app = self.slot(at).app.is_some();
        let enabled = SecondFactor::ALL.into_iter().zip(factors);
        let enabled: BTreeSet<_> = enabled
            .filter(|(factor, is_on)| *is_on && (has_app || *factor != SecondFactor::SoftwareToken))
            .map(|(factor, _)| factor)
            .collect();
        let all: Vec<_> = enabled.iter().copied().collect();
        let preferred = preferred.filter(|_| !all.is_empty());
        let preferred = preferred.map(|index| all[index.index(all.len())]);
        self.change(at, |user| {
            user.mfa.enabled = enabled;
            user.mfa.preferred = preferred;
        });
    }

    fn set_app(&mut self, at: At, has_app: bool) {
        if self.slot(at).user.is_none() {
            return;
        }
        if has_app {
            let secret = totp::new_secret(&mut self.random);
            self.slot_mut(at).app = Some(secret);
        } else {
            self.slot_mut(at).app = None;
            self.change(at, |user| user.mfa.lose(SecondFactor::SoftwareToken));
        }
    }

    /// A code of the sign-up came back: the session of ConfirmSignUp.
    fn confirm(&mut self, at: At, contact: Contact) {
        let now = self.now;
        let client = self.clients[at.pool][at.client].clone();
        let user = self.slot_mut(at).user.as_mut();
        let Some(user) = user.filter(|user| user.status == UserStatus::Unconfirmed) else {
            return;
        };
        let Some(address) = user.attribute(contact.attribute()).map(str::to_owned) else {
            return;
        };
        user.mark_verified(contact, true);
        user.status = UserStatus::Confirmed;
        let pending = ConfirmedSignUp::pending(&client, user, contact, &address, now);
        self.issue(None, at, pending, Truth::default(), None);
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
            world.prefer(at, beginning.factors, beginning.preferred);
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
    for _ in 0..10 {
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
