//! An app client, through which an application signs users in.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::attribute::{DEVELOPER_ONLY, is_verified_flag};
use crate::ids::{ClientId, UserPoolId};
use crate::time::Timestamp;
use crate::user_pool::UserPool;

/// An app client without its secrets, which the store keeps sealed beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppClient {
    /// The pool that it belongs to.
    pub pool: UserPoolId,
    /// The id.
    pub id: ClientId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// Counts the changes; an update names the revision that it has read.
    pub revision: i64,
    /// Whether it has a secret, so that every request must carry a secret hash.
    pub has_secret: bool,
    /// What an operator can change.
    #[serde(flatten)]
    pub settings: ClientSettings,
}

/// The settings of an app client that UpdateUserPoolClient sets. Each setting but the name and the
/// validities has a default, the careful value, for stored clients that lack it. A new setting
/// needs one too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSettings {
    /// The operator's name for it.
    pub name: String,
    /// How long access tokens live.
    pub access_validity: Validity,
    /// How long ID tokens live.
    pub id_validity: Validity,
    /// How long refresh tokens live.
    pub refresh_validity: Validity,
    /// The units that the owner named, which Describe then shows.
    #[serde(default)]
    pub units_named: UnitsNamed,
    /// The attributes that its users may read. None, or an empty set, means the default.
    pub read_attributes: Option<BTreeSet<String>>,
    /// The attributes that its users may write. None, or an empty set, means the default.
    pub write_attributes: Option<BTreeSet<String>>,
    /// The sign-in flows, as the owner wrote them. None means the default.
    pub explicit_auth_flows: Option<Vec<AuthFlow>>,
    /// Whether answers hide which users exist.
    #[serde(default = "yes")]
    pub prevent_user_existence_errors: bool,
    /// Whether RevokeToken ends its sessions.
    #[serde(default = "yes")]
    pub token_revocation: bool,
    /// How long a sign-in may take from one challenge to its answer, in minutes: 3 to 15.
    #[serde(default = "three")]
    pub auth_session_minutes: u32,
    /// Whether each refresh gives a new refresh token and ends the old one.
    pub rotation: Option<Rotation>,
    /// Whether the address that the application names in UserContextData is noted as the user's.
    #[serde(default)]
    pub propagates_user_context: bool,
    /// The identity providers that it supports, as the owner wrote them: only `COGNITO` so far.
    pub supported_identity_providers: Option<Vec<String>>,
}

fn yes() -> bool {
    true
}

fn three() -> u32 {
    3
}

/// For which validities the owner named a unit (TokenValidityUnits).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitsNamed {
    /// For access tokens.
    pub access: bool,
    /// For ID tokens.
    pub id: bool,
    /// For refresh tokens.
    pub refresh: bool,
}

/// RefreshTokenRotation, switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// How long the token before the newest still works, in seconds: 0 to 60.
    pub grace_seconds: u32,
}

/// A span in the unit that its owner wrote it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// How many.
    pub value: u32,
    /// Of what.
    pub unit: TimeUnit,
}

/// A unit of a token's validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// One second.
    Seconds,
    /// Sixty.
    Minutes,
    /// 3,600.
    Hours,
    /// 86,400.
    Days,
}

/// A sign-in flow that an app client allows, by the name that its owner wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuthFlow {
    /// The old name of ALLOW_ADMIN_USER_PASSWORD_AUTH.
    AdminNoSrpAuth,
    /// The old name of ALLOW_CUSTOM_AUTH (and of nothing else beside it).
    CustomAuthFlowOnly,
    /// The old name of ALLOW_USER_PASSWORD_AUTH.
    UserPasswordAuth,
    /// Operators sign users in with a password.
    AllowAdminUserPasswordAuth,
    /// Custom challenges.
    AllowCustomAuth,
    /// Users sign in with a password in the request.
    AllowUserPasswordAuth,
    /// Users sign in with SRP.
    AllowUserSrpAuth,
    /// Sessions are refreshed.
    AllowRefreshTokenAuth,
    /// Choice-based sign-in.
    AllowUserAuth,
}

