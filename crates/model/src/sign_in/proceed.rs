//! What follows once a factor is proved.

use cognate_crypto::random::Random;

use super::facts::Facts;
use super::outcome::Outcome;
use super::progress::Way;
use super::refusal::Refusal;
use super::turn::Turn;
use super::{custom_challenge, named_device, new_password_required};
use crate::factor::Factor;
use crate::user::UserStatus;

/// Goes on after a proved factor, whichever it was: with the next challenge, or to the end. Only
/// here an account's state comes to light, so that a stranger learns nothing of it.
#[must_use]
pub fn proceed(turn: Turn, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    // The pool's own code has the word until it says that the user is signed in.
    if turn.progress.way == Way::Custom && !turn.progress.has_proved(Factor::Custom) {
        return custom_challenge::after_password(turn, facts);
    }
    let Some(user) = turn.user(facts) else {
        // Made-up credentials prove nothing, even to one who should hit upon them.
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    // What was proved may be void by now: the user has got another password since.
    if turn.new_password().is_none() && !turn.progress.holds_for(&facts.account) {
        return Outcome::Refuse(Refusal::NoSuchStep);
    }
    if !user.enabled {
        return Outcome::Refuse(Refusal::Disabled);
    }
    match user.status {
        UserStatus::Unconfirmed => Outcome::Refuse(Refusal::NotConfirmed),
        UserStatus::ResetRequired => Outcome::Refuse(Refusal::ResetRequired),
        UserStatus::ForceChangePassword if turn.progress.has_proved(Factor::Password) => {
            new_password_required::ask(turn, facts)
        }
        // An invitation is accepted by its temporary password, and by nothing else.
        UserStatus::ForceChangePassword => Outcome::Refuse(Refusal::WrongPassword),
        UserStatus::Confirmed => named_device::proceed(turn, facts, random),
    }
}
