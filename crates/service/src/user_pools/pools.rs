//! User pools: create, describe, update, delete, list, and custom attributes that join later.

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use cognate_api::idp::{
    AddCustomAttributesRequest, AddCustomAttributesResponse, CreateUserPoolRequest,
    CreateUserPoolResponse, DeleteUserPoolRequest, DescribeUserPoolRequest,
    DescribeUserPoolResponse, ListUserPoolsRequest, ListUserPoolsResponse, UpdateUserPoolRequest,
    UpdateUserPoolResponse,
};
use cognate_model::{UserPool, UserPoolId};
use cognate_store::{Tx, signing_keys as stored_keys, user_pools as pools, users};

use super::stored::{change_alone, existing, parse_id};
use super::{asked, describe, email, issuer, schema, settings};
use crate::imports::refuse_while_one_runs;
use crate::keys::signing_keys;
use crate::outcome::{Reached, write_settled};
use crate::{Cx, Error, Result, page_token};

/// The largest page.
const MAX_PAGE: i32 = 60;

pub(crate) async fn create_user_pool(
    cx: Cx,
    input: CreateUserPoolRequest,
) -> Result<CreateUserPoolResponse> {
    let (asked, fixed) = asked::asked_of_new(input);
    let pool = Arc::new(UserPool {
        id: UserPoolId::random(&cx.app.config.region, &mut cx.random()),
        created_at: cx.now,
        modified_at: cx.now,
        revision: 1,
        sign_in_names: settings::sign_in_names(fixed.alias_attributes, fixed.username_attributes)?,
        case_sensitive: fixed
            .username_configuration
            .is_some_and(|configuration| configuration.case_sensitive),
        schema: schema::of_new_pool(fixed.schema.unwrap_or_default())?,
        beside: None,
        settings: settings::read(asked, None)?,
    });
    email::check_sender(&pool.settings.email, &cx.app.config.mail_senders)?;
    issuer::check(&pool.settings, None, &cx.app.config)?;
    let (entropy, owner, now) = (cx.app.entropy.clone(), pool.id.clone(), cx.now);
    let generate = move || signing_keys::generate(&entropy, &owner, now);
    let keys = Arc::new(cx.compute(generate).await??);
    let written = Arc::clone(&pool);
    let most = cx.app.config.limits.user_pools;
    cx.app
        .db
        .write("create_user_pool", async move |tx: &mut Tx| {
            if let Some(most) = most
                && pools::are_at_least(tx, most.into()).await?
            {
                return Err(Error::too_many_user_pools(most));
            }
            pools::insert(tx, &written).await?;
            for key in keys.iter() {
                stored_keys::insert(tx, key).await?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    let described = describe::full(&pool, &cx.app.config.arn_of(&pool.id), 0);
    Ok(CreateUserPoolResponse {
        user_pool: Some(described),
    })
}

pub(crate) async fn describe_user_pool(
    cx: Cx,
    input: DescribeUserPoolRequest,
) -> Result<DescribeUserPoolResponse> {
    let id = parse_id(&input.user_pool_id)?;
    // Not from what is kept for sign-ins: who changes settings reads back what stands.
    let mut reader = cx.app.db.read().await?;
    let pool = existing(&mut reader, &id).await?;
    let number_of_users = users::estimated_number(&mut reader, &id).await?;
    let described = describe::full(&pool, &cx.app.config.arn_of(&id), number_of_users);
    Ok(DescribeUserPoolResponse {
        user_pool: Some(described),
    })
}

pub(crate) async fn update_user_pool(
    cx: Cx,
    input: UpdateUserPoolRequest,
) -> Result<UpdateUserPoolResponse> {
    let id = parse_id(&input.user_pool_id)?;
    let app = Arc::clone(&cx.app);
    let read = move |pool: &mut UserPool| {
        let settings = settings::read(input.clone(), Some(pool))?;
        issuer::check(&settings, Some(&pool.settings), &app.config)?;
        pool.settings = settings;
        email::check_sender(&pool.settings.email, &app.config.mail_senders)
    };
    if change_alone(&cx, "update_user_pool", &id, read).await? {
        Ok(UpdateUserPoolResponse {})
    } else {
        Err(Error::changed_by_another_request("user pool"))
    }
}

pub(crate) async fn add_custom_attributes(
    cx: Cx,
    input: AddCustomAttributesRequest,
) -> Result<AddCustomAttributesResponse> {
    let id = parse_id(&input.user_pool_id)?;
    let attributes = schema::custom_attributes(input.custom_attributes)?;
    let add = move |pool: &mut UserPool| {
        let mut attributes = attributes.iter().cloned();
        attributes
            .try_for_each(|attribute| pool.schema.add_custom(attribute).map_err(schema::refused))
    };
    if change_alone(&cx, "add_custom_attributes", &id, add).await? {
        Ok(AddCustomAttributesResponse {})
    } else {
        // The model gives this operation no error of its own for it; who gets this one tries again.
        Err(Error::too_many_requests())
    }
}

pub(crate) async fn delete_user_pool(cx: Cx, input: DeleteUserPoolRequest) -> Result<()> {
    let id = parse_id(&input.user_pool_id)?;
    let (gone, deleted, now) = (id.clone(), id.clone(), cx.now);
    let reached = Reached::default();
    let was_there = reached.clone();
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        let is_gone = was_there.is_set() && pools::find(tx, &gone).await?.is_none();
        Ok(is_gone.then_some(()))
    };
    let delete = async move |tx: &mut Tx| -> Result<()> {
        reached.clear();
        if existing(tx, &deleted).await?.settings.deletion_protection {
            return Err(Error::deletion_protection_is_active());
        }
        refuse_while_one_runs(tx, &deleted).await?;
        pools::delete(tx, &deleted, now).await?;
        reached.set();
        Ok(())
    };
    write_settled(&cx.app.db, "delete_user_pool", stands, delete).await?;
    cx.app.settings.forget_pool(&id);
    Ok(())
}

pub(crate) async fn list_user_pools(
    cx: Cx,
    input: ListUserPoolsRequest,
) -> Result<ListUserPoolsResponse> {
    const QUERY: &str = "ListUserPools";
    let after: Option<(i64, String)> = input
        .next_token
        .map(|token| page_token::open(&cx.app, QUERY, &token))
        .transpose()?;
    let limit = input.max_results.clamp(1, MAX_PAGE);
    let mut reader = cx.app.db.read().await?;
    let after = after
        .as_ref()
        .map(|(created_at, id)| (*created_at, id.as_str()));
    // One more than the page, to know whether another follows.
    let mut page = pools::page(&mut reader, after, (limit + 1).into()).await?;
    let key = |pool: &UserPool| (pool.created_at.0, pool.id.to_string());
    let next_token = page_token::cut(&cx.app, QUERY, &mut page, usize::try_from(limit)?, key)?;
    let user_pools = page.iter().map(describe::in_list).collect();
    Ok(ListUserPoolsResponse {
        user_pools: Some(user_pools),
        next_token,
    })
}
