//! Cognate's cryptography: what turns keys and bytes into proofs.
//!
//! Everything here is pure: no file, no socket, no clock, no environment. Time and randomness come
//! in as arguments, so that a test can repeat a run byte for byte. The one exception is
//! [`jwt::SigningKey::generate`], which draws from the operating system inside aws-lc, because RSA
//! key generation there takes no generator of ours (aws-lc also draws blinding factors when it
//! signs; they don't show in the signature).
//!
//! This crate must not know what a user, a pool or a request is: it sees names, bytes and keys.
//! aws-lc does the arithmetic; the only unsafe code is `srp::modular`.

pub mod digest;
pub mod jwk;
pub mod jwt;
pub mod permutation;
pub mod random;
pub mod seal;
pub mod secret;
pub mod secret_hash;
pub mod sigv4;
pub mod srp;
