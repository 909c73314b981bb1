//! MFA_SETUP on the wire (docs/protocol.md §15.6).

use cognate_model::sign_in::{MfaSetup, SetUp};

use super::{OnTheWire, Parameters, Shown};
use crate::Result;
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;
use crate::users::attributes;

impl OnTheWire for MfaSetup {
    const FLOW: SignInFlow = SignInFlow::MfaSetup;

    fn read(pool_client: &PoolClient, responses: &Parameters) -> Result<SetUp> {
        // AWS's guide writes it in lower case, Amplify in capitals.
        let email = ["EMAIL", "email"]
            .iter()
            .find_map(|name| responses.get(*name))
            .filter(|address| !address.is_empty());
        let Some(email) = email else {
            return Ok(SetUp::App);
        };
        let pair = ("email", Some(email.as_str()));
        let mut given = attributes::collect(&pool_client.pool, [pair])?;
        Ok(given.remove("email").map_or(SetUp::App, SetUp::Email))
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        let names: Vec<&str> = self.choices.iter().map(|choice| choice.as_str()).collect();
        let mut parameters = vec![("MFAS_CAN_SETUP", serde_json::to_string(&names)?)];
        parameters.extend(shown.user_id());
        Ok(parameters)
    }
}
