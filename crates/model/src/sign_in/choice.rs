//! Choice-based sign-in (USER_AUTH, docs/protocol.md §5.13): what a user may begin with, and how
//! each of it begins.

use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::facts::Facts;
use super::need::{Asked, Need};
use super::outcome::Outcome;
use super::turn::Turn;
use super::{
    email_otp, mfa, password, password_srp, password_verifier, select_challenge, sms_otp, web_authn,
};
use crate::attribute::Contact;
use crate::destination::Contacts;
use crate::first_factor::FirstFactor;
use crate::passkey::OfferedPasskey;
use crate::user::{User, UserStatus};

/// A challenge that a user can choose to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstChallenge {
    /// The password itself.
    Password,
    /// The password, proved by SRP.
    PasswordSrp,
    /// A code by mail.
    EmailOtp,
    /// A code by text message.
    SmsOtp,
    /// A passkey.
    WebAuthn,
}

/// What a client has chosen, with what it needs of its own.
#[derive(Default)]
pub struct Choice {
    /// The challenge; None where the client wants to be told what there is.
    pub challenge: Option<FirstChallenge>,
    /// For [`FirstChallenge::PasswordSrp`].
    pub client_public: Option<Box<srp::ClientPublic>>,
    /// For [`FirstChallenge::Password`].
    pub password: Option<SecretString>,
}

/// What the driver finds out of an account before a choice is offered. It is found out for nobody
/// as well, and looks alike.
pub struct FirstFactors {
    /// Where codes can go.
    pub contacts: Contacts,
    /// The passkeys that the account may begin with.
    pub passkeys: Vec<OfferedPasskey>,
    /// For nobody: the user in whose likeness they are made up, if the pool has any.
    pub like: Option<User>,
}

impl FirstChallenge {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] = [
        Self::EmailOtp,
        Self::SmsOtp,
        Self::Password,
        Self::PasswordSrp,
        Self::WebAuthn,
    ];

    /// The factor that it proves.
    #[must_use]
    pub fn factor(self) -> FirstFactor {
        match self {
            Self::Password | Self::PasswordSrp => FirstFactor::Password,
            Self::EmailOtp => FirstFactor::EmailOtp,
            Self::SmsOtp => FirstFactor::SmsOtp,
            Self::WebAuthn => FirstFactor::WebAuthn,
        }
    }
}

/// Goes on with a choice, or with the question for one.
pub(super) fn begin(choice: Choice, turn: Turn) -> Outcome {
    let offer = move |found: FirstFactors, facts: &Facts<'_>, random: &mut Random| {
        let available = available(facts, &found);
        match choice.challenge.filter(|chosen| available.contains(chosen)) {
            Some(chosen) => ask(chosen, choice, &found, turn, facts, random),
            None => select_challenge::ask(available, turn, facts),
        }
    };
    Outcome::Need(Need::FirstFactors(Asked::new((), offer)))
}

/// Begins with a challenge that is available.
fn ask(
    chosen: FirstChallenge,
    choice: Choice,
    found: &FirstFactors,
    turn: Turn,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    match (chosen, choice) {
        (
            FirstChallenge::Password,
            Choice {
                password: Some(password),
                ..
            },
        ) => password::prove(password, turn, facts),
        (FirstChallenge::Password, _) => password::ask(turn, facts),
        (
            FirstChallenge::PasswordSrp,
            Choice {
                client_public: Some(public),
                ..
            },
        ) => password_verifier::ask(*public, turn, facts),
        (FirstChallenge::PasswordSrp, _) => password_srp::ask(turn, facts),
        (FirstChallenge::EmailOtp, _) => email_otp::ask_first(found, turn, facts, random),
        (FirstChallenge::SmsOtp, _) => sms_otp::ask(found, turn, facts, random),
        (FirstChallenge::WebAuthn, _) => web_authn::ask(found, turn, facts, random),
    }
}

/// What an account may begin with. An unknown name has a password, the contacts that were made up
/// for it, and what else decides as the user has it in whose likeness they were made up: the same
/// each time. Else who has a second factor, or was invited, would be told by being offered no code
/// in a pool where all others are.
fn available(facts: &Facts<'_>, found: &FirstFactors) -> Vec<FirstChallenge> {
    let allowed = &facts.pool.settings.allowed_first_auth_factors;
    let user = facts.account.user().or(found.like.as_ref());
    let has_password = !matches!(facts.account, Account::WithoutPassword(..));
    // A code is no first factor where a second one will be asked for, nor for who was invited and
    // has a temporary password.
    let takes_codes = !mfa::is_needed(facts.pool, user)
        && user.is_none_or(|user| user.status != UserStatus::ForceChangePassword);
    let gets_codes = |contact| takes_codes && found.contacts.verified(contact).is_some();
    let is_available = |challenge: &FirstChallenge| {
        allowed.contains(&challenge.factor())
            && match challenge {
                FirstChallenge::Password | FirstChallenge::PasswordSrp => has_password,
                FirstChallenge::EmailOtp => gets_codes(Contact::Email),
                FirstChallenge::SmsOtp => gets_codes(Contact::PhoneNumber),
                FirstChallenge::WebAuthn => !found.passkeys.is_empty(),
            }
    };
    let all = FirstChallenge::ALL.into_iter();
    let available: Vec<_> = all.filter(is_available).collect();
    if available.is_empty() {
        // Who has nothing to begin with is asked for a password, which none matches.
        return vec![FirstChallenge::Password, FirstChallenge::PasswordSrp];
    }
    available
}
