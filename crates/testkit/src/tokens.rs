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
    /// DeviceKey and DeviceGroupKey of a new device.
    pub new_device: Option<(String, String)>,
}

impl Tokens {
    /// The tokens of an answer, which must have them all but the refresh token.
    #[must_use]
    pub fn of(result: AuthenticationResultType) -> Self {
        Self {
            id: result.id_token.expect("an ID token"),
            access: result.access_token.expect("an access token"),
            refresh: result.refresh_token,
            expires_in: result.expires_in.expect("tokens say how long they hold"),
            new_device: result.new_device_metadata.map(|new| {
                (
                    new.device_key.expect("a new device has a key"),
                    new.device_group_key.expect("and a group"),
                )
            }),
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
    let json = base64url_decode(part).expect("a part of a JWT is base64url");
    serde_json::from_slice(&json).expect("a part of a JWT holds JSON")
}
