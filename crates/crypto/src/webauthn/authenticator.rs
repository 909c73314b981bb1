//! The other side: an authenticator and its browser, for tests and the bench. It does what it is
//! told, wrong things too.

use aws_lc_rs::encoding::{AsBigEndian as _, EcPublicKeyUncompressedBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};

use crate::digest::{base64url_encode, sha256};

/// Signs a message as its algorithm does.
pub type Sign = Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// An authenticator with one passkey.
pub struct Authenticator {
    /// The id of its credential.
    pub credential_id: Vec<u8>,
    /// Which make it says to be of.
    pub aaguid: [u8; 16],
    /// Its flags without those that follow from the ceremony: user present and verified, eligible
    /// for backup and backed up.
    pub flags: u8,
    /// Its signature counter, which every sign-in raises; one that is 0 stays so.
    pub counter: u32,
    /// The public key in its COSE form.
    pub public_key: Vec<u8>,
    sign: Sign,
}

/// What a page asks of it, and where.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The challenge.
    pub challenge: &'a [u8],
    /// The relying party's id.
    pub relying_party_id: &'a str,
    /// The page's origin.
    pub origin: &'a str,
}

/// The answer to a registration.
#[derive(Debug, Clone)]
pub struct Registered {
    /// clientDataJSON.
    pub client_data: Vec<u8>,
    /// attestationObject.
    pub attestation_object: Vec<u8>,
}

/// The answer to a sign-in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// clientDataJSON.
    pub client_data: Vec<u8>,
    /// authenticatorData.
    pub authenticator_data: Vec<u8>,
    /// signature.
    pub signature: Vec<u8>,
}

impl Authenticator {
    /// With a key of one's own.
    pub fn new(credential_id: Vec<u8>, public_key: Vec<u8>, sign: Sign) -> Self {
        Self {
            credential_id,
            aaguid: [0; 16],
            flags: 0x1d,
            counter: 0,
            public_key,
            sign,
        }
    }

    /// With the Ed25519 key of a seed, of which the credential's id is made too. None where aws-lc
    /// fails.
    pub fn ed25519(seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public_key = map([
            (integer(1), integer(1)),
            (integer(3), integer(-8)),
            (integer(-1), integer(6)),
            (integer(-2), bytes(pair.public_key().as_ref())),
        ]);
        let id = sha256(&[b"credential", seed]).to_vec();
        let sign = move |message: &[u8]| pair.sign(message).as_ref().to_vec();
        Some(Self::new(id, public_key, Box::new(sign)))
    }

    /// With a new P-256 key, as most authenticators have, and an id made of it. None where aws-lc
    /// fails. It signs nothing when aws-lc fails later.
    pub fn es256() -> Option<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).ok()?;
        let point: EcPublicKeyUncompressedBin<'_> = pair.public_key().as_be_bytes().ok()?;
        // SEC 1 §2.3.3: 04, then both coordinates.
        let (x, y) = point.as_ref().get(1..)?.split_at_checked(32)?;
        let public_key = map([
            (integer(1), integer(2)),
            (integer(3), integer(-7)),
            (integer(-1), integer(1)),
            (integer(-2), bytes(x)),
            (integer(-3), bytes(y)),
        ]);
        let id = sha256(&[b"credential", x, y]);
        // As long as a platform's own authenticator has them.
        let id = id.get(..16)?.to_vec();
        let random = SystemRandom::new();
        let sign = move |message: &[u8]| {
            let signature = pair.sign(&random, message);
            signature.map_or_else(|_| Vec::new(), |signature| signature.as_ref().to_vec())
        };
        Some(Self::new(id, public_key, Box::new(sign)))
    }

    /// Makes its passkey.
    pub fn register(&self, asked: &Asked<'_>) -> Registered {
        let length = u16::try_from(self.credential_id.len()).unwrap_or(u16::MAX);
        let attested = [
            &self.aaguid,
            length.to_be_bytes().as_slice(),
            &self.credential_id,
            &self.public_key,
        ]
        .concat();
        let data = self.data(asked, 0x40, &attested);
        Registered {
            client_data: client_data("webauthn.create", asked),
            attestation_object: attestation_object(&data),
        }
    }

    /// Signs in with it.
    pub fn sign_in(&mut self, asked: &Asked<'_>) -> SignedIn {
        if self.counter != 0 {
            self.counter += 1;
        }
        let client_data = client_data("webauthn.get", asked);
        let authenticator_data = self.data(asked, 0, &[]);
        let hash = sha256(&[&client_data]);
        let signature = self.signature(&[&authenticator_data, hash.as_slice()].concat());
        SignedIn {
            client_data,
            authenticator_data,
            signature,
        }
    }

    /// Its signature over whatever message.
    pub fn signature(&self, message: &[u8]) -> Vec<u8> {
        (self.sign)(message)
    }

    fn data(&self, asked: &Asked<'_>, flags: u8, attested: &[u8]) -> Vec<u8> {
        [
            sha256(&[asked.relying_party_id.as_bytes()]).as_slice(),
            &[self.flags | flags],
            &self.counter.to_be_bytes(),
            attested,
        ]
        .concat()
    }
}

/// An attestation object without a statement.
pub fn attestation_object(authenticator_data: &[u8]) -> Vec<u8> {
    map([
        (text("fmt"), text("none")),
        (text("attStmt"), map([])),
        (text("authData"), bytes(authenticator_data)),
    ])
}

/// Client data as browsers write it.
fn client_data(ceremony: &str, asked: &Asked<'_>) -> Vec<u8> {
    let (challenge, origin) = (base64url_encode(asked.challenge), asked.origin);
    format!(r#"{{"type":"{ceremony}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#)
        .into_bytes()
}

/// A whole number in CBOR.
pub fn integer(number: i32) -> Vec<u8> {
    if number < 0 {
        head(1, number.unsigned_abs() - 1)
    } else {
        head(0, number.unsigned_abs())
    }
}

/// Bytes in CBOR.
pub fn bytes(content: &[u8]) -> Vec<u8> {
    [head(2, length(content)), content.to_vec()].concat()
}

/// A text in CBOR.
pub fn text(content: &str) -> Vec<u8> {
    [head(3, length(content.as_bytes())), content.into()].concat()
}

/// A map in CBOR, of members that are CBOR.
pub fn map<const N: usize>(members: [(Vec<u8>, Vec<u8>); N]) -> Vec<u8> {
    let mut written = head(5, u32::try_from(N).unwrap_or(u32::MAX));
    for (key, value) in members {
        written.extend(key);
        written.extend(value);
    }
    written
}

fn length(content: &[u8]) -> u32 {
    u32::try_from(content.len()).unwrap_or(u32::MAX)
}

fn head(kind: u8, argument: u32) -> Vec<u8> {
    let kind = kind << 5;
    match (u8::try_from(argument), u16::try_from(argument)) {
        (Ok(short @ 0..24), _) => vec![kind | short],
        (Ok(byte), _) => vec![kind | 24, byte],
        (_, Ok(two)) => [&[kind | 25], two.to_be_bytes().as_slice()].concat(),
        _ => [&[kind | 26], argument.to_be_bytes().as_slice()].concat(),
    }
}
