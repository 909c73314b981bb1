//! Which second factor a sign-in needs, if any (docs/protocol.md §15.4).

use cognate_crypto::random::Random;

use super::facts::Facts;
use super::outcome::Outcome;
use super::progress::Progress;
use super::refusal::Refusal;
use super::turn::Turn;
use super::{
    device_lookup, device_srp_auth, mfa_challenge, mfa_setup, select_mfa_type, software_token_mfa,
};
use crate::acr::of_factors;
use crate::demand::Demand;
use crate::factor::Factor;
use crate::second_factor::{MfaConfiguration, SecondFactor};

/// Asks for a second factor, where one is needed and none is proved yet; else the sign-in is at its
/// end. The account's state was looked at before.
pub(super) fn proceed(turn: Turn, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    let Some(user) = turn.user(facts) else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    let mfa = &facts.pool.settings.mfa;
    // Where a level is to be reached, two factors may be such as begin a sign-in.
    let is_met = turn.progress.target.is_none() && turn.progress.is_of_two_factors();
    if mfa.configuration == MfaConfiguration::Off || is_met {
        return finish(turn, facts);
    }
    let token = SecondFactor::SoftwareToken;
    let is_a_must = mfa.configuration == MfaConfiguration::On;
    let may_be_asked = user.mfa.enabled.contains(&token) || (is_a_must && mfa.offers(token));
    if !may_be_asked {
        return demand(turn, false, facts, random);
    }
    software_token_mfa::known(|known, facts, random| {
        // One that was set up in this request is not stored yet.
        let is_proved = turn.progress.has_proved(Factor::SoftwareToken);
        let has_token = known.token.verified.is_some() || is_proved;
        demand(turn, has_token, facts, random)
    })
}

/// Whether what counts, with a session's proofs among it, holds a second factor that the user's
/// sign-ins take. Two factors that the user could begin with are none: who has an authenticator app
/// is asked for its code.
fn is_met(progress: &Progress, accepted: &[SecondFactor]) -> bool {
    let counted = of_factors(progress.counted());
    let is_accepted = |factor: &SecondFactor| counted.contains(&factor.method());
    let mut factors = progress.counted().map(|proved| proved.factor);
    (counted.len() > 1 && accepted.iter().any(is_accepted))
        || factors.any(|factor| matches!(factor, Factor::PasskeyForBoth | Factor::RecoveryCode))
}

/// Asks for what the pool and the user's choice come to.
fn demand(turn: Turn, has_token: bool, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    let Some(user) = turn.user(facts) else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    let accepted = facts.pool.second_factors_of(user, has_token);
    if is_met(&turn.progress, &accepted) {
        return finish(turn, facts);
    }
    let demand = facts.pool.second_factor_of(user, has_token);
    // A second code to the same address proves nothing more.
    match demand.without(|factor| turn.progress.came_by(factor.contact())) {
        Demand::Nothing => finish(turn, facts),
        // Only for a factor that the user has: who has none gets one, on whatever device.
        Demand::Factor(_) | Demand::Choice(_) if is_stood_in_for(&turn, facts) => {
            finish(turn, facts)
        }
        Demand::Factor(factor) => mfa_challenge::ask(factor, turn, facts, random),
        Demand::Choice(choices) => select_mfa_type::ask(choices, turn, facts),
        Demand::SetUp(choices) => mfa_setup::ask(choices, turn, facts),
        Demand::Impossible => Outcome::Refuse(Refusal::NoSecondFactor),
    }
}

/// Whether a device stands in for the second factor, once it has proved itself.
fn is_stood_in_for(turn: &Turn, facts: &Facts<'_>) -> bool {
    let found = turn.found_device.as_ref();
    turn.progress.device_stands_in
        || found.is_some_and(|device| device_lookup::stands_in(device, facts))
}

/// Ends a sign-in whose factors are all proved; a device that was named proves itself first.
fn finish(turn: Turn, facts: &Facts<'_>) -> Outcome {
    match &turn.found_device {
        Some(device) => device_srp_auth::ask(device.key.clone(), turn, facts),
        None => Outcome::sign_in(turn, facts),
    }
}
