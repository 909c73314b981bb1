//! What the sign-in machine decides, and what it needs before it can.

use std::time::Duration;

use cognate_crypto::random::Random;

use super::effect::Effect;
use super::facts::Facts;
use super::proof::Proof;
use super::questions::{
    CodeSent, CreateChallenge, Created, DefineChallenge, Defined, FirstFactors, KnownDevice,
    KnownPasskey, KnownToken, SendCode, VerifyChallenge,
};
use super::refusal::Refusal;
use super::step::{Pending, Step, StepKind};
use super::turn::Turn;
use crate::ids::DeviceKey;
use crate::passkey::CredentialId;
use crate::password::PasswordHistory;
use crate::recovery_code::{GoodCode, RecoveryCode};

/// Where a sign-in has come to.
pub enum Outcome {
    /// The client is asked: the step waits for its answer, and is kept together with the changes.
    Ask(Pending, Vec<Effect>),
    /// Signed in; the session is stored together with the changes.
    SignedIn(Proof, Vec<Effect>),
    /// Refused.
    Refuse(Refusal),
    /// A factor is proved: [`proceed`](super::proceed) tells what follows.
    Proved(Turn),
    /// Not decided yet: the machine goes on once it knows more.
    Need(Need),
}

/// What is to be found out.
pub enum Need {
    /// Powers are to be computed, on a thread that may block.
    Powers(Powers),
    /// A code is to be sent.
    Code(Asked<SendCode, CodeSent>),
    /// What the account may begin with is to be looked up.
    FirstFactors(Asked<(), FirstFactors>),
    /// The user's authenticator app is to be looked up.
    SoftwareToken(Asked<(), KnownToken>),
    /// What was typed is to be looked up among the user's recovery codes.
    RecoveryCode(Asked<RecoveryCode, Option<GoodCode>>),
    /// A passkey of the account is to be looked up.
    Passkey(Asked<CredentialId, KnownPasskey>),
    /// A device of the user is to be looked up.
    Device(Asked<DeviceKey, Option<KnownDevice>>),
    /// The passwords that the user had before are to be looked up.
    PasswordHistory(Asked<(), PasswordHistory>),
    /// The pool's own code is to say what comes next.
    DefineChallenge(Asked<DefineChallenge, Defined>),
    /// The pool's own code is to make a challenge.
    CreateChallenge(Asked<CreateChallenge, Created>),
    /// The pool's own code is to say whether an answer is right.
    VerifyChallenge(Asked<VerifyChallenge, bool>),
}

/// How the machine goes on with a fact.
type Then<Fact> = dyn FnOnce(Fact, &Facts<'_>, &mut Random) -> Outcome + Send;

/// A question, and how the machine goes on with its answer, which is a fact of its own type.
pub struct Asked<Question, Fact> {
    /// What the driver is to find out.
    pub question: Question,
    then: Box<Then<Fact>>,
}

impl<Question, Fact> Asked<Question, Fact> {
    /// A question.
    pub(super) fn new(
        question: Question,
        then: impl FnOnce(Fact, &Facts<'_>, &mut Random) -> Outcome + Send + 'static,
    ) -> Self {
        Self {
            question,
            then: Box::new(then),
        }
    }

    /// Goes on with the fact that the question asked for.
    #[must_use]
    pub fn answered(self, fact: Fact, facts: &Facts<'_>, random: &mut Random) -> Outcome {
        (self.then)(fact, facts, random)
    }
}

type Work = dyn FnOnce(&mut Random) -> Computed + Send;

/// Powers to be computed, a millisecond or so each, or the hash of a password. Nobody but this
/// folder says what of, or reads the result.
pub struct Powers {
    memory: Option<usize>,
    work: Box<Work>,
}

type GoOn = dyn FnOnce(&Facts<'_>, &mut Random) -> Outcome + Send;

/// What powers came to.
pub struct Computed(Box<GoOn>);

impl Powers {
    /// Work that costs powers, and how the machine goes on with what it gives.
    pub(super) fn of<T: Send + 'static>(
        work: impl FnOnce(&mut Random) -> T + Send + 'static,
        then: impl FnOnce(T, &Facts<'_>, &mut Random) -> Outcome + Send + 'static,
    ) -> Outcome {
        Self::hashing(None, work, then)
    }

    /// The same for work that may hash a password: then `memory` is what that takes, in bytes.
    pub(super) fn hashing<T: Send + 'static>(
        memory: Option<usize>,
        work: impl FnOnce(&mut Random) -> T + Send + 'static,
        then: impl FnOnce(T, &Facts<'_>, &mut Random) -> Outcome + Send + 'static,
    ) -> Outcome {
        let work: Box<Work> = Box::new(|random| {
            let result = work(random);
            Computed(Box::new(move |facts, random| then(result, facts, random)))
        });
        Outcome::Need(Need::Powers(Self { memory, work }))
    }

    /// If a password is hashed, the memory that it takes, in bytes.
    #[must_use]
    pub fn hashing_memory(&self) -> Option<usize> {
        self.memory
    }

    /// Computes them.
    #[must_use]
    pub fn compute(self, random: &mut Random) -> Computed {
        (self.work)(random)
    }
}

impl Computed {
    /// Goes on with the result.
    #[must_use]
    pub fn go_on(self, facts: &Facts<'_>, random: &mut Random) -> Outcome {
        (self.0)(facts, random)
    }
}

impl Outcome {
    /// Asks a challenge, which waits for its answer so long.
    pub(super) fn ask(
        turn: Turn,
        step: &impl StepKind,
        validity: Duration,
        facts: &Facts<'_>,
    ) -> Self {
        let (progress, effects) = turn.into_parts();
        let pending = Pending::new(facts, Step::of(step), progress, validity);
        Self::Ask(pending, effects)
    }

    /// Ends the sign-in: all that it takes is proved, and something of it here.
    pub(super) fn sign_in(turn: Turn, facts: &Facts<'_>) -> Self {
        let proves_something = !turn.progress.proved.is_empty();
        let Some(sub) = facts.account.sub().filter(|_| proves_something) else {
            return Self::Refuse(Refusal::WrongPassword);
        };
        let device = turn.on_device(facts);
        let (progress, effects) = turn.into_parts();
        let proof = Proof {
            pool: facts.pool.id.clone(),
            client: facts.client.id.clone(),
            sub: sub.clone(),
            at: facts.now,
            device,
            progress,
        };
        Self::SignedIn(proof, effects)
    }
}
