//! The Secure Remote Password protocol as Amazon Cognito speaks it (docs/protocol.md §3): SRP-6a
//! (RFC 5054 §2) with the 3072-bit group of RFC 3526 §5, g = 2, SHA-256, and a session key from
//! HKDF (RFC 5869).
//!
//! This file is the server's side. [`client`] is the other side, for tests, the bench and the demo.
//!
//! Numbers travel as hex without leading zeros. Clients read them as integers and hash PAD(x)
//! (docs/protocol.md §3.2): the big-endian bytes without leading zeros, with one zero byte before
//! them when the top bit is set. The server hashes the same form, of salts too, so zero bytes at
//! the start of a salt do not count.
//!
//! **One difference from the RFC, which no client can see.** SRP wants g to generate all residues
//! (RFC 2945 §2), but 2 is a square modulo this prime, so every g^b is a square. Whoever asks for
//! challenges could then test a password p offline: B − k·v(p) must be a square for the right p,
//! and is one for half of the wrong ones. Some thirty challenges would leave only the right one,
//! and no answer would be sent that a lockout could count. Therefore the server uses B = k·v +
//! (−2)^b, for −2 generates all residues. The client's secret is then ±S, with a sign that depends
//! on values only the client knows, and the server accepts the key of either ([`SessionKeys`]).

pub mod client;
#[cfg(test)]
mod device_tests;
mod fixed_base;
mod modular;
#[cfg(test)]
mod tests;

use std::{fmt, sync::LazyLock};

use subtle::{Choice, ConditionallySelectable};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use self::{
    fixed_base::power_of_g,
    modular::{LENGTH, N, Residue},
};
use crate::{
    digest,
    random::Random,
    secret::{SecretBytes, SecretString},
};

/// Length of Cognate's salts, in bytes. A client may choose another for its device.
pub const SALT_LENGTH: usize = 16;

/// Length of a stored verifier, in bytes.
pub const VERIFIER_LENGTH: usize = LENGTH;

/// The most keys that are drawn for one challenge. One in sixteen is drawn again, so the last is
/// never reached.
const DRAWS: u32 = 64;

/// The info of the session key's derivation (docs/protocol.md §3.5).
const KEY_INFO: &[u8] = b"Caldera Derived Key";

/// Why an SRP exchange cannot continue. Each is the client's doing, except [`SrpError::Server`],
/// which never happens by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SrpError {
    /// Longer than a number of this group can be written.
    #[error("an SRP value is too long")]
    TooLong,
    /// Empty, or with a character that is no hex digit.
    #[error("an SRP value is not a hex number")]
    NotHex,
    /// Zero modulo N: it would let a client compute the secret without a password (RFC 5054
    /// §2.5.4).
    #[error("an SRP value is zero modulo N")]
    Zero,
    /// N or more: no client computes such a value.
    #[error("an SRP value is not reduced modulo N")]
    NotReduced,
    /// A verifier that is 0, 1 or −1, which would accept any password.
    #[error("an SRP verifier is degenerate")]
    DegenerateVerifier,
    /// A stored value that does not have its length.
    #[error("a stored SRP value is damaged")]
    Damaged,
    /// No server's key gave a B that can be sent.
    #[error("no SRP value of the server can be sent")]
    Server,
}

/// v = g^x: the stored form of a password. Whoever has it can guess passwords offline, so it is a
/// secret.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Verifier([u8; LENGTH]);

