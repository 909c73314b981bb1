//! One request's way through the machine.

use super::effect::{Effect, PasswordChange};
use super::facts::Facts;
use super::progress::{Factor, PastChallenge, Progress, Proved, Way};
use crate::time::Timestamp;
use crate::user::User;

/// What the sign-in has come to before this request, and what the request adds.
pub struct Turn {
    pub(super) progress: Progress,
    effects: Vec<Effect>,
}

impl Turn {
    /// The first request of a sign-in.
    pub(super) fn first(way: Way) -> Self {
        Self::after(Progress::of(way))
    }

    /// A later one.
    pub(super) fn after(progress: Progress) -> Self {
        Self {
            progress,
            effects: Vec::new(),
        }
    }

    /// Notes that a factor is proved.
    pub(super) fn prove(&mut self, factor: Factor, at: Timestamp) {
        self.progress.proved.push(Proved { factor, at });
    }

    /// Notes that the password with this salt is proved.
    pub(super) fn prove_password(&mut self, salt: &[u8], at: Timestamp) {
        self.progress.password = salt.to_vec();
        if !self.progress.has_proved(Factor::Password) {
            self.prove(Factor::Password, at);
        }
    }

    /// Notes a challenge that was met in the custom flow.
    pub(super) fn met(&mut self, name: &str, result: bool, metadata: Option<String>) {
        self.progress.custom.push(PastChallenge {
            name: name.to_owned(),
            result,
            metadata,
        });
    }

    /// Notes a change.
    pub(super) fn change(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// The password that this request sets.
    pub(super) fn new_password(&self) -> Option<&PasswordChange> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::SetPassword(change) => Some(change.as_ref()),
            Effect::UseToken(_)
            | Effect::SetUpToken(_)
            | Effect::ProveAddress(_)
            | Effect::UsePasskey(_) => None,
        })
    }

    /// The user as this request leaves them, if there is one.
    pub(super) fn user<'a>(&'a self, facts: &'a Facts<'_>) -> Option<&'a User> {
        let changed = self.effects.iter().rev().find_map(Effect::changed_user);
        changed.or_else(|| facts.account.user())
    }

    /// What is kept of it, and what it changes.
    pub(super) fn into_parts(self) -> (Progress, Vec<Effect>) {
        (self.progress, self.effects)
    }
}
