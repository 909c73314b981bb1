//! A token session: the row that a sign-in leaves in the database. Refresh and access tokens name
//! it, and end with it.

use std::time::Duration;

use cognate_crypto::random::Random;
use serde::{Deserialize, Serialize};

use crate::acr::Method;
use crate::factor::{Factor, Proved};
use crate::ids::{ClientId, DeviceKey, SessionId, Sub, UserPoolId};
use crate::sign_in::{OnDevice, Proof};
use crate::time::Timestamp;
use crate::user_agent;

/// The longest validity of an access token. The session stays for this long after its refresh token
/// has expired: an access token is valid for its own time, and until then there must be a session
/// to revoke.
pub const ACCESS_OUTLIVES_REFRESH: Duration = Duration::from_secs(86_400);

/// One signed-in session of a user at an app client. There are two ways to one:
/// [`TokenSession::begin`], and the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenSession {
    /// The pool.
    pub pool: UserPoolId,
    /// The id, which tokens carry as `origin_jti`.
    pub id: SessionId,
    /// The user.
    pub sub: Sub,
    /// The app client that signed in. Another client cannot use the tokens of this session.
    pub client: ClientId,
    /// When the user proved who they are: `auth_time` of every token of this session.
    pub auth_time: Timestamp,
    /// When its refresh token runs out.
    pub expires_at: Timestamp,
    /// `event_id` of the sign-in.
    #[serde(default)]
    pub event_id: String,
    /// Which refresh token of the family is the newest: counts rotations, zero without.
    #[serde(default)]
    pub generation: i64,
    /// When the newest refresh token took the place of the one before.
    pub rotated_at: Option<Timestamp>,
    /// When each of the latest refresh tokens was first used. A token that comes again soon after
    /// comes from the same client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spent: Vec<Spent>,
    /// The factors that were proved at the sign-in; sessions of older versions do not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<Proved>,
    /// From where it was last used, in pools that track sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
    /// The device that the user signed in on, where the pool remembers devices: one that was known,
    /// or the key of a new one. Its refresh tokens serve on this device only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_key: Option<DeviceKey>,
}

/// The last use of a session: its sign-in, or the last refresh that was noted
/// ([`TokenSession::notes`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// The network address that it came from, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What its User-Agent told of the device ([`user_agent::describe`](crate::user_agent)).
    #[serde(default = "unknown_device")]
    pub device: String,
}

fn unknown_device() -> String {
    user_agent::UNKNOWN.to_owned()
}

/// The first use of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Which one of the family.
    pub generation: i64,
    /// When.
    pub at: Timestamp,
}

/// First uses older than this are forgotten: the longest grace period that a client can have
/// (docs/protocol.md §6.9).
const REMEMBERED: Duration = Duration::from_secs(60);
/// The most first uses that are stored: a client that refreshes once a second for a minute.
const MOST_SPENT: usize = 64;

/// So long after a use the next one from the same place is not noted: a refresh without rotation
/// would write nothing otherwise.
pub const NOTED_EVERY: Duration = Duration::from_secs(60);

impl TokenSession {
    /// Whether a use is noted: when none was for a minute, or it comes from another place.
    #[must_use]
    pub fn notes(&self, seen: &Seen) -> bool {
        self.seen.as_ref().is_none_or(|last| {
            let is_same_place = last.address == seen.address && last.device == seen.device;
            !is_same_place || seen.at.since(last.at) >= NOTED_EVERY
        })
    }

    /// When it was last used, as far as that was noted: never later than the truth, and a minute
    /// earlier at most in pools that track sessions.
    #[must_use]
    pub fn last_used(&self) -> Timestamp {
        self.seen.as_ref().map_or(self.auth_time, |seen| seen.at)
    }

    /// What it has proved, as far as it counts in another sign-in: whatever makes no level does
    /// not, nothing where the sign-in is older than the client lets it be (docs/protocol.md §18.5),
    /// and nothing that this sign-in has taken over from an older one.
    #[must_use]
    pub fn factors_that_count(&self, max_age: Option<Duration>, now: Timestamp) -> Vec<Proved> {
        let is_recent =
            |at: Timestamp| max_age.is_none_or(|max| !max.is_zero() && now.since(at) <= max);
        if !is_recent(self.auth_time) {
            return Vec::new();
        }
        let factors = self.factors.iter().copied();
        factors
            .filter(|proved| Method::of(proved.factor).is_some() && is_recent(proved.at))
            .collect()
    }

