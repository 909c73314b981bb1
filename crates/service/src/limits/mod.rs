//! How much may be done in a while, and for whom it is counted: by network address, by user and
//! mailbox, by pool; and the turns in which costly work is done.

pub(crate) mod address_limits;
pub(crate) mod backends;
pub(crate) mod client_address;
pub(crate) mod fair_turns;
pub(crate) mod hashing;
pub(crate) mod origin;
pub(crate) mod pool_messages;
pub(crate) mod rates;
pub(crate) mod sums;
