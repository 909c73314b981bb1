//! How every public call at an app client begins that names a user.

use cognate_api::idp::UserContextDataType;

use super::secret_hash;
use crate::limits::backends;
use crate::users::accounts::PoolClient;
use crate::{Cx, Result};

/// Whom a public call names, and how it proves its app client.
pub(crate) struct Named<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) username: &'a str,
    pub(crate) secret_hash: Option<&'a str>,
    pub(crate) user_context_data: Option<&'a UserContextDataType>,
}

/// Finds the app client and checks its secret hash, and only then counts the call for whom a
/// backend says that it is made.
///
/// # Errors
/// `ResourceNotFoundException`; `NotAuthorizedException`; `InvalidParameterException` for an
/// address that is none.
pub(crate) async fn begin(cx: &Cx, named: Named<'_>) -> Result<(Cx, PoolClient)> {
    let pool_client = PoolClient::of_client(&cx.app, named.client_id).await?;
    secret_hash::check(&pool_client.entry, named.secret_hash, named.username)?;
    let cx = backends::of_client(cx, &pool_client.entry, named.user_context_data)?;
    Ok((cx, pool_client))
}
