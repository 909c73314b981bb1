//! Which second factor a sign-in needs, if any.

use cognate_crypto::random::Random;

use super::facts::Facts;
use super::outcome::{Outcome, Refusal};
use super::turn::Turn;
use super::{email_otp, select_mfa_type, sms_mfa};
use crate::attribute::Contact;
use crate::second_factor::{MfaConfiguration, SecondFactor};
use crate::user::User;
use crate::user_pool::UserPool;

/// Asks for a second factor, where one is needed and none is proved yet; else the sign-in is at its
/// end. The account's state was looked at before.
pub(super) fn proceed(turn: Turn, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    let Some(user) = turn.user(facts) else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    let configuration = facts.pool.settings.mfa.configuration;
    if configuration == MfaConfiguration::Off || turn.progress.is_of_two_factors() {
        return turn.sign_in(facts);
    }
    let mut choices = choices(facts.pool, user);
    let preferred = user.mfa.preferred;
    if choices.is_empty() && configuration == MfaConfiguration::Optional {
        return turn.sign_in(facts);
    }
    // A second code to the same address proves nothing more.
    choices.retain(|choice| !turn.progress.came_by(choice.contact()));
    let preferred = preferred.filter(|preferred| choices.contains(preferred));
    match (preferred, choices.as_slice()) {
        (Some(factor), _) => ask(factor, turn, facts, random),
        (None, [factor]) => ask(*factor, turn, facts, random),
        (None, []) => Outcome::Refuse(Refusal::NoSecondFactor),
        (None, _) => select_mfa_type::ask(choices, turn, facts),
    }
}

/// Asks for one factor.
pub(super) fn ask(
    factor: SecondFactor,
    turn: Turn,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    match factor {
        SecondFactor::Sms => sms_mfa::ask(turn, facts, random),
        SecondFactor::Email => email_otp::ask_second(turn, facts, random),
        SecondFactor::SoftwareToken => Outcome::Refuse(Refusal::NoSecondFactor),
    }
}

/// The factors that a user can be asked for: those that are switched on and that the pool offers.
/// Where a second factor is a must, who has switched none on is asked by an address that they have
/// (docs/protocol.md §5.11).
fn choices(pool: &UserPool, user: &User) -> Vec<SecondFactor> {
    let mfa = &pool.settings.mfa;
    let has = |factor: SecondFactor| match factor.contact() {
        Some(contact) => user
            .attribute(contact.attribute())
            .is_some_and(|at| !at.is_empty()),
        None => true,
    };
    let all = SecondFactor::ALL.into_iter();
    let mut usable: Vec<_> = all
        .filter(|factor| mfa.offers(*factor) && has(*factor))
        .collect();
    let is_a_must = mfa.configuration == MfaConfiguration::On;
    let chosen = |factor: &SecondFactor| user.mfa.enabled.contains(factor);
    if usable.iter().any(chosen) || !is_a_must {
        usable.retain(chosen);
    } else {
        usable.retain(|factor| factor.contact().is_some());
    }
    usable
}

/// Whether who signs in here now will be asked for a second factor: then a one-time code is no
/// first one.
pub(super) fn is_needed(pool: &UserPool, user: Option<&User>) -> bool {
    match pool.settings.mfa.configuration {
        MfaConfiguration::Off => false,
        MfaConfiguration::Optional => user.is_some_and(|user| !choices(pool, user).is_empty()),
        MfaConfiguration::On => true,
    }
}

/// Where a code of a second factor goes.
pub(super) fn address(user: &User, contact: Contact) -> Option<String> {
    let address = user.attribute(contact.attribute());
    address
        .filter(|address| !address.is_empty())
        .map(str::to_owned)
}
