//! DEVICE_PASSWORD_VERIFIER: a device proves itself by SRP, with its group's key in the place of
//! the pool's name and its own key in the place of the user's (docs/protocol.md §14.4).

use cognate_crypto::random::Random;
use cognate_crypto::srp;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::device_lookup::{look_up, stands_in};
use super::effect::{DeviceUse, Effect};
use super::facts::Facts;
use super::outcome::{Outcome, Powers};
use super::questions::KnownDevice;
use super::refusal::Refusal;
use super::srp_exchange::{PasswordClaim, SECRET_BLOCK_VALIDITY, SrpExchange};
use super::step::StepKind;
use super::turn::Turn;
use crate::device::DeviceSecret;
use crate::factor::Factor;
use crate::ids::DeviceKey;

/// A device's SRP exchange whose first half is done.
#[derive(Clone, Serialize, Deserialize)]
pub struct DevicePasswordVerifier {
    /// The exchange. It is told by its secret block when a client sends no session.
    #[serde(flatten)]
    pub exchange: SrpExchange,
    /// The device.
    pub device_key: DeviceKey,
    /// The name of its group, which was part of its secret's making.
    pub(super) group_key: String,
}

/// The answer.
pub struct DeviceClaim {
    /// DEVICE_KEY.
    pub device_key: DeviceKey,
    /// The signature, and over what.
    pub claim: PasswordClaim,
}

/// Goes on with the exchange that a device has begun.
pub(super) fn ask(
    client_public: srp::ClientPublic,
    device_key: DeviceKey,
    secret: DeviceSecret,
    turn: Turn,
    facts: &Facts<'_>,
) -> Outcome {
    let validity = SECRET_BLOCK_VALIDITY.min(facts.client.auth_session_validity());
    let draw = move |random: &mut Random| {
        let verifier = srp::Verifier::from_bytes(&secret.verifier).ok()?;
        let exchange = SrpExchange::draw(&client_public, &verifier, &secret.salt, random)?;
        Some(DevicePasswordVerifier {
            exchange,
            device_key,
            group_key: secret.group_key,
        })
    };
    Powers::of(draw, move |step, facts, _| match step {
        Some(step) => Outcome::ask(turn, &step, validity, facts),
        None => Outcome::Refuse(Refusal::WrongPassword),
    })
}

impl StepKind for DevicePasswordVerifier {
    const NAME: &'static str = "device_password_verifier";
}

impl Challenge for DevicePasswordVerifier {
    type Answer = DeviceClaim;

    fn answer(
        self,
        answer: DeviceClaim,
        turn: Turn,
        facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        let DeviceClaim { device_key, claim } = answer;
        if !claim.is_recent(facts.now) {
            return Outcome::Refuse(Refusal::Timestamp);
        }
        if device_key != self.device_key {
            return Outcome::Refuse(Refusal::UnknownDevice);
        }
        // Looked up again: it may have been forgotten since it began.
        look_up(device_key, move |known, _, _| match known {
            Some(known) => self.compare(claim, known, turn),
            None => Outcome::Refuse(Refusal::UnknownDevice),
        })
    }
}

impl DevicePasswordVerifier {
    /// Compares the signature. Who has the key of a device and not its secret is refused as with a
    /// wrong password, and counted so.
    fn compare(self, claim: PasswordClaim, known: KnownDevice, mut turn: Turn) -> Outcome {
        let KnownDevice { device, secret } = known;
        let holds = move |_: &mut Random| {
            let verifier = srp::Verifier::from_bytes(&secret.verifier);
            let key = self.device_key.as_str();
            verifier.is_ok_and(|verifier| {
                let exchange = &self.exchange;
                exchange.is_proved_by(&claim, &self.group_key, key, &verifier)
            })
        };
        Powers::of(holds, move |holds, facts, _| {
            if !holds {
                return Outcome::Refuse(Refusal::WrongPassword);
            }
            turn.prove(Factor::Device, facts.now);
            turn.progress.device_stands_in = stands_in(&device, facts);
            turn.progress.device = Some(device.key.clone());
            turn.change(Effect::UseDevice(DeviceUse {
                key: device.key,
                after_second_factor: turn.progress.is_of_two_factors(),
            }));
            Outcome::Proved(turn)
        })
    }
}
