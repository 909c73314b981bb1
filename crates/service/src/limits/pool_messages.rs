//! The sum of messages that a pool sends in an hour, mail and SMS each for itself: what bounds the
//! bill, and the harm to the sender's name, however many addresses take part in a flood.
//!
//! The sum is one row in the database, so it holds across nodes and restarts. A node takes a
//! hundredth of it at a time, in a transaction of its own, and spends that from memory: sign-ups
//! side by side do not contend for the row. What a node has taken and not spent when it stops is
//! lost until the hour is over; the sum is never exceeded.
//!
//! Messages to nobody count like all others: what is left must not tell who exists. What operators
//! send is not counted here.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cognate_model::attribute::Contact;
use cognate_model::server_settings::{AtMost, PoolServerSettings};
use cognate_model::{Timestamp, UserPoolId};
use cognate_store::{Db, Tx, attempts};

use super::rates::Limits;
use crate::counts::{Counts, Limit};
use crate::outcome::write_settled;
use crate::{Error, Result};

const HOUR: Duration = Duration::from_secs(3600);
/// Of a sum, what a node takes at once.
const PART: u32 = 100;

type Lane = (UserPoolId, Contact);

/// What this node has taken of the pools' sums, and what has become of it.
pub(crate) struct PoolMessages {
    mail: Option<u32>,
    sms: Option<u32>,
    shares: Mutex<HashMap<Lane, Share>>,
    counts: Mutex<BTreeMap<Lane, Count>>,
    limits_met: Arc<Counts>,
}

/// How many were sent and refused.
#[derive(Clone, Copy, Default)]
struct Count {
    sent: u64,
    refused: u64,
}

/// What is left of the part that this node has taken, until the hour is over.
#[derive(Clone, Copy)]
struct Share {
    left: u32,
    until: Timestamp,
    /// The sum that it is a part of: with another, what was taken of this one is not used.
    limit: u32,
    /// Whether there is no more to be had until then.
    is_last: bool,
}

/// How many messages this node has put into the outbox for users and strangers, and how many it has
/// refused because the pool's sum of the hour was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageCount {
    /// The user pool's id.
    pub user_pool: String,
    /// `mail` or `sms`.
    pub medium: &'static str,
    /// How many were sent.
    pub sent: u64,
    /// How many were refused.
    pub refused: u64,
}

/// Messages that may go out. They are given back when this is dropped and [`Allowed::sent`] was not
/// said.
#[must_use = "what goes out is to be told"]
pub(crate) struct Allowed<'a> {
    of: &'a PoolMessages,
    /// Each with the end of its hour and the sum that it is of.
    lanes: Vec<(Lane, Timestamp, Option<u32>)>,
}

impl PoolMessages {
    /// `counts` is told of each request that meets a sum.
    pub(crate) fn new(limits: &Limits, counts: &Arc<Counts>) -> Self {
        Self {
            mail: limits.mail_per_pool_and_hour,
            sms: limits.sms_per_pool_and_hour,
            shares: Mutex::default(),
            counts: Mutex::default(),
            limits_met: Arc::clone(counts),
        }
    }

