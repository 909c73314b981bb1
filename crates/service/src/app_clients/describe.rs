//! An app client as the wire shows it.

use std::collections::BTreeSet;

use cognate_api::Timestamp;
use cognate_api::idp::{
    ClientTypeType, ExplicitAuthFlowsType, FeatureType, PreventUserExistenceErrorTypes,
    RefreshTokenRotationType, TimeUnitsType, TokenValidityUnitsType, UserPoolClientType,
};
use cognate_model::app_client::{AuthFlow, ClientSettings, TimeUnit, Validity};
use cognate_model::{AppClient, ClientSecrets};

/// The whole client, with the secret that it was made with.
pub(super) fn full(client: &AppClient, secrets: &ClientSecrets) -> UserPoolClientType {
    let secret = secrets.shown_with(client);
    let settings = &client.settings;
    let user_existence = if settings.prevent_user_existence_errors {
        PreventUserExistenceErrorTypes::Enabled
    } else {
        PreventUserExistenceErrorTypes::Legacy
    };
    UserPoolClientType {
        user_pool_id: Some(client.pool.to_string()),
        client_name: Some(settings.name.clone()),
        client_id: Some(client.id.to_string()),
        client_secret: secret.map(|secret| secret.expose().to_owned()),
        last_modified_date: Some(Timestamp(client.modified_at.0)),
        creation_date: Some(Timestamp(client.created_at.0)),
        refresh_token_validity: value(settings.refresh_validity),
        access_token_validity: unless_default(
            settings.access_validity,
            settings.units_named.access,
        ),
        id_token_validity: unless_default(settings.id_validity, settings.units_named.id),
        token_validity_units: Some(units(settings)),
        read_attributes: unless_default_list(settings.read_attributes.as_ref()),
        write_attributes: unless_default_list(settings.write_attributes.as_ref()),
        explicit_auth_flows: settings
            .explicit_auth_flows
            .as_ref()
            .map(|flows| flows.iter().copied().map(flow).collect()),
        supported_identity_providers: settings.supported_identity_providers.clone(),
        allowed_oauth_flows_user_pool_client: Some(false),
        prevent_user_existence_errors: Some(user_existence),
        enable_token_revocation: Some(settings.token_revocation),
        enable_propagate_additional_user_context_data: Some(settings.propagates_user_context),
        auth_session_validity: i32::try_from(settings.auth_session_minutes).ok(),
        refresh_token_rotation: settings.rotation.map(|rotation| RefreshTokenRotationType {
            feature: FeatureType::Enabled,
            retry_grace_period_seconds: i32::try_from(rotation.grace_seconds).ok(),
        }),
        client_type: Some(ClientTypeType::Regular),
        // Secrets lie in Cognate's own database: PublishSecretsInAWSSecretsManager is refused.
        client_secret_arn: None,
        // What needs the pages of managed login or Amazon Pinpoint can't be set yet.
        callback_urls: None,
        logout_urls: None,
        default_redirect_uri: None,
        allowed_oauth_flows: None,
        allowed_oauth_scopes: None,
        analytics_configuration: None,
    }
}

fn value(validity: Validity) -> Option<i32> {
    i32::try_from(validity.value).ok()
}

/// AWS leaves the validity of access and ID tokens out where the owner set neither it nor its unit.
fn unless_default(validity: Validity, unit_named: bool) -> Option<i32> {
    let is_default = validity == Validity::new(1, TimeUnit::Hours) && !unit_named;
    value(validity).filter(|_| !is_default)
}

/// The units that the owner named; an empty object where none was.
fn units(settings: &ClientSettings) -> TokenValidityUnitsType {
    let named = settings.units_named;
    TokenValidityUnitsType {
        access_token: named.access.then(|| unit(settings.access_validity)),
        id_token: named.id.then(|| unit(settings.id_validity)),
        refresh_token: named.refresh.then(|| unit(settings.refresh_validity)),
    }
}

fn unit(validity: Validity) -> TimeUnitsType {
    match validity.unit {
        TimeUnit::Seconds => TimeUnitsType::Seconds,
        TimeUnit::Minutes => TimeUnitsType::Minutes,
        TimeUnit::Hours => TimeUnitsType::Hours,
        TimeUnit::Days => TimeUnitsType::Days,
    }
}

fn flow(flow: AuthFlow) -> ExplicitAuthFlowsType {
    ExplicitAuthFlowsType::from(flow.as_str())
}

/// The names of a list; none where the client has the default set.
fn unless_default_list(names: Option<&BTreeSet<String>>) -> Option<Vec<String>> {
    names
        .filter(|names| !names.is_empty())
        .map(|names| names.iter().cloned().collect())
}
