//! The meaning of Cognito's words: user pool, app client, user, attribute schema, password policy,
//! claims, policies of access keys, and the sign-in machine.
//!
//! The crate is pure: it does no IO and reads neither clock nor randomness. Callers pass in the
//! time and a [`cognate_crypto::random::Random`]. A value that exists is valid: the constructors
//! here parse text from outside once, and the code behind them trusts it.

pub mod access_key;
pub mod acr;
pub mod app_client;
pub mod attribute;
mod beside;
mod bytes;
pub mod claims;
pub mod client_secret;
pub mod code;
pub mod demand;
pub mod destination;
pub mod device;
pub mod email_address;
pub mod factor;
pub mod first_factor;
pub mod formula;
pub mod group;
pub mod ids;
pub mod imported_hash;
pub mod lockout;
pub mod name;
pub mod name_rule;
pub mod nobody;
mod normal_form;
pub mod passkey;
pub mod password;
pub mod policy;
pub mod pool_change;
mod pool_names;
pub mod recovery_code;
pub mod request_rates;
pub mod resource_server;
pub mod second_factor;
mod sender;
pub mod server_settings;
pub mod session;
pub mod sign_in;
pub mod software_token;
pub mod time;
pub mod user;
pub mod user_agent;
pub mod user_filter;
pub mod user_import;
pub mod user_pool;
pub mod user_query;
pub mod way_back;

pub use app_client::AppClient;
pub use client_secret::{ClientSecret, ClientSecrets};
pub use device::Device;
pub use email_address::EmailAddress;
pub use first_factor::FirstFactor;
pub use group::{Group, Groups};
pub use ids::{
    ClientId, DeviceKey, GroupId, ImportJobId, ListedSessionId, SessionId, Sub, UserPoolId,
};
pub use name::NormalName;
pub use nobody::Nobody;
pub use passkey::Passkey;
pub use sender::Sender;
pub use session::TokenSession;
pub use time::Timestamp;
pub use user::{User, UserStatus};
pub use user_pool::UserPool;
pub use way_back::WayBack;
