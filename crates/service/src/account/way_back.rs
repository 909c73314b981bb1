//! The way back from a changed address: the old address is told, and what it was sent undoes the
//! change without a sign-in.
//!
//! Only what users change themselves is told and undone. What an operator says stands, and ends the
//! ways back of the address that it is said of.

use std::sync::Arc;

use cognate_crypto::digest::sha256;
use cognate_crypto::random::Alphabet;
use cognate_model::attribute::Contact;
use cognate_model::{User, UserPool, WayBack};
use cognate_outbound::{AddressChange, ChangedAddress};
use cognate_store::{Tx, sessions, users as stored_users, ways_back};

use crate::messages::message::{self, Message};
use crate::outcome::{Reached, write_settled};
use crate::users::storing;
use crate::{Cx, Error, Result, failure};

/// A token has more than 256 bits. It is of letters only: nothing in a link that a mail program may
/// cut off, and no digits that could be read as a code.
const TOKEN_LENGTH: usize = 48;
const LETTERS: Alphabet = Alphabet::new(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

/// What a user's change of their addresses may need: drawn before the transaction that makes it.
#[derive(Clone)]
pub(crate) struct Notices {
    cx: Cx,
    pool: Arc<UserPool>,
    drawn: [Drawn; 2],
}

/// The randomness of one way back.
#[derive(Clone)]
struct Drawn {
    contact: Contact,
    token: String,
    message: String,
}

impl Notices {
    /// Draws what is random in them.
    pub(crate) fn draw(cx: &Cx, pool: &Arc<UserPool>) -> Self {
        let mut random = cx.random();
        Self {
            cx: cx.clone(),
            pool: Arc::clone(pool),
            drawn: Contact::ALL.map(|contact| Drawn {
                contact,
                token: random.from_alphabet(TOKEN_LENGTH, LETTERS),
                message: random.uuid_v4(),
            }),
        }
    }

    /// Keeps the verified addresses that a change has taken, and tells them. To be called in the
    /// transaction of the change, once it is stored. That nothing can be sent there, or that much
    /// was sent, does not stop the change: it has its reasons.
    ///
    /// # Errors
    /// Only what the database gives.
    pub(crate) async fn put(&self, tx: &mut Tx, before: &User, after: &User) -> Result<()> {
        for drawn in &self.drawn {
            let (pool, now) = (&self.pool, self.cx.now);
            let change = WayBack::of_change(pool, before, after, drawn.contact, now);
            let Some(mut change) = change else { continue };
            let open = ways_back::open_of_user(tx, &pool.id, &after.sub, now).await?;
            change.is_first = !open
                .iter()
                .any(|(_, other)| other.contact == change.contact);
            ways_back::insert(tx, &id_of(&drawn.token), &change).await?;
            if let Some(message) = self.message(drawn, &change, after)? {
                message.enqueue(tx).await?;
            }
        }
        Ok(())
    }

    /// Lets what was written be delivered.
    pub(crate) fn are_out(&self) {
        self.cx.app.outbox_filled.notify_one();
    }

    fn message(&self, drawn: &Drawn, change: &WayBack, after: &User) -> Result<Option<Message>> {
        let Some(old) = &change.address else {
            return Ok(None);
        };
        let new = after.attribute(change.contact.attribute());
        let new = new.map(|new| message::mask(change.contact, new));
        let link = format!(
            "{}/restoreAddress?token={}",
            self.cx.app.config.public_url, drawn.token
        );
        let words = AddressChange {
            address: match change.contact {
                Contact::Email => ChangedAddress::Email,
                Contact::PhoneNumber => ChangedAddress::PhoneNumber,
            },
            at: &self.cx.now.in_words(),
            to: new.as_deref(),
            link: &link,
        };
        Message::of_change(&self.cx, &self.pool, drawn.message.clone(), old, &words)
    }
}

/// What a token is kept as. Nobody guesses it, so a plain hash hides it.
fn id_of(token: &str) -> [u8; 32] {
    sha256(&[b"way back", token.as_bytes()])
}

/// Ends the ways back of an address that an operator has changed, and lets others have its name.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn end(tx: &mut Tx, before: &User, after: &User) -> Result<()> {
    let has_changed = |contact: Contact| {
        let attribute = contact.attribute();
        before.attribute(attribute) != after.attribute(attribute)
    };
    if !Contact::ALL.into_iter().any(has_changed) {
        return Ok(());
    }
    let now = after.modified_at;
    for (id, change) in ways_back::open_of_user(tx, &after.pool, &after.sub, now).await? {
        if has_changed(change.contact) {
            ways_back::take(tx, &id).await?;
        }
    }
    Ok(())
}

/// Undoes the change of an address by the token that was sent to the one of before: that is the
/// user's again, and verified; all sessions end, and nobody signs in before a new password is
/// chosen.
///
/// # Errors
/// `ExpiredCodeException` for a token that is none, was used, or came too late;
/// `TooManyRequestsException` when a network address has tried too many.
pub async fn restore_address(cx: Cx, token: &str) -> Result<()> {
    // A token cannot be guessed; who tries many is held up all the same, as at every other link.
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await;
    let taken = taken.map_err(failure::for_callers)?;
    let restored = taken.settle(restore(cx.clone(), token).await);
    restored.map_err(failure::for_callers)
}

async fn restore(cx: Cx, token: &str) -> Result<()> {
    if token.len() != TOKEN_LENGTH {
        return Err(Error::code_expired());
    }
    let id = id_of(token);
    let found = ways_back::find(&mut cx.app.db.read().await?, &id).await?;
    let found = found.filter(|change| change.expires_at > cx.now);
    let change = found.ok_or_else(Error::code_expired)?;
    let pool = cx.app.pool(&change.pool).await?;
    let now = cx.now;
    let reached = Reached::default();
    let (was_there, of_pool, sub) = (reached.clone(), pool.id.clone(), change.sub.clone());
    let stands = async move |tx: &mut Tx| -> Result<Option<bool>> {
        let is_done = was_there.is_set() && ways_back::find(tx, &id).await?.is_none();
        let user = stored_users::find(tx, &of_pool, &sub).await?;
        let is_theirs = user.is_some_and(|user| user.modified_at == now);
        Ok((is_done && is_theirs).then_some(true))
    };
    let restore = async move |tx: &mut Tx| -> Result<bool> {
        reached.clear();
        let Some(change) = ways_back::take(tx, &id).await? else {
            return Ok(false);
        };
        let Some(mut user) = stored_users::find(tx, &pool.id, &change.sub).await? else {
            return Ok(false);
        };
        let open = ways_back::open_of_user(tx, &pool.id, &user.sub, now).await?;
        let others: Vec<WayBack> = open.iter().map(|(_, other)| other.clone()).collect();
        if !change.restore(&mut user, &pool, &others) {
            return Ok(false);
        }
        user.modified_at = now;
        storing::store(tx, &pool, &user, false).await?;
        sessions::end_all_of_user(tx, &pool.id, &user.sub).await?;
        for (id, other) in &open {
            if change.ends(other) {
                ways_back::take(tx, id).await?;
            }
        }
        reached.set();
        Ok(true)
    };
    if write_settled(&cx.app.db, "restore_address", stands, restore).await? {
        Ok(())
    } else {
        Err(Error::code_expired())
    }
}
