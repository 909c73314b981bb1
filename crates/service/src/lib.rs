//! Cognate: service.
