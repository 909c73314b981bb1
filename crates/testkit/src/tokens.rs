//! Tokens that a test has been given.

use cognate_api::idp::AuthenticationResultType;
use cognate_crypto::digest::base64url_decode;
use serde_json::Value;

/// What a sign-in or a refresh gave.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The ID token.
    pub id: String,
    /// The access token.
    pub access: String,
    /// The refresh token; a refresh without rotation gives none.
    pub refresh: Option<String>,
    /// ExpiresIn, in seconds.
    pub expires_in: i32,
}

impl Tokens {
    pub(crate) fn of(result: AuthenticationResultType) -> Self {
        Self {
            id: result.id_token.unwrap(),
            access: result.access_token.unwrap(),
            refresh: result.refresh_token,
            expires_in: result.expires_in.unwrap(),
        }
    }

    /// The refresh token, which must be there.
    #[must_use]
    pub fn refresh(&self) -> &str {
        self.refresh.as_deref().expect("a refresh token")
    }
}

/// The claims of a token, unverified.
#[must_use]
pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The header of a token.
#[must_use]
pub fn header(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).expect("a JWT has three parts");
    serde_json::from_slice(&base64url_decode(part).unwrap()).unwrap()
}
