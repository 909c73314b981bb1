//! RespondToAuthChallenge and AdminRespondToAuthChallenge: a sign-in goes on.

use cognate_api::idp::{
    AdminRespondToAuthChallengeRequest, AdminRespondToAuthChallengeResponse, ChallengeNameType,
    RespondToAuthChallengeRequest, RespondToAuthChallengeResponse,
};

use super::driver;
use super::reply::{counted, named};
use super::wire::{self, Parameters, Reply};
use crate::limits::backends;
use crate::users::accounts::PoolClient;
use crate::{Cx, Result};

pub(crate) async fn respond_to_auth_challenge(
    cx: Cx,
    input: RespondToAuthChallengeRequest,
) -> Result<RespondToAuthChallengeResponse> {
    let pool_client = PoolClient::of_client(&cx.app, &input.client_id).await?;
    let cx = backends::of_client(&cx, &pool_client.entry, input.user_context_data.as_ref())?;
    let responses = input.challenge_responses.unwrap_or_default();
    respond(
        &cx,
        &pool_client,
        &input.challenge_name,
        input.session.as_deref(),
        &responses,
    )
    .await
    .map(Into::into)
}

pub(crate) async fn admin_respond_to_auth_challenge(
    cx: Cx,
    input: AdminRespondToAuthChallengeRequest,
) -> Result<AdminRespondToAuthChallengeResponse> {
    let pool_client = PoolClient::of_pool(&cx.app, &input.user_pool_id, &input.client_id).await?;
    let cx = backends::of_context_data(&cx, input.context_data.as_ref())?;
    let responses = input.challenge_responses.unwrap_or_default();
    respond(
        &cx,
        &pool_client,
        &input.challenge_name,
        input.session.as_deref(),
        &responses,
    )
    .await
    .map(Into::into)
}

async fn respond(
    cx: &Cx,
    pool_client: &PoolClient,
    challenge: &ChallengeNameType,
    session: Option<&str>,
    responses: &Parameters,
) -> Result<Reply> {
    let answer = wire::read(challenge, pool_client, responses)?;
    let username = named(pool_client, responses)?;
    let flow = answer.flow;
    let reply = driver::answer(cx, pool_client, username, session, answer).await;
    counted(cx, flow, reply)
}
