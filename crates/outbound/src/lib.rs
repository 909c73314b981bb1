//! Cognate: outbound.
