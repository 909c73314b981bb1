//! Messages kept in memory instead of sent, for development and tests.
//!
//! An [`Inbox`] is a handle: clones share one list, so one clone sends and another is asked. It
//! keeps the latest [`CAPACITY`] messages and drops the oldest beyond that.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use cognate_model::email_address::destination;
use tokio::sync::watch;

use crate::Delivery;

/// How many messages an inbox keeps.
const CAPACITY: usize = 500;

/// How many digits the codes have that [`Inbox::last_code`] finds: those that begin a sign-in have
/// two more than all others (docs/protocol.md §17.2).
const CODE_DIGITS: [usize; 2] = [6, 8];

/// A shared, bounded list of messages that were "sent".
#[derive(Clone)]
pub struct Inbox {
    shared: Arc<Shared>,
}

struct Shared {
    messages: Mutex<VecDeque<Received>>,
    /// The number of the newest message; waiting readers watch it.
    newest: watch::Sender<u64>,
}

/// A message in the inbox.
#[derive(Clone, Debug)]
pub struct Received {
    /// Counts up from 1 in order of arrival and is never used twice.
    pub number: u64,
    /// When it arrived.
    pub at: SystemTime,
    /// What arrived.
    pub delivery: Delivery,
}

impl Received {
    /// The address or phone number that the message was sent to.
    #[must_use]
    pub fn recipient(&self) -> &str {
        match &self.delivery {
            Delivery::Email(email) => &email.to,
            Delivery::Sms(sms) => &sms.to,
        }
    }

    /// The message as plain text.
    #[must_use]
    pub fn text(&self) -> &str {
        match &self.delivery {
            Delivery::Email(email) => &email.text,
            Delivery::Sms(sms) => &sms.message,
        }
    }

    /// The first run of as many digits in the text as a code has.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        self.text()
            .split(|c: char| !c.is_ascii_digit())
            .find(|run| CODE_DIGITS.contains(&run.len()))
            .map(str::to_owned)
    }
}

impl Inbox {
    /// An empty inbox.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                messages: Mutex::new(VecDeque::new()),
                newest: watch::Sender::new(0),
            }),
        }
    }

    /// All messages kept, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Received> {
        self.messages().iter().cloned().collect()
    }

    /// The messages to one address or phone number, oldest first. How an address is spelled does
    /// not matter.
    #[must_use]
    pub fn for_recipient(&self, recipient: &str) -> Vec<Received> {
        self.messages()
            .iter()
            .filter(|message| is_for(message, recipient))
            .cloned()
            .collect()
    }

    /// The code in the newest message to `recipient` that has one.
    #[must_use]
    pub fn last_code(&self, recipient: &str) -> Option<String> {
        self.messages()
            .iter()
            .rev()
            .filter(|message| is_for(message, recipient))
            .find_map(Received::code)
    }

    /// The newest message to `recipient`, waiting up to `timeout` while there is none.
    pub async fn wait_for(&self, recipient: &str, timeout: Duration) -> Option<Received> {
        self.wait_for_after(recipient, 0, timeout).await
    }

    /// As [`Inbox::wait_for`], but only a message whose number is above `after` will do: one that
    /// came later than another already seen.
    pub async fn wait_for_after(
        &self,
        recipient: &str,
        after: u64,
        timeout: Duration,
    ) -> Option<Received> {
        self.arrival(Some(recipient), after, timeout).await
    }

    /// The newest message above `after`, to `recipient` or to anybody, waiting up to `timeout`
    /// while there is none.
    pub async fn arrival(
        &self,
        recipient: Option<&str>,
        after: u64,
        timeout: Duration,
    ) -> Option<Received> {
        // Subscribed before the first look, so that no arrival falls between looking and waiting.
        let mut newest = self.shared.newest.subscribe();
        let arrival = async {
            loop {
                newest.borrow_and_update();
                if let Some(found) = self.newest_for(recipient, after) {
                    return Some(found);
                }
                newest.changed().await.ok()?;
            }
        };
        tokio::time::timeout(timeout, arrival).await.ok().flatten()
    }

    /// Adds a message, dropping the oldest when the inbox is full.
    #[allow(
        clippy::disallowed_methods,
        reason = "when a message arrived is for the eye; nothing is decided by it"
    )]
    pub(crate) fn keep(&self, delivery: Delivery) {
        let mut messages = self.messages();
        let number = messages.back().map_or(0, |last| last.number) + 1;
        if messages.len() == CAPACITY {
            messages.pop_front();
        }
        messages.push_back(Received {
            number,
            at: SystemTime::now(),
            delivery,
        });
        drop(messages);
        self.shared
            .newest
            .send_modify(|newest| *newest = (*newest).max(number));
    }

    fn newest_for(&self, recipient: Option<&str>, after: u64) -> Option<Received> {
        self.messages()
            .iter()
            .rev()
            .take_while(|message| message.number > after)
            .find(|message| recipient.is_none_or(|recipient| is_for(message, recipient)))
            .cloned()
    }

    fn messages(&self) -> MutexGuard<'_, VecDeque<Received>> {
        // A holder that panicked left the list intact: each change to it is one call.
        self.shared
            .messages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Inbox {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows the number of messages, not their text.
impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({} messages)", self.messages().len())
    }
}

