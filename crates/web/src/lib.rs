//! Cognate: web.
