//! Which second factor a sign-in needs, if any (docs/protocol.md §5.16).

use cognate_crypto::random::Random;

use super::facts::Facts;
use super::outcome::{Outcome, Refusal};
use super::turn::Turn;
use super::{email_otp, mfa_setup, select_mfa_type, sms_mfa, software_token_mfa};
use crate::attribute::Contact;
use crate::second_factor::{Demand, MfaConfiguration, SecondFactor};
use crate::user::User;
use crate::user_pool::UserPool;

/// Asks for a second factor, where one is needed and none is proved yet; else the sign-in is at its
/// end. The account's state was looked at before.
pub(super) fn proceed(turn: Turn, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    let Some(user) = turn.user(facts) else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    let mfa = &facts.pool.settings.mfa;
    if mfa.configuration == MfaConfiguration::Off || turn.progress.is_of_two_factors() {
        return turn.sign_in(facts);
    }
    let token = SecondFactor::SoftwareToken;
    let is_a_must = mfa.configuration == MfaConfiguration::On;
    let may_be_asked = user.mfa.enabled.contains(&token) || (is_a_must && mfa.offers(token));
    if !may_be_asked {
        return demand(turn, false, facts, random);
    }
    software_token_mfa::known(|known, facts, random| {
        demand(turn, known.token.verified.is_some(), facts, random)
    })
}

/// Asks for what the pool and the user's choice come to.
fn demand(turn: Turn, has_token: bool, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    let Some(user) = turn.user(facts) else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    let demand = facts.pool.second_factor_of(user, has_token);
    // A second code to the same address proves nothing more.
    match demand.without(|factor| turn.progress.came_by(factor.contact())) {
        Demand::Nothing => turn.sign_in(facts),
        Demand::Factor(factor) => ask(factor, turn, facts, random),
        Demand::Choice(choices) => select_mfa_type::ask(choices, turn, facts),
        Demand::SetUp(choices) => mfa_setup::ask(choices, turn, facts),
        Demand::Impossible => Outcome::Refuse(Refusal::NoSecondFactor),
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
        SecondFactor::SoftwareToken => software_token_mfa::ask(turn),
    }
}

/// Whether who signs in here now will be asked for a second factor: then a one-time code is no
/// first one.
pub(super) fn is_needed(pool: &UserPool, user: Option<&User>) -> bool {
    match pool.settings.mfa.configuration {
        MfaConfiguration::Off => false,
        MfaConfiguration::Optional => user.is_some_and(|user| {
            // Only those are switched on that are there.
            let has_token = user.mfa.enabled.contains(&SecondFactor::SoftwareToken);
            pool.second_factor_of(user, has_token) != Demand::Nothing
        }),
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
