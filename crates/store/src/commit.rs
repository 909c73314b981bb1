//! How a function becomes a committed transaction, on each of the drivers.

mod group;
mod retry;
mod runner;

pub(crate) use group::GroupWriter;
pub(crate) use retry::Retrier;
