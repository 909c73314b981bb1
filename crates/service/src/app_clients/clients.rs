//! App clients: create, describe, update, delete, list.

#[cfg(test)]
pub(super) mod tests;

use std::sync::Arc;

use cognate_api::idp::{
    ClientTypeType, CreateUserPoolClientRequest, CreateUserPoolClientResponse,
    DeleteUserPoolClientRequest, DescribeUserPoolClientRequest, DescribeUserPoolClientResponse,
    ListUserPoolClientsRequest, ListUserPoolClientsResponse, UpdateUserPoolClientRequest,
    UpdateUserPoolClientResponse, UserPoolClientDescription,
};
use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_model::server_settings::AtMost;
use cognate_model::{AppClient, ClientId, ClientSecret, ClientSecrets, UserPoolId};
use cognate_store::{Tx, app_clients as clients, server_settings};

use super::asked::{Asked, asked_of_new};
use super::new_secret::new_secret;
use super::stored::{existing, existing_pool, parse_pool_id};
use super::{describe, settings};
use crate::outcome::{Reached, write_settled};
use crate::{Cx, Error, ErrorCode, Result, page_token};

/// How many clients a pool has at most, unless a setting of the server says otherwise.
const MOST_OF_A_POOL: AtMost = AtMost::Number(1000);

/// The largest page, and the one that is given unless the request asks for less.
const MAX_PAGE: i32 = 60;

/// How often an update is tried when others keep changing the same client.
const UPDATE_ATTEMPTS: usize = 3;

pub(crate) async fn create_user_pool_client(
    cx: Cx,
    input: CreateUserPoolClientRequest,
) -> Result<CreateUserPoolClientResponse> {
    let pool = parse_pool_id(&input.user_pool_id)?;
    let (asked, own_secret, generate_secret) = asked_of_new(input);
    check_number(&cx, &pool).await?;
    let secret = first_secret(own_secret, generate_secret, &mut cx.random())?;
    let new = (
        pool,
        ClientId::random(&mut cx.random()),
        Arc::new(asked),
        secret,
    );
    let now = cx.now;
    let created = cx
        .app
        .db
        .write("create_user_pool_client", async move |tx: &mut Tx| {
            let (pool, id, asked, secret) = new;
            let pool = existing_pool(tx, &pool).await?;
            let client = AppClient {
                settings: settings::read(Asked::clone(&asked), &pool, None, secret.is_some())?,
                pool: pool.id,
                id,
                created_at: now,
                modified_at: now,
                revision: 1,
                has_secret: secret.is_some(),
            };
            clients::insert(tx, &client, secret.as_ref()).await?;
            let created_at = client.created_at;
            let secret = secret.map(|value| ClientSecret { value, created_at });
            Ok::<_, Error>((client, ClientSecrets::stored(secret, None)))
        });
    let (client, secrets) = created.await?;
    let described = describe::full(&client, &secrets);
    Ok(CreateUserPoolClientResponse {
        user_pool_client: Some(described),
    })
}

pub(crate) async fn describe_user_pool_client(
    cx: Cx,
    input: DescribeUserPoolClientRequest,
) -> Result<DescribeUserPoolClientResponse> {
    let mut reader = cx.app.db.read().await?;
    let pool = existing_pool(&mut reader, &parse_pool_id(&input.user_pool_id)?).await?;
    let (client, secrets) = existing(&mut reader, &pool.id, &input.client_id).await?;
    let described = describe::full(&client, &secrets);
    Ok(DescribeUserPoolClientResponse {
        user_pool_client: Some(described),
    })
}

pub(crate) async fn update_user_pool_client(
    cx: Cx,
    input: UpdateUserPoolClientRequest,
) -> Result<UpdateUserPoolClientResponse> {
    let pool = parse_pool_id(&input.user_pool_id)?;
    let client_id = input.client_id.clone();
    let asked: Arc<Asked> = Arc::new(input);
    for _ in 0..UPDATE_ATTEMPTS {
        let (asked, pool, client_id, now) =
            (Arc::clone(&asked), pool.clone(), client_id.clone(), cx.now);
        let updated = cx
            .app
            .db
            .write("update_user_pool_client", async move |tx: &mut Tx| {
                let pool = existing_pool(tx, &pool).await?;
                let (before, secrets) = existing(tx, &pool.id, &client_id).await?;
                let settings = {
                    let has_secret = !secrets.is_empty();
                    settings::read(Asked::clone(&asked), &pool, Some(&before), has_secret)?
                };
                let client = AppClient {
                    modified_at: now,
                    settings,
                    ..before
                };
                let stored = clients::update(tx, &client).await?;
                Ok::<_, Error>(stored.then_some((client, secrets)))
            })
            .await?;
        if let Some((client, secrets)) = updated {
            cx.app.settings.forget_client(&client.id);
            let described = describe::full(&client, &secrets);
            return Ok(UpdateUserPoolClientResponse {
                user_pool_client: Some(described),
            });
        }
    }
    Err(Error::changed_by_another_request("app client"))
}

