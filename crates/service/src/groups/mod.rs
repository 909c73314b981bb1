//! Groups of users, and who is in them.

mod members;
mod pool_groups;
mod shown;
mod stored;

use cognate_api::idp::op;

use crate::Operations;

/// The operations on groups.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::CreateGroup, pool_groups::create_group)
        .on(op::GetGroup, pool_groups::get_group)
        .on(op::UpdateGroup, pool_groups::update_group)
        .on(op::DeleteGroup, pool_groups::delete_group)
        .on(op::ListGroups, pool_groups::list_groups)
        .on(op::AdminAddUserToGroup, members::admin_add_user_to_group)
        .on(
            op::AdminRemoveUserFromGroup,
            members::admin_remove_user_from_group,
        )
        .on(
            op::AdminListGroupsForUser,
            members::admin_list_groups_for_user,
        )
        .on(op::ListUsersInGroup, members::list_users_in_group)
}
