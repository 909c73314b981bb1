//! PASSWORD on the wire (docs/protocol.md §17.3).

use cognate_crypto::secret::SecretString;
use cognate_model::sign_in::Password;

use super::{OnTheWire, Parameters, Shown};
use crate::Result;
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;

impl OnTheWire for Password {
    const FLOW: SignInFlow = SignInFlow::Choice;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<SecretString> {
        super::password(responses)
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        Ok(vec![shown.user_name()])
    }
}
