//! The machine explored at random: two pools with the same names, subs and app client ids in each,
//! users in every state, passwords that change, locks that come and go, and answers right, wrong,
//! late, repeated and moved to others. What each outcome may be is told from what really happened,
//! which the machine does not see.
//!
//! That a step is answered once is not tested here: the machine is pure, and its driver consumes
//! the row. A right answer that comes twice is right twice, and a wrong one never is.

mod moves;
mod seen;

use cognate_crypto::digest::hex_decode;
use proptest::sample::Index;

use self::moves::{At, Guess, Move, Moved, Response, Twist, walks};
use self::seen::Seen;
use super::*;

/// Names, of which all may be signed up or not.
const NAMES: [&str; 3] = ["ana", "bob", "eve"];
const POOLS: [&str; 2] = ["us-east-1_Home", "eu-west-1_Home"];
const CLIENTS: [&str; 2] = ["web", "mobile"];
const SUBS: [&str; 3] = [
    "00000000-1111-4222-8333-444444444444",
    "11111111-1111-4222-8333-444444444444",
    "22222222-1111-4222-8333-444444444444",
];

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
}

/// A step that was asked for, and what the one who asked knows of it.
struct Issued {
    pending: Pending,
    at: At,
    /// Of a user, not of nobody.
    of_user: bool,
    generation: u32,
    made_at: Timestamp,
    /// For SRP.
    key: Option<ClientKey>,
}

struct World {
    pools: Vec<UserPool>,
    clients: Vec<Vec<AppClient>>,
    slots: Vec<Vec<Slot>>,
    issued: Vec<Issued>,
    now: Timestamp,
    passwords: u32,
    random: Random,
    seen: Seen,
}

