//! Where time and randomness come from: the machine, or a test.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cognate_crypto::jwt::{KeyError, SigningKey};
use cognate_crypto::random::Random;
use cognate_model::Timestamp;

mod steady;

use steady::Steady;

/// The clock. It is read once a request, into the [`crate::Cx`].
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's, which does not follow a jump before it has stood for a while.
    System(Arc<Mutex<Steady>>),
    /// A test's, which moves when it is told to.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::System(Arc::default())
    }

    /// A clock that stands at a time until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(at: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.0)))
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System(steady) => read(steady).now(),
            Self::Manual(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// The time by which what has run out may be deleted: now, or earlier while a jump has not
    /// settled, because what is deleted does not come back when the clock does.
    #[must_use]
    pub fn settled(&self) -> Timestamp {
        match self {
            Self::System(steady) => read(steady).settled(),
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

/// Reads the machine's clocks into the steady one.
#[allow(clippy::disallowed_methods, reason = "this is the one clock")]
fn read(steady: &Mutex<Steady>) -> std::sync::MutexGuard<'_, Steady> {
    let mut steady = steady.lock().unwrap_or_else(PoisonError::into_inner);
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let wall = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
    steady.read(Timestamp(wall), since_boot());
    steady
}

/// How long the machine has run, asleep or awake: a laptop that was closed has not jumped.
#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// How long the process has run.
#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    use std::time::Instant;
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed()
}

/// Where the seeds of each request's random generator come from.
#[derive(Clone)]
pub enum Entropy {
    /// The operating system.
    System,
    /// A test's seed: the same run gives the same ids and codes.
    Seeded(Arc<Mutex<Random>>, KeyStock),
}

/// Key pairs that a test had ready, so that its pools cost no search for primes. Each is given out
/// once; a clone is the same stock.
#[doc(hidden)]
#[derive(Clone, Default)]
pub struct KeyStock(Arc<Mutex<std::slice::Iter<'static, &'static [u8]>>>);

impl KeyStock {
    /// A stock of key pairs in PKCS #8 (DER).
    #[must_use]
    pub fn of(pairs: &'static [&'static [u8]]) -> Self {
        Self(Arc::new(Mutex::new(pairs.iter())))
    }

    fn take(&self) -> Option<&'static [u8]> {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        left.next().copied()
    }
}

impl Entropy {
    /// A generator that is seeded by a test.
    #[must_use]
    pub fn seeded(seed: [u8; 32]) -> Self {
        Self::seeded_with_keys(seed, KeyStock::default())
    }

    /// The same, with key pairs that the test had ready. No configuration leads here: the server
    /// is put together with [`Entropy::System`], and tidy refuses another word there.
    #[doc(hidden)]
    #[must_use]
    pub fn seeded_with_keys(seed: [u8; 32], keys: KeyStock) -> Self {
        Self::Seeded(Arc::new(Mutex::new(Random::from_seed(seed))), keys)
    }

    /// A pair of keys that signs for nobody else. To make one takes a tenth of a second or so, and
    /// belongs on a thread that may block.
    pub(crate) fn signing_key(&self) -> Result<SigningKey, KeyError> {
        match self {
            Self::Seeded(_, keys) => keys
                .take()
                .map_or_else(SigningKey::generate, SigningKey::from_pkcs8),
            Self::System => SigningKey::generate(),
        }
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
            Self::Seeded(tree, _) => tree.lock().unwrap_or_else(PoisonError::into_inner).derive(),
        }
    }
}
