//! InitiateAuth and AdminInitiateAuth: a sign-in begins. All flows lead to the one machine
//! ([`driver`]) or, for a session that goes on, to a refresh.

use cognate_api::idp::{
    AdminInitiateAuthRequest, AdminInitiateAuthResponse, AuthFlowType, InitiateAuthRequest,
    InitiateAuthResponse,
};
use cognate_model::app_client::AuthFlow;
use cognate_model::sign_in::Flow;
use cognate_model::user_pool::Tier;
use cognate_model::{DeviceKey, NormalName};

use super::driver;
use super::reply::{counted, named};
use super::step_up::StepUpAsked;
use super::wire::{self, Answer, Parameters, Reply, choice, password, required, srp_a};
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
    // Nothing is counted before the secret hash was found right.
    let cx = backends::of_client(&cx, &pool_client.entry, input.user_context_data.as_ref())?;
    let asked = Asked {
        side: Side::User,
        flow: &input.auth_flow,
        session: input.session.as_deref(),
        parameters: &input.auth_parameters.unwrap_or_default(),
    };
    begin(&cx, &pool_client, asked).await.map(Into::into)
}

pub(crate) async fn admin_initiate_auth(
    cx: Cx,
    input: AdminInitiateAuthRequest,
) -> Result<AdminInitiateAuthResponse> {
    let pool_client = PoolClient::of_pool(&cx.app, &input.user_pool_id, &input.client_id).await?;
    let cx = backends::of_context_data(&cx, input.context_data.as_ref())?;
    let asked = Asked {
        side: Side::Operator,
        flow: &input.auth_flow,
        session: input.session.as_deref(),
        parameters: &input.auth_parameters.unwrap_or_default(),
    };
    begin(&cx, &pool_client, asked).await.map(Into::into)
}

/// What a request asks for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    side: Side,
    flow: &'a AuthFlowType,
    session: Option<&'a str>,
    parameters: &'a Parameters,
}

async fn begin(cx: &Cx, pool_client: &PoolClient, asked: Asked<'_>) -> Result<Reply> {
    let Asked {
        side,
        flow,
        session,
        parameters,
    } = asked;
    // Only USER_AUTH goes on from a sign-up.
    if session.is_some() && !matches!(flow, AuthFlowType::UserAuth) {
        return Err(Error::session_without_user_auth());
    }
    // Whoever asks for a level must not be given less without a word.
    if parameters.contains_key("TARGET_ACR_VALUES") && !matches!(flow, AuthFlowType::UserAuth) {
        return Err(Error::target_acr_values_without_user_auth());
    }
    match flow {
        AuthFlowType::UserSrpAuth => {
            allowed(pool_client, AuthFlow::AllowUserSrpAuth)
                .ok_or_else(Error::auth_flow_not_enabled)?;
            let username = named(pool_client, parameters)?;
            let flow = Flow::Srp(srp_a(parameters)?);
            let device = device(pool_client, parameters);
            let reply = driver::begin(cx, pool_client, username, flow, device).await;
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
        AuthFlowType::UserAuth => {
            allowed(pool_client, AuthFlow::AllowUserAuth)
                .ok_or_else(Error::auth_flow_not_enabled)?;
            // The pool may have come to a lower tier since the client was given the flow.
            if pool_client.pool.settings.tier == Tier::Lite {
                return Err(Error::tier_lacks("USER_AUTH"));
            }
            by_choice(cx, pool_client, session, parameters).await
        }
        AuthFlowType::CustomAuth => {
            allowed(pool_client, AuthFlow::AllowCustomAuth)
                .ok_or_else(Error::auth_flow_not_enabled)?;
            by_own_code(cx, pool_client, parameters).await
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
        // A challenge tells the name in the form that it had when the password was set, maybe by
        // another case rule.
        let told = [true, false].map(|rule| NormalName::with_case_rule(&user.username, rule));
        let [exact, folded] = told.each_ref().map(NormalName::as_str);
        let names = [user.sub.as_str(), &user.username, exact, folded];
        secret_hash::check_any(&pool_client.entry, hash, &names)
    };
    let tokens = refresh(
        cx,
        pool_client,
        required(parameters, "REFRESH_TOKEN")?,
        parameters.get("DEVICE_KEY").map(String::as_str),
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
    let (password, device) = (password(parameters)?, device(pool_client, parameters));
    let reply = driver::begin(cx, pool_client, username, Flow::Password(password), device).await;
    counted(cx, flow, reply)
}

/// USER_AUTH: with what the client prefers, or straight from a confirmed sign-up.
async fn by_choice(
    cx: &Cx,
    pool_client: &PoolClient,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Reply> {
    let username = named(pool_client, parameters)?;
    let asked = StepUpAsked::read(pool_client, session, parameters)?;
    let reply = match session {
        Some(_) => {
            let answer = Answer::of_confirmed_sign_up(asked.levels);
            driver::answer(cx, pool_client, username, session, answer).await
        }
        None => {
            let preferred = parameters.get("PREFERRED_CHALLENGE");
            let preferred = preferred.filter(|name| !name.is_empty());
            let challenge = preferred.and_then(|name| choice::parse(name));
            let choice = choice::read(challenge, parameters)?;
            let flow = asked.flow(cx, choice).await?;
            let device = device(pool_client, parameters);
            driver::begin(cx, pool_client, username, flow, device).await
        }
    };
    counted(cx, SignInFlow::Choice, reply)
}

/// CUSTOM_AUTH: by the pool's own code, after SRP where the client begins with that.
async fn by_own_code(cx: &Cx, pool_client: &PoolClient, parameters: &Parameters) -> Result<Reply> {
    let username = named(pool_client, parameters)?;
    let begins_with_srp = parameters
        .get("CHALLENGE_NAME")
        .is_some_and(|name| name == "SRP_A");
    let client_public = begins_with_srp.then(|| srp_a(parameters)).transpose()?;
    let flow = Flow::Custom(client_public);
    let device = device(pool_client, parameters);
    let reply = driver::begin(cx, pool_client, username, flow, device).await;
    counted(cx, SignInFlow::Custom, reply)
}

/// The device that a sign-in begins on, as the client says. A client could not begin without it
/// when it is told that this is none, so it is passed over.
fn device(pool_client: &PoolClient, parameters: &Parameters) -> Option<DeviceKey> {
    wire::device(pool_client, parameters).ok().flatten()
}