impl World {
    fn new(seed: [u8; 32]) -> Self {
        let pools = POOLS.map(pool).to_vec();
        let clients = pools
            .iter()
            .map(|pool| CLIENTS.map(|id| client(pool, id)).to_vec())
            .collect();
        Self {
            pools,
            clients,
            slots: vec![vec![Slot::default(); NAMES.len()]; POOLS.len()],
            issued: Vec::new(),
            now: NOW,
            passwords: 0,
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

    fn is_locked(&self, at: At) -> bool {
        self.now < self.slot(at).locked_until
    }

    fn take(&mut self, a_move: Move) {
        match a_move {
            Move::StartPassword(at, guess) => self.start_with_password(at, guess),
            Move::StartSrp(at) => self.start_srp(at),
            Move::Answer { step, by, with } => self.answer(step, by, with),
            Move::Wait(span) => self.now = self.now.plus(Duration::from_millis(span)),
            Move::SignUp(at, status) => self.sign_up(at, status),
            Move::SetPassword(at, temporary) => self.set_password(at, temporary),
            Move::DropPassword(at) => self.slot_mut(at).credentials = None,
            Move::SetStatus(at, status) => {
                if let Some(user) = &mut self.slot_mut(at).user {
                    user.status = status;
                }
            }
            Move::SetEnabled(at, enabled) => {
                if let Some(user) = &mut self.slot_mut(at).user {
                    user.enabled = enabled;
                }
            }
            Move::Delete(at) => {
                let slot = self.slot_mut(at);
                (slot.user, slot.credentials) = (None, None);
            }
            Move::Lock(at, span) => {
                let until = self.now.plus(Duration::from_millis(span));
                self.slot_mut(at).locked_until = until;
            }
        }
    }

    fn sign_up(&mut self, at: At, status: UserStatus) {
        if self.slot(at).user.is_none() {
            let user = user(&self.pools[at.pool], SUBS[at.name], NAMES[at.name], status);
            self.slot_mut(at).user = Some(user);
            let temporary = (status == UserStatus::ForceChangePassword).then_some(120_000);
            self.set_password(at, temporary);
        }
    }

    fn set_password(&mut self, at: At, temporary: Option<u64>) {
        if self.slot(at).user.is_none() {
            return;
        }
        self.passwords += 1;
        let password = format!("Pass-word{}", self.passwords);
        let new = credentials(
            &self.pools[at.pool],
            NAMES[at.name],
            &password,
            &mut self.random,
        );
        let temporary_until = temporary.map(|span| self.now.plus(Duration::from_millis(span)));
        self.store(
            at,
            Credentials {
                temporary_until,
                ..new
            },
            password,
        );
    }

    fn store(&mut self, at: At, credentials: Credentials, password: String) {
        let slot = self.slot_mut(at);
        slot.former = std::mem::replace(&mut slot.password, password);
        slot.credentials = Some(credentials);
        slot.generation += 1;
    }

    fn start_with_password(&mut self, at: At, guess: Guess) {
        let password = self.guessed(at, guess);
        let mut random = self.random.derive();
        let outcome = start(
            Flow::Password(secret(&password)),
            &self.facts(at),
            &mut random,
        );
        if self.is_locked(at) {
            return self.must_refuse(outcome, &Refusal::Locked);
        }
        let proved = self.is_password(at, &password);
        self.judge_proof(at, outcome, proved);
    }

    fn start_srp(&mut self, at: At) {
        let mut random = self.random.derive();
        let key = ClientKey::generate(&mut random);
        let outcome = start(
            Flow::Srp(Box::new(key.public_value())),
            &self.facts(at),
            &mut random,
        );
        if self.is_locked(at) {
            return self.must_refuse(outcome, &Refusal::Locked);
        }
        // Known or not, in whatever state: the same challenge.
        let pending = asked(outcome);
        let step = password_step(&pending);
        let salt = hex_decode(&step.exchange.salt).unwrap();
        assert_eq!((salt.len(), step.exchange.secret_block.len()), (16, 48));
        assert_eq!(step.user_id, NAMES[at.name]);
        assert_eq!(step.exchange.server_public.len(), 768);
        assert_eq!(pending.expires_at, self.now.plus(seconds(180)));
        for earlier in self
            .issued
            .iter()
            .filter(|earlier| earlier.at.pool == at.pool && earlier.at.name == at.name)
        {
            let same_account = earlier.generation == self.slot(at).generation
                && earlier.of_user == self.slot(at).user.is_some();
            if let (Some(before), true) = (
                earlier.pending.step.read::<PasswordVerifier>(),
                same_account && self.has_password(at),
            ) {
                assert_eq!(
                    before.exchange.salt, step.exchange.salt,
                    "a salt that changes from call to call"
                );
            }
        }
        self.issue(at, pending, Some(key));
    }

    fn has_password(&self, at: At) -> bool {
        let slot = self.slot(at);
        slot.user.is_none() || slot.credentials.is_some()
    }

    fn issue(&mut self, at: At, pending: Pending, key: Option<ClientKey>) {
        let slot = self.slot(at);
        let (of_user, generation) = (slot.user.is_some(), slot.generation);
        self.issued.push(Issued {
            pending,
            at,
            of_user,
            generation,
            made_at: self.now,
            key,
        });
    }

    fn answer(&mut self, step: Option<Index>, by: Moved, with: Response) {
        if self.issued.is_empty() {
            return;
        }
        let last = self.issued.len() - 1;
        let index = step.map_or(last, |step| step.index(last + 1));
        let home = self.issued[index].at;
        let at = match by {
            Moved::Not => home,
            Moved::ToName(name) => At { name, ..home },
            Moved::ToClient(client) => At { client, ..home },
            Moved::ToPool(pool) => At { pool, ..home },
        };
        let is_srp = self.issued[index].key.is_some();
        if is_srp == with.fits {
            self.answer_claim(index, at, with.guess, with.twist);
        } else {
            self.answer_new_password(index, at, with.meets_policy);
        }
    }

    /// Whether the step may be answered here and now by its own holder, and how the answer must
    /// fail where it may not.
    fn obstacle(&self, index: usize, at: At) -> Option<Refusal> {
        let issued = &self.issued[index];
        let validity = if issued.key.is_some() {
            seconds(180)
        } else {
            seconds(600)
        };
        let is_holders = issued.at == at && issued.of_user == self.slot(at).user.is_some();
        if !is_holders || self.now.since(issued.made_at) >= validity {
            Some(Refusal::NoSuchStep)
        } else if self.is_locked(at) {
            Some(Refusal::Locked)
        } else {
            None
        }
    }

    fn answer_claim(&mut self, index: usize, at: At, guess: Guess, twist: Twist) {
        let password = self.guessed(at, guess);
        let issued = &self.issued[index];
        let claim = match (&issued.key, issued.pending.step.read::<PasswordVerifier>()) {
            (Some(key), Some(step)) => {
                let signed_at = match twist {
                    Twist::OldTimestamp => self.now.minus(seconds(301)),
                    Twist::FutureTimestamp => self.now.plus(seconds(302)),
                    _ => self.now,
                };
                Claim::of(&self.pools[at.pool], key, &step, &password, signed_at)
            }
            _ => Claim {
                secret_block: String::new(),
                timestamp: claim_time(self.now),
                signature: String::new(),
            },
        };
        let claim = twisted(claim, twist, self.now);
        let mut random = self.random.derive();
        let outcome = answer::<PasswordVerifier>(
            &issued.pending,
            claim.answer(),
            &self.facts(at),
            &mut random,
        );
        if let Some(refusal) = self.obstacle(index, at) {
            return self.must_refuse(outcome, &refusal);
        }
        let issued = &self.issued[index];
        if issued.key.is_none() {
            return self.must_refuse(outcome, &Refusal::WrongChallenge);
        }
        if matches!(twist, Twist::OldTimestamp | Twist::FutureTimestamp) {
            return self.must_refuse(outcome, &Refusal::Timestamp);
        }
        let proved = twist == Twist::None
            && self.is_password(at, &password)
            && issued.generation == self.slot(at).generation;
        let before = self.seen.signed_in;
        self.judge_proof(at, outcome, proved);
        self.seen.by_claim += self.seen.signed_in - before;
    }

    /// What follows a password that was proved or not.
    fn judge_proof(&mut self, at: At, outcome: Outcome, proved: bool) {
        if !proved {
            return self.must_refuse(outcome, &Refusal::WrongPassword);
        }
        let slot = self.slot(at);
        let user = slot.user.as_ref().unwrap();
        let ran_out = slot
            .credentials
            .as_ref()
            .unwrap()
            .temporary_until
            .is_some_and(|until| until <= self.now);
        match user.status {
            _ if !user.enabled => self.must_refuse(outcome, &Refusal::Disabled),
            UserStatus::Unconfirmed => self.must_refuse(outcome, &Refusal::NotConfirmed),
            UserStatus::ResetRequired => self.must_refuse(outcome, &Refusal::ResetRequired),
            UserStatus::ForceChangePassword if ran_out => {
                self.must_refuse(outcome, &Refusal::TemporaryPasswordExpired);
            }
            UserStatus::ForceChangePassword => {
                let pending = asked(outcome);
                assert_eq!(pending.step.name(), "new_password_required");
                self.issue(at, pending, None);
            }
            UserStatus::Confirmed => {
                let proof = self.must_sign_in(at, outcome);
                assert!(proof.change.is_none());
            }
        }
    }

    fn answer_new_password(&mut self, index: usize, at: At, meets_policy: bool) {
        let password = if meets_policy {
            format!("New-pass{}", self.passwords)
        } else {
            "simple".to_owned()
        };
        let attributes = Attributes::new();
        let new = NewPassword {
            password: secret(&password),
            attributes,
        };
        let mut random = self.random.derive();
        let outcome = answer::<NewPasswordRequired>(
            &self.issued[index].pending,
            new,
            &self.facts(at),
            &mut random,
        );
        if let Some(refusal) = self.obstacle(index, at) {
            return self.must_refuse(outcome, &refusal);
        }
        let (issued, slot) = (&self.issued[index], self.slot(at));
        let user = slot.user.as_ref();
        if issued.key.is_some() {
            return self.must_refuse(outcome, &Refusal::WrongChallenge);
        }
        if slot.credentials.is_none() {
            return self.must_refuse(outcome, &Refusal::NoSuchStep);
        }
        if !user.unwrap().enabled {
            return self.must_refuse(outcome, &Refusal::Disabled);
        }
        if user.unwrap().status != UserStatus::ForceChangePassword
            || issued.generation != slot.generation
        {
            return self.must_refuse(outcome, &Refusal::NoSuchStep);
        }
        if !meets_policy {
            assert!(matches!(refused(outcome), Refusal::Policy(_)));
            return;
        }
        let change = self.must_sign_in(at, outcome).change.unwrap();
        assert_eq!(change.user.status, UserStatus::Confirmed);
        self.slot_mut(at).user = Some(change.user);
        self.passwords += 1;
        self.store(at, change.credentials, password);
        self.seen.by_new_password += 1;
    }

    #[track_caller]
    fn must_sign_in(&mut self, at: At, outcome: Outcome) -> SignedIn {
        let proof = signed_in(outcome);
        assert_eq!(proof.sub.as_str(), SUBS[at.name]);
        assert_eq!(proof.pool, self.pools[at.pool].id);
        assert_eq!(proof.client.as_str(), CLIENTS[at.client]);
        assert_eq!(proof.at, self.now);
        self.seen.signed_in += 1;
        proof
    }

    #[track_caller]
    fn must_refuse(&mut self, outcome: Outcome, expected: &Refusal) {
        let refusal = refused(outcome);
        assert_eq!(refusal, *expected);
        // Only a wrong password counts, and only a form proves and guesses nothing.
        assert_eq!(
            refusal.counts_as_failure(),
            refusal == Refusal::WrongPassword
        );
        let is_of_form = matches!(refusal, Refusal::WrongChallenge | Refusal::Timestamp);
        assert_eq!(refusal.keeps_the_step(), is_of_form);
        self.seen.refused(&refusal);
    }
}

fn twisted(claim: Claim, twist: Twist, now: Timestamp) -> Claim {
    match twist {
        Twist::None | Twist::OldTimestamp | Twist::FutureTimestamp => claim,
        Twist::Block => Claim {
            secret_block: base64_encode(&[7; 48]),
            ..claim
        },
        Twist::Signature => Claim {
            signature: base64_encode(&[7; 32]),
            ..claim
        },
        Twist::NotBase64 => Claim {
            signature: "?".to_owned(),
            ..claim
        },
        Twist::OtherTimestamp => Claim {
            timestamp: claim_time(now.plus(seconds(1))),
            ..claim
        },
    }
}

/// Two users to begin with, and then whatever comes.
fn walk(seed: [u8; 32], beginning: [UserStatus; 2], moves: Vec<Move>) -> Seen {
    let mut world = World::new(seed);
    for (name, status) in beginning.into_iter().enumerate() {
        for pool in 0..POOLS.len() {
            world.sign_up(
                At {
                    pool,
                    client: 0,
                    name,
                },
                status,
            );
        }
    }
    for a_move in moves {
        world.take(a_move);
    }
    world.seen
}

#[test]
fn who_signs_in_has_proved_the_password_and_who_has_not_is_told_nothing() {
    use proptest::test_runner::{Config, TestRunner};
    let seen = std::cell::RefCell::new(Seen::default());
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(100)
    });
    let result = runner.run(&walks(), |(seed, beginning, moves)| {
        seen.borrow_mut().add(walk(seed, beginning, moves));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    seen.into_inner().assert_enough();
}
