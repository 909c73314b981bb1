//! Who is in a group: AdminAddUserToGroup, AdminRemoveUserFromGroup, AdminListGroupsForUser,
//! ListUsersInGroup.
//!
//! What changes here holds for the next tokens of the user, at whichever node.

use cognate_api::idp::{
    AdminAddUserToGroupRequest, AdminListGroupsForUserRequest, AdminListGroupsForUserResponse,
    AdminRemoveUserFromGroupRequest, ListUsersInGroupRequest, ListUsersInGroupResponse,
};
use cognate_model::group::MOST_GROUPS_OF_USER;
use cognate_model::{Group, Sub};
use cognate_store::{Tx, group_members as members, users};

use super::{shown, stored};
use crate::outcome::write_again;
use crate::users::accounts::user_for_operator;
use crate::users::shown_user::user_type;
use crate::{Cx, Error, Result, page_token};

/// Puts a user into a group. Who is in it already stays.
pub(crate) async fn admin_add_user_to_group(
    cx: Cx,
    input: AdminAddUserToGroupRequest,
) -> Result<()> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let sub = user_for_operator(&cx, &pool, &input.username).await?.sub;
    let add = async move |tx: &mut Tx| -> Result<()> {
        let group = stored::existing(tx, &pool.id, &input.group_name).await?;
        // They may have been deleted since, with their memberships.
        let user = users::find(tx, &pool.id, &sub).await?;
        user.ok_or_else(Error::user_does_not_exist)?;
        let added = members::add(tx, &pool.id, &group.id, &sub).await?;
        added.map_err(|_| {
            // The model has no LimitExceededException here.
            Error::invalid_parameter(format!(
                "A user is in {MOST_GROUPS_OF_USER} groups at most."
            ))
        })
    };
    write_again(&cx.app.db, "admin_add_user_to_group", add).await
}

/// Takes a user out of a group. Who is not in it stays out.
pub(crate) async fn admin_remove_user_from_group(
    cx: Cx,
    input: AdminRemoveUserFromGroupRequest,
) -> Result<()> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let sub = user_for_operator(&cx, &pool, &input.username).await?.sub;
    let remove = async move |tx: &mut Tx| -> Result<()> {
        let group = stored::existing(tx, &pool.id, &input.group_name).await?;
        members::remove(tx, &pool.id, &group.id, &sub).await?;
        Ok(())
    };
    write_again(&cx.app.db, "admin_remove_user_from_group", remove).await
}

/// The groups of a user, 60 at most a page, the one that takes precedence first.
pub(crate) async fn admin_list_groups_for_user(
    cx: Cx,
    input: AdminListGroupsForUserRequest,
) -> Result<AdminListGroupsForUserResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let sub = user_for_operator(&cx, &pool, &input.username).await?.sub;
    let query = format!("AdminListGroupsForUser {} {sub}", pool.id);
    let after: Option<(u64, String)> = input
        .next_token
        .map(|token| page_token::open(&cx.app, &query, &token))
        .transpose()?;
    // A user is in a hundred at most.
    let groups = members::of_user(&mut cx.app.db.read().await?, &pool.id, &sub).await?;
    let mut page: Vec<&Group> = groups.iter().collect();
    let place = |group: &Group| (group.rank(), group.name.clone());
    page.retain(|group| after.as_ref().is_none_or(|after| place(group) > *after));
    let limit = usize::try_from(shown::page_length(input.limit))?;
    let next_token = page_token::cut(&cx.app, &query, &mut page, limit, |group| place(group))?;
    Ok(AdminListGroupsForUserResponse {
        groups: Some(page.into_iter().map(shown::group).collect()),
        next_token,
    })
}

/// The users in a group, 60 at most a page, in the order of their subs.
pub(crate) async fn list_users_in_group(
    cx: Cx,
    input: ListUsersInGroupRequest,
) -> Result<ListUsersInGroupResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let mut reader = cx.app.db.read().await?;
    let group = stored::existing(&mut reader, &pool.id, &input.group_name).await?;
    // By its id: the list of a group that has the same name later is another.
    let query = format!("ListUsersInGroup {} {}", pool.id, group.id);
    let after: Option<Sub> = input
        .next_token
        .map(|token| page_token::open(&cx.app, &query, &token))
        .transpose()?;
    let limit = shown::page_length(input.limit);
    let (id, more) = (&group.id, (limit + 1).into());
    let mut page = members::page(&mut reader, &pool.id, id, after.as_ref(), more).await?;
    let sub = |(sub, _): &(Sub, _)| sub.clone();
    let next_token = page_token::cut(&cx.app, &query, &mut page, usize::try_from(limit)?, sub)?;
    let users = page.iter().filter_map(|(_, user)| user.as_ref());
    Ok(ListUsersInGroupResponse {
        users: Some(users.map(|user| user_type(&pool, user, |_| true)).collect()),
        next_token,
    })
}
