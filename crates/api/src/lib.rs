//! Cognate: api.
