//! The operations that are built. Each area lists its own beside their functions, and this list
//! joins them; docs/coverage.md is made from it. The members of theirs that are refused are listed
//! and joined in the same way.

use crate::refused_members::RefusedMember;
use crate::{
    Operations, account, app_clients, devices, groups, imports, limits, passkeys, resource_servers,
    second_factors, sign_in, sign_up, tokens, user_pools, users,
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
        resource_servers::operations(),
        limits::operations(),
        imports::operations(),
    ]
    .into_iter()
    .fold(Operations::new(), Operations::join)
}

/// The members that operations refuse which are built.
pub fn refused_members() -> impl Iterator<Item = &'static RefusedMember> {
    user_pools::not_built::refused().chain(app_clients::not_built::refused())
}
