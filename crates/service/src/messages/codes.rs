//! Codes: made, sent, guessed at, used once.

use cognate_api::idp::CodeDeliveryDetailsType;
use cognate_crypto::digest::{base64url_encode, ct_eq, hmac_sha256};
use cognate_crypto::random::Alphabet;
use cognate_model::attribute::Contact;
use cognate_model::code::{CodePurpose, LimitedAction, MAX_GUESSES_FROM_EVERYWHERE, PendingCode};
use cognate_model::{Sub, Timestamp, User, UserPool, UserPoolId};
use cognate_outbound::{Purpose, Values};
use cognate_store::{Tx, codes, users};

use super::allowance;
use super::message::{self, Draft, Message};
use crate::app::App;
use crate::counts::Limit;
use crate::limits::sums::{self, Whence, count_action};
use crate::outcome::Reached;
use crate::{Cx, Error, Result};

/// How a code reaches its user.
pub(crate) enum Form<'a> {
    /// Six digits to be typed.
    Digits(Purpose),
    /// A link to be opened, at this app client.
    Link(&'a cognate_model::ClientId),
}

/// A code that is made and not yet out: to be put into the database with its message, in one
/// transaction.
#[derive(Clone)]
pub(crate) struct NewCode {
    pool: UserPoolId,
    sub: Sub,
    purpose: CodePurpose,
    pending: PendingCode,
    message: Message,
    expires_at: Timestamp,
    destination: String,
    /// Whether a message too many is left out rather than refused.
    is_quiet: bool,
    whence: Whence,
    now: Timestamp,
}

impl NewCode {
    /// Makes a code for a user's address and the message that carries it.
    ///
    /// # Errors
    /// `CodeDeliveryFailureException` when this server cannot send there.
    pub(crate) fn make(
        cx: &Cx,
        pool: &UserPool,
        user: &User,
        purpose: CodePurpose,
        contact: Contact,
        address: &str,
        form: &Form<'_>,
    ) -> Result<Self> {
        let mut random = cx.random();
        let (code, link, words) = match form {
            Form::Digits(words) => (random.digits(6), None, *words),
            Form::Link(client) => {
                let code = random.from_alphabet(24, Alphabet::ALPHANUMERIC);
                let user_name = percent_encode(&user.username);
                let link = format!(
                    "{}/confirmUser?client_id={client}&user_name={user_name}&confirmation_code={code}",
                    cx.app.config.public_url
                );
                (code, Some(link), Purpose::LinkVerification)
            }
        };
        let values = Values {
            code: Some(&code),
            username: Some(&user.username),
            link: link.as_deref(),
        };
        let message = Message::render(
            cx,
            &Draft {
                pool,
                purpose: words,
                contact,
                address,
                values,
            },
        )?;
        Ok(Self {
            pool: pool.id.clone(),
            sub: user.sub.clone(),
            purpose,
            pending: PendingCode {
                hash: hash(&cx.app, &pool.id, &user.sub, purpose, &code).to_vec(),
                contact,
                address: address.to_owned(),
                by_link: matches!(form, Form::Link(_)),
                reissues: 0,
            },
            message,
            expires_at: cx.now.plus(purpose.validity()),
            destination: destination_subject(&cx.app, address),
            is_quiet: false,
            whence: Whence::of(cx),
            now: cx.now,
        })
    }

    /// The same code, sent to nobody: for who gets none. It costs what a real one costs, and what
    /// answers tell of it cannot be told from a real one.
    pub(crate) fn addressed_to_nobody(mut self, app: &App) -> Self {
        self.message = self.message.addressed_to_nobody();
        // No address is made use of, so none has its messages counted.
        self.destination = destination_subject(app, self.sub.as_str());
        self
    }

    /// The same code, which is not sent when the address has had all its messages, and nobody is
    /// told: where answers hide who exists, a refusal would tell whose address it is.
    pub(crate) fn quietly(mut self) -> Self {
        self.is_quiet = true;
        self
    }

    /// Where the code goes, as answers tell it.
    pub(crate) fn details(&self) -> CodeDeliveryDetailsType {
        message::details(self.pending.contact, &self.pending.address)
    }

    /// What it is sent to.
    pub(crate) fn contact(&self) -> Contact {
        self.pending.contact
    }

