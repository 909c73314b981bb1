//! Cognate's cryptography: it makes and checks proofs from keys and bytes.
//!
//! Everything here is pure: no file, no socket, no clock, no environment. Callers pass in time and
//! randomness, so a test can repeat a run byte for byte. The one exception is
//! [`jwt::SigningKey::generate`], which draws from the operating system inside aws-lc, because
//! aws-lc's RSA key generation accepts no generator of ours. (aws-lc also draws blinding factors
//! when it signs; they do not show in the signature.)
//!
//! This crate must not know what a user, a pool or a request is: it sees names, bytes and keys.
//! aws-lc does the arithmetic; the only unsafe code is `srp::modular`.

pub mod digest;
pub mod jwk;
pub mod jwt;
pub mod password_hash;
pub mod permutation;
pub mod random;
pub mod seal;
pub mod secret;
pub mod secret_hash;
pub mod sigv4;
pub mod srp;
pub mod totp;
pub mod webauthn;
