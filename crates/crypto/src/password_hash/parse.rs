//! How the text of a hash is read.

use std::num::NonZeroU32;

use base64::Engine;
use base64::alphabet::{self, Alphabet};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::digest::hex_decode;

use super::{
    BCRYPT_LENGTH, HashError, LENGTHS, MOST_ARGON2_WORK, MOST_BCRYPT_COST, MOST_LANES, MOST_MEMORY,
    MOST_ROUNDS, MOST_SCRYPT_WORK, Method, PasswordHash, Wiped, scrypt_memory,
};

/// The longest text that is read, in bytes.
const LONGEST: usize = 512;

/// Some write the last bits of a salt as they come, and some leave the padding.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

impl PasswordHash {
    /// Reads a hash. Its algorithm is told by how it begins: `$2a$`, `$2b$` and `$2y$` (bcrypt),
    /// `$scrypt$`, `$argon2id$`, `$pbkdf2-sha256$`, or Django's `pbkdf2_sha256$`. What begins with
    /// a number is scrypt as Cognito takes it (docs/protocol.md §19.7).
    ///
    /// # Errors
    /// [`HashError`].
    pub fn parse(text: &str) -> Result<Self, HashError> {
        if text.len() > LONGEST {
            return Err(HashError::Unknown);
        }
        let fields: Vec<&str> = text.split('$').collect();
        match fields.as_slice() {
            ["", "2a" | "2b" | "2y", rest @ ..] => bcrypt(rest),
            ["", "scrypt", rest @ ..] => scrypt(rest),
            ["", "argon2id", rest @ ..] => argon2id(rest),
            ["", "pbkdf2-sha256", rest @ ..] => pbkdf2(rest),
            ["pbkdf2_sha256", rest @ ..] => django(rest),
            [n, r, p, salt, hash] => scrypt_in_hex([n, r, p], salt, hash),
            _ => Err(HashError::Unknown),
        }
    }
}

/// `COST$` and 53 characters of bcrypt's own base64: the salt's 22 and the hash's 31.
fn bcrypt(fields: &[&str]) -> Result<PasswordHash, HashError> {
    let [cost, rest] = fields else {
        return Err(HashError::Malformed);
    };
    let (salt, hash) = rest.split_at_checked(22).ok_or(HashError::Malformed)?;
    let (salt, hash) = (
        decoded(salt, &alphabet::BCRYPT)?,
        decoded(hash, &alphabet::BCRYPT)?,
    );
    if cost.len() != 2 || salt.len() != 16 || hash.len() != BCRYPT_LENGTH {
        return Err(HashError::Malformed);
    }
    let cost = match number(cost)? {
        0..4 => return Err(HashError::Malformed),
        cost if cost <= MOST_BCRYPT_COST => cost,
        _ => return Err(HashError::TooCostly),
    };
    Ok(made(Method::Bcrypt { cost }, salt, hash))
}

/// `ln=LOG2_N,r=R,p=P$SALT$HASH`
fn scrypt(fields: &[&str]) -> Result<PasswordHash, HashError> {
    let [params, salt, hash] = fields else {
        return Err(HashError::Malformed);
    };
    let [log_n, r, p] = parameters(params, ["ln", "r", "p"])?;
    let (Some(log_n), Some(r), Some(p)) = (log_n, r, p) else {
        return Err(HashError::Malformed);
    };
    scrypt_of([log_n, r, p], phc(salt)?, phc(hash)?)
}

/// `N$R$P$SALT$HASH`, salt and hash in hex.
fn scrypt_in_hex(numbers: [&str; 3], salt: &str, hash: &str) -> Result<PasswordHash, HashError> {
    let [n, r, p] = numbers.map(number);
    let n = n.map_err(|_| HashError::Unknown)?;
    if !n.is_power_of_two() {
        return Err(HashError::Malformed);
    }
    let bytes = |text| hex_decode(text).map_err(|_| HashError::Malformed);
    scrypt_of([n.ilog2(), r?, p?], bytes(salt)?, bytes(hash)?)
}

fn scrypt_of(
    [log_n, r, p]: [u32; 3],
    salt: Vec<u8>,
    hash: Vec<u8>,
) -> Result<PasswordHash, HashError> {
    if log_n == 0 || r == 0 || p == 0 {
        return Err(HashError::Malformed);
    }
    let log_n = u8::try_from(log_n).map_err(|_| HashError::TooCostly)?;
    let memory = scrypt_memory(log_n, r);
    let work = memory.saturating_mul(u64::from(p));
    if memory > MOST_MEMORY as u64 || work > MOST_SCRYPT_WORK {
        return Err(HashError::TooCostly);
    }
    with_length(Method::Scrypt { log_n, r, p }, salt, hash)
}

