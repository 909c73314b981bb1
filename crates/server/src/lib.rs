//! Cognate: server.
