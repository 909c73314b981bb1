//! What CreateUserPoolClient and UpdateUserPoolClient ask for, in one form.

use cognate_api::idp::{CreateUserPoolClientRequest, UpdateUserPoolClientRequest};

/// What a request asks for: UpdateUserPoolClient has exactly the members that a client's settings
/// are made of, and CreateUserPoolClient has them and the secret's.
pub(super) type Asked = UpdateUserPoolClientRequest;

/// The settings that a new client asks for, its own secret, and whether one is to be made.
pub(super) fn asked_of_new(input: CreateUserPoolClientRequest) -> (Asked, Option<String>, bool) {
    // Without `..`, so that a member which the model gains is not passed over.
    let CreateUserPoolClientRequest {
        user_pool_id,
        client_name,
        generate_secret,
        client_secret,
        refresh_token_validity,
        access_token_validity,
        id_token_validity,
        token_validity_units,
        read_attributes,
        write_attributes,
        explicit_auth_flows,
        supported_identity_providers,
        callback_urls,
        logout_urls,
        default_redirect_uri,
        allowed_oauth_flows,
        allowed_oauth_scopes,
        allowed_oauth_flows_user_pool_client,
        analytics_configuration,
        prevent_user_existence_errors,
        enable_token_revocation,
        enable_propagate_additional_user_context_data,
        auth_session_validity,
        refresh_token_rotation,
        publish_secrets_in_aws_secrets_manager,
    } = input;
    let asked = Asked {
        user_pool_id,
        client_id: String::new(),
        client_name: Some(client_name),
        refresh_token_validity,
        access_token_validity,
        id_token_validity,
        token_validity_units,
        read_attributes,
        write_attributes,
        explicit_auth_flows,
        supported_identity_providers,
        callback_urls,
        logout_urls,
        default_redirect_uri,
        allowed_oauth_flows,
        allowed_oauth_scopes,
        allowed_oauth_flows_user_pool_client,
        analytics_configuration,
        prevent_user_existence_errors,
        enable_token_revocation,
        enable_propagate_additional_user_context_data,
        auth_session_validity,
        refresh_token_rotation,
        publish_secrets_in_aws_secrets_manager,
    };
    (asked, client_secret, generate_secret.unwrap_or(false))
}
