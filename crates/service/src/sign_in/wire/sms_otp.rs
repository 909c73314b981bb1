//! SMS_OTP on the wire (docs/protocol.md §17.2).

use cognate_model::sign_in::{SmsOtp, TypedCode};

use super::{OnTheWire, Parameters, Shown, delivery, typed_code};
use crate::Result;
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;

impl OnTheWire for SmsOtp {
    const FLOW: SignInFlow = SignInFlow::SmsOtp;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<TypedCode> {
        typed_code(responses, "SMS_OTP_CODE")
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        Ok(delivery(&self.0, "SMS", shown))
    }
}
