//! The lanes of the outbox: each kind of message in one of its own, with so many places for what is
//! on its way.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use cognate_outbound::{MAX_CONNECTIONS, Mailer, Outbound, SmsSender};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::Result;

/// A mail.
pub(crate) const MAIL: &str = "mail";
/// A text message.
pub(crate) const SMS: &str = "sms";
/// A message that is taken from the outbox and dropped: what a name that nobody has is "sent", so
/// that it costs what a real one costs.
pub(crate) const TO_NOBODY: &str = "nobody";
/// A mail or a text message, as nodes write it that have no lanes yet. Those deliver the kinds
/// above too.
pub(super) const EITHER: &str = "message";

/// What becomes of a kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Mail,
    Sms,
    /// Neither is asked: each message says.
    Any,
}

/// Messages that wait for nothing of each other's.
pub(super) struct Lane {
    way: Way,
    pub(super) kinds: &'static [&'static str],
    /// One for each message that is on its way.
    pub(super) places: Arc<Semaphore>,
    pub(super) all_places: u32,
    pub(super) filled: Notify,
    /// Whether operators have been told that messages wait here which this node cannot send.
    pub(super) is_told: AtomicBool,
}

/// The lanes of a node.
pub(crate) struct Lanes(pub(super) [Lane; 3]);

impl Lanes {
    pub(crate) fn new() -> Self {
        Self([
            // No more than the mailer has connections: those that wait for one would run out of
            // their time.
            Lane::new(Way::Mail, &[MAIL], MAX_CONNECTIONS),
            Lane::new(Way::Sms, &[SMS], 8),
            Lane::new(Way::Any, &[TO_NOBODY, EITHER], 16),
        ])
    }

    /// Wakes the lanes: a message was put into the outbox.
    pub(crate) fn notify_one(&self) {
        for lane in &self.0 {
            lane.filled.notify_one();
        }
    }
}

impl Lane {
    fn new(way: Way, kinds: &'static [&'static str], places: usize) -> Self {
        Self {
            way,
            kinds,
            places: Arc::new(Semaphore::new(places)),
            all_places: u32::try_from(places).unwrap_or(u32::MAX),
            filled: Notify::new(),
            is_told: AtomicBool::new(false),
        }
    }

    /// Whether this node can send what waits here.
    pub(super) fn can_send(&self, outbound: &Outbound) -> bool {
        match self.way {
            Way::Mail => !matches!(outbound.mail, Mailer::None),
            Way::Sms => !matches!(outbound.sms, SmsSender::None),
            Way::Any => true,
        }
    }

    /// Whether what it sends goes into memory.
    pub(super) fn is_kept(&self, outbound: &Outbound) -> bool {
        let (mail, sms) = (&outbound.mail, &outbound.sms);
        let (mail, sms) = (
            matches!(mail, Mailer::Inbox(_)),
            matches!(sms, SmsSender::Inbox(_)),
        );
        match self.way {
            Way::Mail => mail,
            Way::Sms => sms,
            Way::Any => mail && sms,
        }
    }

    /// The places that are free, one at least: waits for it.
    pub(super) async fn free_places(&self) -> Result<OwnedSemaphorePermit> {
        let mut places = Arc::clone(&self.places).acquire_owned().await?;
        while let Ok(another) = Arc::clone(&self.places).try_acquire_owned() {
            places.merge(another);
        }
        Ok(places)
    }
}
