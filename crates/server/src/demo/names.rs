//! What the demo's pool and app client are called.

pub(super) const POOL: &str = "Cognate demo";
pub(super) const CLIENT: &str = "Cognate demo site";
