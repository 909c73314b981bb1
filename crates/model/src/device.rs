//! Devices that users sign in on, where the pool remembers devices (docs/protocol.md §14).
//!
//! A device has an SRP secret of its own. It draws it when it is confirmed and sends the verifier,
//! so that it can prove later, without its user, to be the same device.

use cognate_crypto::srp::{self, SrpError, Verifier};
use serde::{Deserialize, Serialize};

use crate::ids::{DeviceKey, Sub, UserPoolId};
use crate::time::Timestamp;

/// The most devices of one user. Where another is confirmed, the one that was used least lately is
/// forgotten.
pub const MOST_DEVICES: usize = 100;
/// The longest salt that is stored; clients draw 16 bytes.
const LONGEST_SALT: usize = 64;

/// DeviceConfiguration of a user pool: that it remembers devices, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceSettings {
    /// Whether a remembered device stands in for the second factor (ChallengeRequiredOnNewDevice).
    pub stands_in_for_mfa: bool,
    /// Whether a device is remembered only once its user has said so
    /// (DeviceOnlyRememberedOnUserPrompt).
    pub remembered_on_prompt: bool,
}

/// A device that was confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The pool.
    pub pool: UserPoolId,
    /// Whose it is.
    pub sub: Sub,
    /// Its key.
    pub key: DeviceKey,
    /// What its user, or the program there, calls it.
    pub name: Option<String>,
    /// Whether it is remembered. One that is not may still be told by its key, and stands in for
    /// nothing.
    #[serde(default)]
    pub remembered: bool,
    /// Whether a second factor was proved at a sign-in there. One that was confirmed by the
    /// password alone belongs to whoever knew that, and stands in for nothing.
    #[serde(default)]
    pub after_second_factor: bool,
    /// The address of the last sign-in there, where it is known.
    pub last_ip: Option<String>,
    /// When it was confirmed.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// When its user last signed in there.
    pub authenticated_at: Timestamp,
}

impl Device {
    /// Of the devices of a user, those that go when another one comes: those used least lately.
    #[must_use]
    pub fn that_make_room(devices: &[Self]) -> Vec<&Self> {
        let mut oldest: Vec<&Self> = devices.iter().collect();
        oldest.sort_by_key(|device| (device.authenticated_at, device.created_at));
        oldest.truncate((devices.len() + 1).saturating_sub(MOST_DEVICES));
        oldest
    }
}

/// What proves a device: the salt and the verifier that it made of its own secret. Sealed at rest.
#[derive(Clone, Serialize, Deserialize)]
pub struct DeviceSecret {
    /// The SRP salt, without leading zeros.
    #[serde(with = "crate::bytes")]
    pub salt: Vec<u8>,
    /// The SRP verifier: 384 bytes, big-endian.
    #[serde(with = "crate::bytes")]
    pub verifier: Vec<u8>,
    /// The name that stands in the place of the pool's in the computation (DeviceGroupKey).
    pub group_key: String,
}

/// Why what a client sends for its device proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDeviceSecret {
    /// Empty, nothing but zeros, or too long.
    #[error("not a salt")]
    Salt,
    /// No number of the group, or one that any secret would match.
    #[error("not a verifier: {0}")]
    Verifier(SrpError),
}

impl DeviceSecret {
    /// Reads salt and verifier as clients send them: signed big-endian numbers, so that a zero byte
    /// may stand before either (docs/protocol.md §14.3).
    ///
    /// # Errors
    /// [`InvalidDeviceSecret`].
    pub fn of_client(
        pool: &UserPoolId,
        salt: &[u8],
        verifier: &[u8],
    ) -> Result<Self, InvalidDeviceSecret> {
        let zeros = salt.iter().take_while(|byte| **byte == 0).count();
        let salt = salt.get(zeros..).unwrap_or_default();
        if salt.is_empty() || salt.len() > LONGEST_SALT {
            return Err(InvalidDeviceSecret::Salt);
        }
        let verifier = Verifier::from_bytes(verifier).map_err(InvalidDeviceSecret::Verifier)?;
        Ok(Self {
            salt: salt.to_vec(),
            verifier: verifier.expose().to_vec(),
            group_key: group_key(pool),
        })
    }

