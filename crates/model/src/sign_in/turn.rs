//! One request's way through the machine.

use std::time::Duration;

use super::effect::{Effect, PasswordChange};
use super::facts::Facts;
use super::outcome::Outcome;
use super::progress::{Factor, Progress, Proved, Way};
use super::proof::Proof;
use super::step::{Pending, Step};
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

    /// Asks a challenge, which waits for its answer so long.
    pub(super) fn ask(
        self,
        step: impl Into<Step>,
        validity: Duration,
        facts: &Facts<'_>,
    ) -> Outcome {
        let pending = Pending::new(facts, step.into(), self.progress, validity);
        Outcome::Ask(pending, self.effects)
    }

    /// Ends the sign-in: all that it takes is proved.
    pub(super) fn sign_in(self, facts: &Facts<'_>) -> Outcome {
        let Some(sub) = facts.account.sub() else {
            return Outcome::Refuse(super::Refusal::WrongPassword);
        };
        let proof = Proof {
            pool: facts.pool.id.clone(),
            client: facts.client.id.clone(),
            sub: sub.clone(),
            at: facts.now,
            progress: self.progress,
        };
        Outcome::SignedIn(proof, self.effects)
    }
}
