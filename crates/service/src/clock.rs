//! Where time and randomness come from: the machine, or a test.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cognate_crypto::random::Random;
use cognate_model::Timestamp;

/// The clock. It is read once a request, into the [`crate::Cx`].
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's, but never backwards: a clock that is set back must not revive a token, a code or a lock.
    System(Arc<AtomicI64>),
    /// A test's, which moves when it is told to.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::System(Arc::new(AtomicI64::new(i64::MIN)))
    }

    /// A clock that stands at a time until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(at: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.0)))
    }

    /// Now.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "this is the one clock")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System(latest) => {
                let since_epoch = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or(Duration::ZERO);
                let now = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
                Timestamp(latest.fetch_max(now, Ordering::Relaxed).max(now))
            }
            Self::Manual(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock; the machine's own moves by itself.
    pub fn advance(&self, span: Duration) {
        if let Self::Manual(at) = self {
            at.store(
                Timestamp(at.load(Ordering::SeqCst)).plus(span).0,
                Ordering::SeqCst,
            );
        }
    }
}

/// Where the seeds of each request's random generator come from.
#[derive(Clone)]
pub enum Entropy {
    /// The operating system.
    System,
    /// A test's seed: the same run gives the same ids and codes.
    Seeded(Arc<Mutex<Random>>),
}

impl Entropy {
    /// A generator that is seeded by a test.
    #[must_use]
    pub fn seeded(seed: [u8; 32]) -> Self {
        Self::Seeded(Arc::new(Mutex::new(Random::from_seed(seed))))
    }

    /// A fresh generator for one request.
    ///
    /// # Panics
    /// When the operating system gives no randomness: nothing can be done safely then.
    #[must_use]
    pub fn generator(&self) -> Random {
        match self {
            Self::System => {
                let mut seed = [0; 32];
                #[allow(
                    clippy::expect_used,
                    reason = "without randomness no secret can be made; to go on would be worse"
                )]
                getrandom::fill(&mut seed).expect("the operating system gives randomness");
                Random::from_seed(seed)
            }
            Self::Seeded(tree) => tree.lock().unwrap_or_else(PoisonError::into_inner).derive(),
        }
    }
}
