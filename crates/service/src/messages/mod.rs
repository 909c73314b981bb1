//! Messages: codes and what carries them, where they seem to go, and the outbox that they lie in
//! until they are delivered.

pub(crate) mod allowance;
pub(crate) mod codes;
pub(crate) mod destinations;
pub(crate) mod lanes;
pub(crate) mod message;
pub(crate) mod outbox;
pub(crate) mod sign_in_code;
