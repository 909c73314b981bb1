//! Who needs a second factor (docs/protocol.md §15.4).

use crate::demand::Demand;
use crate::second_factor::{MfaConfiguration, SecondFactor};
use crate::user::User;
use crate::user_pool::UserPool;

/// Whether who signs in here now will be asked for a second factor: then a one-time code is no
/// first one.
pub(super) fn is_needed(pool: &UserPool, user: Option<&User>) -> bool {
    match pool.settings.mfa.configuration {
        MfaConfiguration::Off => false,
        MfaConfiguration::Optional => user.is_some_and(|user| {
            // Only those are switched on that are there.
            let has_token = user.mfa.enabled.contains(&SecondFactor::SoftwareToken);
            pool.second_factor_of(user, has_token) != Demand::Nothing
        }),
        MfaConfiguration::On => true,
    }
}