    /// Puts code and message into the database; a code of the same purpose that was out before is
    /// worth nothing from then on.
    ///
    /// # Errors
    /// `LimitExceededException` when the address got too many messages.
    pub(crate) async fn put(&self, tx: &mut Tx) -> Result<()> {
        let of = (&self.pool, self.destination.as_str(), self.now);
        if sums::count_message(tx, &self.whence, of.0, of.1, of.2).await? {
            self.whence.meet(Limit::MessagesToAddress);
            return if self.is_quiet {
                self.put_unsent(tx).await
            } else {
                Err(Error::attempt_limit_exceeded())
            };
        }
        self.put_uncounted(tx).await
    }

    /// The same at an operator's word, which is counted for itself: what strangers have asked for
    /// is no reason to refuse it, and what the operator changes beside it stands whether the
    /// message goes out or not. `Some` holds the refusal.
    ///
    /// # Errors
    /// Only what the database gives.
    pub(crate) async fn put_for_operator(&self, tx: &mut Tx) -> Result<Option<Error>> {
        if sums::count_operators_message(tx, &self.pool, &self.destination, self.now).await? {
            self.whence.meet(Limit::MessagesToAddress);
            return Ok(Some(Error::attempt_limit_exceeded()));
        }
        self.put_uncounted(tx).await?;
        Ok(None)
    }

    async fn put_uncounted(&self, tx: &mut Tx) -> Result<()> {
        self.put_pending(tx).await?;
        self.message.enqueue(tx).await
    }

    /// Does as much as if it were sent. The code that is out stays good, because nobody gets
    /// another, and so does the sum of all guesses at it; the guesses from one place begin anew, as
    /// they do at a new code: whose address it is must not show there.
    async fn put_unsent(&self, tx: &mut Tx) -> Result<()> {
        let of = (&self.pool, &self.sub, self.purpose);
        match codes::find(tx, of.0, of.1, of.2).await? {
            Some((mut out, ..)) => {
                out.reissues = out.reissues.wrapping_add(1);
                codes::change(tx, of.0, of.1, of.2, &out).await?;
            }
            None => self.put_pending(tx).await?,
        }
        self.message.clone().addressed_to_nobody().enqueue(tx).await
    }

    async fn put_pending(&self, tx: &mut Tx) -> Result<()> {
        codes::put(
            tx,
            &self.pool,
            &self.sub,
            self.purpose,
            &self.pending,
            self.expires_at,
        )
        .await?;
        Ok(())
    }
}

/// Puts a code and its message into the database, within the limits of the action, of the network
/// address that asks for it, and of the pool.
///
/// # Errors
/// `LimitExceededException`; `TooManyRequestsException`.
pub(crate) async fn send_code(
    cx: &Cx,
    name: &'static str,
    action: LimitedAction,
    code: NewCode,
) -> Result<()> {
    cx.app.limits.messages.spend(&cx.origin, cx.now)?;
    let allowed = allowance::take(cx, &code.pool, [code.contact()]).await?;
    let send = async move |tx: &mut Tx| -> Result<Option<Error>> {
        let limit = count_action(tx, &code.whence, &code.pool, &code.sub, action, code.now).await?;
        if limit.is_none() {
            code.put(tx).await?;
        }
        Ok(limit)
    };
    match cx.app.db.write(name, send).await? {
        Some(error) => Err(error),
        None => {
            allowed.sent();
            cx.app.outbox_filled.notify_one();
            Ok(())
        }
    }
}

/// What a guess comes to.
pub(crate) enum Guess {
    /// Right; the code is used up, unless it was only looked at.
    Right(PendingCode),
    /// Refused. The guess is counted, so the transaction has to be committed.
    Refused(Error),
}

/// How a code comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Through {
    /// Typed, in a call of an app client.
    Call,
    /// Carried by its link, to the page behind it.
    Link,
}

/// A try at a code.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) pool: UserPoolId,
    /// The user's sub, or the made-up one of a name that nobody has.
    pub(crate) sub: Sub,
    pub(crate) purpose: CodePurpose,
    /// Keyed hash of the code that was sent in.
    hash: [u8; 32],
    /// What stands in where no code is out and that must not show: a hash that no code has.
    stand_in: Option<[u8; 32]>,
    pub(crate) whence: Whence,
    /// Names codes without telling them.
    key: [u8; 32],
    now: Timestamp,
    /// Whether the last transaction that tried it has found it right, be it committed or not.
    was_right: Reached,
}

