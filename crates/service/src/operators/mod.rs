//! Who calls: access keys, and what their policies allow.

pub mod access_keys;
pub(crate) mod actions;
pub(crate) mod caller;
pub mod doctor;
pub mod server_settings;