impl Verifier {
    /// Reads a verifier, as stored (384 bytes) or as a client sends it for its device (PAD form:
    /// without leading zeros, or with one more). Degenerate ones are refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SrpError> {
        let bytes = fixed_length(bytes)?;
        let mut small = *bytes;
        small[LENGTH - 1] &= 0xfe;
        let mut minus_one = N;
        minus_one[LENGTH - 1] -= 1;
        // An element of order 1 or 2 (or 0): S would then be the same whatever the password.
        if digest::ct_eq(&small, &[0; LENGTH]) | digest::ct_eq(&*bytes, &minus_one) {
            return Err(SrpError::DegenerateVerifier);
        }
        small.zeroize();
        if *bytes >= N {
            Err(SrpError::NotReduced)
        } else {
            Ok(Self(*bytes))
        }
    }

    /// The 384 bytes to be sealed and stored.
    pub fn expose(&self) -> &[u8; LENGTH] {
        &self.0
    }

    fn residue(&self) -> Result<Residue, SrpError> {
        Residue::from_bytes(&self.0).ok_or(SrpError::NotReduced)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Builds the table for powers of g now (some milliseconds) instead of in the first sign-in.
/// Optional.
pub fn prepare() {
    fixed_base::prepare();
}

/// The verifier of a password. For a device, its group key replaces the pool name and its key the
/// user id.
pub fn verifier(pool_name: &str, user_id: &str, password: &SecretString, salt: &[u8]) -> Verifier {
    let x = password_exponent(pool_name, user_id, password, salt);
    Verifier(*power_of_g(&x).to_bytes())
}

/// Whether this is the password that the verifier was made of, compared in constant time.
pub fn password_matches(
    pool_name: &str,
    user_id: &str,
    password: &SecretString,
    salt: &[u8],
    expected: &Verifier,
) -> bool {
    let given = verifier(pool_name, user_id, password, salt);
    digest::ct_eq(&given.0, &expected.0)
}

/// Draws a salt. Its first byte is between 0x40 and 0x7f (so 126 bits are random). Then its PAD
/// form, its hex digits and its bytes agree, also for a client that forgets one of the rules.
pub fn new_salt(random: &mut Random) -> [u8; SALT_LENGTH] {
    shaped_salt(random.bytes())
}

/// Salt and verifier for a user who does not exist. They are the same at every call and on every
/// node, and look like a real user's. `secret` must serve nothing else. No password matches the
/// verifier.
///
/// The verifier is not computed as a power: a real user's is not computed at this point either, and
/// the times should agree.
pub fn made_up(
    secret: &[u8; 32],
    pool_name: &str,
    username: &str,
) -> ([u8; SALT_LENGTH], Verifier) {
    let length = (pool_name.len() as u64).to_be_bytes();
    let seed = digest::hmac_sha256(
        secret,
        &[&length, pool_name.as_bytes(), username.as_bytes()],
    );
    let salt = shaped_salt(digest::hkdf_sha256(&seed, b"", b"salt"));
    let mut bytes: [u8; LENGTH] = digest::hkdf_sha256(&seed, b"", b"verifier");
    // Below 2^3071, hence below N.
    bytes[0] &= 0x7f;
    (salt, Verifier(bytes))
}

/// A number as Cognito prints it: lower-case hex without leading zeros.
pub fn number_hex(bytes: &[u8]) -> String {
    let hex = digest::hex_encode(bytes);
    match hex.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => digits.to_owned(),
    }
}

/// A: the client's public value, above 0 and below N.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientPublic([u8; LENGTH]);

impl ClientPublic {
    /// Reads SRP_A. Length and range are checked before any work; leading zeros are allowed within
    /// 770 digits.
    pub fn parse(hex: &str) -> Result<Self, SrpError> {
        parse_number(hex).map(Self)
    }

    /// As [`ClientPublic::parse`] reads it.
    pub fn to_hex(&self) -> String {
        number_hex(&self.0)
    }
}

/// B: the server's public value, above 0 and below N.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPublic([u8; LENGTH]);

impl ServerPublic {
    /// Reads SRP_B back, with the rules of [`ClientPublic::parse`].
    pub fn parse(hex: &str) -> Result<Self, SrpError> {
        parse_number(hex).map(Self)
    }

    /// SRP_B as it is sent.
    pub fn to_hex(&self) -> String {
        number_hex(&self.0)
    }
}

/// b: the server's secret for one exchange.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ServerKey([u8; 32]);

impl ServerKey {
    /// Draws a new one; each exchange has its own.
    pub fn generate(random: &mut Random) -> Self {
        Self(random.bytes())
    }

