//! What the machine needs before it can decide: the driver finds it out, and the machine goes on
//! where it stopped.

use cognate_crypto::random::Random;

use super::facts::Facts;
use super::outcome::Outcome;

/// What is to be found out.
pub enum Need {
    /// Powers are to be computed, on a thread that may block.
    Powers(Powers),
}

type Work = dyn FnOnce(&mut Random) -> Computed + Send;

/// Powers to be computed: a millisecond or so each. Nobody but this folder says what of, or reads
/// the result.
pub struct Powers(Box<Work>);

/// What powers came to.
pub struct Computed(Box<dyn FnOnce(&Facts<'_>) -> Outcome + Send>);

impl Powers {
    /// Work that costs powers, and how the machine goes on with what it gives.
    pub(super) fn of<T: Send + 'static>(
        work: impl FnOnce(&mut Random) -> T + Send + 'static,
        then: impl FnOnce(T, &Facts<'_>) -> Outcome + Send + 'static,
    ) -> Outcome {
        Outcome::Need(Need::Powers(Self(Box::new(|random| {
            let result = work(random);
            Computed(Box::new(move |facts| then(result, facts)))
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
    pub fn go_on(self, facts: &Facts<'_>) -> Outcome {
        (self.0)(facts)
    }
}