impl AuthFlow {
    const ALL: [Self; 9] = [
        Self::AdminNoSrpAuth,
        Self::CustomAuthFlowOnly,
        Self::UserPasswordAuth,
        Self::AllowAdminUserPasswordAuth,
        Self::AllowCustomAuth,
        Self::AllowUserPasswordAuth,
        Self::AllowUserSrpAuth,
        Self::AllowRefreshTokenAuth,
        Self::AllowUserAuth,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AdminNoSrpAuth => "ADMIN_NO_SRP_AUTH",
            Self::CustomAuthFlowOnly => "CUSTOM_AUTH_FLOW_ONLY",
            Self::UserPasswordAuth => "USER_PASSWORD_AUTH",
            Self::AllowAdminUserPasswordAuth => "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            Self::AllowCustomAuth => "ALLOW_CUSTOM_AUTH",
            Self::AllowUserPasswordAuth => "ALLOW_USER_PASSWORD_AUTH",
            Self::AllowUserSrpAuth => "ALLOW_USER_SRP_AUTH",
            Self::AllowRefreshTokenAuth => "ALLOW_REFRESH_TOKEN_AUTH",
            Self::AllowUserAuth => "ALLOW_USER_AUTH",
        }
    }

    /// The flow of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flow| flow.as_str() == name)
    }

    /// Whether this is a name from before the ALLOW_ prefix.
    #[must_use]
    pub fn is_legacy(self) -> bool {
        matches!(
            self,
            Self::AdminNoSrpAuth | Self::CustomAuthFlowOnly | Self::UserPasswordAuth
        )
    }
}

impl Validity {
    /// A span of so many units.
    #[must_use]
    pub const fn new(value: u32, unit: TimeUnit) -> Self {
        Self { value, unit }
    }

    /// The span itself.
    #[must_use]
    pub fn span(self) -> Duration {
        let unit = match self.unit {
            TimeUnit::Seconds => 1,
            TimeUnit::Minutes => 60,
            TimeUnit::Hours => 3_600,
            TimeUnit::Days => 86_400,
        };
        Duration::from_secs(u64::from(self.value) * unit)
    }
}

impl AppClient {
    /// Whether the client allows a flow (docs/protocol.md §5.1). A client that names no flow, or
    /// names from before the ALLOW_ prefix, always allows refresh and SRP; CUSTOM_AUTH_FLOW_ONLY
    /// excludes SRP.
    #[must_use]
    pub fn allows(&self, flow: AuthFlow) -> bool {
        let Some(flows) = self
            .settings
            .explicit_auth_flows
            .as_deref()
            .filter(|flows| !flows.is_empty())
        else {
            return matches!(
                flow,
                AuthFlow::AllowRefreshTokenAuth
                    | AuthFlow::AllowUserSrpAuth
                    | AuthFlow::AllowCustomAuth
            );
        };
        let legacy = flows.iter().any(|flow| flow.is_legacy());
        let custom_only = flows.contains(&AuthFlow::CustomAuthFlowOnly);
        flows.contains(&flow)
            || match flow {
                AuthFlow::AllowAdminUserPasswordAuth => flows.contains(&AuthFlow::AdminNoSrpAuth),
                AuthFlow::AllowUserPasswordAuth => flows.contains(&AuthFlow::UserPasswordAuth),
                AuthFlow::AllowCustomAuth | AuthFlow::AllowRefreshTokenAuth => legacy,
                AuthFlow::AllowUserSrpAuth => legacy && !custom_only,
                _ => false,
            }
    }

    /// How long a sign-in may take from one challenge to its answer.
    #[must_use]
    pub fn auth_session_validity(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.auth_session_minutes) * 60)
    }

    /// Whether users of this client may read an attribute. The default set is every attribute of
    /// the schema (docs/protocol.md §7.10), also custom ones and those that are added later, but
    /// not those that the pool reserves for operators.
    #[must_use]
    pub fn may_read(&self, name: &str) -> bool {
        // A user's sub is in every token, so it is no secret from any client.
        name == "sub"
            || named(self.settings.read_attributes.as_ref()).map_or_else(
                || !name.starts_with(DEVELOPER_ONLY),
                |names| names.contains(name),
            )
    }

    /// Whether users of this client may write an attribute. The default set is as for reading.
    /// Whatever the list says, users never write the verified flags, nor an attribute that the pool
    /// reserves for operators.
    #[must_use]
    pub fn may_write(&self, pool: &UserPool, name: &str) -> bool {
        let is_theirs = pool
            .schema
            .find(name)
            .is_some_and(|attribute| !attribute.developer_only);
        let listed =
            named(self.settings.write_attributes.as_ref()).is_none_or(|names| names.contains(name));
        listed && is_theirs && name != "sub" && !is_verified_flag(name)
    }
}