/// `v=VERSION$m=KIB,t=PASSES,p=LANES$SALT$HASH`, where no version is the first, 16.
fn argon2id(fields: &[&str]) -> Result<PasswordHash, HashError> {
    let (version, params, salt, hash) = match fields {
        ["v=19", params, salt, hash] => (argon2::Version::V0x13, params, salt, hash),
        ["v=16", params, salt, hash] | [params, salt, hash] => {
            (argon2::Version::V0x10, params, salt, hash)
        }
        _ => return Err(HashError::Malformed),
    };
    let [memory, passes, lanes] = parameters(params, ["m", "t", "p"])?;
    let (Some(memory_kib), Some(passes), Some(lanes)) = (memory, passes, lanes) else {
        return Err(HashError::Malformed);
    };
    let memory = u64::from(memory_kib) << 10;
    let work = memory.saturating_mul(u64::from(passes));
    if memory > MOST_MEMORY as u64 || work > MOST_ARGON2_WORK || lanes > MOST_LANES {
        return Err(HashError::TooCostly);
    }
    let (salt, hash) = (phc(salt)?, phc(hash)?);
    // What Argon2 itself demands of them.
    if passes == 0 || lanes == 0 || memory_kib < 8 * lanes || salt.len() < 8 {
        return Err(HashError::Malformed);
    }
    let method = Method::Argon2id {
        version,
        memory_kib,
        passes,
        lanes,
    };
    with_length(method, salt, hash)
}

/// `i=ROUNDS,l=LENGTH$SALT$HASH`, or Passlib's `ROUNDS$SALT$HASH` with a dot for each plus.
fn pbkdf2(fields: &[&str]) -> Result<PasswordHash, HashError> {
    let [params, salt, hash] = fields else {
        return Err(HashError::Malformed);
    };
    if !params.contains('=') {
        let plain = |text: &str| phc(&text.replace('.', "+"));
        return with_length(rounds(number(params)?)?, plain(salt)?, plain(hash)?);
    }
    let [rounds_of, length] = parameters(params, ["i", "l"])?;
    let hash = phc(hash)?;
    if length.is_some_and(|length| length as usize != hash.len()) {
        return Err(HashError::Malformed);
    }
    let method = rounds(rounds_of.ok_or(HashError::Malformed)?)?;
    with_length(method, phc(salt)?, hash)
}

/// `ROUNDS$SALT$HASH`, where the salt is its own bytes.
fn django(fields: &[&str]) -> Result<PasswordHash, HashError> {
    let [params, salt, hash] = fields else {
        return Err(HashError::Malformed);
    };
    let salt = salt.as_bytes().to_vec();
    with_length(rounds(number(params)?)?, salt, phc(hash)?)
}

fn rounds(rounds: u32) -> Result<Method, HashError> {
    let rounds = NonZeroU32::new(rounds).ok_or(HashError::Malformed)?;
    if rounds.get() > MOST_ROUNDS {
        return Err(HashError::TooCostly);
    }
    Ok(Method::Pbkdf2 { rounds })
}

/// The numbers of `NAME=NUMBER,…`, each name once and in any order.
fn parameters<const N: usize>(text: &str, names: [&str; N]) -> Result<[Option<u32>; N], HashError> {
    let mut values = [None; N];
    for part in text.split(',') {
        let (name, value) = part.split_once('=').ok_or(HashError::Malformed)?;
        let place = names.iter().position(|known| *known == name);
        let place = place.and_then(|place| values.get_mut(place));
        match place {
            Some(place @ None) => *place = Some(number(value)?),
            _ => return Err(HashError::Malformed),
        }
    }
    Ok(values)
}

/// A number in digits alone; one that is too large for 32 bits would cost too much anyway.
fn number(text: &str) -> Result<u32, HashError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HashError::Malformed);
    }
    text.parse().map_err(|_| HashError::TooCostly)
}

fn phc(text: &str) -> Result<Vec<u8>, HashError> {
    decoded(text, &alphabet::STANDARD)
}

fn decoded(text: &str, alphabet: &Alphabet) -> Result<Vec<u8>, HashError> {
    let engine = GeneralPurpose::new(alphabet, LENIENT);
    engine.decode(text).map_err(|_| HashError::Malformed)
}

fn with_length(method: Method, salt: Vec<u8>, hash: Vec<u8>) -> Result<PasswordHash, HashError> {
    if salt.is_empty() {
        return Err(HashError::Malformed);
    }
    if !LENGTHS.contains(&hash.len()) {
        return Err(HashError::Length);
    }
    Ok(made(method, salt, hash))
}

fn made(method: Method, salt: Vec<u8>, hash: Vec<u8>) -> PasswordHash {
    PasswordHash {
        method,
        salt: Wiped(salt),
        hash: Wiped(hash),
    }
}
