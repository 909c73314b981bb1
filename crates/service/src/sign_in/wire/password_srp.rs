//! PASSWORD_SRP on the wire (docs/protocol.md §17.3).

use cognate_crypto::srp::ClientPublic;
use cognate_model::sign_in::PasswordSrp;

use super::{OnTheWire, Parameters, Shown, srp_a};
use crate::Result;
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;

impl OnTheWire for PasswordSrp {
    const FLOW: SignInFlow = SignInFlow::Choice;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<Box<ClientPublic>> {
        srp_a(responses)
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        Ok(vec![shown.user_name()])
    }
}
