//! The codes that sign-ins send: made when the machine needs them, and put into the outbox in the
//! transaction that keeps the step which waits for them.

use cognate_model::attribute::Contact;
use cognate_model::sign_in::SendCode;
use cognate_model::{Timestamp, User, UserPool, UserPoolId};
use cognate_outbound::{Purpose, Values};
use cognate_store::Tx;

use super::codes::destination_subject;
use super::message::{self, Draft, Message};
use crate::counts::Limit;
use crate::limits::sums::{self, Whence};
use crate::{Cx, Error, Result};

/// A code of a sign-in that is made and not yet out.
#[derive(Clone)]
pub(crate) struct SignInCode {
    pool: UserPoolId,
    message: Message,
    medium: Contact,
    shown: String,
    /// Under what messages to the address are counted.
    destination: String,
    /// Whether a message too many is left out rather than refused: before anything is proved, a
    /// refusal would tell whose address it is.
    is_quiet: bool,
    whence: Whence,
    now: Timestamp,
}

impl SignInCode {
    /// Makes the message of a code. `user` is who signs in, or who is made up for a name that
    /// nobody has.
    ///
    /// # Errors
    /// `InvalidUserPoolConfigurationException` when this server can send nothing of the kind (the
    /// operations of a sign-in have no other); `TooManyRequestsException` when the network address
    /// has asked for too many messages.
    pub(crate) fn make(cx: &Cx, pool: &UserPool, user: &User, code: &SendCode) -> Result<Self> {
        cx.app.limits.messages.spend(&cx.origin, cx.now)?;
        let values = Values {
            code: Some(code.code.expose()),
            username: Some(&user.username),
            link: None,
        };
        let draft = Draft {
            pool,
            purpose: Purpose::SignInCode,
            contact: code.medium,
            address: &code.address,
            values,
        };
        let message = Message::render(cx, &draft)
            .map_err(|error| Error::code_cannot_be_sent().with_source(error.message))?;
        let details = message::details(code.medium, &code.address);
        let (message, destination) = if code.is_real {
            (message, destination_subject(&cx.app, &code.address))
        } else {
            // No address is made use of, so none has its messages counted.
            let nobody = destination_subject(&cx.app, user.sub.as_str());
            (message.addressed_to_nobody(), nobody)
        };
        Ok(Self {
            pool: pool.id.clone(),
            message,
            medium: code.medium,
            shown: details.destination.unwrap_or_default(),
            destination,
            is_quiet: !code.is_second,
            whence: Whence::of(cx),
            now: cx.now,
        })
    }

    /// Where it goes, as answers tell it.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// What it is sent to.
    pub(crate) fn medium(&self) -> Contact {
        self.medium
    }

    /// Puts the message into the outbox. `Some` holds a refusal, which is to be committed: the
    /// messages to an address are counted, those that are refused too.
    ///
    /// # Errors
    /// Only what the database gives.
    pub(crate) async fn put(&self, tx: &mut Tx) -> Result<Option<Error>> {
        let (whence, to) = (&self.whence, self.destination.as_str());
        if !sums::count_message(tx, whence, &self.pool, to, self.now).await? {
            self.message.enqueue(tx).await?;
            return Ok(None);
        }
        whence.meet(Limit::MessagesToAddress);
        if self.is_quiet {
            self.message
                .clone()
                .addressed_to_nobody()
                .enqueue(tx)
                .await?;
            return Ok(None);
        }
        // The operations of a sign-in have no LimitExceededException.
        Ok(Some(Error::too_many_requests()))
    }
}
