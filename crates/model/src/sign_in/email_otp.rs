//! EMAIL_OTP: a code by mail, as the first factor or after another (docs/protocol.md §5.12).

use cognate_crypto::random::Random;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::choice::FirstFactors;
use super::facts::Facts;
use super::mfa;
use super::outcome::{Outcome, Refusal};
use super::progress::Factor;
use super::sent_code::{self, Destination, SentCode, TypedCode};
use super::turn::Turn;
use crate::attribute::Contact;

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
    let medium = Contact::Email;
    let address = turn.user(facts).and_then(|user| mfa::address(user, medium));
    let Some(address) = address else {
        return Outcome::Refuse(Refusal::NoSecondFactor);
    };
    let to = Destination {
        medium,
        address,
        is_real: true,
    };
    sent_code::send(to, turn, random, EmailOtp)
}

/// Sends a code to an address that is to be the user's, who has none (`mfa_setup.rs`).
pub(super) fn ask_new(address: String, turn: Turn, random: &mut Random) -> Outcome {
    let to = Destination {
        medium: Contact::Email,
        address,
        is_real: true,
    };
    sent_code::send(to, turn, random, |sent| EmailOtp(sent.of_new_address()))
}

impl Challenge for EmailOtp {
    type Answer = TypedCode;

    fn answer(
        self,
        typed: TypedCode,
        turn: Turn,
        facts: &Facts<'_>,
        random: &mut Random,
    ) -> Outcome {
        self.0.typed(&typed, Factor::Email, turn, facts, random)
    }
}
