//! Recovery codes of users, which Cognito does not have: lists of them, what a sign-in finds among
//! them, and what ends them.

pub(crate) mod ends;
mod lists;
mod reset;
pub(crate) mod switch;
pub(crate) mod use_of;

pub use lists::{CodesLeft, left, make};
pub use reset::{ResetError, reset};