    /// When its sign-in has proved a second factor, if it has. A recovery code is none: it stands
    /// in for one, once.
    #[must_use]
    pub fn second_factor_at(&self) -> Option<Timestamp> {
        let is_second = |(place, proved): &(usize, &Proved)| match proved.factor {
            Factor::Sms | Factor::Email | Factor::SoftwareToken => *place > 0,
            Factor::PasskeyForBoth => true,
            Factor::Password
            | Factor::Passkey
            | Factor::RecoveryCode
            | Factor::Device
            | Factor::Custom => false,
        };
        let proved = self.factors.iter().enumerate().filter(is_second);
        proved.map(|(_, proved)| proved.at).max()
    }

    /// Puts the next refresh token into the place of the newest.
    pub fn rotate(&mut self, now: Timestamp) {
        self.spent.retain(|spent| now.since(spent.at) <= REMEMBERED);
        if self.spent.len() >= MOST_SPENT {
            self.spent.remove(0);
        }
        self.spent.push(Spent {
            generation: self.generation,
            at: now,
        });
        self.generation += 1;
        self.rotated_at = Some(now);
    }

    /// When a refresh token of the family was first used, if that is remembered; nodes of an older
    /// version remember the last one only.
    #[must_use]
    pub fn spent_at(&self, generation: i64) -> Option<Timestamp> {
        let spent = self.spent.iter().rev();
        let known = spent
            .into_iter()
            .find(|spent| spent.generation == generation);
        let is_last = [generation, generation + 1].contains(&self.generation);
        known
            .map(|spent| spent.at)
            .or(self.rotated_at.filter(|_| is_last))
    }

    /// The key of the device, where it was given one by this sign-in.
    #[must_use]
    pub fn new_device(&self) -> Option<&DeviceKey> {
        let mut factors = self.factors.iter();
        let is_known = factors.any(|proved| proved.factor == Factor::Device);
        self.device_key.as_ref().filter(|_| !is_known)
    }

    /// The session that a proof begins: for its user, at its app client, from its time, for as long
    /// as that client's refresh tokens are valid. It consumes the proof.
    #[must_use]
    pub fn begin(proof: Proof, refresh_validity: Duration, random: &mut Random) -> Self {
        let proof = proof.into_parts();
        let device_key = match proof.device {
            OnDevice::None => None,
            OnDevice::New => Some(DeviceKey::random(&proof.pool, random)),
            OnDevice::Known(key) => Some(key),
        };
        Self {
            id: SessionId::random(random),
            expires_at: proof.at.plus(refresh_validity),
            event_id: random.uuid_v4(),
            generation: 0,
            rotated_at: None,
            spent: Vec::new(),
            seen: None,
            device_key,
            pool: proof.pool,
            sub: proof.sub,
            client: proof.client,
            auth_time: proof.at,
            factors: proof.factors,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const NOW: Timestamp = Timestamp(1_782_907_200_000);

    fn session(factors: &[Factor]) -> TokenSession {
        let mut random = Random::from_seed([1; 32]);
        let proved = |(place, factor): (i64, &Factor)| Proved {
            factor: *factor,
            at: Timestamp(NOW.0 + place),
            carried: false,
        };
        let factors: Vec<_> = (0..).zip(factors).map(proved).collect();
        let document = serde_json::json!({
            "pool": UserPoolId::random("eu-west-1", &mut random), "sub": Sub::random(&mut random),
            "id": SessionId::random(&mut random), "client": "web", "auth_time": NOW,
            "expires_at": NOW, "rotated_at": null, "factors": factors,
        });
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn a_second_factor_was_proved_by_a_sign_in_that_had_one_before_it() {
        use Factor::{
            Custom, Device, Email, Passkey, PasskeyForBoth, Password, RecoveryCode, Sms,
            SoftwareToken,
        };
        for second in [Sms, Email, SoftwareToken] {
            for first in [Password, Custom] {
                let at = session(&[first, second]).second_factor_at();
                assert_eq!(at, Some(Timestamp(NOW.0 + 1)), "{first:?} {second:?}");
            }
        }
        assert_eq!(session(&[PasskeyForBoth]).second_factor_at(), Some(NOW));
        for factors in [
            &[][..],
            &[Password],
            &[Email],
            &[Sms],
            &[Passkey],
            &[Password, Custom],
            &[Password, RecoveryCode],
            &[Password, Device],
        ] {
            assert_eq!(session(factors).second_factor_at(), None, "{factors:?}");
        }
    }
}
