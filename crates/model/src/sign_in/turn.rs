//! One request's way through the machine.

use super::choice::Choice;
use super::effect::{Effect, PasswordChange};
use super::facts::Facts;
use super::progress::{PastChallenge, Progress, Way};
use super::proof::OnDevice;
use crate::device::Device;
use crate::factor::{Factor, Proved};
use crate::time::Timestamp;
use crate::user::User;

/// What the sign-in has come to before this request, and what the request adds.
pub struct Turn {
    pub(super) progress: Progress,
    /// The device that was named, once it was found to be the user's.
    pub(super) found_device: Option<Device>,
    /// Whether this request, an answer to a challenge, names the device.
    pub(super) names_device: bool,
    /// A, in hexadecimal, where this request ends the password's exchange.
    pub(super) client_public: Option<String>,
    effects: Vec<Effect>,
    /// How the client would like to go on, where the sign-in begins with a session's proofs.
    pub(super) choice: Option<Choice>,
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
            found_device: None,
            names_device: false,
            client_public: None,
            effects: Vec::new(),
            choice: None,
        }
    }

    /// Notes the device that an answer names, in the place of one that was named before. One that
    /// has proved itself stays.
    pub(super) fn name_device(&mut self, facts: &Facts<'_>) {
        if let Some(key) = facts.device
            && !self.progress.has_proved(Factor::Device)
        {
            self.progress.device = Some(key.clone());
            self.names_device = true;
        }
    }

    /// The device that a session begins on which this signs in.
    pub(super) fn on_device(&self, facts: &Facts<'_>) -> OnDevice {
        if facts.pool.settings.devices.is_none() {
            return OnDevice::None;
        }
        let proved = self.progress.device.clone();
        let proved = proved.filter(|_| self.progress.has_proved(Factor::Device));
        proved.map_or(OnDevice::New, OnDevice::Known)
    }

    /// Notes that a factor is proved.
    pub(super) fn prove(&mut self, factor: Factor, at: Timestamp) {
        self.progress.proved.push(Proved {
            factor,
            at,
            carried: false,
        });
    }

    /// Notes that a passkey is proved, and whether it is one that is carried.
    pub(super) fn prove_passkey(&mut self, factor: Factor, carried: bool, at: Timestamp) {
        self.progress.proved.push(Proved {
            factor,
            at,
            carried,
        });
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
            Effect::SettlePassword(_)
            | Effect::UseToken(_)
            | Effect::SetUpToken(_)
            | Effect::ProveAddress(_)
            | Effect::UsePasskey(_)
            | Effect::UseDevice(_)
            | Effect::UseRecoveryCode(_) => None,
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
