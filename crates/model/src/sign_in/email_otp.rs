//! EMAIL_OTP: a code by mail, as the first factor or after another (docs/protocol.md §17.2).

use cognate_crypto::random::Random;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::facts::Facts;
use super::outcome::Outcome;
use super::questions::FirstFactors;
use super::sent_code::{self, SentCode, TypedCode};
use super::step::StepKind;
use super::turn::Turn;
use crate::attribute::Contact;
use crate::factor::Factor;

/// A code that was sent to the e-mail address.
#[derive(Clone, Serialize, Deserialize)]
pub struct EmailOtp(pub SentCode);

/// Sends a code to the account's address, or to nobody, as the first factor.
pub(super) fn ask_first(
    found: &FirstFactors,
    turn: Turn,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    sent_code::send_first(Contact::Email, found, turn, facts, random, EmailOtp)
}

/// Sends a code to the user's address, after another factor.
pub(super) fn ask_second(turn: Turn, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    sent_code::send_second(Contact::Email, turn, facts, random, EmailOtp)
}

/// Sends a code to an address that is to be the user's, who has none (`mfa_setup.rs`).
pub(super) fn ask_new(address: String, turn: Turn, random: &mut Random) -> Outcome {
    sent_code::send_new(Contact::Email, address, turn, random, EmailOtp)
}

impl StepKind for EmailOtp {
    const NAME: &'static str = "email_otp";
}

impl Challenge for EmailOtp {
    type Answer = TypedCode;

    fn answer(
        self,
        typed: TypedCode,
        turn: Turn,
        facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        self.0.typed(&typed, Factor::Email, turn, facts)
    }
}