fn is_for(message: &Received, recipient: &str) -> bool {
    destination(message.recipient()) == destination(recipient)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::SmsMessage;

    fn sms(to: &str, message: &str) -> Delivery {
        Delivery::Sms(SmsMessage {
            to: to.to_owned(),
            message: message.to_owned(),
            user_pool_id: "us-east-1_Example".to_owned(),
        })
    }

    #[test]
    fn a_full_inbox_drops_the_oldest() {
        let inbox = Inbox::new();
        for n in 0..=CAPACITY {
            inbox.keep(sms("+1", &format!("message {n}")));
        }
        let list = inbox.list();
        assert_eq!(list.len(), CAPACITY);
        assert_eq!(list.first().unwrap().text(), "message 1");
        assert_eq!(list.last().unwrap().number, 501);
    }

    #[test]
    fn the_last_code_is_the_newest_of_that_recipient() {
        let inbox = Inbox::new();
        inbox.keep(sms("+1", "old 111111"));
        inbox.keep(sms("+1", "new 222222"));
        inbox.keep(sms("+1", "no code here"));
        inbox.keep(sms("+2", "another's 333333"));
        assert_eq!(inbox.last_code("+1").unwrap(), "222222");
        assert_eq!(inbox.last_code("+3"), None);
    }

    #[test]
    fn a_longer_number_is_not_taken_for_a_code() {
        let inbox = Inbox::new();
        inbox.keep(sms("+1", "call 15551234567 and say 654321."));
        assert_eq!(inbox.last_code("+1").unwrap(), "654321");
    }

    #[test]
    fn letter_case_of_the_address_does_not_matter() {
        let inbox = Inbox::new();
        inbox.keep(sms("Ana@Example.com", "x"));
        assert_eq!(inbox.for_recipient("ana@example.com").len(), 1);
    }

    #[test]
    fn the_spelling_of_the_domain_does_not_matter() {
        let inbox = Inbox::new();
        inbox.keep(sms("ana@bücher.example", "x"));
        assert_eq!(inbox.for_recipient("ana@xn--bcher-kva.example").len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_when_the_message_arrives() {
        let inbox = Inbox::new();
        let sender = inbox.clone();
        let (found, ()) = tokio::join!(inbox.wait_for("+1", Duration::from_secs(5)), async move {
            sender.keep(sms("+2", "not this"));
            tokio::task::yield_now().await;
            sender.keep(sms("+1", "this"));
        });
        assert_eq!(found.unwrap().text(), "this");
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_later_message_passes_over_those_already_seen() {
        let inbox = Inbox::new();
        inbox.keep(sms("+1", "first"));
        let seen = inbox
            .wait_for("+1", Duration::from_secs(1))
            .await
            .unwrap()
            .number;
        assert!(
            inbox
                .wait_for_after("+1", seen, Duration::from_secs(1))
                .await
                .is_none()
        );
        inbox.keep(sms("+1", "second"));
        let next = inbox
            .wait_for_after("+1", seen, Duration::from_secs(1))
            .await;
        assert_eq!(next.unwrap().text(), "second");
    }
}