impl Attempt {
    /// A try at the code of a user. With `hide`, a code that was never sent is refused, and its
    /// guesses counted, like one that was.
    pub(crate) fn new(
        cx: &Cx,
        pool: &UserPoolId,
        sub: Sub,
        purpose: CodePurpose,
        code: &str,
        hide: bool,
    ) -> Self {
        let hash = hash(&cx.app, pool, &sub, purpose, code);
        let stand_in = hide.then(|| cx.random().bytes::<32>());
        Self {
            pool: pool.clone(),
            sub,
            purpose,
            hash,
            stand_in,
            whence: Whence::of(cx),
            key: cx.app.secrets.codes,
            now: cx.now,
            was_right: Reached::default(),
        }
    }

    /// Whether a transaction stands that found it right and then changed the user: the code is gone
    /// with it, so that the same guess would be wrong now
    /// ([`write_settled`](super::outcome::write_settled)).
    ///
    /// # Errors
    /// Only what the database gives.
    pub(crate) async fn stands(&self, tx: &mut Tx) -> Result<bool> {
        if !self.was_right.is_set() {
            return Ok(false);
        }
        let user = users::find(tx, &self.pool, &self.sub).await?;
        let is_changed = user.is_some_and(|user| user.modified_at == self.now);
        Ok(is_changed
            && codes::find(tx, &self.pool, &self.sub, self.purpose)
                .await?
                .is_none())
    }

    /// Tries it. Each guess is counted for the place that it comes from, before it is looked at,
    /// and each wrong one in the row: after five nothing from there is right any more, and after
    /// fifty nothing at all.
    ///
    /// # Errors
    /// Only what the database gives.
    pub(crate) async fn guess(&self, tx: &mut Tx) -> Result<Guess> {
        match self.look(tx).await? {
            Guess::Right(pending) if !self.use_up(tx, &pending).await? => {
                Ok(Guess::Refused(Error::code_expired()))
            }
            guess => Ok(guess),
        }
    }

    /// Tries it as [`Self::guess`] does, and leaves a right one to be used up by a later
    /// transaction.
    ///
    /// # Errors
    /// Only what the database gives.
    pub(crate) async fn look(&self, tx: &mut Tx) -> Result<Guess> {
        let (pool, sub, purpose) = (&self.pool, &self.sub, self.purpose);
        self.was_right.clear();
        let Some((pending, guesses, expires_at)) = codes::find(tx, pool, sub, purpose).await?
        else {
            return self.guess_at_nothing(tx).await;
        };
        if guesses >= MAX_GUESSES_FROM_EVERYWHERE || self.is_too_often(tx, &pending).await? {
            self.whence.meet(Limit::GuessesAtCode);
            return Ok(Guess::Refused(Error::attempt_limit_exceeded()));
        }
        if !ct_eq(&pending.hash, &self.hash) {
            codes::count_attempt(tx, pool, sub, purpose).await?;
            return Ok(Guess::Refused(Error::code_mismatch()));
        }
        // Expiry shows only to one who has the right code.
        if expires_at <= self.now {
            return Ok(Guess::Refused(Error::code_expired()));
        }
        Ok(Guess::Right(pending))
    }

    /// Uses a right code up; false when it was used, or another took its place.
    ///
    /// # Errors
    /// Only what the database gives.
    pub(crate) async fn use_up(&self, tx: &mut Tx, pending: &PendingCode) -> Result<bool> {
        let (pool, sub, purpose) = (&self.pool, &self.sub, self.purpose);
        let is_used = codes::consume(tx, pool, sub, purpose, &pending.hash).await?;
        if is_used {
            self.was_right.set();
        }
        Ok(is_used)
    }

    /// Tries a code that comes back by its link: it must have gone out as one. A wrong one counts
    /// against no code. The page asks for no secret of the app client, so there it would be a
    /// stranger's way to end codes; and 24 letters and digits are not guessed.
    ///
    /// # Errors
    /// Only what the database gives.
    pub(crate) async fn follow_link(&self, tx: &mut Tx) -> Result<Guess> {
        let (pool, sub, purpose) = (&self.pool, &self.sub, self.purpose);
        self.was_right.clear();
        let found = codes::find(tx, pool, sub, purpose).await?;
        let found = found.filter(|(pending, ..)| pending.by_link);
        let Some((pending, _, expires_at)) =
            found.filter(|(pending, ..)| ct_eq(&pending.hash, &self.hash))
        else {
            return Ok(Guess::Refused(Error::code_mismatch()));
        };
        if expires_at <= self.now || !codes::consume(tx, pool, sub, purpose, &pending.hash).await? {
            return Ok(Guess::Refused(Error::code_expired()));
        }
        self.was_right.set();
        Ok(Guess::Right(pending))
    }

