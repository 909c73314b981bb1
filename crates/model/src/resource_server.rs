//! Resource servers: APIs, and the scopes that grant access to them (docs/protocol.md §10.14).

use serde::{Deserialize, Serialize};

use crate::UserPoolId;

/// Identifiers that begin so are Cognito's own: their scopes mean something already.
const RESERVED: &str = "aws.cognito";

/// A resource server of a user pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceServer {
    /// The pool that it belongs to.
    pub pool: UserPoolId,
    /// What names it in the pool, often a URL. It is compared byte for byte.
    pub identifier: String,
    /// The operator's name for it.
    pub name: String,
    /// Its scopes, in the order in which they were written.
    #[serde(default)]
    pub scopes: Vec<Scope>,
}

/// A scope of a resource server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Its name, without the identifier.
    pub name: String,
    /// What it allows, in the operator's words.
    pub description: String,
}

/// A custom scope as app clients and tokens name it: identifier and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomScope<'a> {
    /// The identifier of the resource server.
    pub identifier: &'a str,
    /// The name of the scope there.
    pub name: &'a str,
}

impl<'a> CustomScope<'a> {
    /// Reads `identifier/name`. An identifier may hold slashes and a name none, so the last one
    /// parts them.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (identifier, name) = text.rsplit_once('/')?;
        let is_whole = !identifier.is_empty() && !name.is_empty();
        is_whole.then_some(Self { identifier, name })
    }
}

impl ResourceServer {
    /// Whether an identifier is kept for Cognito's own scopes.
    #[must_use]
    pub fn is_reserved(identifier: &str) -> bool {
        identifier.starts_with(RESERVED)
    }

    /// The name that two of the scopes share.
    #[must_use]
    pub fn duplicate_scope(&self) -> Option<&str> {
        let mut names: Vec<&str> = self
            .scopes
            .iter()
            .map(|scope| scope.name.as_str())
            .collect();
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair.first() == pair.last())?;
        twice.first().copied()
    }

    /// Whether it has a scope of a name.
    #[must_use]
    pub fn has_scope(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.name == name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_custom_scope_is_parted_at_its_last_slash() {
        for (text, parted) in [
            ("photos/read", Some(("photos", "read"))),
            (
                "https://api.example/v1/read:all",
                Some(("https://api.example/v1", "read:all")),
            ),
            (
                "https://api.example//read",
                Some(("https://api.example/", "read")),
            ),
            ("openid", None),
            ("photos/", None),
            ("/read", None),
            ("", None),
        ] {
            let scope = CustomScope::parse(text);
            assert_eq!(
                scope.map(|scope| (scope.identifier, scope.name)),
                parted,
                "{text}"
            );
        }
    }

    #[test]
    fn a_scope_that_is_named_twice_is_told() {
        let server = |names: &[&str]| ResourceServer {
            pool: UserPoolId::parse("us-east-1_abc").unwrap(),
            identifier: "photos".to_owned(),
            name: "Photos".to_owned(),
            scopes: names
                .iter()
                .map(|name| Scope {
                    name: (*name).to_owned(),
                    description: "x".to_owned(),
                })
                .collect(),
        };
        assert_eq!(server(&["read", "write", "Read"]).duplicate_scope(), None);
        assert_eq!(server(&[]).duplicate_scope(), None);
        let twice = server(&["read", "write", "read"]);
        assert_eq!(twice.duplicate_scope(), Some("read"));
        assert!(twice.has_scope("write") && !twice.has_scope("Write"));
    }
}
