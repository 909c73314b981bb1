//! CUSTOM_CHALLENGE on the wire (docs/protocol.md §17.4).

use cognate_crypto::secret::SecretString;
use cognate_model::sign_in::CustomChallenge;

use super::{OnTheWire, Parameters, Shown, required};
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;
use crate::{Error, Result};

/// The longest answer that is passed on, in bytes.
const LONGEST_ANSWER: usize = 16 * 1024;

impl OnTheWire for CustomChallenge {
    const FLOW: SignInFlow = SignInFlow::Custom;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<SecretString> {
        let answer = required(responses, "ANSWER")?;
        if answer.len() > LONGEST_ANSWER {
            return Err(Error::invalid_parameter("ANSWER is too long."));
        }
        Ok(SecretString::from(answer))
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        let public = self.public.iter();
        let mut parameters: Vec<_> = public
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        // The code's own USERNAME goes before, as clients answer with what they are shown.
        if !self.public.contains_key("USERNAME") {
            parameters.push(shown.user_name());
        }
        Ok(parameters)
    }
}
