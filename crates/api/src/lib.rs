//! The contract that Cognate speaks: the wire types, operations, errors and constraints of Amazon
//! Cognito's services.
//!
//! `cargo xtask codegen` generates [`idp`], [`identity`] and [`sts`] from the models in aws/.
//! Written by hand are the interpreter of the constraints ([`validate`]), the errors and their
//! sentences ([`error`]) and the JSON protocol ([`json`]). This crate knows the wire and not the
//! meaning of the words: no IO, no clock, no randomness.

mod blob;
pub mod error;
pub mod identity;
pub mod idp;
pub mod json;
mod model_date;
pub mod operation;
mod services;
pub mod shape;
pub mod sts;
mod timestamp;
pub mod validate;
mod wire_enum;

pub use blob::Blob;
pub use error::{Error, ErrorCode, Unavailable};
pub use model_date::MODEL_DATE;
pub use operation::{Auth, Operation, OperationInfo, Resource, Service, operations};
pub use shape::Shape;
pub use timestamp::Timestamp;
