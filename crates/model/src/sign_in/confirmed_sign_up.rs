//! A sign-up that was just confirmed: it leads straight into the first sign-in, without another
//! code (USER_AUTH with the Session of ConfirmSignUp, docs/protocol.md §17.3).

use cognate_crypto::random::Random;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::facts::Facts;
use super::outcome::Outcome;
use super::progress::{Progress, Target, Way};
use super::refusal::Refusal;
use super::step::{Holder, Pending, Step, StepKind};
use super::turn::Turn;
use crate::acr::Level;
use crate::app_client::AppClient;
use crate::attribute::Contact;
use crate::factor::Factor;
use crate::password::Credentials;
use crate::time::Timestamp;
use crate::user::User;

/// A sign-up that a code confirmed.
#[derive(Clone, Serialize, Deserialize)]
pub struct ConfirmedSignUp {
    /// What the code went to.
    contact: Contact,
    /// The address that it went to.
    address: String,
}

impl ConfirmedSignUp {
    /// The step of a sign-up that was confirmed at an app client, by a code to an address. It ends
    /// with the password that the user has, if they have one: what ends sessions ends it too.
    #[must_use]
    pub fn pending(
        client: &AppClient,
        (user, credentials): (&User, Option<&Credentials>),
        contact: Contact,
        address: &str,
        now: Timestamp,
    ) -> Pending {
        let step = Self {
            contact,
            address: address.to_owned(),
        };
        let mut progress = Progress::of(Way::Choice);
        if let Some(credentials) = credentials {
            progress.password.clone_from(&credentials.salt);
        }
        Pending {
            pool: user.pool.clone(),
            client: client.id.clone(),
            holder: Holder::User(user.sub.clone()),
            step: Step::of(&step),
            progress,
            expires_at: now.plus(client.auth_session_validity()),
        }
    }
}

impl StepKind for ConfirmedSignUp {
    const NAME: &'static str = "confirmed_sign_up";
}

impl Challenge for ConfirmedSignUp {
    /// The session is all that it takes; the client may say what levels it is to reach.
    type Answer = Vec<Level>;

    fn answer(
        self,
        levels: Vec<Level>,
        mut turn: Turn,
        facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        let user = facts.account.user();
        let address = user.and_then(|user| user.attribute(self.contact.attribute()));
        if address != Some(self.address.as_str()) {
            return Outcome::Refuse(Refusal::NoSuchStep);
        }
        let factor = match self.contact {
            Contact::Email => Factor::Email,
            Contact::PhoneNumber => Factor::Sms,
        };
        turn.progress.target = Target::new(levels, None);
        turn.prove(factor, facts.now);
        Outcome::Proved(turn)
    }
}
