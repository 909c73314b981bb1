//! Hashes of passwords that other systems have made, in the text forms that these store: modular
//! crypt (bcrypt), PHC strings (scrypt, Argon2id, PBKDF2), and Django's PBKDF2.
//!
//! A hash comes from a file that somebody uploads, so its parameters are a stranger's. One that
//! would take more memory or time than the bounds below is refused when it is read, and so is one
//! that is so short that wrong passwords would meet it by chance. Reading costs nothing.

mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::num::NonZeroU32;

use argon2::Argon2;
use aws_lc_rs::pbkdf2;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::digest;
use crate::secret::SecretString;

/// The most memory that one hash may take, in bytes.
pub const MOST_MEMORY: usize = 256 << 20;
/// The most that Argon2id may write, in bytes: memory times passes. About a second and a half.
const MOST_ARGON2_WORK: u64 = 1 << 30;
/// The same for scrypt, which reads and writes each byte twice: memory times lanes.
const MOST_SCRYPT_WORK: u64 = 512 << 20;
/// The most lanes of Argon2id.
const MOST_LANES: u32 = 16;
/// The highest cost of bcrypt: 2^14 rounds, about a second.
const MOST_BCRYPT_COST: u32 = 14;
/// The most rounds of PBKDF2, each of up to two blocks of SHA-256.
const MOST_ROUNDS: u32 = 2_000_000;
/// The lengths that a hash may have, in bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=64;
/// What bcrypt reads of a password, its end mark included.
const BCRYPT_READS: usize = 72;
const BCRYPT_LENGTH: usize = 23;

/// How a hash was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// bcrypt.
    Bcrypt,
    /// scrypt (RFC 7914).
    Scrypt,
    /// Argon2id (RFC 9106).
    Argon2id,
    /// PBKDF2 with HMAC-SHA256 (RFC 8018).
    Pbkdf2Sha256,
}

/// Why a text is no hash that can be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// It begins as no known form does.
    #[error("the password hash has no known form")]
    Unknown,
    /// It begins as a known form does, and does not go on so.
    #[error("the password hash is malformed")]
    Malformed,
    /// It would take too much memory or time.
    #[error("the password hash asks for more memory or time than is allowed")]
    TooCostly,
    /// It has less than 16 or more than 64 bytes.
    #[error("the password hash must have 16 to 64 bytes")]
    Length,
}

/// A hash of a password, made by another system. Whoever has it can guess passwords offline, so it
/// is a secret.
#[derive(Clone)]
pub struct PasswordHash {
    method: Method,
    salt: Wiped,
    hash: Wiped,
}

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
struct Wiped(Vec<u8>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Bcrypt {
        cost: u32,
    },
    Scrypt {
        log_n: u8,
        r: u32,
        p: u32,
    },
    Argon2id {
        version: argon2::Version,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    },
    Pbkdf2 {
        rounds: NonZeroU32,
    },
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl PasswordHash {
    /// How it was made.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.method {
            Method::Bcrypt { .. } => Algorithm::Bcrypt,
            Method::Scrypt { .. } => Algorithm::Scrypt,
            Method::Argon2id { .. } => Algorithm::Argon2id,
            Method::Pbkdf2 { .. } => Algorithm::Pbkdf2Sha256,
        }
    }

    /// The memory that [`PasswordHash::matches`] takes, in bytes, where it is worth counting.
    #[must_use]
    pub fn memory(&self) -> usize {
        let memory = match self.method {
            Method::Bcrypt { .. } | Method::Pbkdf2 { .. } => 0,
            Method::Scrypt { log_n, r, .. } => scrypt_memory(log_n, r),
            Method::Argon2id { memory_kib, .. } => u64::from(memory_kib) << 10,
        };
        usize::try_from(memory).unwrap_or(usize::MAX)
    }

    /// Whether it is the hash of this password; compared in constant time. Takes up to some two
    /// seconds. bcrypt reads only the first 72 bytes of a password, as it does everywhere.
    ///
    /// A password with a NUL matches nothing: HMAC, and so PBKDF2 and scrypt, cannot tell NULs at
    /// the end from none, and bcrypt's key goes round behind one.
    #[must_use]
    pub fn matches(&self, password: &SecretString) -> bool {
        let password = password.expose().as_bytes();
        if password.contains(&0) {
            return false;
        }
        if let Method::Pbkdf2 { rounds } = self.method {
            let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
            let (salt, hash) = (&self.salt.0, &self.hash.0);
            return pbkdf2::verify(algorithm, rounds, salt, password, hash).is_ok();
        }
        let mut made = Zeroizing::new(vec![0; self.hash.0.len()]);
        self.derive(password, &mut made).is_some() && digest::ct_eq(&made, &self.hash.0)
    }

    fn derive(&self, password: &[u8], made: &mut [u8]) -> Option<()> {
        let salt = self.salt.0.as_slice();
        match self.method {
            // Verified by aws-lc itself.
            Method::Pbkdf2 { .. } => None,
            Method::Bcrypt { cost } => {
                let mut key = Zeroizing::new([0; BCRYPT_READS]);
                let read = password.len().min(BCRYPT_READS);
                let (text, _) = key.split_at_mut(read);
                text.copy_from_slice(password.get(..read)?);
                let key = key.get(..(read + 1).min(BCRYPT_READS))?;
                let whole = Zeroizing::new(bcrypt::bcrypt(cost, salt.try_into().ok()?, key));
                made.copy_from_slice(whole.get(..BCRYPT_LENGTH)?);
                Some(())
            }
            Method::Scrypt { log_n, r, p } => {
                let params = scrypt::Params::new(log_n, r, p).ok()?;
                scrypt::scrypt(password, salt, &params, made).ok()
            }
            Method::Argon2id {
                version,
                memory_kib,
                passes,
                lanes,
            } => {
                let length = Some(made.len());
                let params = argon2::Params::new(memory_kib, passes, lanes, length).ok()?;
                Argon2::new(argon2::Algorithm::Argon2id, version, params)
                    .hash_password_into(password, salt, made)
                    .ok()
            }
        }
    }
}

fn scrypt_memory(log_n: u8, r: u32) -> u64 {
    128u64
        .saturating_mul(u64::from(r))
        .saturating_mul(1u64.checked_shl(u32::from(log_n)).unwrap_or(u64::MAX))
}