    /// Room for no message.
    pub(crate) fn nothing(&self) -> Allowed<'_> {
        Allowed {
            of: self,
            lanes: Vec::new(),
        }
    }

    /// Takes room for messages of a pool, one to each contact, before the transaction that sends
    /// them.
    ///
    /// # Errors
    /// `LimitExceededException` when the pool's sum of this hour is reached.
    pub(crate) async fn take(
        &self,
        db: &Db,
        now: Timestamp,
        pool: &UserPoolId,
        settings: &PoolServerSettings,
        contacts: impl IntoIterator<Item = Contact>,
    ) -> Result<Allowed<'_>> {
        let mut allowed = self.nothing();
        for contact in contacts {
            let lane = (pool.clone(), contact);
            let limit = self.limit(settings, contact);
            match self.take_one(db, now, &lane, limit).await? {
                Some(until) => allowed.lanes.push((lane, until, limit)),
                None => {
                    self.counts().entry(lane).or_default().refused += 1;
                    self.limits_met.meet(Limit::MessagesOfPool);
                    return Err(Error::message_limit_exceeded());
                }
            }
        }
        Ok(allowed)
    }

    /// When the hour is over in which one was taken; None when there is none to take.
    async fn take_one(
        &self,
        db: &Db,
        now: Timestamp,
        lane: &Lane,
        limit: Option<u32>,
    ) -> Result<Option<Timestamp>> {
        let Some(limit) = limit else {
            return Ok(Some(now));
        };
        let is_good = |share: &&mut Share| now < share.until && share.limit == limit;
        if let Some(share) = self.shares().get_mut(lane).filter(is_good) {
            if share.left > 0 {
                share.left -= 1;
                return Ok(Some(share.until));
            }
            if share.is_last {
                return Ok(None);
            }
        }
        self.give_back_another_sum(db, now, lane, limit).await;
        let wanted = (limit / PART).max(1);
        let (pool, kind) = (lane.0.clone(), medium(lane.1));
        let reserve = async move |tx: &mut Tx| -> Result<(u32, Timestamp)> {
            Ok(attempts::reserve(tx, &pool, kind, now, HOUR, wanted, limit).await?)
        };
        // Taken twice where the answer was lost: then a part of the sum is lost with it.
        let stands = async |_: &mut Tx| -> Result<Option<(u32, Timestamp)>> { Ok(None) };
        let (taken, until) = write_settled(db, "reserve_messages", stands, reserve).await?;
        let mut shares = self.shares();
        let fresh = Share {
            left: 0,
            until,
            limit,
            is_last: false,
        };
        let share = shares.entry(lane.clone()).or_insert(fresh);
        if share.until != until || share.limit != limit {
            *share = fresh;
        }
        share.left += taken;
        let is_first_refusal = share.left == 0 && !share.is_last;
        share.is_last |= taken < wanted;
        if share.left == 0 {
            drop(shares);
            if is_first_refusal {
                tracing::warn!(user_pool = %lane.0, medium = kind, limit, "the pool's sum of messages of this hour is reached");
            }
            return Ok(None);
        }
        share.left -= 1;
        Ok(Some(until))
    }

    /// Gives back what is left of the part of another sum, which a setting has replaced: a smaller
    /// sum would otherwise be used up by what nobody was sent.
    async fn give_back_another_sum(&self, db: &Db, now: Timestamp, lane: &Lane, limit: u32) {
        let is_of_another = |share: &&mut Share| now < share.until && share.limit != limit;
        let (unspent, until) = match self.shares().get_mut(lane).filter(is_of_another) {
            Some(share) => (std::mem::take(&mut share.left), share.until),
            None => return,
        };
        let (pool, kind) = (lane.0.clone(), medium(lane.1));
        let give_back =
            async move |tx: &mut Tx| attempts::give_back(tx, &pool, kind, until, unspent).await;
        // Not tried again when its outcome is unknown: given back twice, the sum would be exceeded.
        if unspent > 0
            && let Err(error) = db.write("give_back_messages", give_back).await
        {
            tracing::warn!(%error, "unspent messages of a pool's sum were not given back");
        }
    }

    /// The sum of an hour: the pool's own setting, or the server's; None for any number.
    fn limit(&self, settings: &PoolServerSettings, contact: Contact) -> Option<u32> {
        match contact {
            Contact::Email => settings.mail_per_hour.map_or(self.mail, AtMost::number),
            Contact::PhoneNumber => settings.sms_per_hour.map_or(self.sms, AtMost::number),
        }
    }

    /// What this node has sent and refused so far.
    pub(crate) fn counted(&self) -> Vec<MessageCount> {
        let told = |((pool, contact), count): (&Lane, &Count)| MessageCount {
            user_pool: pool.to_string(),
            medium: medium(*contact),
            sent: count.sent,
            refused: count.refused,
        };
        self.counts().iter().map(told).collect()
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<Lane, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing is half done while the lock is held.
    fn shares(&self) -> MutexGuard<'_, HashMap<Lane, Share>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Allowed<'_> {
    /// The messages are in the outbox.
    pub(crate) fn sent(mut self) {
        for (lane, ..) in self.lanes.drain(..) {
            self.of.counts().entry(lane).or_default().sent += 1;
        }
    }
}

impl Drop for Allowed<'_> {
    fn drop(&mut self) {
        for (lane, until, limit) in self.lanes.drain(..) {
            if let Some(share) = self.of.shares().get_mut(&lane)
                && share.until == until
                && Some(share.limit) == limit
            {
                share.left += 1;
            }
        }
    }
}

/// The name of a medium, in the database and in metrics.
fn medium(contact: Contact) -> &'static str {
    match contact {
        Contact::Email => "mail",
        Contact::PhoneNumber => "sms",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::user_pools::pools::tests::{new_cx, new_pool};

    #[tokio::test]
    async fn another_sum_counts_what_was_sent_and_not_what_a_node_had_taken() {
        let cx = new_cx().await;
        let id = new_pool(&cx, json!({})).await.id.unwrap();
        let (sums, pool) = (&cx.app.pool_messages, UserPoolId::parse(&id).unwrap());
        let is_sent = async |sum| {
            let settings = PoolServerSettings {
                mail_per_hour: Some(AtMost::Number(sum)),
                sms_per_hour: None,
                ..PoolServerSettings::default()
            };
            let one = [Contact::Email];
            let allowed = sums.take(&cx.app.db, cx.now, &pool, &settings, one).await;
            allowed.map(Allowed::sent).is_ok()
        };
        // The node takes ten of a thousand, and sends one.
        assert!(is_sent(1000).await);
        for (sum, sent) in [
            (3, true),
            (3, true),
            (3, false),
            (0, false),
            (4, true),
            (4, false),
        ] {
            assert_eq!(is_sent(sum).await, sent, "{sum}");
        }
        assert!(is_sent(1000).await);
    }

    #[tokio::test]
    async fn a_place_of_another_sum_is_not_given_back_to_this_one() {
        let cx = new_cx().await;
        let id = new_pool(&cx, json!({})).await.id.unwrap();
        let (sums, pool) = (&cx.app.pool_messages, UserPoolId::parse(&id).unwrap());
        let take = async |sum| {
            let settings = PoolServerSettings {
                mail_per_hour: Some(AtMost::Number(sum)),
                sms_per_hour: None,
                ..PoolServerSettings::default()
            };
            let one = [Contact::Email];
            sums.take(&cx.app.db, cx.now, &pool, &settings, one).await
        };
        let of_another = take(1).await.unwrap();
        assert!(take(0).await.is_err());
        drop(of_another);
        assert!(take(0).await.is_err());
    }
}
