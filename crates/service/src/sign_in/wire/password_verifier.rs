//! PASSWORD_VERIFIER on the wire (docs/protocol.md §5.4).

use cognate_model::sign_in::{PasswordClaim, PasswordVerifier};

use super::srp_exchange::{claim, row_of_block, shown_exchange};
use super::{OnTheWire, Parameters, Shown};
use crate::Result;
use crate::counts::SignInFlow;
use crate::sign_in::step_row::{self, StepRow};
use crate::users::accounts::PoolClient;

impl OnTheWire for PasswordVerifier {
    const FLOW: SignInFlow = SignInFlow::Srp;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<PasswordClaim> {
        claim(responses)
    }

    fn row_named(answer: &PasswordClaim) -> Result<Option<StepRow>> {
        row_of_block(answer).map(Some)
    }

    fn row(&self) -> Option<StepRow> {
        Some(step_row::of_block(&self.exchange.secret_block))
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        let mut parameters = shown_exchange(&self.exchange);
        parameters.push(shown.user_name());
        parameters.push(("USER_ID_FOR_SRP", self.user_id.clone()));
        Ok(parameters)
    }
}
