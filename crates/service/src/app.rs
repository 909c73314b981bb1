//! What all requests of a node share.

use std::sync::Arc;

use cognate_outbound::Outbound;
use cognate_store::Db;
use tokio::sync::Notify;

use crate::clock::{Clock, Entropy};
use crate::config::Config;
use crate::counts::Counts;
use crate::limits::address_limits::AddressLimits;
use crate::limits::fair_turns::{FairTurns, Turn};
use crate::limits::hashing::Hashing;
use crate::limits::origin::Counted;
use crate::limits::pool_messages::{MessageCount, PoolMessages};
use crate::limits::request_rates::RequestRates;
use crate::messages::lanes::Lanes;
use crate::settings::Settings;
use crate::tokens::verified_tokens::VerifiedTokens;

/// A node's shared state: made once, by the server.
pub struct App {
    /// The database.
    pub db: Db,
    /// What leaves the process.
    pub outbound: Outbound,
    /// The configuration.
    pub config: Config,
    /// The clock.
    pub clock: Clock,
    /// Where randomness comes from.
    pub entropy: Entropy,
    /// What is counted for operators.
    pub counts: Arc<Counts>,
    pub(crate) settings: Settings,
    pub(crate) verified_tokens: VerifiedTokens,
    pub(crate) limits: AddressLimits,
    pub(crate) pool_messages: PoolMessages,
    pub(crate) request_rates: RequestRates,
    /// Told when an import was started.
    pub(crate) import_started: Notify,
    /// The lanes of the outbox, woken when a message was put into it.
    pub(crate) outbox_filled: Lanes,
    pub(crate) secrets: Secrets,
    pub(crate) hashing: Hashing,
    compute: FairTurns<Counted>,
}

/// What the secret is called that hashes of recovery codes are keyed by.
pub(crate) const RECOVERY_CODES: &str = "recovery codes";

/// Secrets of the server, the same on every node, each for one use only.
pub(crate) struct Secrets {
    /// Keys the hashes of codes.
    pub(crate) codes: [u8; 32],
    /// Makes credentials up for names that nobody has.
    pub(crate) decoy: [u8; 32],
    /// Makes a sub up for names that nobody has.
    pub(crate) nobody: [u8; 32],
    /// Makes addresses up for them.
    pub(crate) made_up_address: [u8; 32],
    /// Makes passkeys up for them.
    pub(crate) made_up_passkeys: [u8; 32],
    /// Keys the hashes of recovery codes.
    pub(crate) recovery_codes: [u8; 32],
    /// Hides the addresses under which messages are counted.
    pub(crate) address: [u8; 32],
    /// Signs the addresses that files of imports are uploaded to.
    pub(crate) import_upload: [u8; 32],
    /// Makes the secrets of refresh tokens.
    pub(crate) refresh: [u8; 32],
}

impl Secrets {
    fn of(db: &Db) -> Self {
        let secret = |purpose| db.server_secret(purpose);
        Self {
            codes: secret("codes"),
            decoy: secret("decoy"),
            nobody: secret("nobody"),
            made_up_address: secret("made-up address"),
            made_up_passkeys: secret("made-up passkeys"),
            recovery_codes: secret(RECOVERY_CODES),
            address: secret("address"),
            import_upload: secret("import upload"),
            refresh: secret("refresh token"),
        }
    }
}

impl App {
    /// Puts a node together.
    #[must_use]
    pub fn new(
        db: Db,
        outbound: Outbound,
        config: Config,
        clock: Clock,
        entropy: Entropy,
    ) -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let counts = Arc::<Counts>::default();
        Arc::new(Self {
            limits: AddressLimits::new(&config.limits, &counts),
            pool_messages: PoolMessages::new(&config.limits, &counts),
            request_rates: RequestRates::new(config.request_rates.clone(), &entropy),
            secrets: Secrets::of(&db),
            db,
            outbound,
            config,
            clock,
            entropy,
            counts,
            settings: Settings::new(),
            verified_tokens: VerifiedTokens::new(),
            import_started: Notify::new(),
            outbox_filled: Lanes::new(),
            hashing: Hashing::new(cores),
            compute: FairTurns::new(cores),
        })
    }

    /// How many messages this node has sent for users and strangers, and how many it has refused
    /// for their pools' sums.
    #[must_use]
    pub fn message_counts(&self) -> Vec<MessageCount> {
        self.pool_messages.counted()
    }

    /// Runs costly pure work (SRP, RSA) on a blocking thread, as many at once as there are cores,
    /// so that no flood of sign-ins starves what is cheap.
    ///
    /// # Errors
    /// When the work panicked or the runtime is stopping.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> crate::Result<T> {
        self.compute_for(None, work).await
    }

    /// The same in turns: of all whose work waits each gets the next free thread once, so that one
    /// address with a thousand computations delays another's by as many as run, and one. Work that
    /// is counted for nobody in particular has a turn of its own.
    ///
    /// # Errors
    /// As [`App::compute`].
    pub(crate) async fn compute_for<T: Send + 'static>(
        &self,
        counted: Option<Counted>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> crate::Result<T> {
        let place = self
            .compute
            .enter(counted.map_or(Turn::Own, Turn::Of))
            .await;
        // The thread is taken until the work ends, also when nobody waits for it any more.
        let work = move || {
            let done = work();
            drop(place);
            done
        };
        Ok(tokio::task::spawn_blocking(work).await?)
    }
}
