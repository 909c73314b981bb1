//! The proof of a sign-in. Its fields are this folder's alone, so that nothing else can make one.

use super::progress::{Progress, Way};
use crate::factor::Proved;
use crate::ids::{ClientId, DeviceKey, SessionId, Sub, UserPoolId};
use crate::time::Timestamp;

/// Proof that a user has signed in, and by what. Only the sign-in machine makes one, and
/// [`crate::TokenSession::begin`] consumes it: there is no other way to a new session.
pub struct Proof {
    pub(super) pool: UserPoolId,
    pub(super) client: ClientId,
    pub(super) sub: Sub,
    pub(super) at: Timestamp,
    pub(super) device: OnDevice,
    pub(super) progress: Progress,
}

/// The device that a session begins on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OnDevice {
    /// The pool remembers none.
    None,
    /// One that was not known: it is given a key, by which it can be confirmed.
    New,
    /// One that has proved itself.
    Known(DeviceKey),
}

impl Proof {
    /// Who signed in, where, when and by what.
    pub(crate) fn into_parts(self) -> ProofParts {
        ProofParts {
            pool: self.pool,
            client: self.client,
            sub: self.sub,
            at: self.at,
            device: self.device,
            factors: self.progress.into_factors(),
        }
    }

    /// The user.
    #[must_use]
    pub fn sub(&self) -> &Sub {
        &self.sub
    }

    /// The session that a part of it rests on: it has to stand when the new one begins.
    #[must_use]
    pub fn rests_on(&self) -> Option<&SessionId> {
        self.progress.rests_on()
    }

    /// How the sign-in began.
    #[must_use]
    pub fn way(&self) -> Way {
        self.progress.way
    }
}

/// A consumed [`Proof`].
pub(crate) struct ProofParts {
    /// The pool.
    pub(crate) pool: UserPoolId,
    /// The app client.
    pub(crate) client: ClientId,
    /// The user.
    pub(crate) sub: Sub,
    /// When the last factor was proved.
    pub(crate) at: Timestamp,
    /// The device.
    pub(crate) device: OnDevice,
    /// The factors, each with its kind and time.
    pub(crate) factors: Vec<Proved>,
}
