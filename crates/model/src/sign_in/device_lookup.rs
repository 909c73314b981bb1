//! Devices of the user, looked up (docs/protocol.md §14.4). A device is named by its key, which is
//! no secret: the key alone binds nothing and stands in for nothing.

use cognate_crypto::random::Random;

use super::facts::Facts;
use super::outcome::{Asked, Need, Outcome};
use super::questions::KnownDevice;
use crate::device::Device;
use crate::ids::DeviceKey;

/// Looks a device of the user up.
pub(super) fn look_up(
    key: DeviceKey,
    then: impl FnOnce(Option<KnownDevice>, &Facts<'_>, &mut Random) -> Outcome + Send + 'static,
) -> Outcome {
    Outcome::Need(Need::Device(Asked::new(key, then)))
}

/// Whether a device that is proved stands in for the second factor: it is remembered, a second
/// factor was proved there once, and the pool says so.
pub(super) fn stands_in(device: &Device, facts: &Facts<'_>) -> bool {
    let settings = facts.pool.settings.devices;
    let may = device.remembered && device.after_second_factor;
    may && settings.is_some_and(|settings| settings.stands_in_for_mfa)
}
