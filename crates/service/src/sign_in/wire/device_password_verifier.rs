//! DEVICE_PASSWORD_VERIFIER on the wire (docs/protocol.md §14.4).

use cognate_model::sign_in::{DeviceClaim, DevicePasswordVerifier};

use super::srp_exchange::{claim, row_of_block, shown_exchange};
use super::{OnTheWire, Parameters, Shown, device_key};
use crate::Result;
use crate::counts::SignInFlow;
use crate::sign_in::step_row::{self, StepRow};
use crate::users::accounts::PoolClient;

impl OnTheWire for DevicePasswordVerifier {
    const FLOW: SignInFlow = SignInFlow::Device;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<DeviceClaim> {
        Ok(DeviceClaim {
            device_key: device_key(responses)?,
            claim: claim(responses)?,
        })
    }

    fn row_named(answer: &DeviceClaim) -> Result<Option<StepRow>> {
        row_of_block(&answer.claim).map(Some)
    }

    fn row(&self) -> Option<StepRow> {
        Some(step_row::of_block(&self.exchange.secret_block))
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        let mut parameters = shown_exchange(&self.exchange);
        parameters.push(shown.user_name());
        parameters.push(("DEVICE_KEY", self.device_key.to_string()));
        Ok(parameters)
    }
}
