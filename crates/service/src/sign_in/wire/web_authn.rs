//! WEB_AUTHN on the wire (docs/protocol.md §16.5).

use cognate_model::sign_in::{PasskeyResponse, WebAuthn};

use super::{OnTheWire, Parameters, Shown, required};
use crate::Result;
use crate::counts::SignInFlow;
use crate::passkeys::{credential, options};
use crate::users::accounts::PoolClient;

impl OnTheWire for WebAuthn {
    const FLOW: SignInFlow = SignInFlow::Passkey;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<PasskeyResponse> {
        credential::asserted(required(responses, "CREDENTIAL")?)
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        let validity = shown.pool_client.entry.client.auth_session_validity();
        let options = options::of_sign_in(self, validity);
        Ok(vec![
            ("CREDENTIAL_REQUEST_OPTIONS", options.to_string()),
            shown.user_name(),
        ])
    }
}
