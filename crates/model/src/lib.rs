//! What the words mean: user pool, app client, user, attribute schema, password policy, claims,
//! policies of access keys, and the sign-in machine.
//!
//! Pure: nothing here does IO, reads a clock or makes randomness; the time and a
//! [`cognate_crypto::random::Random`] are passed in. Values that exist are valid: what comes from
//! outside is parsed by the constructors here, once, and then trusted.

pub mod access_key;
pub mod app_client;
pub mod attribute;
mod bytes;
pub mod claims;
pub mod code;
pub mod destination;
pub mod email_address;
pub mod ids;
pub mod lockout;
pub mod name;
pub mod nobody;
pub mod password;
pub mod policy;
mod sender;
pub mod session;
pub mod sign_in;
pub mod time;
pub mod user;
pub mod user_pool;
pub mod way_back;

pub use app_client::AppClient;
pub use email_address::EmailAddress;
pub use ids::{ClientId, SessionId, Sub, UserPoolId};
pub use name::NormalName;
pub use nobody::Nobody;
pub use sender::Sender;
pub use session::TokenSession;
pub use time::Timestamp;
pub use user::{User, UserStatus};
pub use user_pool::UserPool;
pub use way_back::WayBack;
