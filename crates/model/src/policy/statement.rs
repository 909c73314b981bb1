//! A policy in memory.

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::pattern::Pattern;

/// A policy that was taken: what it allows and what it denies. Serialized, it is in its stored
/// form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(super) statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// The author's name for it.
    pub(super) sid: Option<String>,
    pub(super) effect: Effect,
    pub(super) actions: Vec<Pattern>,
    pub(super) resources: Vec<Pattern>,
    /// All of them have to be met.
    pub(super) conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Effect {
    Allow,
    Deny,
}
