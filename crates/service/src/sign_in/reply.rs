//! What the operations of a sign-in share: the name in a request, and the form of the answer.

use cognate_api::idp::{
    AdminInitiateAuthResponse, AdminRespondToAuthChallengeResponse, InitiateAuthResponse,
    RespondToAuthChallengeResponse,
};

use super::wire::{Parameters, Reply, required};
use crate::app_clients::secret_hash;
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;
use crate::{Cx, Result};

/// The four answers of sign-in operations have the same members under four names.
macro_rules! answer_with {
    ($($response:ident),*) => {$(
        impl From<Reply> for $response {
            fn from(reply: Reply) -> Self {
                match reply {
                    Reply::Tokens(tokens) => Self {
                        authentication_result: Some(tokens),
                        challenge_parameters: Some(Parameters::new()),
                        ..Self::default()
                    },
                    Reply::Challenge { name, session, parameters, available } => Self {
                        challenge_name: Some(name),
                        session: Some(session),
                        challenge_parameters: Some(parameters),
                        available_challenges: available,
                        ..Self::default()
                    },
                }
            }
        }
    )*};
}

answer_with!(
    InitiateAuthResponse,
    AdminInitiateAuthResponse,
    RespondToAuthChallengeResponse,
    AdminRespondToAuthChallengeResponse
);

/// Counts how a sign-in ended, for operators.
pub(super) fn counted(cx: &Cx, flow: SignInFlow, reply: Result<Reply>) -> Result<Reply> {
    let is_challenge = |reply: &Reply| matches!(reply, Reply::Challenge { .. });
    cx.app.counts.sign_in(flow, &reply, is_challenge);
    reply
}

/// The user name of a request, whose secret hash is right.
///
/// # Errors
/// What the operation answers when it is missing, or the hash is not right.
pub(super) fn named<'a>(pool_client: &PoolClient, parameters: &'a Parameters) -> Result<&'a str> {
    let username = required(parameters, "USERNAME")?;
    secret_hash::check(
        &pool_client.entry,
        parameters.get("SECRET_HASH").map(String::as_str),
        username,
    )?;
    Ok(username)
}
