//! The keys that live in the database: what they seal and open, how they are made, and the change
//! of the master key that wraps them.

mod opening;
mod rotation;
mod stored;
mod vault;

pub(crate) use opening::open;
pub(crate) use rotation::rotate;
pub(crate) use stored::stored;
pub(crate) use vault::{Vault, refused};