    /// SALT of the challenge, as clients read it.
    #[must_use]
    pub fn salt_hex(&self) -> String {
        srp::number_hex(&self.salt)
    }
}

/// DeviceGroupKey: a hyphen and a name that the pool's devices have in common. Clients take it as
/// it is given to them.
#[must_use]
pub fn group_key(pool: &UserPoolId) -> String {
    format!("-{}", pool.srp_name())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use cognate_crypto::random::Random;
    use cognate_crypto::secret::SecretString;

    use super::*;

    fn pool() -> UserPoolId {
        UserPoolId::parse("us-east-1_Home").unwrap()
    }

    fn device(random: &mut Random, authenticated_at: i64) -> Device {
        Device {
            pool: pool(),
            sub: Sub::random(random),
            key: DeviceKey::random(&pool(), random),
            name: None,
            remembered: true,
            after_second_factor: false,
            last_ip: None,
            created_at: Timestamp(1),
            modified_at: Timestamp(1),
            authenticated_at: Timestamp(authenticated_at),
        }
    }

    #[test]
    fn the_device_that_was_used_least_lately_makes_room() {
        let mut random = Random::from_seed([7; 32]);
        let times = (0..100).rev();
        let mut devices: Vec<Device> = times.map(|at| device(&mut random, at)).collect();
        let least = devices[99].clone();
        assert_eq!(Device::that_make_room(&devices), [&least]);
        devices.truncate(99);
        assert!(Device::that_make_room(&devices).is_empty());
        assert!(Device::that_make_room(&[]).is_empty());
    }

    #[test]
    fn more_devices_than_there_may_be_all_make_room() {
        let mut random = Random::from_seed([7; 32]);
        let devices: Vec<Device> = (0..103).map(|at| device(&mut random, at)).collect();
        let going = Device::that_make_room(&devices);
        let times: Vec<i64> = going
            .iter()
            .map(|device| device.authenticated_at.0)
            .collect();
        assert_eq!(times, [0, 1, 2, 3]);
    }

    #[test]
    fn a_zero_byte_before_salt_and_verifier_changes_nothing() {
        let password = SecretString::from("random");
        let salt = [0x8f; 16];
        let verifier = srp::verifier(&group_key(&pool()), "key", &password, &salt);
        let signed = |bytes: &[u8]| [&[0], bytes].concat();
        let plain = DeviceSecret::of_client(&pool(), &salt, verifier.expose()).unwrap();
        let (salt, verifier) = (signed(&salt), signed(verifier.expose()));
        let padded = DeviceSecret::of_client(&pool(), &salt, &verifier).unwrap();
        assert_eq!(plain.salt, padded.salt);
        assert_eq!(plain.verifier, padded.verifier);
        assert_eq!(plain.salt_hex(), "8f".repeat(16));
        assert_eq!(plain.group_key, "-Home");
    }

    #[test]
    fn what_any_secret_would_match_and_what_is_no_salt_is_refused() {
        let refused = |salt: &[u8], verifier: &[u8]| {
            DeviceSecret::of_client(&pool(), salt, verifier)
                .err()
                .unwrap()
        };
        for degenerate in [&[][..], &[0; 384], &[1]] {
            assert_eq!(
                refused(&[7; 16], degenerate),
                InvalidDeviceSecret::Verifier(SrpError::DegenerateVerifier)
            );
        }
        assert_eq!(
            refused(&[7; 16], &[7; 400]),
            InvalidDeviceSecret::Verifier(SrpError::TooLong)
        );
        for salt in [&[][..], &[0; 16], &[7; 65]] {
            assert_eq!(refused(salt, &[7; 384]), InvalidDeviceSecret::Salt);
        }
    }
}
