//! App clients: create, describe, update, delete, list, and how one proves itself in a request.
//!
//! What a request asks for is read in [`settings`]; what Cognate does not do is refused in
//! [`not_built`]; what a client looks like on the wire is written in [`describe`].

mod asked;
pub(crate) mod clients;
mod describe;
mod new_secret;
pub(crate) mod not_built;
pub(crate) mod public_call;
pub(crate) mod secret_hash;
mod secrets;
mod sessions;
mod settings;
mod stored;

use cognate_api::idp::op;

use crate::Operations;

/// The operations on app clients.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::CreateUserPoolClient, clients::create_user_pool_client)
        .on(
            op::DescribeUserPoolClient,
            clients::describe_user_pool_client,
        )
        .on(op::UpdateUserPoolClient, clients::update_user_pool_client)
        .on(op::DeleteUserPoolClient, clients::delete_user_pool_client)
        .on(op::ListUserPoolClients, clients::list_user_pool_clients)
        .on(
            op::AddUserPoolClientSecret,
            secrets::add_user_pool_client_secret,
        )
        .on(
            op::ListUserPoolClientSecrets,
            secrets::list_user_pool_client_secrets,
        )
        .on(
            op::DeleteUserPoolClientSecret,
            secrets::delete_user_pool_client_secret,
        )
        .on(
            op::GetUserPoolClientSessionConfiguration,
            sessions::get_user_pool_client_session_configuration,
        )
        .on(
            op::SetUserPoolClientSessionConfiguration,
            sessions::set_user_pool_client_session_configuration,
        )
}
