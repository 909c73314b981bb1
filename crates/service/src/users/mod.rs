//! Users: what operators do with them, and what every area shares: from a name to an account, from
//! the wire to attributes, from a changed user to the database.

pub(crate) mod accounts;
mod admin_attributes;
mod admin_users;
pub(crate) mod attributes;
pub(crate) mod changed_attributes;
mod list_users;
pub(crate) mod new_user;
pub(crate) mod password_history;
pub(crate) mod search_index;
mod searches;
pub(crate) mod shown_user;
pub(crate) mod storing;
pub mod unconfirmed_users;

use cognate_api::idp::op;

use crate::Operations;

/// What operators do with users.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::AdminCreateUser, admin_users::admin_create_user)
        .on(op::AdminGetUser, admin_users::admin_get_user)
        .on(op::AdminDeleteUser, admin_users::admin_delete_user)
        .on(op::AdminDisableUser, admin_users::admin_disable_user)
        .on(op::AdminEnableUser, admin_users::admin_enable_user)
        .on(
            op::AdminSetUserPassword,
            admin_users::admin_set_user_password,
        )
        .on(
            op::AdminResetUserPassword,
            admin_users::admin_reset_user_password,
        )
        .on(
            op::AdminUpdateUserAttributes,
            admin_attributes::admin_update_user_attributes,
        )
        .on(
            op::AdminDeleteUserAttributes,
            admin_attributes::admin_delete_user_attributes,
        )
        .on(op::ListUsers, list_users::list_users)
}
