//! JSON Web Tokens as Cognito makes them (docs/protocol.md §6.1): JWS compact form (RFC 7515 §7.1),
//! RS256, header exactly `{"kid":…,"alg":"RS256"}`.
//!
//! A token has no say in how it is verified. [`peek`] splits it and gives its kid; the caller finds
//! the key in its own table by pool and kid; [`VerifyingKey::verify`] checks the signature with
//! that key and the one algorithm. A token with any header member beside kid and alg (jwk, jku,
//! x5u, x5c, crit …) is refused. After the signature the caller checks the token's purpose: issuer,
//! token_use, expiry.
//!
//! The crate jsonwebtoken is not used because it parses the RSA key at each signature and each
//! verification, which here happens once, and because it supports algorithms that must never be
//! chosen.

#[cfg(test)]
mod tests;

use std::fmt;

use aws_lc_rs::{
    digest as lc_digest,
    encoding::AsDer,
    rsa::KeySize,
    signature::{
        KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor},
};

use crate::{digest, jwk::Jwk, secret::SecretBytes};

/// The longest token that is read, in bytes. An access token of a user in 100 groups with the
/// longest names (docs/protocol.md §20.1) has 18,000, and 53,000 where a character takes three
/// bytes; identity pools take up to 50,000 characters (§6.11).
pub const MAX_LENGTH: usize = 64_000;

/// Why a token is refused. Clients never see these texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// More than [`MAX_LENGTH`] bytes.
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of base64url without padding, or the header is no JSON object.
    #[error("not a JWS in compact form")]
    Malformed,
    /// An algorithm other than RS256, a member other than kid and alg, or one of these missing or
    /// twice.
    #[error("the token's header is refused")]
    RefusedHeader,
    /// The token says that another key signed it than the given one.
    #[error("the token names another key")]
    OtherKey,
    /// The signature is not that of the key over these bytes.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// The claims do not have the expected shape; the signature is right, or was not checked.
    #[error("the token's claims are not of the expected shape")]
    Claims,
}

/// Why a key can't be made, read or used. The text never holds key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not an RSA key of 2048 to 8192 bits in its encoding.
    #[error("not a usable RSA key")]
    Rejected,
    /// aws-lc could not generate, encode or sign: no memory, or no randomness from the system.
    #[error("the cryptographic library failed")]
    Library,
    /// The claims can't be written as JSON.
    #[error("the claims can't be written as JSON")]
    Claims,
}

/// A private RSA key, parsed once and used for every signature. Signing takes about 0.25 ms (2048
/// bits): it belongs on a thread that may block.
pub struct SigningKey {
    pair: RsaKeyPair,
    public: VerifyingKey,
    /// The header as every token of this key carries it, in base64url.
    header: String,
}

impl SigningKey {
    /// Makes a new key of 2048 bits, as Cognito's are. aws-lc draws the randomness from the
    /// operating system: this is the one function of this crate that a seed does not repeat. It
    /// takes about a tenth of a second.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Library)?;
        Self::from_pair(pair)
    }

    /// Reads a key from PKCS #8 (DER, not encrypted).
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_pair(RsaKeyPair::from_pkcs8(der).map_err(|_| KeyError::Rejected)?)
    }

    fn from_pair(pair: RsaKeyPair) -> Result<Self, KeyError> {
        let n = pair
            .public_key()
            .modulus()
            .big_endian_without_leading_zero()
            .to_vec();
        let e = pair
            .public_key()
            .exponent()
            .big_endian_without_leading_zero()
            .to_vec();
        let public = VerifyingKey::from_components(&n, &e)?;
        // A kid is base64 and needs no escapes.
        let header = format!(r#"{{"kid":"{}","alg":"RS256"}}"#, public.kid());
        Ok(Self {
            pair,
            public,
            header: digest::base64url_encode(header.as_bytes()),
        })
    }

    /// The key as PKCS #8 (DER), to be sealed and stored.
    pub fn to_pkcs8(&self) -> Result<SecretBytes, KeyError> {
        let der = self.pair.as_der().map_err(|_| KeyError::Library)?;
        Ok(SecretBytes::new(der.as_ref().to_vec()))
    }

    /// The kid in the tokens of this key.
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// The public part.
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }

    /// Signs the claims into a token.
    pub fn sign<T: Serialize>(&self, claims: &T) -> Result<String, KeyError> {
        let claims = serde_json::to_vec(claims).map_err(|_| KeyError::Claims)?;
        let mut token = format!("{}.{}", self.header, digest::base64url_encode(&claims));
        let hash = lc_digest::digest(&lc_digest::SHA256, token.as_bytes());
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign_digest(&RSA_PKCS1_SHA256, &hash, &mut signature)
            .map_err(|_| KeyError::Library)?;
        token.push('.');
        token.push_str(&digest::base64url_encode(&signature));
        Ok(token)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid())
    }
}

