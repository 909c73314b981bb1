//! The challenge of each second factor.

use cognate_crypto::random::Random;

use super::facts::Facts;
use super::outcome::Outcome;
use super::turn::Turn;
use super::{email_otp, sms_mfa, software_token_mfa};
use crate::second_factor::SecondFactor;

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
