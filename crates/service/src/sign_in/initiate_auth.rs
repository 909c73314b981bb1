//! The sign-in operations: InitiateAuth and RespondToAuthChallenge, with their operators' forms.
//! All lead to the one machine ([`driver`]) or, for a session that goes on, to a refresh.

use std::collections::BTreeMap;

use cognate_api::idp::{
    AdminInitiateAuthRequest, AdminInitiateAuthResponse, AdminRespondToAuthChallengeRequest,
    AdminRespondToAuthChallengeResponse, AuthFlowType, ChallengeNameType, InitiateAuthRequest,
    InitiateAuthResponse, RespondToAuthChallengeRequest, RespondToAuthChallengeResponse,
};
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp::ClientPublic;
use cognate_model::NormalName;
use cognate_model::app_client::AuthFlow;
use cognate_model::attribute::Attributes;

use super::driver;
use super::wire::{Opening, Reply, Response};
use crate::app_clients::secret_hash;
use crate::counts::SignInFlow;
use crate::limits::backends;
use crate::tokens::refresh::refresh;
use crate::tokens::refresh_token::Presented;
use crate::users::accounts::PoolClient;
use crate::users::attributes;
use crate::{Cx, Error, ErrorCode, Result};

type Parameters = BTreeMap<String, String>;

/// Which operation a sign-in comes through: some flows are only for operators, some only for users.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    User,
    Operator,
}

pub(crate) async fn initiate_auth(
    cx: Cx,
    input: InitiateAuthRequest,
) -> Result<InitiateAuthResponse> {
    let pool_client = PoolClient::of_client(&cx.app, &input.client_id).await?;
    refuse_session(input.session.as_deref())?;
    // Nothing is counted before the secret hash was found right.
    let cx = backends::of_client(&cx, &pool_client.entry, input.user_context_data.as_ref())?;
    let parameters = input.auth_parameters.unwrap_or_default();
    begin(&cx, &pool_client, Side::User, &input.auth_flow, &parameters)
        .await
        .map(Into::into)
}

pub(crate) async fn admin_initiate_auth(
    cx: Cx,
    input: AdminInitiateAuthRequest,
) -> Result<AdminInitiateAuthResponse> {
    let pool_client = PoolClient::of_pool(&cx.app, &input.user_pool_id, &input.client_id).await?;
    refuse_session(input.session.as_deref())?;
    let cx = backends::of_context_data(&cx, input.context_data.as_ref())?;
    let parameters = input.auth_parameters.unwrap_or_default();
    begin(
        &cx,
        &pool_client,
        Side::Operator,
        &input.auth_flow,
        &parameters,
    )
    .await
    .map(Into::into)
}

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

