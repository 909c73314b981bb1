//! The operations that are built. Each area lists its own beside their functions, and this list
//! joins them; docs/coverage.md is made from it.

use crate::{
    Operations, account, app_clients, devices, groups, limits, passkeys, second_factors, sign_in,
    sign_up, tokens, user_pools, users,
};

/// The operations that are built.
#[must_use]
pub fn operations() -> Operations {
    [
        user_pools::operations(),
        app_clients::operations(),
        sign_up::operations(),
        users::operations(),
        groups::operations(),
        sign_in::operations(),
        tokens::operations(),
        account::operations(),
        second_factors::operations(),
        passkeys::operations(),
        devices::operations(),
        limits::operations(),
    ]
    .into_iter()
    .fold(Operations::new(), Operations::join)
}