/// A public RSA key, parsed once and used for every verification.
#[derive(Clone)]
pub struct VerifyingKey {
    key: ParsedPublicKey,
    jwk: Jwk,
}

impl VerifyingKey {
    /// From modulus and exponent, big endian without leading zeros. The kid follows from them.
    pub fn from_components(n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        // aws-lc checks the length only at each verification; a key that can never verify should
        // fail here.
        if !(256..=1024).contains(&n.len()) {
            return Err(KeyError::Rejected);
        }
        let key = RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .map_err(|_| KeyError::Rejected)?;
        Ok(Self {
            key,
            jwk: Jwk::new(n, e),
        })
    }

    /// Reads a JWK that Cognate made. A JWK whose kid does not match its key is refused.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        let n = digest::base64url_decode(&jwk.n).map_err(|_| KeyError::Rejected)?;
        let e = digest::base64url_decode(&jwk.e).map_err(|_| KeyError::Rejected)?;
        let key = Self::from_components(&n, &e)?;
        if key.jwk == *jwk {
            Ok(key)
        } else {
            Err(KeyError::Rejected)
        }
    }

    /// The key as it is published.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The kid of the tokens that this key verifies.
    pub fn kid(&self) -> &str {
        &self.jwk.kid
    }

    /// Checks that the token names this key and is signed by it, and only then reads the claims.
    pub fn verify<T: DeserializeOwned>(&self, token: &Unverified<'_>) -> Result<T, JwtError> {
        if token.kid != self.kid() {
            return Err(JwtError::OtherKey);
        }
        self.key
            .verify_sig(token.signed.as_bytes(), &token.signature)
            .map_err(|_| JwtError::BadSignature)?;
        token.unverified_claims()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.kid())
    }
}

/// A token that was split, and of which nothing is proved.
#[derive(Clone)]
pub struct Unverified<'a> {
    /// The kid in the token: whatever the sender wrote, so use it only for a lookup with bound
    /// parameters.
    pub kid: String,
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl Unverified<'_> {
    /// Reads claims before the signature is checked. Use this only to find the pool whose key
    /// checks the signature.
    pub fn unverified_claims<T: DeserializeOwned>(&self) -> Result<T, JwtError> {
        serde_json::from_slice(&self.payload).map_err(|_| JwtError::Claims)
    }
}

/// Splits a token and checks its form and header.
pub fn peek(token: &str) -> Result<Unverified<'_>, JwtError> {
    if token.len() > MAX_LENGTH {
        return Err(JwtError::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
    // A fourth part would leave a dot in the payload, and a dot is not base64url.
    let (header, payload) = signed.split_once('.').ok_or(JwtError::Malformed)?;
    let decoded = |part: &str| match digest::base64url_decode(part) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(JwtError::Malformed),
    };
    let (header, payload, signature) = (decoded(header)?, decoded(payload)?, decoded(signature)?);
    let header: Header = serde_json::from_slice(&header).map_err(|error| {
        if error.is_data() {
            JwtError::RefusedHeader
        } else {
            JwtError::Malformed
        }
    })?;
    if header.alg != "RS256" {
        return Err(JwtError::RefusedHeader);
    }
    Ok(Unverified {
        kid: header.kid,
        signed,
        payload,
        signature,
    })
}

struct Header {
    kid: String,
    alg: String,
}

/// Written by hand, because a derived implementation would also accept an array (members by
/// position).
impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of kid and alg")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let (mut kid, mut alg) = (None, None);
                while let Some(name) = map.next_key::<String>()? {
                    let member = match name.as_str() {
                        "kid" => &mut kid,
                        "alg" => &mut alg,
                        _ => return Err(A::Error::custom("a header member is unknown")),
                    };
                    if member.replace(map.next_value::<String>()?).is_some() {
                        return Err(A::Error::custom("a header member is there twice"));
                    }
                }
                match (kid, alg) {
                    (Some(kid), Some(alg)) => Ok(Header { kid, alg }),
                    _ => Err(A::Error::custom("a header member is missing")),
                }
            }
        }

        from.deserialize_map(Members)
    }
}
