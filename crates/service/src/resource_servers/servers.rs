//! Resource servers: CreateResourceServer, DescribeResourceServer, UpdateResourceServer,
//! DeleteResourceServer, ListResourceServers (docs/protocol.md §10.14).
//!
//! What app clients say of scopes does not hold a resource server up: it goes, and its scopes are
//! granted no more.

use cognate_api::idp::{
    CreateResourceServerRequest, CreateResourceServerResponse, DeleteResourceServerRequest,
    DescribeResourceServerRequest, DescribeResourceServerResponse, ListResourceServersRequest,
    ListResourceServersResponse, ResourceServerScopeType, ResourceServerType,
    UpdateResourceServerRequest, UpdateResourceServerResponse,
};
use cognate_model::resource_server::{ResourceServer, Scope};
use cognate_model::server_settings::AtMost;
use cognate_model::{UserPool, UserPoolId};
use cognate_store::{Tx, resource_servers as servers, server_settings};

use crate::outcome::{Reached, write_settled};
use crate::user_pools::stored::{existing as existing_pool, parse_id};
use crate::{Cx, Error, Result, page_token};

/// How many resource servers a pool has at most, unless a setting of the server says otherwise.
const MOST_OF_A_POOL: AtMost = AtMost::Number(25);

/// The largest page, and the one that is given unless the request asks for less.
const MAX_PAGE: i32 = 50;

pub(crate) async fn create_resource_server(
    cx: Cx,
    input: CreateResourceServerRequest,
) -> Result<CreateResourceServerResponse> {
    let pool = parse_id(&input.user_pool_id)?;
    if ResourceServer::is_reserved(&input.identifier) {
        return Err(Error::resource_server_identifier_is_reserved());
    }
    let server = asked(pool, input.identifier, input.name, input.scopes)?;
    let (new, looked_for) = (server.clone(), server.clone());
    let reached = Reached::default();
    let was_stored = reached.clone();
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        let found = servers::find(tx, &looked_for.pool, &looked_for.identifier).await?;
        Ok((was_stored.is_set() && found == Some(looked_for)).then_some(()))
    };
    let create = async move |tx: &mut Tx| -> Result<()> {
        reached.clear();
        existing_pool(tx, &new.pool).await?;
        let settings = server_settings::of_pool(tx, &new.pool).await?;
        let most = settings.resource_servers.unwrap_or(MOST_OF_A_POOL);
        if let Some(most) = most.number().map(i64::from)
            && servers::number(tx, &new.pool, most).await? >= most
        {
            return Err(Error::limit_exceeded(format_args!(
                "{most} resource servers of a user pool"
            )));
        }
        if !servers::insert(tx, &new).await? {
            return Err(Error::resource_server_exists(&new.identifier, &new.pool));
        }
        reached.set();
        Ok(())
    };
    write_settled(&cx.app.db, "create_resource_server", stands, create).await?;
    Ok(CreateResourceServerResponse {
        resource_server: described(server),
    })
}

pub(crate) async fn describe_resource_server(
    cx: Cx,
    input: DescribeResourceServerRequest,
) -> Result<DescribeResourceServerResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let mut reader = cx.app.db.read().await?;
    let found = servers::find(&mut reader, &pool.id, &input.identifier).await?;
    let server = found.ok_or_else(|| Error::resource_server_does_not_exist(&input.identifier))?;
    Ok(DescribeResourceServerResponse {
        resource_server: described(server),
    })
}

/// Name and scopes are replaced as a whole, so of two updates at once the later one stands.
pub(crate) async fn update_resource_server(
    cx: Cx,
    input: UpdateResourceServerRequest,
) -> Result<UpdateResourceServerResponse> {
    let pool = parse_id(&input.user_pool_id)?;
    let server = asked(pool, input.identifier, input.name, input.scopes)?;
    let changed = server.clone();
    let update = async move |tx: &mut Tx| -> Result<()> {
        existing_pool(tx, &changed.pool).await?;
        if servers::update(tx, &changed).await? {
            return Ok(());
        }
        Err(Error::resource_server_does_not_exist(&changed.identifier))
    };
    cx.app.db.write("update_resource_server", update).await?;
    Ok(UpdateResourceServerResponse {
        resource_server: described(server),
    })
}

pub(crate) async fn delete_resource_server(
    cx: Cx,
    input: DeleteResourceServerRequest,
) -> Result<()> {
    let pool = parse_id(&input.user_pool_id)?;
    let (of_pool, gone) = (pool.clone(), input.identifier.clone());
    let reached = Reached::default();
    let was_there = reached.clone();
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        let found = servers::find(tx, &of_pool, &gone).await?;
        Ok((was_there.is_set() && found.is_none()).then_some(()))
    };
    let delete = async move |tx: &mut Tx| -> Result<()> {
        reached.clear();
        let UserPool { id, .. } = existing_pool(tx, &pool).await?;
        if !servers::delete(tx, &id, &input.identifier).await? {
            return Err(Error::resource_server_does_not_exist(&input.identifier));
        }
        reached.set();
        Ok(())
    };
    write_settled(&cx.app.db, "delete_resource_server", stands, delete).await
}

pub(crate) async fn list_resource_servers(
    cx: Cx,
    input: ListResourceServersRequest,
) -> Result<ListResourceServersResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let query = format!("ListResourceServers {}", pool.id);
    let after: Option<String> = input
        .next_token
        .map(|token| page_token::open(&cx.app, &query, &token))
        .transpose()?;
    let limit = input.max_results.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE);
    let mut reader = cx.app.db.read().await?;
    // One more than the page, to know whether another follows.
    let more = i64::from(limit) + 1;
    let mut page = servers::page(&mut reader, &pool.id, after.as_deref(), more).await?;
    let key = |server: &ResourceServer| server.identifier.clone();
    let next_token = page_token::cut(&cx.app, &query, &mut page, usize::try_from(limit)?, key)?;
    Ok(ListResourceServersResponse {
        resource_servers: page.into_iter().map(described).collect(),
        next_token,
    })
}

/// What a request makes of a resource server.
fn asked(
    pool: UserPoolId,
    identifier: String,
    name: String,
    scopes: Option<Vec<ResourceServerScopeType>>,
) -> Result<ResourceServer> {
    let scope = |scope: ResourceServerScopeType| Scope {
        name: scope.scope_name,
        description: scope.scope_description,
    };
    let server = ResourceServer {
        pool,
        identifier,
        name,
        scopes: scopes.unwrap_or_default().into_iter().map(scope).collect(),
    };
    match server.duplicate_scope() {
        Some(name) => Err(Error::duplicate_scope(name)),
        None => Ok(server),
    }
}

/// As the wire shows it. ManagedBy is for resource servers of Cognito's own, of which there are
/// none.
fn described(server: ResourceServer) -> ResourceServerType {
    let scope = |scope: Scope| ResourceServerScopeType {
        scope_name: scope.name,
        scope_description: scope.description,
    };
    ResourceServerType {
        user_pool_id: Some(server.pool.to_string()),
        identifier: Some(server.identifier),
        name: Some(server.name),
        scopes: Some(server.scopes.into_iter().map(scope).collect()),
        managed_by: None,
    }
}
