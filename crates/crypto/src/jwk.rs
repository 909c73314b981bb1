//! Public keys as JSON: JWK (RFC 7517) and the JWKS document at `/.well-known/jwks.json`. RSA only,
//! as Cognito has it.

use serde::{Deserialize, Serialize};

use crate::digest;

/// The public part of a signing key, with the members that Cognito publishes.
///
/// A document that is read must have exactly these members: one with private members, or of another
/// kind of key, is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwk {
    /// Always RS256.
    pub alg: Algorithm,
    /// The public exponent: big endian without leading zeros, as URL base64.
    pub e: String,
    /// The key's id, derived from the key itself (see [`Jwk::new`]).
    pub kid: String,
    /// Always RSA.
    pub kty: KeyType,
    /// The modulus, in the form of `e`.
    pub n: String,
    /// Always sig.
    #[serde(rename = "use")]
    pub usage: Usage,
}

/// The `alg` member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    RS256,
}

/// The `kty` member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyType {
    /// RSA (RFC 7518 §6.3).
    RSA,
}

/// The `use` member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Usage {
    /// Signing.
    #[serde(rename = "sig")]
    Sig,
}

/// A key set, as the JWKS document holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwks {
    /// The keys, in no meaningful order.
    pub keys: Vec<Jwk>,
}

impl Jwk {
    /// Describes the RSA key with this modulus and exponent (big endian, no leading zeros).
    ///
    /// Its kid is the SHA-256 thumbprint of RFC 7638 in standard base64 with padding: 44
    /// characters, as Cognito's kids have (docs/protocol.md §6.1).
    pub fn new(n: &[u8], e: &[u8]) -> Self {
        let (n, e) = (digest::base64url_encode(n), digest::base64url_encode(e));
        // The members in lexical order, without white space (RFC 7638 §3); base64 needs no escapes.
        let canonical = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let kid = digest::base64_encode(&digest::sha256(&[canonical.as_bytes()]));
        Self {
            alg: Algorithm::RS256,
            e,
            kid,
            kty: KeyType::RSA,
            n,
            usage: Usage::Sig,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// The key of RFC 7638 §3.1.
    const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    fn key() -> Jwk {
        Jwk::new(&digest::base64url_decode(N).unwrap(), &[1, 0, 1])
    }

    #[test]
    fn the_kid_is_the_thumbprint_of_rfc_7638() {
        assert_eq!(key().kid, "NzbLsXh8uDCcd+6MNwXF4W/7noWXFZAfHkxZsRGC9Xs=");
    }

    #[test]
    fn a_key_is_written_with_cognitos_members_and_read_back() {
        let text = serde_json::to_string(&Jwks { keys: vec![key()] }).unwrap();
        let kid = key().kid;
        let expected = format!(
            r#"{{"keys":[{{"alg":"RS256","e":"AQAB","kid":"{kid}","kty":"RSA","n":"{N}","use":"sig"}}]}}"#
        );
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Jwks>(&text).unwrap().keys, [key()]);
    }

    #[test]
    fn a_key_of_another_kind_or_with_private_members_is_refused() {
        let text = serde_json::to_string(&key()).unwrap();
        for (from, to) in [
            (r#""RSA""#, r#""oct""#),
            (r#""RS256""#, r#""HS256""#),
            (r#""sig""#, r#""enc""#),
            (r#""kty""#, r#""d":"AQAB","kty""#),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(serde_json::from_str::<Jwk>(&changed).is_err(), "{changed}");
        }
    }
}
