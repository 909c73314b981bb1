//! The secrets of an app client, of which two are active while one takes the place of the other:
//! AddUserPoolClientSecret, ListUserPoolClientSecrets, DeleteUserPoolClientSecret
//! (docs/protocol.md §4.5).

use cognate_api::Timestamp;
use cognate_api::idp::{
    AddUserPoolClientSecretRequest, AddUserPoolClientSecretResponse, ClientSecretDescriptorType,
    DeleteUserPoolClientSecretRequest, DeleteUserPoolClientSecretResponse,
    ListUserPoolClientSecretsRequest, ListUserPoolClientSecretsResponse,
};
use cognate_crypto::secret::SecretString;
use cognate_model::client_secret::{ClientSecret, ClientSecrets, NotAdded, NotRemoved};
use cognate_model::{AppClient, ClientId, UserPoolId};
use cognate_store::{Tx, app_clients as clients};

use super::new_secret::new_secret;
use super::stored::{existing, existing_pool, parse_pool_id};
use crate::outcome::{Reached, write_settled};
use crate::{Cx, Error, Result};

pub(crate) async fn add_user_pool_client_secret(
    cx: Cx,
    input: AddUserPoolClientSecretRequest,
) -> Result<AddUserPoolClientSecretResponse> {
    let pool = parse_pool_id(&input.user_pool_id)?;
    let own = input.client_secret.map(SecretString::new);
    let is_own = own.is_some();
    let value = own.unwrap_or_else(|| new_secret(&mut cx.random()));
    let (of_pool, given, looked_for) = (pool.clone(), input.client_id.clone(), value.clone());
    let reached = Reached::default();
    let was_added = reached.clone();
    let stands = async move |tx: &mut Tx| -> Result<Option<(ClientId, ClientSecret)>> {
        if !was_added.is_set() {
            return Ok(None);
        }
        let (client, secrets) = of_client(tx, &of_pool, &given).await?;
        let added = secrets.iter().find(|secret| secret.value == looked_for);
        Ok(added.map(|secret| (client.id, secret.clone())))
    };
    let now = cx.now;
    let add = async move |tx: &mut Tx| -> Result<(ClientId, ClientSecret)> {
        reached.clear();
        let (client, mut secrets) = of_client(tx, &pool, &input.client_id).await?;
        let added = secrets.add(value, now).map_err(not_added)?.clone();
        clients::put_secrets(tx, &client, &secrets).await?;
        reached.set();
        Ok((client.id, added))
    };
    let name = "add_user_pool_client_secret";
    let (client, added) = write_settled(&cx.app.db, name, stands, add).await?;
    cx.app.settings.forget_client(&client);
    let shown = (!is_own).then(|| added.value.expose().to_owned());
    Ok(AddUserPoolClientSecretResponse {
        client_secret_descriptor: Some(ClientSecretDescriptorType {
            client_secret_value: shown,
            ..described(&client, &added)
        }),
    })
}

pub(crate) async fn list_user_pool_client_secrets(
    cx: Cx,
    input: ListUserPoolClientSecretsRequest,
) -> Result<ListUserPoolClientSecretsResponse> {
    if input.next_token.is_some() {
        // All secrets are on one page, so no token was ever given.
        return Err(Error::invalid_pagination_token());
    }
    let pool = parse_pool_id(&input.user_pool_id)?;
    let (client, secrets) =
        of_client(&mut cx.app.db.read().await?, &pool, &input.client_id).await?;
    let listed = secrets.iter().map(|secret| described(&client.id, secret));
    Ok(ListUserPoolClientSecretsResponse {
        client_secrets: Some(listed.collect()),
        next_token: None,
    })
}

pub(crate) async fn delete_user_pool_client_secret(
    cx: Cx,
    input: DeleteUserPoolClientSecretRequest,
) -> Result<DeleteUserPoolClientSecretResponse> {
    let pool = parse_pool_id(&input.user_pool_id)?;
    let (of_pool, given, id) = (
        pool.clone(),
        input.client_id.clone(),
        input.client_secret_id.clone(),
    );
    let reached = Reached::default();
    let was_there = reached.clone();
    let stands = async move |tx: &mut Tx| -> Result<Option<ClientId>> {
        if !was_there.is_set() {
            return Ok(None);
        }
        let (client, secrets) = of_client(tx, &of_pool, &given).await?;
        let is_there = secrets.iter().any(|secret| secret.id(&client.id) == id);
        Ok((!is_there).then_some(client.id))
    };
    let delete = async move |tx: &mut Tx| -> Result<ClientId> {
        reached.clear();
        let (client, mut secrets) = of_client(tx, &pool, &input.client_id).await?;
        let id = &input.client_secret_id;
        secrets
            .remove(&client.id, id)
            .map_err(|why| not_removed(why, id))?;
        clients::put_secrets(tx, &client, &secrets).await?;
        reached.set();
        Ok(client.id)
    };
    let name = "delete_user_pool_client_secret";
    let client = write_settled(&cx.app.db, name, stands, delete).await?;
    cx.app.settings.forget_client(&client);
    Ok(DeleteUserPoolClientSecretResponse {})
}

async fn of_client(
    tx: &mut Tx,
    pool: &UserPoolId,
    client: &str,
) -> Result<(AppClient, ClientSecrets)> {
    let pool = existing_pool(tx, pool).await?;
    existing(tx, &pool.id, client).await
}

/// A secret as lists show it: never with its value.
fn described(client: &ClientId, secret: &ClientSecret) -> ClientSecretDescriptorType {
    ClientSecretDescriptorType {
        client_secret_id: Some(secret.id(client)),
        client_secret_value: None,
        client_secret_create_date: Some(Timestamp(secret.created_at.0)),
    }
}

fn not_added(why: NotAdded) -> Error {
    match why {
        NotAdded::PublicClient => Error::secret_of_public_client(),
        NotAdded::Full => Error::too_many_client_secrets(),
        NotAdded::SameValue => Error::client_secret_is_active(),
    }
}

fn not_removed(why: NotRemoved, id: &str) -> Error {
    match why {
        NotRemoved::Unknown => Error::client_secret_does_not_exist(id),
        NotRemoved::Last => Error::last_client_secret(),
    }
}
