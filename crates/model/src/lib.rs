//! Cognate: model.
