//! The claims of ID and access tokens, in Cognito's own names (docs/protocol.md §6.3, §6.4). A
//! token has no claim but those that these types have a member for.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::acr::{Level, amr, of_factors};
use crate::app_client::AppClient;
use crate::attribute::{self, is_verified_flag};
use crate::group::Groups;
use crate::session::TokenSession;
use crate::sign_in::Proved;
use crate::time::Timestamp;
use crate::user::User;
use crate::user_pool::{Tier, UserPool};

/// The scope of every access token that a sign-in through the API gives: the user's own operations.
pub const SIGN_IN_SCOPE: &str = "aws.cognito.signin.user.admin";

/// The purpose of a token. A key serves one purpose too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenUse {
    /// Tells an application who signed in.
    Id,
    /// Lets an application act for the user.
    Access,
}

impl TokenUse {
    /// The value of `token_use`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Access => "access",
        }
    }
}

/// The claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The user.
    pub sub: String,
    /// The pool's issuer.
    pub iss: String,
    /// The app client; an access token has no `aud`.
    pub client_id: String,
    /// The session.
    pub origin_jti: String,
    /// The sign-in's event.
    pub event_id: String,
    /// `access`
    pub token_use: TokenUse,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// When the user signed in, in seconds.
    pub auth_time: i64,
    /// When the token runs out, in seconds.
    pub exp: i64,
    /// When it was issued, in seconds.
    pub iat: i64,
    /// The token's own id.
    pub jti: String,
    /// The user name.
    pub username: String,
    /// 2: the version of access tokens that Cognito issues today.
    pub version: u8,
    /// The device that the user signed in on, where the pool remembers devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_key: Option<String>,
    /// The name of the level that the sign-in has reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// What was done for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The names of the user's groups.
    #[serde(
        rename = "cognito:groups",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub groups: Vec<String>,
}

/// What one issue of tokens has in common.
pub struct Issue<'a> {
    /// The pool.
    pub pool: &'a UserPool,
    /// The pool's issuer, as the server's configuration gives it.
    pub issuer: &'a str,
    /// The user.
    pub user: &'a User,
    /// The user's groups.
    pub groups: &'a Groups,
    /// The app client.
    pub client: &'a AppClient,
    /// The session.
    pub session: &'a TokenSession,
    /// Now.
    pub now: Timestamp,
}

impl Issue<'_> {
    /// The claims of an access token with this `jti`.
    #[must_use]
    pub fn access(&self, jti: String) -> AccessClaims {
        AccessClaims {
            sub: self.user.sub.to_string(),
            iss: self.issuer.to_owned(),
            client_id: self.client.id.to_string(),
            origin_jti: self.session.id.to_string(),
            event_id: self.session.event_id.clone(),
            token_use: TokenUse::Access,
            scope: SIGN_IN_SCOPE.to_owned(),
            auth_time: self.session.auth_time.seconds(),
            exp: self
                .now
                .plus(self.client.settings.access_validity.span())
                .seconds(),
            iat: self.now.seconds(),
            jti,
            username: self.user.username.clone(),
            version: 2,
            device_key: self.session.device_key.as_ref().map(ToString::to_string),
            acr: self.acr().map(str::to_owned),
            amr: self.amr().into_iter().map(str::to_owned).collect(),
            groups: self.groups.names().into_iter().map(str::to_owned).collect(),
        }
    }

    /// The name of the level that the sign-in has reached; None where it has reached none, where it
    /// is not known because an older version has kept the session, and in a pool of the least tier
    /// (docs/protocol.md §18.3).
    fn acr(&self) -> Option<&str> {
        let level = Level::met_by(&of_factors(self.told_factors()));
        level.map(|level| self.pool.settings.acr.name(level))
    }

    /// What was done in the sign-in.
    fn amr(&self) -> Vec<&'static str> {
        amr(self.told_factors())
    }

    fn told_factors(&self) -> &[Proved] {
        if self.pool.settings.tier == Tier::Lite {
            return &[];
        }
        &self.session.factors
    }

    /// The claims of an ID token with this `jti`: the attributes that the client may read, user,
    /// client and time of the sign-in, and the user's groups and their roles.
    ///
    /// The fixed claims come last, so that no attribute replaces one.
    #[must_use]
    pub fn id(&self, jti: String) -> Map<String, Value> {
        let mut claims = Map::new();
        for (name, value) in &self.user.attributes {
            // While a pool changes its schema, a user may have what is none of its attributes.
            let is_theirs = is_attribute_claim(name) && self.pool.schema.find(name).is_some();
            if !value.is_empty() && is_theirs && self.client.may_read(name) {
                claims.insert(name.clone(), attribute_claim(name, value));
            }
        }
        let fixed: [(&str, Value); 11] = [
            ("sub", self.user.sub.as_str().into()),
            ("iss", self.issuer.into()),
            ("cognito:username", self.user.username.as_str().into()),
            ("origin_jti", self.session.id.as_str().into()),
            ("aud", self.client.id.as_str().into()),
            ("event_id", self.session.event_id.as_str().into()),
            ("token_use", TokenUse::Id.as_str().into()),
            ("auth_time", self.session.auth_time.seconds().into()),
            (
                "exp",
                self.now
                    .plus(self.client.settings.id_validity.span())
                    .seconds()
                    .into(),
            ),
            ("iat", self.now.seconds().into()),
            ("jti", jti.into()),
        ];
        claims.extend(fixed.map(|(name, value)| (name.to_owned(), value)));
        if let Some(acr) = self.acr() {
            claims.insert("acr".to_owned(), acr.into());
        }
        let amr = self.amr();
        if !amr.is_empty() {
            claims.insert("amr".to_owned(), amr.into());
        }
        let lists = [
            ("cognito:groups", self.groups.names()),
            ("cognito:roles", self.groups.roles()),
        ];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            claims.insert(name.to_owned(), list.into());
        }
        if let Some(role) = self.groups.preferred_role() {
            claims.insert("cognito:preferred_role".to_owned(), role.into());
        }
        claims
    }
}

/// Whether a claim of this name is an attribute of a schema. A stored document with other names
/// gives nobody groups or roles.
fn is_attribute_claim(name: &str) -> bool {
    attribute::is_standard(name) || name.starts_with("custom:") || name.starts_with("dev:custom:")
}

/// An attribute as a claim: the verified flags are booleans, and `address` is the object of OpenID
/// Connect Core §5.1.1.
fn attribute_claim(name: &str, value: &str) -> Value {
    match name {
        _ if is_verified_flag(name) => (value == "true").into(),
        "address" => serde_json::json!({ "formatted": value }),
        "updated_at" => value
            .parse::<i64>()
            .map_or_else(|_| value.into(), Value::from),
        _ => value.into(),
    }
}

#[cfg(test)]
mod tests;
