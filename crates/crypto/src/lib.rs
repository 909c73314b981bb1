//! Cognate: crypto.
