//! SOFTWARE_TOKEN_MFA on the wire (docs/protocol.md §15.1).

use cognate_model::sign_in::{SoftwareTokenMfa, TypedCode};

use super::{OnTheWire, Parameters, Shown, typed_code};
use crate::Result;
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;

impl OnTheWire for SoftwareTokenMfa {
    const FLOW: SignInFlow = SignInFlow::SoftwareTokenMfa;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<TypedCode> {
        typed_code(responses, "SOFTWARE_TOKEN_MFA_CODE")
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        let mut parameters: Vec<_> = shown.user_id().into_iter().collect();
        if !self.name.is_empty() {
            parameters.push(("FRIENDLY_DEVICE_NAME", self.name.clone()));
        }
        Ok(parameters)
    }
}
