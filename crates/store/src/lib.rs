//! Cognate: store.
