//! What the machine needs before it can decide: the driver finds it out, and the machine goes on
//! where it stopped.

use cognate_crypto::random::Random;

use super::choice::FirstFactors;
use super::facts::Facts;
use super::outcome::Outcome;
use super::sent_code::{CodeSent, SendCode};
use super::web_authn::KnownPasskey;
use crate::passkey::CredentialId;
use crate::password::PasswordHistory;
use crate::software_token::SoftwareToken;

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
    /// A passkey of the account is to be looked up.
    Passkey(Asked<CredentialId, KnownPasskey>),
    /// The passwords that the user had before are to be looked up.
    PasswordHistory(Asked<(), PasswordHistory>),
}

/// What is known of a user's authenticator app.
#[derive(Clone, Default)]
pub struct KnownToken {
    /// The app.
    pub token: SoftwareToken,
    /// The newest step whose code was used.
    pub last_step: i64,
}

/// A question, and how the machine goes on with its answer, which is a fact of its own type.
pub struct Asked<Question, Fact> {
    /// What the driver is to find out.
    pub question: Question,
    then: Box<dyn FnOnce(Fact, &Facts<'_>, &mut Random) -> Outcome + Send>,
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

/// Powers to be computed: a millisecond or so each. Nobody but this folder says what of, or reads
/// the result.
pub struct Powers(Box<Work>);

/// What powers came to.
pub struct Computed(Box<dyn FnOnce(&Facts<'_>, &mut Random) -> Outcome + Send>);

impl Powers {
    /// Work that costs powers, and how the machine goes on with what it gives.
    pub(super) fn of<T: Send + 'static>(
        work: impl FnOnce(&mut Random) -> T + Send + 'static,
        then: impl FnOnce(T, &Facts<'_>, &mut Random) -> Outcome + Send + 'static,
    ) -> Outcome {
        Outcome::Need(Need::Powers(Self(Box::new(|random| {
            let result = work(random);
            Computed(Box::new(move |facts, random| then(result, facts, random)))
        }))))
    }

    /// Computes them.
    #[must_use]
    pub fn compute(self, random: &mut Random) -> Computed {
        (self.0)(random)
    }
}

impl Computed {
    /// Goes on with the result.
    #[must_use]
    pub fn go_on(self, facts: &Facts<'_>, random: &mut Random) -> Outcome {
        (self.0)(facts, random)
    }
}
