//! The step that waits in the database between a challenge and its answer.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::account::Account;
use super::facts::Facts;
use super::progress::Progress;
use crate::ids::{ClientId, Sub, UserPoolId};
use crate::time::Timestamp;

/// A challenge that waits for its answer. It is bound to pool, app client and user, so another
/// cannot use it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pending {
    /// The pool.
    pub pool: UserPoolId,
    /// The app client.
    pub client: ClientId,
    /// The user, or nobody.
    pub holder: Holder,
    /// Where the sign-in stands.
    pub step: Step,
    /// What was proved before; a step that an older version has kept says nothing of it.
    #[serde(default)]
    pub progress: Progress,
    /// From when on an answer is too late.
    pub expires_at: Timestamp,
}

/// Whose challenge it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A user's.
    User(Sub),
    /// An unknown name's: the sub that was made up for it.
    Nobody(Sub),
}

/// The step of a challenge, as the challenge's own file has it.
pub trait StepKind: Serialize + DeserializeOwned {
    /// Its name in the database.
    const NAME: &'static str;
}

/// The state of a sign-in, with the data that its next answer needs: a step by its name.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Step(Map<String, Value>);

impl Step {
    /// A step of a challenge.
    pub(super) fn of<S: StepKind>(step: &S) -> Self {
        // A step is plain data, of which each can be written.
        let written = serde_json::to_value(step).unwrap_or_default();
        Self(Map::from_iter([(S::NAME.to_owned(), written)]))
    }

    /// The name of its challenge.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.keys().next().map_or("", String::as_str)
    }

    /// The step, if it is of this challenge.
    #[must_use]
    pub fn read<S: StepKind>(&self) -> Option<S> {
        self.0
            .get(S::NAME)
            .and_then(|step| S::deserialize(step).ok())
    }
}

impl Pending {
    pub(super) fn new(
        facts: &Facts<'_>,
        step: Step,
        progress: Progress,
        validity: Duration,
    ) -> Self {
        Self {
            pool: facts.pool.id.clone(),
            client: facts.client.id.clone(),
            holder: Holder::of(&facts.account),
            step,
            progress,
            expires_at: facts.now.plus(validity),
        }
    }

    pub(super) fn belongs_to(&self, facts: &Facts<'_>) -> bool {
        self.pool == facts.pool.id
            && self.client == facts.client.id
            && self.holder == Holder::of(&facts.account)
    }
}

impl Holder {
    fn of(account: &Account<'_>) -> Self {
        match account {
            Account::Known(user, _) | Account::WithoutPassword(user, _) => {
                Self::User(user.sub.clone())
            }
            Account::Unknown(sub, _) => Self::Nobody((*sub).clone()),
        }
    }
}
