//! How far a sign-in has come: what every waiting step carries.

use serde::{Deserialize, Serialize};

use super::account::Account;
use crate::acr::{Level, Method};
use crate::attribute::Contact;
use crate::factor::{Factor, Proved};
use crate::ids::{DeviceKey, SessionId};
use crate::time::Timestamp;

/// How a sign-in began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By a password in the request (USER_PASSWORD_AUTH, ADMIN_USER_PASSWORD_AUTH).
    #[default]
    Password,
    /// By SRP (USER_SRP_AUTH).
    Srp,
    /// By a choice, or straight from a sign-up (USER_AUTH).
    Choice,
    /// By the pool's own code (CUSTOM_AUTH), perhaps after SRP.
    Custom,
}

/// What a sign-in is to reach (docs/protocol.md §18.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The levels, those first that are tried first; one at least.
    pub(super) levels: Vec<Level>,
    /// What counts besides what is proved now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) credit: Option<Credit>,
}

/// What the session of an access token has proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// The session, which has to stand until the end.
    pub session: SessionId,
    /// What was proved, one factor at least.
    pub factors: Vec<Proved>,
}

/// A challenge that was met before in this sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastChallenge {
    /// Its name: SRP_A, PASSWORD_VERIFIER or CUSTOM_CHALLENGE.
    pub name: String,
    /// Whether it was met rightly.
    pub result: bool,
    /// The code's own note on it.
    pub metadata: Option<String>,
}

/// What was proved so far, and how it began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// How the sign-in began.
    #[serde(default)]
    pub way: Way,
    /// The factors, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) proved: Vec<Proved>,
    /// What was met in the custom flow, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) custom: Vec<PastChallenge>,
    /// The salt of the password that was proved, which no other password has.
    #[serde(default, with = "crate::bytes", skip_serializing_if = "Vec::is_empty")]
    pub(super) password: Vec<u8>,
    /// The device that the client says it is: proved if [`Factor::Device`] is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) device: Option<DeviceKey>,
    /// Whether the device that was proved stands in for the second factor.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) device_stands_in: bool,
    /// The level that it is to reach, if the client has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<Target>,
}

impl Target {
    /// A target; None where no level is asked for.
    pub(super) fn new(levels: Vec<Level>, credit: Option<Credit>) -> Option<Self> {
        (!levels.is_empty()).then_some(Self { levels, credit })
    }

    /// Whether a method is a step on some way to some of the levels, whatever the user has.
    pub(super) fn leads_by(&self, method: Method) -> bool {
        let mut ways = self.levels.iter().flat_map(|level| level.ways());
        ways.any(|way| way.contains(&method))
    }
}

impl Progress {
    pub(super) fn of(way: Way) -> Self {
        Self {
            way,
            ..Self::default()
        }
    }

    /// Whether a factor was proved.
    #[must_use]
    pub fn has_proved(&self, factor: Factor) -> bool {
        self.proved.iter().any(|proved| proved.factor == factor)
    }

    /// Whether a factor was proved, here or by the session that counts.
    pub(super) fn has_begun(&self) -> bool {
        self.counted().next().is_some()
    }

    /// Whether a second factor was proved after the first, or a passkey that is both. What a pool's
    /// own code has asked for may be anything, and is no second factor; nor is a device; one that
    /// was proved twice is one.
    pub(super) fn is_of_two_factors(&self) -> bool {
        let mut factors = self.proved.iter().map(|proved| proved.factor);
        let first = factors.next();
        let is_second = |factor: Factor| {
            Some(factor) != first && !matches!(factor, Factor::Custom | Factor::Device)
        };
        factors.any(is_second) || self.has_proved(Factor::PasskeyForBoth)
    }

    /// Whether a factor was proved by a code to this contact.
    pub(super) fn came_by(&self, contact: Option<Contact>) -> bool {
        contact.is_some()
            && self
                .counted()
                .any(|proved| proved.factor.contact() == contact)
    }

    /// What the session has proved whose access token was given.
    pub(super) fn credit(&self) -> &[Proved] {
        let credit = self
            .target
            .as_ref()
            .and_then(|target| target.credit.as_ref());
        credit.map_or(&[], |credit| &credit.factors)
    }

    /// Forgets what that session has proved before a time.
    pub(super) fn forget_credit_before(&mut self, changed: Option<Timestamp>) {
        let (Some(changed), Some(target)) = (changed, &mut self.target) else {
            return;
        };
        target.credit = target.credit.take().and_then(|mut credit| {
            credit.factors.retain(|proved| proved.at > changed);
            (!credit.factors.is_empty()).then_some(credit)
        });
    }

    /// The session whose proofs count, if there is one.
    pub(super) fn rests_on(&self) -> Option<&SessionId> {
        let credit = self.target.as_ref()?.credit.as_ref();
        credit.map(|credit| &credit.session)
    }

    /// All that counts: what the session has proved, and what was proved here.
    pub(super) fn counted(&self) -> impl Iterator<Item = &Proved> {
        self.credit().iter().chain(&self.proved)
    }

    /// All that counts, each factor once, as it was proved last.
    pub(super) fn into_factors(self) -> Vec<Proved> {
        let is_proved_here = |factor| self.proved.iter().any(|proved| proved.factor == factor);
        let credit = self.credit().iter();
        let mut factors: Vec<_> = credit
            .filter(|credited| !is_proved_here(credited.factor))
            .copied()
            .collect();
        factors.extend(&self.proved);
        factors
    }

    /// Whether the password that was proved, if one was, is still the account's.
    pub(super) fn holds_for(&self, account: &Account<'_>) -> bool {
        let current = account.with_password();
        self.password.is_empty()
            || current.is_some_and(|(_, credentials)| credentials.salt == self.password)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pools_own_code_asks_and_a_device_are_no_second_factor() {
        use Factor::{Custom, Device, PasskeyForBoth, Password, Sms};
        for (factors, is_of_two) in [
            (&[][..], false),
            (&[Password], false),
            (&[Password, Password], false),
            (&[Password, Custom], false),
            (&[Password, Device], false),
            (&[Custom, Custom], false),
            (&[Custom, Sms], true),
            (&[Password, Sms], true),
            (&[Password, Custom, Sms], true),
            (&[PasskeyForBoth], true),
        ] {
            let mut progress = Progress::of(Way::Custom);
            let proved = factors.iter().map(|factor| Proved {
                factor: *factor,
                at: crate::Timestamp(0),
                carried: false,
            });
            progress.proved = proved.collect();
            assert_eq!(progress.is_of_two_factors(), is_of_two, "{factors:?}");
        }
    }
}
