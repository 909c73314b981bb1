//! What the browser says of a ceremony, which the authenticator signs by its hash (§5.8.1).

use serde::Deserialize;

use super::origin::is_allowed;
use super::{Expected, Refusal};
use crate::digest::{base64url_encode, ct_eq, sha256};

/// The longest client data that is read. Browsers write some 300 bytes.
const LONGEST: usize = 8 * 1024;

/// Which ceremony a response ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ceremony {
    Registration,
    SignIn,
}

impl Ceremony {
    fn name(self) -> &'static str {
        match self {
            Self::Registration => "webauthn.create",
            Self::SignIn => "webauthn.get",
        }
    }
}

/// Client data that was read. Nothing of it is proved before a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientData {
    members: Members,
    /// Of the bytes as they came: these are what is signed.
    pub(super) hash: [u8; 32],
}

/// The members that are checked. Others are passed over: browsers add some at random, so that
/// nobody compares with a pattern (§5.8.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Members {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: Option<bool>,
    #[serde(rename = "topOrigin", default)]
    top_origin: Option<String>,
}

impl ClientData {
    /// Reads client data. A member that is checked must not be there twice: another reader might
    /// take the other one.
    ///
    /// # Errors
    /// [`Refusal::ClientData`].
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        // The derived reader would take a list for the members by their places.
        let is_object = bytes.trim_ascii_start().starts_with(b"{");
        if bytes.len() > LONGEST || !is_object {
            return Err(Refusal::ClientData);
        }
        let members = serde_json::from_slice(bytes).map_err(|_| Refusal::ClientData)?;
        Ok(Self {
            members,
            hash: sha256(&[bytes]),
        })
    }

    /// The challenge that it claims to answer, as it stands there: only to find what was expected.
    pub fn challenge(&self) -> &str {
        &self.members.challenge
    }

    /// The origin that it claims to be from: for a log.
    pub fn origin(&self) -> &str {
        &self.members.origin
    }

    /// §7.1 steps 7 to 11, §7.2 steps 10 to 14.
    pub(super) fn check(&self, ceremony: Ceremony, expected: &Expected<'_>) -> Result<(), Refusal> {
        let Members {
            r#type,
            challenge,
            origin,
            cross_origin,
            top_origin,
        } = &self.members;
        if r#type != ceremony.name() {
            return Err(Refusal::OtherCeremony);
        }
        // As texts: a challenge has one.
        let sent = base64url_encode(expected.challenge);
        if !ct_eq(challenge.as_bytes(), sent.as_bytes()) {
            return Err(Refusal::OtherChallenge);
        }
        if !is_allowed(origin, expected) {
            return Err(Refusal::Origin);
        }
        if *cross_origin == Some(true) || top_origin.is_some() {
            return Err(Refusal::CrossOrigin);
        }
        Ok(())
    }
}
