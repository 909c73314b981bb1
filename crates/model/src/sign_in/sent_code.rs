//! Codes that a sign-in sends, and that are typed: what all challenges share that ask for one.

use cognate_crypto::digest::{ct_eq, sha256};
use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use serde::{Deserialize, Serialize};

use super::effect::{Effect, ProvedAddress};
use super::facts::Facts;
use super::outcome::{Asked, Need, Outcome};
use super::questions::{CodeSent, FirstFactors, SendCode};
use super::recovery_code;
use super::refusal::Refusal;
use super::step::StepKind;
use super::turn::Turn;
use crate::attribute::Contact;
use crate::factor::Factor;
use crate::recovery_code::RecoveryCode;
use crate::second_factor::SecondFactor;
use crate::user::{User, UserStatus};

/// Digits of a code that is the only factor (docs/protocol.md §17.2).
const AS_FIRST: usize = 8;
/// Digits of one that follows another factor.
const AS_SECOND: usize = 6;

/// A code that has gone out and waits to be typed. The step is sealed, and so is this.
#[derive(Clone, Serialize, Deserialize)]
pub struct SentCode {
    /// Where to, as answers tell it.
    pub destination: String,
    /// Where to: it has to be the user's address still.
    address: String,
    medium: Contact,
    #[serde(with = "crate::bytes")]
    hash: Vec<u8>,
    /// Whether the address becomes the user's with the code.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_new: bool,
}

/// What a client types.
pub struct TypedCode(pub SecretString);

/// Where a code goes.
struct Destination {
    medium: Contact,
    address: String,
    is_real: bool,
    /// Whether the address becomes the user's with the code.
    is_new: bool,
}

/// Sends a code as the first factor. Whoever could not sign in with it is sent none, and it does
/// not show.
pub(super) fn send_first<S: StepKind>(
    medium: Contact,
    found: &FirstFactors,
    turn: Turn,
    facts: &Facts<'_>,
    random: &mut Random,
    step: impl FnOnce(SentCode) -> S + Send + 'static,
) -> Outcome {
    let Some(shown) = found.contacts.verified(medium) else {
        return Outcome::Refuse(Refusal::NotOffered);
    };
    let user = facts.account.user();
    let can = |user: &&User| {
        user.enabled && user.status == UserStatus::Confirmed && user.has_verified(medium)
    };
    let address = user
        .filter(can)
        .and_then(|user| user.attribute(medium.attribute()));
    let to = Destination {
        medium,
        address: address.unwrap_or(shown).to_owned(),
        is_real: address.is_some(),
        is_new: false,
    };
    send(to, turn, random, step)
}

/// Sends a code after another factor, to the user's own address.
pub(super) fn send_second<S: StepKind>(
    medium: Contact,
    turn: Turn,
    facts: &Facts<'_>,
    random: &mut Random,
    step: impl FnOnce(SentCode) -> S + Send + 'static,
) -> Outcome {
    let address = turn
        .user(facts)
        .and_then(|user| user.attribute(medium.attribute()));
    let Some(address) = address.filter(|address| !address.is_empty()) else {
        return Outcome::Refuse(Refusal::NoSecondFactor);
    };
    let to = Destination {
        medium,
        address: address.to_owned(),
        is_real: true,
        is_new: false,
    };
    send(to, turn, random, step)
}

/// Sends a code to an address that becomes the user's with it.
pub(super) fn send_new<S: StepKind>(
    medium: Contact,
    address: String,
    turn: Turn,
    random: &mut Random,
    step: impl FnOnce(SentCode) -> S + Send + 'static,
) -> Outcome {
    let to = Destination {
        medium,
        address,
        is_real: true,
        is_new: true,
    };
    send(to, turn, random, step)
}

/// Sends a code, and asks for it.
fn send<S: StepKind>(
    to: Destination,
    turn: Turn,
    random: &mut Random,
    step: impl FnOnce(SentCode) -> S + Send + 'static,
) -> Outcome {
    let is_second = turn.progress.has_begun();
    let code = random.digits(if is_second { AS_SECOND } else { AS_FIRST });
    let hash = sha256(&[code.as_bytes()]).to_vec();
    let address = to.address.clone();
    let question = SendCode {
        medium: to.medium,
        address: to.address,
        code: SecretString::from(code),
        is_real: to.is_real,
        is_second,
    };
    let wait = move |sent: CodeSent, facts: &Facts<'_>, _: &mut Random| {
        let code = SentCode {
            destination: sent.destination,
            address,
            medium: to.medium,
            hash,
            is_new: to.is_new,
        };
        Outcome::ask(
            turn,
            &step(code),
            facts.client.auth_session_validity(),
            facts,
        )
    };
    Outcome::Need(Need::Code(Asked::new(question, wait)))
}

impl SentCode {
    /// Compares what was typed. A right code proves its factor. After another factor a recovery
    /// code may stand in for it, but not where the factor is only being set up.
    pub(super) fn typed(
        &self,
        typed: &TypedCode,
        factor: Factor,
        mut turn: Turn,
        facts: &Facts<'_>,
    ) -> Outcome {
        let recovery_code = RecoveryCode::parse(typed.0.expose());
        if let Some(code) = recovery_code.filter(|_| turn.progress.has_begun() && !self.is_new) {
            return recovery_code::prove(code, factor, turn);
        }
        let is_right = ct_eq(&sha256(&[typed.0.expose().trim().as_bytes()]), &self.hash);
        // Nobody has a code, even one who should hit upon it.
        let user = turn.user(facts).filter(|_| is_right);
        let Some(user) = user else {
            return Outcome::Refuse(Refusal::WrongCode(factor));
        };
        let address = user.attribute(self.medium.attribute());
        let is_theirs = if self.is_new {
            address.is_none()
        } else {
            address == Some(self.address.as_str())
        };
        if !is_theirs {
            return Outcome::Refuse(Refusal::NoSuchStep);
        }
        if self.is_new || !user.has_verified(self.medium) {
            let user = self.proved_by(user, facts);
            turn.change(Effect::ProveAddress(Box::new(user)));
        }
        turn.prove(factor, facts.now);
        Outcome::Proved(turn)
    }

    /// The user, whose address the code has proved (docs/protocol.md §15.3).
    fn proved_by(&self, user: &User, facts: &Facts<'_>) -> ProvedAddress {
        let mut user = user.clone();
        if self.is_new {
            let attribute = self.medium.attribute().to_owned();
            user.attributes.insert(attribute, self.address.clone());
            user.mfa.choose(SecondFactor::Email);
        }
        user.mark_verified(self.medium, true);
        user.modified_at = facts.now;
        ProvedAddress {
            user,
            contact: self.medium,
            is_new: self.is_new,
        }
    }
}
