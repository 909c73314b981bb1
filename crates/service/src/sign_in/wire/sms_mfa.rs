//! SMS_MFA on the wire (docs/protocol.md §15.4).

use cognate_model::sign_in::{SmsMfa, TypedCode};

use super::{OnTheWire, Parameters, Shown, delivery, typed_code};
use crate::Result;
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;

impl OnTheWire for SmsMfa {
    const FLOW: SignInFlow = SignInFlow::SmsMfa;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<TypedCode> {
        typed_code(responses, "SMS_MFA_CODE")
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        Ok(delivery(&self.0, "SMS", shown))
    }
}
