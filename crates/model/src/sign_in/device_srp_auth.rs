//! DEVICE_SRP_AUTH: a device that the user has signed in on before begins to prove itself, after
//! its user has (docs/protocol.md §14.4).

use cognate_crypto::random::Random;
use cognate_crypto::srp;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::device_lookup::look_up;
use super::device_password_verifier;
use super::facts::Facts;
use super::outcome::Outcome;
use super::questions::KnownDevice;
use super::refusal::Refusal;
use super::step::StepKind;
use super::turn::Turn;
use crate::ids::DeviceKey;

/// A device is asked to begin.
#[derive(Clone, Serialize, Deserialize)]
pub struct DeviceSrpAuth {
    /// Which one.
    pub device_key: DeviceKey,
    /// A of the password's exchange, where it came just before. A client that sends no session
    /// begins the device's with the same A, and nobody else knows it (docs/protocol.md §5.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_public: Option<String>,
}

/// The device's beginning of an exchange.
pub struct DeviceSrp {
    /// DEVICE_KEY.
    pub device_key: DeviceKey,
    /// SRP_A.
    pub client_public: Box<srp::ClientPublic>,
}

/// Asks a device to begin.
pub(super) fn ask(device_key: DeviceKey, mut turn: Turn, facts: &Facts<'_>) -> Outcome {
    let client_public = turn.client_public.take();
    let validity = facts.client.auth_session_validity();
    let step = DeviceSrpAuth {
        device_key,
        client_public,
    };
    Outcome::ask(turn, &step, validity, facts)
}

impl StepKind for DeviceSrpAuth {
    const NAME: &'static str = "device_srp_auth";
}

impl Challenge for DeviceSrpAuth {
    type Answer = DeviceSrp;

    fn answer(
        self,
        answer: DeviceSrp,
        turn: Turn,
        _facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        if answer.device_key != self.device_key {
            return Outcome::Refuse(Refusal::UnknownDevice);
        }
        look_up(self.device_key, move |known, facts, _| match known {
            Some(KnownDevice { device, secret }) => {
                let public = *answer.client_public;
                device_password_verifier::ask(public, device.key, secret, turn, facts)
            }
            None => Outcome::Refuse(Refusal::UnknownDevice),
        })
    }
}
