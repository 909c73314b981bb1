//! SMS_OTP: a code by text message as the first factor (docs/protocol.md §17.2).

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

/// A code that was sent to the phone number.
#[derive(Clone, Serialize, Deserialize)]
pub struct SmsOtp(pub SentCode);

/// Sends a code to the account's phone number, or to nobody.
pub(super) fn ask(
    found: &FirstFactors,
    turn: Turn,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    sent_code::send_first(Contact::PhoneNumber, found, turn, facts, random, SmsOtp)
}

impl StepKind for SmsOtp {
    const NAME: &'static str = "sms_otp";
}

impl Challenge for SmsOtp {
    type Answer = TypedCode;

    fn answer(
        self,
        typed: TypedCode,
        turn: Turn,
        facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        self.0.typed(&typed, Factor::Sms, turn, facts)
    }
}
