//! SELECT_MFA_TYPE on the wire (docs/protocol.md §15.4).

use cognate_model::second_factor::SecondFactor;
use cognate_model::sign_in::SelectMfaType;

use super::{OnTheWire, Parameters, Shown, required};
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;
use crate::{Error, Result};

impl OnTheWire for SelectMfaType {
    const FLOW: SignInFlow = SignInFlow::SelectMfaType;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<SecondFactor> {
        let answer = required(responses, "ANSWER")?;
        // AWS's reference calls mail so here, and EMAIL_OTP where it is offered.
        let name = if answer == "EMAIL_MFA" {
            "EMAIL_OTP"
        } else {
            answer
        };
        SecondFactor::parse(name).ok_or_else(Error::choice_not_offered)
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        let names: Vec<&str> = self.choices.iter().map(|choice| choice.as_str()).collect();
        let mut parameters = vec![("MFAS_CAN_CHOOSE", serde_json::to_string(&names)?)];
        parameters.extend(shown.user_id());
        Ok(parameters)
    }
}
