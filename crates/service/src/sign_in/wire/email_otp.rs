//! EMAIL_OTP on the wire (docs/protocol.md §17.2).

use cognate_model::sign_in::{EmailOtp, TypedCode};

use super::{OnTheWire, Parameters, Shown, delivery, typed_code};
use crate::Result;
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;

impl OnTheWire for EmailOtp {
    const FLOW: SignInFlow = SignInFlow::EmailOtp;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<TypedCode> {
        typed_code(responses, "EMAIL_OTP_CODE")
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        Ok(delivery(&self.0, "EMAIL", shown))
    }
}