pub(crate) async fn delete_user_pool_client(
    cx: Cx,
    input: DeleteUserPoolClientRequest,
) -> Result<()> {
    let pool = parse_pool_id(&input.user_pool_id)?;
    let (of_pool, given, now) = (pool.clone(), input.client_id.clone(), cx.now);
    let reached = Reached::default();
    let was_there = reached.clone();
    let stands = async move |tx: &mut Tx| -> Result<Option<ClientId>> {
        if !was_there.is_set() {
            return Ok(None);
        }
        match existing(tx, &of_pool, &given).await {
            Err(error) if error.code == ErrorCode::ResourceNotFound => {
                Ok(ClientId::parse(&given).ok())
            }
            found => found.map(|_| None),
        }
    };
    let delete = async move |tx: &mut Tx| -> Result<ClientId> {
        reached.clear();
        let pool = existing_pool(tx, &pool).await?.id;
        let (client, _) = existing(tx, &pool, &input.client_id).await?;
        clients::delete(tx, &pool, &client.id, now).await?;
        reached.set();
        Ok(client.id)
    };
    let deleted = write_settled(&cx.app.db, "delete_user_pool_client", stands, delete).await?;
    cx.app.settings.forget_client(&deleted);
    Ok(())
}

pub(crate) async fn list_user_pool_clients(
    cx: Cx,
    input: ListUserPoolClientsRequest,
) -> Result<ListUserPoolClientsResponse> {
    let mut reader = cx.app.db.read().await?;
    let pool = existing_pool(&mut reader, &parse_pool_id(&input.user_pool_id)?).await?;
    let kind = input
        .client_type
        .as_ref()
        .map_or("ALL", ClientTypeType::as_str);
    let query = format!("ListUserPoolClients {} {kind}", pool.id);
    let after: Option<String> = input
        .next_token
        .map(|token| page_token::open(&cx.app, &query, &token))
        .transpose()?;
    if input.client_type == Some(ClientTypeType::Dcr) {
        // No client registers itself yet, so there is none of that type.
        return Ok(ListUserPoolClientsResponse {
            user_pool_clients: Some(Vec::new()),
            next_token: None,
        });
    }
    let limit = input.max_results.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE);
    // One more than the page, to know whether another follows.
    let mut page =
        clients::page(&mut reader, &pool.id, after.as_deref(), (limit + 1).into()).await?;
    let key = |client: &AppClient| client.id.to_string();
    let next_token = page_token::cut(&cx.app, &query, &mut page, usize::try_from(limit)?, key)?;
    let user_pool_clients = page.iter().map(in_list).collect();
    Ok(ListUserPoolClientsResponse {
        user_pool_clients: Some(user_pool_clients),
        next_token,
    })
}

fn in_list(client: &AppClient) -> UserPoolClientDescription {
    UserPoolClientDescription {
        client_id: Some(client.id.to_string()),
        user_pool_id: Some(client.pool.to_string()),
        client_name: Some(client.settings.name.clone()),
    }
}

/// Refuses a client more than the pool may have. It is counted before the transaction, so that
/// creations at once don't hold one another up; together they may go over by a few.
async fn check_number(cx: &Cx, pool: &UserPoolId) -> Result<()> {
    let mut reader = cx.app.db.read().await?;
    // As they are now: what is rare needs no kept ones.
    let settings = server_settings::of_pool(&mut reader, pool).await?;
    let Some(most) = settings.app_clients.unwrap_or(MOST_OF_A_POOL).number() else {
        return Ok(());
    };
    let number = clients::number(&mut reader, pool, most.into()).await?;
    if number < i64::from(most) {
        return Ok(());
    }
    Err(Error::limit_exceeded(format_args!(
        "{most} app clients of a user pool"
    )))
}

/// The secret of a new client: the owner's own, a random one, or none.
fn first_secret(
    own: Option<String>,
    generate: bool,
    random: &mut Random,
) -> Result<Option<SecretString>> {
    match (own, generate) {
        (Some(_), true) => Err(Error::invalid_parameter(
            "ClientSecret can't be given together with GenerateSecret",
        )),
        (Some(own), false) => Ok(Some(SecretString::new(own))),
        (None, true) => Ok(Some(new_secret(random))),
        (None, false) => Ok(None),
    }
}
