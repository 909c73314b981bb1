//! Changes of what Cognito fixes when a pool is made, as `cognate pool` plans and makes them.
//!
//! `plan` only reads. `begin` stores the change with the pool, in one transaction; from then on it
//! is a row that any node carries on, a page of users at a time (`steps`), until it is done or
//! undone. Who dies in the middle has held nobody up for longer than a lease.

mod begin;
mod document;
mod pages;
mod plan;
mod steps;

pub use begin::{begin, cancel, status};
pub use plan::{Found, Planned, plan};
pub use steps::{Step, carry_on_some, step};

use cognate_model::UserPoolId;
use cognate_model::pool_change::{ChangeError, PoolChange};

/// Why a change was not planned, begun or cancelled.
#[derive(Debug, thiserror::Error)]
pub enum PoolChangeError {
    /// An id that no user pool has.
    #[error("there is no user pool «{0}»")]
    NoSuchPool(String),
    /// A document that is none.
    #[error("the change is not understood: {0}")]
    Document(String),
    /// A change that the pool cannot have, whoever its users are.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Another change is under way.
    #[error("another change of this pool is under way since {}", .0.begun_at.in_words())]
    UnderWay(Box<PoolChange>),
    /// There is no change to cancel.
    #[error("no change of this pool is under way")]
    NotUnderWay,
    /// The pool has its new rule already.
    #[error("it is too late to cancel: the pool has changed, and what remains is tidied up")]
    TooLate,
    /// The pool was changed at the same moment.
    #[error("the pool was changed by somebody else at the same moment; try again")]
    Changed,
    /// The database's reason.
    #[error(transparent)]
    Store(#[from] cognate_store::Error),
}

fn parse_id(pool: &str) -> Result<UserPoolId, PoolChangeError> {
    UserPoolId::parse(pool).map_err(|_| PoolChangeError::NoSuchPool(pool.to_owned()))
}
