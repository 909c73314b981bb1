//! InitiateAuth and AdminInitiateAuth: a sign-in begins. All flows lead to the one machine
//! ([`driver`]) or, for a session that goes on, to a refresh.

use cognate_api::idp::{
    AdminInitiateAuthRequest, AdminInitiateAuthResponse, AuthFlowType, InitiateAuthRequest,
    InitiateAuthResponse,
};
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp::ClientPublic;
use cognate_model::NormalName;
use cognate_model::app_client::AuthFlow;
use cognate_model::sign_in::Flow;

use super::driver;
use super::reply::{counted, named};
use super::wire::{Parameters, Reply, required};
use crate::app_clients::secret_hash;
use crate::counts::SignInFlow;
use crate::limits::backends;
use crate::tokens::refresh::refresh;
use crate::tokens::refresh_token::Presented;
use crate::users::accounts::PoolClient;
use crate::{Cx, Error, ErrorCode, Result};

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

/// A sign-in goes on from a sign-up with USER_AUTH only, and ConfirmSignUp gives no session to go
/// on with.
fn refuse_session(session: Option<&str>) -> Result<()> {
    session.map_or(Ok(()), |_| {
        Err(Error::parameter_not_built(
            "Session (sign-in straight from sign-up with USER_AUTH)",
        ))
    })
}

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
            let flow = Flow::Srp(Box::new(public));
            let reply = driver::begin(cx, pool_client, username, flow).await;
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
    let reply = driver::begin(cx, pool_client, username, Flow::Password(password)).await;
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
