//! SELECT_CHALLENGE, and choice-based sign-in as a whole (USER_AUTH, docs/protocol.md §17.3): what
//! a user may begin with, and how each of it begins.

use cognate_crypto::random::Random;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::challenge::Challenge;
use super::choice::{Choice, FirstChallenge};
use super::facts::Facts;
use super::outcome::{Asked, Need, Outcome};
use super::questions::FirstFactors;
use super::refusal::Refusal;
use super::step::StepKind;
use super::turn::Turn;
use super::{email_otp, mfa_needs, password, password_srp, password_verifier, sms_otp, web_authn};
use crate::attribute::Contact;
use crate::user::UserStatus;

/// A choice that is offered.
#[derive(Clone, Serialize, Deserialize)]
pub struct SelectChallenge {
    /// What is offered.
    pub available: Vec<FirstChallenge>,
}

/// Offers the choice.
pub(super) fn offer(available: Vec<FirstChallenge>, turn: Turn, facts: &Facts<'_>) -> Outcome {
    let validity = facts.client.auth_session_validity();
    Outcome::ask(turn, &SelectChallenge { available }, validity, facts)
}

impl StepKind for SelectChallenge {
    const NAME: &'static str = "select_challenge";
}

impl Challenge for SelectChallenge {
    type Answer = Choice;

    fn answer(
        self,
        chosen: Choice,
        turn: Turn,
        _facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        let is_offered = |challenge| self.available.contains(&challenge);
        if chosen.challenge.is_some_and(is_offered) {
            begin(chosen, turn)
        } else {
            Outcome::Refuse(Refusal::NotOffered)
        }
    }
}

/// Goes on with a choice, or with the question for one.
pub(super) fn begin(choice: Choice, turn: Turn) -> Outcome {
    let go_on = move |found: FirstFactors, facts: &Facts<'_>, random: &mut Random| {
        let available = available(&turn, facts, &found);
        match choice.challenge.filter(|chosen| available.contains(chosen)) {
            Some(chosen) => ask(chosen, choice, &found, turn, facts, random),
            None => offer(available, turn, facts),
        }
    };
    Outcome::Need(Need::FirstFactors(Asked::new((), go_on)))
}

/// Begins with a challenge that is available.
pub(super) fn ask(
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

/// What an account may begin with, where the level that is to be reached takes it. Who has nothing
/// to begin with is asked for a password, which none matches.
fn available(turn: &Turn, facts: &Facts<'_>, found: &FirstFactors) -> Vec<FirstChallenge> {
    let mut available = offered(facts, found);
    if let Some(target) = &turn.progress.target {
        available.retain(|challenge| target.leads_by(challenge.method()));
    }
    if available.is_empty() {
        return vec![FirstChallenge::Password, FirstChallenge::PasswordSrp];
    }
    available
}

/// What an account may begin a sign-in with. An unknown name has a password, the contacts that were
/// made up for it, and what else decides as the user has it in whose likeness they were made up:
/// the same each time. Else who has a second factor, or was invited, would be told by being offered
/// no code in a pool where all others are.
pub(super) fn offered(facts: &Facts<'_>, found: &FirstFactors) -> Vec<FirstChallenge> {
    let allowed = &facts.pool.settings.allowed_first_auth_factors;
    let user = facts.account.user().or(found.like.as_ref());
    // Where answers hide who exists, everybody is offered a password, as an unknown name is.
    let has_password = facts.client.settings.prevent_user_existence_errors
        || !matches!(facts.account, Account::WithoutPassword(..));
    // A code is no first factor where a second one will be asked for, nor for who was invited and
    // has a temporary password.
    let takes_codes = !mfa_needs::is_needed(facts.pool, user)
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
    all.filter(is_available).collect()
}
