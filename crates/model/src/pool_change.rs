//! The change of what Cognito fixes when a pool is made: what users sign in with, the case rule and
//! the schema. Pure: what is asked for, what stands in its way, and the order of its stages.
//!
//! The change is made while people sign in. First the names of the coming rule are held beside
//! those of the pool's own, for every user ([`Stage::Reserving`], and once more
//! [`Stage::Verifying`]). If nobody stands in the way, the pool gets the coming rule in one step.
//! The names of the rule before go only when every node knows the new one.

mod asked;
mod conflict;
mod in_the_way;
mod settle;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use asked::{AttributeChange, Change, ChangeError};
pub use conflict::{Allowance, ClientConflict, Conflict};

pub use crate::beside::{Beside, Passes};
use crate::ids::UserPoolId;
use crate::name_rule::{NameRule, NameRules};
use crate::time::Timestamp;
use crate::user_pool::UserPool;

/// How far a change has come. Each stage is a number of short steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// App clients that may read an attribute which gets another name may read it under that, too.
    NamingClients,
    /// Every user gets the names of the coming rule beside the others.
    Reserving,
    /// Every user is looked at once more: for what nodes of an older version have written.
    Verifying,
    /// The pool has the new rule. What the rule before needs stays until every node knows.
    Releasing,
    /// What only the rule before needs is removed from users.
    Tidying,
    /// The same in the lists of app clients.
    TidyingClients,
    /// The pool is changed.
    Done,
    /// Somebody stood in the way, or an operator has cancelled: what was made for the coming rule
    /// is removed from users.
    Undoing,
    /// The same in the lists of app clients.
    UndoingClients,
    /// The pool is as it was.
    Undone,
}

/// A change that is under way, or the last one that was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolChange {
    /// The pool.
    pub pool: UserPoolId,
    /// Which change: a random id.
    pub id: String,
    /// What is asked for.
    pub change: Change,
    /// The rule before.
    pub from: NameRule,
    /// The rule after.
    pub to: NameRule,
    /// Developer-only attributes have names of their own, so that an attribute that becomes one, or
    /// ceases to be one, is renamed: from, to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<(String, String)>,
    /// Conflicts that are no hindrance.
    #[serde(default)]
    pub allowed: BTreeSet<Allowance>,
    /// How far it has come.
    pub stage: Stage,
    /// Not before this time it goes on: until then nodes may know the pool of before.
    pub not_before: Timestamp,
    /// The key of the row that was last looked at in this stage; none where it begins.
    pub after: Option<String>,
    /// How many users were looked at in this stage.
    pub looked_at: u64,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it was undone, in words.
    pub failure: Option<String>,
}

impl Stage {
    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Done | Self::Undone)
    }

    /// Whether the pool has its old rule still and no conflict was met, so that the change can be
    /// called off.
    #[must_use]
    pub fn is_before_the_turn(self) -> bool {
        matches!(
            self,
            Self::NamingClients | Self::Reserving | Self::Verifying
        )
    }

    /// The stage in a word, as `cognate pool status` tells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NamingClients => "naming-clients",
            Self::Reserving => "reserving",
            Self::Verifying => "verifying",
            Self::Releasing => "releasing",
            Self::Tidying => "tidying",
            Self::TidyingClients => "tidying-clients",
            Self::Done => "done",
            Self::Undoing => "undoing",
            Self::UndoingClients => "undoing-clients",
            Self::Undone => "undone",
        }
    }
}

impl PoolChange {
    /// The rules for names that hold in this stage.
    #[must_use]
    pub fn rules(&self) -> NameRules<'_> {
        let (own, beside) = match self.stage {
            Stage::NamingClients | Stage::Reserving | Stage::Verifying => {
                (&self.from, Some(&self.to))
            }
            Stage::Releasing => (&self.to, Some(&self.from)),
            Stage::Tidying | Stage::TidyingClients | Stage::Done => (&self.to, None),
            Stage::Undoing | Stage::UndoingClients | Stage::Undone => (&self.from, None),
        };
        NameRules { own, beside }
    }

    /// Whether a pool as a node keeps it has the rules that hold now.
    #[must_use]
    pub fn is_known_to(&self, pool: &UserPool) -> bool {
        let rules = self.rules();
        let beside = pool.beside.as_ref().map(|beside| &beside.rule);
        pool.name_rule() == *rules.own && beside == rules.beside
    }

    /// Goes to a stage, whose rows are looked at from the first on.
    pub fn enter(&mut self, stage: Stage, not_before: Timestamp) {
        self.stage = stage;
        self.not_before = not_before;
        self.after = None;
        self.looked_at = 0;
    }
}

#[cfg(test)]
mod tests;
