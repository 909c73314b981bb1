//! What several operations and every door share: finding accounts, signing in, tokens, codes,
//! messages.

pub(crate) mod access_token;
pub(crate) mod accounts;
pub(crate) mod address_limits;
pub(crate) mod attributes;
pub(crate) mod codes;
pub(crate) mod destinations;
pub(crate) mod messages;
pub(crate) mod outcome;
pub(crate) mod pool_messages;
pub(crate) mod refresh;
pub(crate) mod refresh_token;
pub(crate) mod secret_hash;
pub(crate) mod sign_in;
pub(crate) mod steps;
pub(crate) mod sums;
pub(crate) mod tokens;
pub(crate) mod users;
pub(crate) mod way_back;

pub use codes::confirm_by_link;
pub use pool_messages::MessageCount;
pub use way_back::restore_address;
