//! Groups: create, get, update, delete, list.

use cognate_api::idp::{
    CreateGroupRequest, CreateGroupResponse, DeleteGroupRequest, GetGroupRequest, GetGroupResponse,
    ListGroupsRequest, ListGroupsResponse, UpdateGroupRequest, UpdateGroupResponse,
};
use cognate_model::group::{GroupChange, MOST_GROUPS};
use cognate_model::{Group, GroupId};
use cognate_store::{Tx, groups, groups::InsertRefused};

use super::{shown, stored};
use crate::outcome::{Reached, write_settled};
use crate::{Cx, Error, ErrorCode, Result, page_token};

pub(crate) async fn create_group(cx: Cx, input: CreateGroupRequest) -> Result<CreateGroupResponse> {
    let CreateGroupRequest {
        group_name,
        user_pool_id,
        description,
        role_arn,
        precedence,
    } = input;
    let mut group = Group {
        pool: cx.app.pool_named(&user_pool_id).await?.id.clone(),
        id: GroupId::random(&mut cx.random()),
        name: group_name,
        description: None,
        role_arn: None,
        precedence: None,
        created_at: cx.now,
        modified_at: cx.now,
    };
    let settings = GroupChange {
        description,
        role_arn,
        precedence: read_precedence(precedence)?,
    };
    group.change(settings, cx.now);
    let (wanted, new) = (group.clone(), group.clone());
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        let found = groups::find(tx, &wanted.pool, &wanted.name).await?;
        Ok(found.filter(|found| found.id == wanted.id).map(drop))
    };
    let create = async move |tx: &mut Tx| -> Result<()> {
        match groups::insert(tx, &new).await? {
            Ok(()) => Ok(()),
            Err(InsertRefused::NameTaken) => Err(Error::group_exists()),
            Err(InsertRefused::TooMany) => Err(Error::limit_exceeded(format!(
                "a user pool has {MOST_GROUPS} groups at most."
            ))),
        }
    };
    write_settled(&cx.app.db, "create_group", stands, create).await?;
    Ok(CreateGroupResponse {
        group: Some(shown::group(&group)),
    })
}

pub(crate) async fn get_group(cx: Cx, input: GetGroupRequest) -> Result<GetGroupResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let mut reader = cx.app.db.read().await?;
    let group = stored::existing(&mut reader, &pool.id, &input.group_name).await?;
    Ok(GetGroupResponse {
        group: Some(shown::group(&group)),
    })
}

/// Changes what the request names, and nothing else (docs/protocol.md §20.2).
pub(crate) async fn update_group(cx: Cx, input: UpdateGroupRequest) -> Result<UpdateGroupResponse> {
    let UpdateGroupRequest {
        group_name,
        user_pool_id,
        description,
        role_arn,
        precedence,
    } = input;
    let pool = cx.app.pool_named(&user_pool_id).await?;
    let named = GroupChange {
        description,
        role_arn,
        precedence: read_precedence(precedence)?,
    };
    let now = cx.now;
    let update = async move |tx: &mut Tx| -> Result<Group> {
        let apply = |group: &mut Group| group.change(named, now);
        let changed = groups::change(tx, &pool.id, &group_name, apply).await?;
        changed.ok_or_else(Error::group_not_found)
    };
    let stands = async |_: &mut Tx| -> Result<Option<Group>> { Ok(None) };
    let group = write_settled(&cx.app.db, "update_group", stands, update).await?;
    Ok(UpdateGroupResponse {
        group: Some(shown::group(&group)),
    })
}

/// Deletes a group. Nobody is in it from then on; what is left of its memberships goes afterwards.
pub(crate) async fn delete_group(cx: Cx, input: DeleteGroupRequest) -> Result<()> {
    let (pool, now) = (cx.app.pool_named(&input.user_pool_id).await?, cx.now);
    let (of_pool, name) = (pool.id.clone(), input.group_name.clone());
    let reached = Reached::default();
    let was_there = reached.clone();
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        if !was_there.is_set() {
            return Ok(None);
        }
        match stored::existing(tx, &of_pool, &name).await {
            Err(error) if error.code == ErrorCode::ResourceNotFound => Ok(Some(())),
            found => found.map(|_| None),
        }
    };
    let delete = async move |tx: &mut Tx| -> Result<()> {
        reached.clear();
        if !groups::delete(tx, &pool.id, &input.group_name, now).await? {
            return Err(Error::group_not_found());
        }
        reached.set();
        Ok(())
    };
    write_settled(&cx.app.db, "delete_group", stands, delete).await
}

/// The groups of a pool, 60 at most a page, in the order of their names.
pub(crate) async fn list_groups(cx: Cx, input: ListGroupsRequest) -> Result<ListGroupsResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let query = format!("ListGroups {}", pool.id);
    let after: Option<String> = input
        .next_token
        .map(|token| page_token::open(&cx.app, &query, &token))
        .transpose()?;
    let limit = shown::page_length(input.limit);
    let mut reader = cx.app.db.read().await?;
    // One more than the page, to know whether another follows.
    let page = groups::page(&mut reader, &pool.id, after.as_deref(), (limit + 1).into());
    let mut page = page.await?;
    let name = |group: &Group| group.name.clone();
    let next_token = page_token::cut(&cx.app, &query, &mut page, usize::try_from(limit)?, name)?;
    Ok(ListGroupsResponse {
        groups: Some(page.iter().map(shown::group).collect()),
        next_token,
    })
}

/// A precedence of a request, which the model's constraints keep from being negative.
fn read_precedence(given: Option<i32>) -> Result<Option<u32>> {
    Ok(given.map(u32::try_from).transpose()?)
}
