//! What an app client's owner can ask for and Cognate does not do: refused, never stored and
//! ignored.
//!
//! Values that switch such a feature off, or are empty, pass (docs/protocol.md §10.3).

use cognate_api::idp::AnalyticsConfigurationType;

use super::asked::Asked;
use crate::refused_members::{self, Entry, RefusedMember, Why};
use crate::{Error, Result};

const OPERATIONS: &[&str] = &["CreateUserPoolClient", "UpdateUserPoolClient"];

/// What comes with the pages and endpoints of a domain.
const fn of_oauth(member: &'static str) -> RefusedMember {
    RefusedMember {
        operations: OPERATIONS,
        member,
        why: Why::ComesWith("OAuth"),
    }
}

/// The flows of GetClientToken and GetDerivedToken; the refusal names the flow.
static TOKEN_FLOWS: RefusedMember =
    of_oauth("ExplicitAuthFlows with ALLOW_CLIENT_TOKEN_AUTH or ALLOW_TOKEN_EXCHANGE_*");

/// Of SetUserPoolClientSessionConfiguration.
pub(super) static SSO_SESSION: RefusedMember = RefusedMember {
    operations: &["SetUserPoolClientSessionConfiguration"],
    member: "SSOSession.MaxValidityMinutes other than 60",
    why: Why::ComesWith("managed login"),
};

static MEMBERS: [Entry<Asked>; 8] = [
    (of_oauth("AllowedOAuthFlowsUserPoolClient"), |asked| {
        asked.allowed_oauth_flows_user_pool_client == Some(true)
    }),
    (of_oauth("AllowedOAuthFlows"), |asked| {
        is_filled(asked.allowed_oauth_flows.as_ref())
    }),
    (of_oauth("AllowedOAuthScopes"), |asked| {
        is_filled(asked.allowed_oauth_scopes.as_ref())
    }),
    (of_oauth("CallbackURLs"), |asked| {
        is_filled(asked.callback_urls.as_ref())
    }),
    (of_oauth("LogoutURLs"), |asked| {
        is_filled(asked.logout_urls.as_ref())
    }),
    (of_oauth("DefaultRedirectURI"), |asked| {
        let uri = asked.default_redirect_uri.as_ref();
        uri.is_some_and(|uri| !uri.is_empty())
    }),
    (
        RefusedMember {
            operations: OPERATIONS,
            member: "AnalyticsConfiguration",
            why: Why::Never("nothing is sent to Amazon Pinpoint"),
        },
        |asked| asked.analytics_configuration.as_ref().is_some_and(sends),
    ),
    (
        RefusedMember {
            operations: OPERATIONS,
            member: "PublishSecretsInAWSSecretsManager",
            why: Why::Never("secrets lie in Cognate's own database, sealed"),
        },
        |asked| asked.publish_secrets_in_aws_secrets_manager == Some(true),
    ),
];

/// What is refused here.
pub(crate) fn refused() -> impl Iterator<Item = &'static RefusedMember> {
    let members = MEMBERS.iter().map(|(member, _)| member);
    members.chain([&TOKEN_FLOWS, &SSO_SESSION])
}

/// Refuses the first member that asks for what is not built.
///
/// # Errors
/// `InvalidParameterException`, which names it.
pub(super) fn refuse(asked: &Asked) -> Result<()> {
    refused_members::refuse(&MEMBERS, asked)
}

/// The refusal of a flow.
pub(super) fn flow(name: &str) -> Error {
    TOKEN_FLOWS.error_for(format_args!("{name} in ExplicitAuthFlows"))
}

fn is_filled<T>(list: Option<&Vec<T>>) -> bool {
    list.is_some_and(|list| !list.is_empty())
}

fn sends(analytics: &AnalyticsConfigurationType) -> bool {
    analytics.application_id.is_some()
        || analytics.application_arn.is_some()
        || analytics.role_arn.is_some()
        || analytics.external_id.is_some()
        || analytics.user_data_shared == Some(true)
}