/// A sign-in goes on from a sign-up with USER_AUTH only, and ConfirmSignUp gives no session to go
/// on with.
fn refuse_session(session: Option<&str>) -> Result<()> {
    session.map_or(Ok(()), |_| {
        Err(Error::parameter_not_built(
            "Session (sign-in straight from sign-up with USER_AUTH)",
        ))
    })
}

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
                    Reply::Challenge { name, session, parameters } => Self {
                        challenge_name: Some(name),
                        session: Some(session),
                        challenge_parameters: Some(parameters),
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

async fn begin(
    cx: &Cx,
    pool_client: &PoolClient,
    side: Side,
    flow: &AuthFlowType,
    parameters: &Parameters,
) -> Result<Reply> {
    match flow {
        AuthFlowType::UserSrpAuth => {
            allowed(pool_client, AuthFlow::AllowUserSrpAuth)
                .ok_or_else(Error::auth_flow_not_enabled)?;
            let username = named(pool_client, parameters)?;
            let public = ClientPublic::parse(required(parameters, "SRP_A")?).map_err(|error| {
                Error::invalid_parameter("SRP_A is not a valid public value.").with_source(error)
            })?;
            let opening = Opening::Srp(Box::new(public));
            let reply = driver::begin(cx, pool_client, username, opening).await;
            counted(cx, SignInFlow::Srp, reply)
        }
        AuthFlowType::UserPasswordAuth => {
            allowed(pool_client, AuthFlow::AllowUserPasswordAuth)
                .ok_or_else(Error::user_password_auth_not_enabled)?;
            with_password(cx, pool_client, parameters, SignInFlow::Password).await
        }
        AuthFlowType::AdminUserPasswordAuth | AuthFlowType::AdminNoSrpAuth
            if side == Side::Operator =>
        {
            allowed(pool_client, AuthFlow::AllowAdminUserPasswordAuth)
                .ok_or_else(Error::auth_flow_not_enabled)?;
            with_password(cx, pool_client, parameters, SignInFlow::AdminPassword).await
        }
        AuthFlowType::RefreshTokenAuth | AuthFlowType::RefreshToken => {
            with_refresh_token(cx, pool_client, parameters).await
        }
        AuthFlowType::CustomAuth | AuthFlowType::UserAuth => {
            Err(Error::parameter_not_built(format!("the flow {flow}")))
        }
        AuthFlowType::AdminUserPasswordAuth
        | AuthFlowType::AdminNoSrpAuth
        | AuthFlowType::Unknown(_) => Err(Error::auth_method_not_supported()),
    }
}

/// A refresh by REFRESH_TOKEN_AUTH.
async fn with_refresh_token(
    cx: &Cx,
    pool_client: &PoolClient,
    parameters: &Parameters,
) -> Result<Reply> {
    // With rotation each refresh has to give a new refresh token, which this flow does not.
    let rotates = pool_client.entry.client.settings.rotation.is_some();
    allowed(pool_client, AuthFlow::AllowRefreshTokenAuth)
        .filter(|()| !rotates)
        .ok_or_else(Error::auth_flow_not_enabled)?;
    let hash = parameters.get("SECRET_HASH").map(String::as_str);
    // Libraries take the name from a token, from the challenge, or from what the user typed
    // at sign-up.
    let check = |Presented { user, .. }: &Presented| {
        let as_told = NormalName::new(&pool_client.pool, &user.username);
        let names = [user.sub.as_str(), &user.username, as_told.as_str()];
        secret_hash::check_any(&pool_client.entry, hash, &names)
    };
    let tokens = refresh(
        cx,
        pool_client,
        required(parameters, "REFRESH_TOKEN")?,
        check,
    )
    .await;
    // These operations have no RefreshTokenReuseException of their own.
    let spent = |error: Error| {
        if error.code == ErrorCode::RefreshTokenReuse {
            Error::refresh_token_revoked()
        } else {
            error
        }
    };
    let reply = tokens.map(Reply::Tokens).map_err(spent);
    counted(cx, SignInFlow::Refresh, reply)
}

/// Counts how a sign-in ended, for operators.
fn counted(cx: &Cx, flow: SignInFlow, reply: Result<Reply>) -> Result<Reply> {
    let is_challenge = |reply: &Reply| matches!(reply, Reply::Challenge { .. });
    cx.app.counts.sign_in(flow, &reply, is_challenge);
    reply
}

fn allowed(pool_client: &PoolClient, flow: AuthFlow) -> Option<()> {
    pool_client.entry.client.allows(flow).then_some(())
}

async fn with_password(
    cx: &Cx,
    pool_client: &PoolClient,
    parameters: &Parameters,
    flow: SignInFlow,
) -> Result<Reply> {
    let username = named(pool_client, parameters)?;
    let password = SecretString::from(required(parameters, "PASSWORD")?);
    check_password_length(&password)?;
    let reply = driver::begin(cx, pool_client, username, Opening::Password(password)).await;
    counted(cx, flow, reply)
}

/// The longest password that is hashed at all.
fn check_password_length(password: &SecretString) -> Result<()> {
    if password.expose().len() > 4 * 256 {
        Err(Error::incorrect_username_or_password())
    } else {
        Ok(())
    }
}

/// The user name of a request, whose secret hash is right.
fn named<'a>(pool_client: &PoolClient, parameters: &'a Parameters) -> Result<&'a str> {
    let username = required(parameters, "USERNAME")?;
    secret_hash::check(
        &pool_client.entry,
        parameters.get("SECRET_HASH").map(String::as_str),
        username,
    )?;
    Ok(username)
}

fn required<'a>(parameters: &'a Parameters, name: &'static str) -> Result<&'a str> {
    let value = parameters
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty());
    value.ok_or_else(|| Error::missing_required_parameter(name))
}

async fn respond(
    cx: &Cx,
    pool_client: &PoolClient,
    challenge: &ChallengeNameType,
    session: Option<&str>,
    responses: &Parameters,
) -> Result<Reply> {
    let response = match challenge {
        ChallengeNameType::PasswordVerifier => Response::PasswordClaim {
            secret_block: required(responses, "PASSWORD_CLAIM_SECRET_BLOCK")?.to_owned(),
            timestamp: required(responses, "TIMESTAMP")?.to_owned(),
            signature: required(responses, "PASSWORD_CLAIM_SIGNATURE")?.to_owned(),
        },
        ChallengeNameType::NewPasswordRequired => {
            let password = SecretString::from(required(responses, "NEW_PASSWORD")?);
            if password.expose().len() > 4 * 256 {
                return Err(Error::invalid_parameter("The new password is too long."));
            }
            Response::NewPassword {
                password,
                attributes: new_attributes(pool_client, responses)?,
            }
        }
        other => return Err(Error::parameter_not_built(format!("the challenge {other}"))),
    };
    let username = named(pool_client, responses)?;
    let flow = match response {
        Response::PasswordClaim { .. } => SignInFlow::Srp,
        Response::NewPassword { .. } => SignInFlow::NewPassword,
    };
    let reply = driver::answer(cx, pool_client, username, session, response).await;
    counted(cx, flow, reply)
}

/// `userAttributes.email` and the like.
fn new_attributes(pool_client: &PoolClient, responses: &Parameters) -> Result<Attributes> {
    let pairs = responses.iter().filter_map(|(name, value)| {
        Some((name.strip_prefix("userAttributes.")?, Some(value.as_str())))
    });
    attributes::collect(&pool_client.pool, pairs)
}
