//! Policies in the form of IAM's JSON, for every kind of principal: what a statement says, how a
//! document is read, how it is stored, and what policies decide about a request.
//!
//! [`Policy::parse`] takes no more than is understood here: what would narrow a statement and is
//! not built is refused, never passed over, since a policy must not allow more than its author
//! reads in it. Which actions and condition keys there are depends on the kind of principal, and is
//! told by a [`Vocabulary`]. [`decide`] is the only judge: an explicit Deny wins, and what nothing
//! allows is not allowed. It knows nothing of who the principal is.

mod condition;
mod context;
mod decide;
mod error;
mod json;
mod parse;
mod pattern;
mod statement;
mod stored;
#[cfg(test)]
mod tests;
mod vocabulary;

pub use context::Context;
pub use decide::{Decision, Request, StatementPlace, decide};
pub use error::{PolicyError, Problem};
pub use statement::Policy;
pub use vocabulary::Vocabulary;
