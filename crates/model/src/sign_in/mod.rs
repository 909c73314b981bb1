//! The sign-in machine: the one place that decides whether somebody is signed in, for every
//! endpoint.
//!
//! It is pure. [`start`] begins a sign-in and [`answer`] goes on with one; each consumes what it is
//! given and returns an [`Outcome`]. The driver (service/sign_in) reads the facts, keeps a
//! [`Pending`] step sealed until its answer comes, and does what an outcome asks for. Only this
//! folder can make a [`Proof`], and tokens are issued for nothing else.
//!
//! An unknown user takes the same path as a known one with a wrong password, with credentials
//! derived from a secret of the server: the same challenges, the same work, the same refusal.

mod account;
mod facts;
mod machine;
mod new_password;
mod outcome;
mod password;
mod proof;
mod step;

#[cfg(test)]
mod tests;

pub use account::{Account, Decoy};
pub use facts::Facts;
pub use machine::{Answer, Flow, answer, start};
pub use new_password::NewPasswordAnswer;
pub use outcome::{Outcome, Refusal};
pub use password::PasswordClaim;
#[cfg(test)]
pub(crate) use proof::ProofParts;
pub use proof::{PasswordChange, Proof};
pub use step::{Holder, NewPasswordStep, PasswordStep, Pending, Step};
