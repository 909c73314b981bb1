//! App clients in the database, found by the ids of a request.

use cognate_model::{AppClient, ClientId, ClientSecrets, UserPool, UserPoolId};
use cognate_store::{Tx, app_clients as clients, user_pools};

use crate::{Error, Result};

pub(super) fn parse_pool_id(id: &str) -> Result<UserPoolId> {
    UserPoolId::parse(id).map_err(|_| Error::user_pool_does_not_exist(id))
}

pub(super) async fn existing_pool(tx: &mut Tx, pool: &UserPoolId) -> Result<UserPool> {
    let found = user_pools::find(tx, pool).await?;
    found.ok_or_else(|| Error::user_pool_does_not_exist(pool))
}

/// The client of an id as a request writes it. Ids are unique over all pools, so a client of
/// another pool is found by its id and answered like one that does not exist.
pub(super) async fn existing(
    tx: &mut Tx,
    pool: &UserPoolId,
    client: &str,
) -> Result<(AppClient, ClientSecrets)> {
    let missing = || Error::user_pool_client_does_not_exist(client);
    let id = ClientId::parse(client).map_err(|_| missing())?;
    let found = clients::find(tx, &id).await?;
    found
        .filter(|(client, _)| client.pool == *pool)
        .ok_or_else(missing)
}
