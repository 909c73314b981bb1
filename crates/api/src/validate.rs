//! The constraints of the models, checked over a request before any operation sees it.

pub(crate) mod pattern;
