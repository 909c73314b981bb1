//! DEVICE_SRP_AUTH on the wire (docs/protocol.md §14.4).

use cognate_model::ClientId;
use cognate_model::sign_in::{DeviceSrp, DeviceSrpAuth};

use super::{OnTheWire, Parameters, Shown, device_key, srp_a};
use crate::Result;
use crate::counts::SignInFlow;
use crate::sign_in::step_row;
use crate::users::accounts::PoolClient;

impl OnTheWire for DeviceSrpAuth {
    const FLOW: SignInFlow = SignInFlow::Device;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<DeviceSrp> {
        Ok(DeviceSrp {
            device_key: device_key(responses)?,
            client_public: srp_a(responses)?,
        })
    }

    fn session_named(answer: &DeviceSrp, client: &ClientId) -> Option<[u8; 32]> {
        let public = answer.client_public.to_hex();
        Some(step_row::device_session(
            client,
            &answer.device_key,
            &public,
        ))
    }

    fn session(&self, client: &ClientId) -> Option<[u8; 32]> {
        let public = self.client_public.as_deref()?;
        Some(step_row::device_session(client, &self.device_key, public))
    }

    fn parameters(&self, _shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        Ok(Vec::new())
    }
}