/// The attributes that a list names, if it names any. An empty list counts as none
/// (docs/protocol.md §10.2): documents of version 0.1 have it.
fn named(list: Option<&BTreeSet<String>>) -> Option<&BTreeSet<String>> {
    list.filter(|names| !names.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::attribute::{DataType, Schema, SchemaAttribute};
    use crate::password::PasswordPolicy;
    use crate::user_pool::{EmailSettings, Messages, Settings, SignInNames, Tier};

    fn client(flows: Option<Vec<AuthFlow>>) -> AppClient {
        AppClient {
            pool: UserPoolId::parse("us-east-1_abc").unwrap(),
            id: ClientId::parse("client").unwrap(),
            created_at: Timestamp(0),
            modified_at: Timestamp(0),
            revision: 0,
            has_secret: false,
            settings: ClientSettings {
                name: "web".into(),
                access_validity: Validity::new(1, TimeUnit::Hours),
                id_validity: Validity::new(1, TimeUnit::Hours),
                refresh_validity: Validity::new(30, TimeUnit::Days),
                units_named: UnitsNamed::default(),
                read_attributes: None,
                write_attributes: None,
                explicit_auth_flows: flows,
                prevent_user_existence_errors: true,
                token_revocation: true,
                auth_session_minutes: 3,
                rotation: None,
                propagates_user_context: false,
                supported_identity_providers: None,
            },
        }
    }

    #[test]
    fn a_client_that_names_no_flow_allows_srp_and_refresh_and_no_password() {
        let client = client(None);
        assert!(client.allows(AuthFlow::AllowUserSrpAuth));
        assert!(client.allows(AuthFlow::AllowRefreshTokenAuth));
        assert!(!client.allows(AuthFlow::AllowUserPasswordAuth));
        assert!(!client.allows(AuthFlow::AllowAdminUserPasswordAuth));
    }

    #[test]
    fn the_old_name_of_the_admin_flow_allows_it_and_keeps_srp_and_refresh() {
        let client = client(Some(vec![AuthFlow::AdminNoSrpAuth]));
        assert!(client.allows(AuthFlow::AllowAdminUserPasswordAuth));
        assert!(client.allows(AuthFlow::AllowUserSrpAuth));
        assert!(client.allows(AuthFlow::AllowRefreshTokenAuth));
        assert!(!client.allows(AuthFlow::AllowUserPasswordAuth));
    }

    #[test]
    fn a_client_that_names_one_flow_allows_no_other() {
        let client = client(Some(vec![AuthFlow::AllowUserPasswordAuth]));
        assert!(client.allows(AuthFlow::AllowUserPasswordAuth));
        assert!(!client.allows(AuthFlow::AllowUserSrpAuth));
        assert!(!client.allows(AuthFlow::AllowRefreshTokenAuth));
    }

    /// A pool with an attribute of its own, `custom:role`, and one for operators,
    /// `dev:custom:rank`.
    fn pool() -> UserPool {
        let custom = |name: &str, developer_only| SchemaAttribute {
            name: name.to_owned(),
            data_type: DataType::String,
            developer_only,
            mutable: true,
            required: false,
            min_length: None,
            max_length: None,
            min_value: None,
            max_value: None,
        };
        let mut schema = Schema::default();
        schema.add_custom(custom("custom:role", false)).unwrap();
        schema.add_custom(custom("dev:custom:rank", true)).unwrap();
        UserPool {
            id: UserPoolId::parse("us-east-1_abc").unwrap(),
            created_at: Timestamp(0),
            modified_at: Timestamp(0),
            revision: 0,
            sign_in_names: SignInNames::Username {
                aliases: BTreeSet::new(),
            },
            case_sensitive: false,
            schema,
            beside: None,
            settings: Settings {
                name: "people".into(),
                deletion_protection: false,
                password_policy: PasswordPolicy::default(),
                auto_verified: BTreeSet::new(),
                verified_before_update: BTreeSet::new(),
                messages: Messages::default(),
                email: EmailSettings::default(),
                sms: None,
                tags: std::collections::BTreeMap::new(),
                admin_create_user_only: false,
                recovery: None,
                tier: Tier::default(),
                allowed_first_auth_factors: [crate::FirstFactor::Password].into(),
                add_ons_off: false,
                mfa: crate::second_factor::PoolMfa::default(),
                sessions: crate::user_pool::SessionTracking::default(),
                devices: None,
                acr: crate::acr::AcrNames::default(),
                issuer: None,
                key_of_the_server: false,
            },
        }
    }

    #[test]
    fn no_list_and_an_empty_one_are_every_attribute_custom_ones_too() {
        let pool = pool();
        for list in [None, Some(BTreeSet::new())] {
            let mut client = client(None);
            client.settings.read_attributes.clone_from(&list);
            client.settings.write_attributes = list;
            for name in ["email", "email_verified", "custom:role"] {
                assert!(client.may_read(name), "{name}");
            }
            assert!(!client.may_read("dev:custom:rank"));
            assert!(client.may_write(&pool, "email") && client.may_write(&pool, "custom:role"));
        }
    }

    #[test]
    fn a_list_is_taken_at_its_word() {
        let pool = pool();
        let mut client = client(None);
        let only = |name: &str| Some(BTreeSet::from([name.to_owned()]));
        client.settings.read_attributes = only("custom:role");
        client.settings.write_attributes = only("email");
        assert!(
            client.may_read("custom:role") && !client.may_read("email") && client.may_read("sub")
        );
        assert!(client.may_write(&pool, "email") && !client.may_write(&pool, "custom:role"));
    }

    #[test]
    fn what_is_not_the_users_is_never_written_by_them() {
        let pool = pool();
        let not_theirs = [
            "sub",
            "email_verified",
            "phone_number_verified",
            "dev:custom:rank",
            "custom:unknown",
        ];
        for list in [None, Some(BTreeSet::from(not_theirs.map(str::to_owned)))] {
            let mut client = client(None);
            client.settings.write_attributes = list;
            for name in not_theirs {
                assert!(!client.may_write(&pool, name), "{name}");
            }
        }
    }

    #[test]
    fn the_flow_of_the_old_custom_only_name_is_custom_and_refresh() {
        let client = client(Some(vec![AuthFlow::CustomAuthFlowOnly]));
        assert!(client.allows(AuthFlow::AllowCustomAuth));
        assert!(client.allows(AuthFlow::AllowRefreshTokenAuth));
        for flow in [
            AuthFlow::AllowUserSrpAuth,
            AuthFlow::AllowUserPasswordAuth,
            AuthFlow::AllowAdminUserPasswordAuth,
            AuthFlow::AllowUserAuth,
        ] {
            assert!(!client.allows(flow), "{flow:?}");
        }
    }

    #[test]
    fn an_empty_list_of_flows_is_no_list() {
        let client = client(Some(Vec::new()));
        assert!(client.allows(AuthFlow::AllowUserSrpAuth));
        assert!(!client.allows(AuthFlow::AllowUserPasswordAuth));
    }

    #[test]
    fn each_flow_is_read_by_the_name_it_is_written_with() {
        for flow in AuthFlow::ALL {
            assert_eq!(AuthFlow::parse(flow.as_str()), Some(flow));
            assert_eq!(serde_json::to_value(flow).unwrap(), flow.as_str());
        }
        assert_eq!(AuthFlow::parse("allow_user_srp_auth"), None);
    }

    #[test]
    fn the_longest_validity_does_not_overflow() {
        let longest = Validity::new(u32::MAX, TimeUnit::Days).span();
        assert_eq!(longest.as_secs(), u64::from(u32::MAX) * 86_400);
        assert!(Timestamp(0).plus(longest) > Timestamp(0));
    }
}
