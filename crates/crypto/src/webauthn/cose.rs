//! The public keys of passkeys, as COSE writes them (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4).

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};

use super::Refusal;
use super::cbor::{self, Key, Map};

/// An algorithm that passkeys may sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA with SHA-256, here always on P-256: what most authenticators have.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256: Windows Hello with a TPM.
    Rs256,
    /// EdDSA, here always Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them, the one that is liked best first.
    pub const ALL: [Self; 3] = [Self::Es256, Self::EdDsa, Self::Rs256];

    /// Its number in the registry "COSE Algorithms".
    pub const fn cose(self) -> i32 {
        match self {
            Self::Es256 => -7,
            Self::EdDsa => -8,
            Self::Rs256 => -257,
        }
    }
}

// Labels of the members of a key. The negative ones mean something else in each kind of key.
const KEY_TYPE: Key<'_> = Key::Integer(1);
const ALGORITHM: Key<'_> = Key::Integer(3);
const CURVE: Key<'_> = Key::Integer(-1);
const X: Key<'_> = Key::Integer(-2);
const Y: Key<'_> = Key::Integer(-3);
const MODULUS: Key<'_> = Key::Integer(-1);
const EXPONENT: Key<'_> = Key::Integer(-2);

const OKP: i128 = 1;
const EC2: i128 = 2;
const RSA: i128 = 3;
const P256: i128 = 1;
const CURVE_ED25519: i128 = 6;

/// The lengths of an RSA modulus that are taken: 2048 to 4096 bits.
const MODULUS_LENGTHS: std::ops::RangeInclusive<usize> = 256..=512;

/// A public key of a passkey, ready to verify.
pub struct PublicKey {
    algorithm: Algorithm,
    key: ParsedPublicKey,
}

impl PublicKey {
    /// Reads a key from its COSE form, as it was stored.
    ///
    /// # Errors
    /// [`Refusal::Algorithm`] for one of another algorithm, [`Refusal::PublicKey`] for what is no
    /// key.
    pub fn from_cose(bytes: &[u8]) -> Result<Self, Refusal> {
        let map = cbor::whole_map(bytes).map_err(|_| Refusal::PublicKey)?;
        Self::from_map(&map)
    }

    pub(super) fn from_map(map: &Map<'_>) -> Result<Self, Refusal> {
        // §6.5.1.1: the algorithm must be there. Members that no algorithm here has are passed
        // over.
        let named = map.integer(ALGORITHM).ok_or(Refusal::PublicKey)?;
        let algorithm = Algorithm::ALL
            .into_iter()
            .find(|algorithm| i128::from(algorithm.cose()) == named)
            .ok_or(Refusal::Algorithm)?;
        let key = match algorithm {
            Algorithm::Es256 => elliptic(map),
            Algorithm::EdDsa => edwards(map),
            Algorithm::Rs256 => rsa(map),
        };
        let key = key.ok_or(Refusal::PublicKey)?;
        Ok(Self { algorithm, key })
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the signature is this key's over the message.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.algorithm)
    }
}

/// A point on P-256; aws-lc checks that it lies on the curve. The short form of a point, in which y
/// is a sign, is not allowed (§5.8.5).
fn elliptic(map: &Map<'_>) -> Option<ParsedPublicKey> {
    let (x, y) = (map.bytes(X)?, map.bytes(Y)?);
    let is_p256 = map.integer(KEY_TYPE)? == EC2 && map.integer(CURVE)? == P256;
    if !is_p256 || x.len() != 32 || y.len() != 32 {
        return None;
    }
    let point = [&[4], x, y].concat();
    ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).ok()
}

fn edwards(map: &Map<'_>) -> Option<ParsedPublicKey> {
    let x = map.bytes(X)?;
    let is_ed25519 = map.integer(KEY_TYPE)? == OKP && map.integer(CURVE)? == CURVE_ED25519;
    if !is_ed25519 || x.len() != 32 {
        return None;
    }
    ParsedPublicKey::new(&ED25519, x).ok()
}

fn rsa(map: &Map<'_>) -> Option<ParsedPublicKey> {
    let (n, e) = (map.bytes(MODULUS)?, map.bytes(EXPONENT)?);
    // An exponent of 1 would make every message its own signature, and an even one none.
    let is_usable = map.integer(KEY_TYPE)? == RSA
        && MODULUS_LENGTHS.contains(&n.len())
        && n.first()? >> 7 == 1
        && (1..=4).contains(&e.len())
        && *e.first()? != 0
        && e.last()? & 1 == 1
        && e != [1];
    if !is_usable {
        return None;
    }
    RsaPublicKeyComponents { n, e }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .ok()
}
