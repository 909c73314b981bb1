//! SMS_MFA: a code by text message, after another factor (docs/protocol.md §5.11).

use cognate_crypto::random::Random;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::facts::Facts;
use super::mfa;
use super::outcome::{Outcome, Refusal};
use super::progress::Factor;
use super::sent_code::{self, Destination, SentCode, TypedCode};
use super::turn::Turn;
use crate::attribute::Contact;

/// A code that was sent to the phone number.
#[derive(Clone, Serialize, Deserialize)]
pub struct SmsMfa(pub SentCode);

/// Sends a code to the user's phone number.
pub(super) fn ask(turn: Turn, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    let medium = Contact::PhoneNumber;
    let address = turn.user(facts).and_then(|user| mfa::address(user, medium));
    let Some(address) = address else {
        return Outcome::Refuse(Refusal::NoSecondFactor);
    };
    let to = Destination {
        medium,
        address,
        is_real: true,
    };
    sent_code::send(to, turn, random, SmsMfa)
}

impl Challenge for SmsMfa {
    type Answer = TypedCode;

    fn answer(
        self,
        typed: TypedCode,
        turn: Turn,
        facts: &Facts<'_>,
        random: &mut Random,
    ) -> Outcome {
        self.0.typed(&typed, Factor::Sms, turn, facts, random)
    }
}
