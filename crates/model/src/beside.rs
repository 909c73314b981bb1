//! What holds in a pool beside its own rules while it changes from one to another.

use serde::{Deserialize, Serialize};

use crate::attribute::Schema;
use crate::name_rule::NameRule;

/// What holds in a pool beside its own rule while it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// Whether it comes or goes.
    pub passes: Passes,
    /// Its rule for names.
    pub rule: NameRule,
    /// Its schema.
    pub schema: Schema,
}

/// Which way a rule passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passes {
    /// It will be the pool's own.
    Coming,
    /// It was the pool's own.
    Going,
}
