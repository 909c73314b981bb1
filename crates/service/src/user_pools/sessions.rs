//! Session tracking of a pool: GetUserPoolSessionConfiguration and SetUserPoolSessionConfiguration
//! (docs/protocol.md §6.21).

use cognate_api::idp::{
    GetUserPoolSessionConfigurationRequest, GetUserPoolSessionConfigurationResponse,
    SetUserPoolSessionConfigurationRequest, SetUserPoolSessionConfigurationResponse,
    UserPoolTokenSessionConfigType, UserSessionTrackingType,
};
use cognate_model::UserPool;
use cognate_model::user_pool::{SessionTracking, Tier};

use super::stored::{change, existing, parse_id};
use crate::{Cx, Error, Result};

pub(crate) async fn get_user_pool_session_configuration(
    cx: Cx,
    input: GetUserPoolSessionConfigurationRequest,
) -> Result<GetUserPoolSessionConfigurationResponse> {
    let id = parse_id(&input.user_pool_id)?;
    let pool = existing(&mut cx.app.db.read().await?, &id).await?;
    let (tracking, token_session) = describe(&pool.settings.sessions);
    Ok(GetUserPoolSessionConfigurationResponse {
        user_pool_id: Some(input.user_pool_id),
        user_session_tracking: Some(tracking),
        token_session: Some(token_session),
    })
}

/// Switches session tracking on or off. Sessions that stand already are listed once it is on; a
/// lower number of sessions ends none before its user's next sign-in.
pub(crate) async fn set_user_pool_session_configuration(
    cx: Cx,
    input: SetUserPoolSessionConfigurationRequest,
) -> Result<SetUserPoolSessionConfigurationResponse> {
    let id = parse_id(&input.user_pool_id)?;
    let sessions = SessionTracking {
        enabled: input.user_session_tracking == UserSessionTrackingType::Enabled,
        max_per_user: input.token_session.max_per_user.unsigned_abs(),
    };
    let (tracking, token_session) = describe(&sessions);
    let set = move |pool: &mut UserPool| {
        if pool.settings.tier == Tier::Lite {
            return Err(Error::tier_lacks("UserSessionTracking"));
        }
        pool.settings.sessions = sessions.clone();
        Ok(())
    };
    if change(&cx, "set_user_pool_session_configuration", &id, set).await? {
        Ok(SetUserPoolSessionConfigurationResponse {
            user_pool_id: Some(input.user_pool_id),
            user_session_tracking: Some(tracking),
            token_session: Some(token_session),
        })
    } else {
        Err(Error::changed_by_another_request("user pool"))
    }
}

fn describe(
    sessions: &SessionTracking,
) -> (UserSessionTrackingType, UserPoolTokenSessionConfigType) {
    let tracking = if sessions.enabled {
        UserSessionTrackingType::Enabled
    } else {
        UserSessionTrackingType::Disabled
    };
    // 1 to 100, by the model.
    let max_per_user = i32::try_from(sessions.max_per_user).unwrap_or(i32::MAX);
    (tracking, UserPoolTokenSessionConfigType { max_per_user })
}