    /// Counts a guess at this very code from where it comes, and tells whether that is one too
    /// many.
    async fn is_too_often(&self, tx: &mut Tx, pending: &PendingCode) -> Result<bool> {
        let name = hmac_sha256(
            &self.key,
            &[b"name\0", &pending.hash, &pending.reissues.to_be_bytes()],
        );
        let name = base64url_encode(name.get(..9).unwrap_or_default());
        let kind = format!("guess/{}/{name}", self.purpose.as_str());
        let of = (&self.pool, &self.sub);
        let window = self.purpose.validity();
        sums::count_guess(tx, &self.whence, of, &kind, self.now, window).await
    }

    async fn guess_at_nothing(&self, tx: &mut Tx) -> Result<Guess> {
        let Some(stand_in) = self.stand_in else {
            return Ok(Guess::Refused(Error::code_expired()));
        };
        let pending = PendingCode {
            hash: stand_in.to_vec(),
            contact: Contact::Email,
            address: String::new(),
            by_link: false,
            reissues: 0,
        };
        codes::put(
            tx,
            &self.pool,
            &self.sub,
            self.purpose,
            &pending,
            self.now.plus(self.purpose.validity()),
        )
        .await?;
        self.is_too_often(tx, &pending).await?;
        codes::count_attempt(tx, &self.pool, &self.sub, self.purpose).await?;
        Ok(Guess::Refused(Error::code_mismatch()))
    }
}

/// A code as it is kept: a hash keyed by a secret of the server, over all that the code is bound
/// to. Six digits are too few for a plain hash to hide; without the key they cannot be tried.
fn hash(app: &App, pool: &UserPoolId, sub: &Sub, purpose: CodePurpose, code: &str) -> [u8; 32] {
    let parts = [pool.as_str(), sub.as_str(), purpose.as_str(), code.trim()];
    let lengths = parts.map(|part| (part.len() as u64).to_be_bytes());
    let bytes: Vec<&[u8]> = lengths
        .iter()
        .zip(&parts)
        .flat_map(|(length, part)| [length.as_slice(), part.as_bytes()])
        .collect();
    hmac_sha256(&app.secrets.codes, &bytes)
}

/// Under what messages to an address are counted: the mailbox, however it is spelled.
pub(super) fn destination_subject(app: &App, address: &str) -> String {
    let destination = cognate_model::email_address::destination(address);
    let hash = hmac_sha256(&app.secrets.address, &[destination.as_bytes()]);
    format!("address:{}", base64url_encode(&hash))
}

/// RFC 3986 §2.1 for a query value.
fn percent_encode(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut encoded, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                encoded.push_str(&format!("%{byte:02X}"));
            }
            encoded
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use cognate_model::{NormalName, UserPoolId};
    use serde_json::json;

    use super::*;
    use crate::user_pools::pools::tests::{new_cx, new_pool};
    use crate::users::accounts::stand_in;

    #[tokio::test]
    async fn names_that_nobody_has_do_not_use_up_each_others_limit() {
        let cx = new_cx().await;
        let id = new_pool(&cx, json!({})).await.id.unwrap();
        let pool = cx.app.pool(&UserPoolId::parse(&id).unwrap()).await.unwrap();
        for number in 0..25 {
            let name = NormalName::new(&pool, &format!("nobody{number}"));
            let user = stand_in(&cx, &pool, None, &name);
            let form = Form::Digits(Purpose::ForgotPassword);
            let code = NewCode::make(
                &cx,
                &pool,
                &user,
                CodePurpose::ResetPassword,
                Contact::Email,
                "nx@ex.example",
                &form,
            )
            .unwrap();
            let code = code.addressed_to_nobody(&cx.app);
            send_code(&cx, "forgot_password", LimitedAction::ForgotPassword, code)
                .await
                .unwrap();
        }
    }
}
