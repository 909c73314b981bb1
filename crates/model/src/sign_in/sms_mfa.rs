//! SMS_MFA: a code by text message, after another factor (docs/protocol.md §15.4).

use cognate_crypto::random::Random;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::facts::Facts;
use super::outcome::Outcome;
use super::sent_code::{self, SentCode, TypedCode};
use super::step::StepKind;
use super::turn::Turn;
use crate::attribute::Contact;
use crate::factor::Factor;

/// A code that was sent to the phone number.
#[derive(Clone, Serialize, Deserialize)]
pub struct SmsMfa(pub SentCode);

/// Sends a code to the user's phone number.
pub(super) fn ask(turn: Turn, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    sent_code::send_second(Contact::PhoneNumber, turn, facts, random, SmsMfa)
}

impl StepKind for SmsMfa {
    const NAME: &'static str = "sms_mfa";
}

impl Challenge for SmsMfa {
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
