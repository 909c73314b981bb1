//! Cognate: testkit.
