//! SELECT_CHALLENGE on the wire (docs/protocol.md §17.3).

use cognate_api::idp::ChallengeNameType;
use cognate_model::sign_in::{Choice, FirstChallenge, SelectChallenge};

use super::choice::{self, name_of};
use super::{OnTheWire, Parameters, Shown, required};
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;
use crate::{Error, Result};

impl OnTheWire for SelectChallenge {
    const FLOW: SignInFlow = SignInFlow::Choice;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<Choice> {
        let chosen = choice::parse(required(responses, "ANSWER")?);
        let chosen = chosen.ok_or_else(Error::choice_not_offered)?;
        choice::read(Some(chosen), responses)
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        Ok(vec![shown.user_name()])
    }

    fn available(&self) -> Option<Vec<ChallengeNameType>> {
        Some(
            self.available
                .iter()
                .map(FirstChallenge::clone)
                .map(name_of)
                .collect(),
        )
    }
}