    /// Draws the key of a challenge, and B with it, until B has all of its digits and u does not
    /// begin with a zero byte. Some clients lose a digit of a B that has an odd number of them, and
    /// others a leading zero byte of u (docs/protocol.md §3.10); they would refuse the right
    /// password in one sign-in of sixteen.
    ///
    /// Drawing again shows nothing of the password. Whether a draw is kept depends on A and B
    /// alone, which the client has anyway. So for each verifier B stays evenly distributed over the
    /// values that pass. No B makes any guess of a password likelier, and the number of draws,
    /// which may show in the time, does not depend on the verifier. S may not decide it, though a
    /// client exists that fails on zeros there: whoever tries a password offline can compute S for
    /// it, and each challenge would rule passwords out.
    ///
    /// # Errors [`SrpError::Server`] when no draw was kept, which never happens by chance.
    pub fn for_challenge(
        client: &ClientPublic,
        verifier: &Verifier,
        random: &mut Random,
    ) -> Result<(Self, ServerPublic), SrpError> {
        for _ in 0..DRAWS {
            let key = Self::generate(random);
            let public = key.public_value(verifier)?;
            let u = scramble(client, &public)?;
            if public.0[0] >= 0x10 && u[0] != 0 {
                return Ok((key, public));
            }
        }
        Err(SrpError::Server)
    }

