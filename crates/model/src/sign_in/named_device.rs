//! The device that a client says it is, once its user is proved (docs/protocol.md §14.4).

use cognate_crypto::random::Random;

use super::device_lookup::look_up;
use super::facts::Facts;
use super::outcome::Outcome;
use super::refusal::Refusal;
use super::step_up;
use super::turn::Turn;
use crate::factor::Factor;

/// Goes on, once it is known whether the device that was named is the user's.
///
/// One that a challenge's answer names and that is not there is told: the client then forgets it
/// and answers again. One that the sign-in began with is passed over, for the client of that
/// request could not answer again.
pub(super) fn proceed(turn: Turn, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    let is_remembered_here = facts.pool.settings.devices.is_some();
    let named = turn.progress.device.clone();
    let named = named.filter(|_| is_remembered_here && !turn.progress.has_proved(Factor::Device));
    let Some(key) = named else {
        return step_up::proceed(turn, facts, random);
    };
    look_up(key, |known, facts, random| {
        let mut turn = turn;
        match known {
            Some(known) => turn.found_device = Some(known.device),
            None if turn.names_device => return Outcome::Refuse(Refusal::UnknownDevice),
            None => turn.progress.device = None,
        }
        step_up::proceed(turn, facts, random)
    })
}
