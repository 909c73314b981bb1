//! What a sign-in by USER_AUTH is to reach, as clients ask for it: TARGET_ACR_VALUES, ACCESS_TOKEN
//! and MAX_AGE (docs/protocol.md §18.4).

use std::time::Duration;

use cognate_model::acr::Level;
use cognate_model::sign_in::{Choice, Flow, StepUp};

use super::wire::Parameters;
use crate::tokens::access_token;
use crate::users::accounts::PoolClient;
use crate::{Cx, Error, Result};

/// What a request asks for; nothing of it is looked at yet.
pub(super) struct StepUpAsked<'a> {
    /// The levels, those first that are tried first; none where the client asks for none.
    pub(super) levels: Vec<Level>,
    access_token: Option<&'a str>,
    max_age: Option<Duration>,
}

impl<'a> StepUpAsked<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// `InvalidParameterException` for what cannot be right.
    pub(super) fn read(
        pool_client: &PoolClient,
        session: Option<&str>,
        parameters: &'a Parameters,
    ) -> Result<Self> {
        let targets = parameters.get("TARGET_ACR_VALUES");
        let access_token = parameters.get("ACCESS_TOKEN").map(String::as_str);
        let levels = targets.map(|text| pool_client.pool.settings.acr.targets(text));
        let levels = match levels {
            Some(levels) if levels.is_empty() => return Err(Error::no_target_acr_value()),
            None if access_token.is_some() => return Err(Error::access_token_without_target()),
            Some(_) if access_token.is_some() && session.is_some() => {
                return Err(Error::access_token_with_session());
            }
            levels => levels.unwrap_or_default(),
        };
        let max_age = parameters.get("MAX_AGE").map(|text| seconds(text));
        Ok(Self {
            levels,
            access_token,
            max_age: max_age.transpose()?,
        })
    }

    /// The flow that reaches it.
    ///
    /// # Errors
    /// `NotAuthorizedException` for an access token that is none.
    pub(super) async fn flow(self, cx: &Cx, choice: Choice) -> Result<Flow> {
        if self.levels.is_empty() {
            return Ok(Flow::Choice(choice));
        }
        let session = match self.access_token {
            Some(token) => Some(access_token::check(cx, token).await?.session),
            None => None,
        };
        Ok(Flow::StepUp(Box::new(StepUp {
            choice,
            levels: self.levels,
            session,
            max_age: self.max_age,
        })))
    }
}

/// A number of seconds: digits only.
fn seconds(text: &str) -> Result<Duration> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse::<u32>().ok().filter(|_| is_number);
    let seconds = seconds.ok_or_else(Error::max_age_malformed)?;
    Ok(Duration::from_secs(seconds.into()))
}