    /// Takes over bytes of [`ServerKey::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SrpError> {
        bytes.try_into().map(Self).map_err(|_| SrpError::Damaged)
    }

    /// The 32 bytes to be sealed with the session.
    pub fn to_bytes(&self) -> SecretBytes {
        self.0.into()
    }

    /// B = k·v + (−2)^b. Fails only with a chance of 2^−3071, or with a verifier made to that end.
    pub fn public_value(&self, verifier: &Verifier) -> Result<ServerPublic, SrpError> {
        let power = power_of_g(&self.0);
        let zero = Residue::from_hash(&[0; 32]);
        let (plus, minus) = (power.to_bytes(), zero.minus(&power).to_bytes());
        // (−2)^b = −(2^b) when b is odd.
        let is_odd = Choice::from(self.0[31] & 1);
        let mut signed = Zeroizing::new([0; LENGTH]);
        for ((out, plus), minus) in signed.iter_mut().zip(&*plus).zip(&*minus) {
            *out = u8::conditional_select(plus, minus, is_odd);
        }
        let ephemeral = Residue::from_bytes(&signed).ok_or(SrpError::NotReduced)?;
        let public = MULTIPLIER
            .times(&verifier.residue()?)
            .plus(&ephemeral)
            .to_bytes();
        if *public == [0; LENGTH] {
            Err(SrpError::Server)
        } else {
            Ok(ServerPublic(*public))
        }
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// The possible keys of a client that knows the password: that of S and that of −S (see the module
/// comment).
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SessionKeys([[u8; 16]; 2]);

impl SessionKeys {
    /// Whether the client signed this secret block and time with one of the keys, compared in
    /// constant time. The caller checks that the block is its own and unused and that the time is
    /// recent.
    pub fn accept(
        &self,
        pool_name: &str,
        user_id: &str,
        secret_block: &[u8],
        timestamp: &str,
        signature: &[u8],
    ) -> bool {
        let [plus, minus] = self
            .0
            .each_ref()
            .map(|key| claim_signature(key, pool_name, user_id, secret_block, timestamp));
        digest::ct_eq(&plus, signature) | digest::ct_eq(&minus, signature)
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// The server's side of the shared secret: S = ±(A·v^u)^b, and the keys of both signs.
pub fn session_keys(
    client: &ClientPublic,
    server: &ServerPublic,
    key: &ServerKey,
    verifier: &Verifier,
) -> Result<SessionKeys, SrpError> {
    let u = scramble(client, server)?;
    let a = Residue::from_bytes(&client.0).ok_or(SrpError::NotReduced)?;
    let secret = a.times(&verifier.residue()?.to_the(&u)).to_the(&key.0);
    let negative = Residue::from_hash(&[0; 32]).minus(&secret);
    Ok(SessionKeys([
        derived_key(&secret, &u),
        derived_key(&negative, &u),
    ]))
}

/// HMAC-SHA256(key, pool name ‖ user id ‖ secret block ‖ timestamp); the secret block is decoded,
/// the timestamp is as sent.
pub fn claim_signature(
    key: &[u8; 16],
    pool_name: &str,
    user_id: &str,
    secret_block: &[u8],
    timestamp: &str,
) -> [u8; 32] {
    digest::hmac_sha256(
        key,
        &[
            pool_name.as_bytes(),
            user_id.as_bytes(),
            secret_block,
            timestamp.as_bytes(),
        ],
    )
}

/// k = H(PAD(N) ‖ g).
static MULTIPLIER: LazyLock<Residue> =
    LazyLock::new(|| Residue::from_hash(&digest::sha256(&[&padded(&N), &[2]])));

/// x = H(PAD(salt) ‖ H(pool name ‖ user id ‖ ":" ‖ password)).
fn password_exponent(
    pool_name: &str,
    user_id: &str,
    password: &SecretString,
    salt: &[u8],
) -> Zeroizing<[u8; 32]> {
    let identity = Zeroizing::new(digest::sha256(&[
        pool_name.as_bytes(),
        user_id.as_bytes(),
        b":",
        password.expose().as_bytes(),
    ]));
    Zeroizing::new(digest::sha256(&[&padded(salt), &*identity]))
}

/// u = H(PAD(A) ‖ PAD(B)). Zero is refused, because the secret would then not depend on the
/// password.
fn scramble(client: &ClientPublic, server: &ServerPublic) -> Result<[u8; 32], SrpError> {
    not_zero(digest::sha256(&[&padded(&client.0), &padded(&server.0)]))
}

fn not_zero(u: [u8; 32]) -> Result<[u8; 32], SrpError> {
    if u == [0; 32] {
        Err(SrpError::Zero)
    } else {
        Ok(u)
    }
}

/// The session key: HKDF of PAD(S) with PAD(u) as the salt.
///
/// The length of PAD(S) shows in the time when S begins with zeros. The protocol requires PAD; the
/// time gives an attacker nothing, since b, and so S, is new in each exchange.
fn derived_key(secret: &Residue, u: &[u8; 32]) -> [u8; 16] {
    digest::hkdf_sha256(&padded(&*secret.to_bytes()), &padded(u), KEY_INFO)
}

/// PAD(x): no leading zero bytes, and one when the top bit is set; zero is one zero byte.
fn padded(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len() + 1));
    if bytes.get(zeros).is_none_or(|first| *first >= 0x80) {
        out.push(0);
    }
    out.extend_from_slice(bytes.get(zeros..).unwrap_or_default());
    out
}

fn shaped_salt(mut bytes: [u8; SALT_LENGTH]) -> [u8; SALT_LENGTH] {
    bytes[0] = bytes[0] & 0x3f | 0x40;
    bytes
}

/// A number above 0 and below N from up to 770 hex digits (PAD form has two more than N).
fn parse_number(hex: &str) -> Result<[u8; LENGTH], SrpError> {
    if hex.len() > 2 * LENGTH + 2 {
        return Err(SrpError::TooLong);
    }
    if hex.is_empty() {
        return Err(SrpError::NotHex);
    }
    let even = if hex.len().is_multiple_of(2) {
        hex.to_owned()
    } else {
        format!("0{hex}")
    };
    let bytes = fixed_length(&digest::hex_decode(&even).map_err(|_| SrpError::NotHex)?)?;
    if *bytes == [0; LENGTH] || *bytes == N {
        return Err(SrpError::Zero);
    }
    if *bytes > N {
        Err(SrpError::NotReduced)
    } else {
        Ok(*bytes)
    }
}

/// The bytes of a number brought to 384, whatever zeros it began with.
fn fixed_length(bytes: &[u8]) -> Result<Zeroizing<[u8; LENGTH]>, SrpError> {
    let mut fixed = Zeroizing::new([0; LENGTH]);
    let (surplus, digits) = bytes.split_at(bytes.len().saturating_sub(LENGTH));
    if surplus.len() > 1 || surplus.iter().any(|byte| *byte != 0) {
        return Err(SrpError::TooLong);
    }
    let start = LENGTH - digits.len();
    fixed[start..].copy_from_slice(digits);
    Ok(fixed)
}
