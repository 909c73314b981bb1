//! The sessions of a user, listed and revoked, by the user or an operator: ListUserSessions,
//! AdminListUserSessions, RevokeUserSession, AdminRevokeUserSession (docs/protocol.md §6.20).
//!
//! Every session here is a token session that no SSO session stands behind, since there is no
//! hosted login yet: none has an OriginSessionId, and RevokeAssociatedSessions LINKED revokes what
//! NONE does.

use cognate_api::Timestamp as WireTime;
use cognate_api::idp::{
    AdminListUserSessionsRequest, AdminListUserSessionsResponse, AdminRevokeUserSessionRequest,
    AdminRevokeUserSessionResponse, ListUserSessionsRequest, ListUserSessionsResponse,
    RevokeUserSessionRequest, RevokeUserSessionResponse, SessionDescriptionType,
    SessionLocationType, SessionTypeType,
};
use cognate_model::{
    ListedSessionId, SessionId, Sub, Timestamp, TokenSession, UserPool, user_agent,
};
use cognate_store::{Tx, sessions};

use super::access_token::{self, SessionBasis};
use crate::outcome::write_again;
use crate::users::accounts::user_for_operator;
use crate::{Cx, Error, Result, page_token};

/// The largest page, which holds all sessions that a user can have while they are tracked.
const PAGE: u8 = 125;

pub(crate) async fn list_user_sessions(
    cx: Cx,
    input: ListUserSessionsRequest,
) -> Result<ListUserSessionsResponse> {
    let signed_in = access_token::check(&cx, &input.access_token).await?;
    let (pool, sub) = (&signed_in.pool_client.pool, &signed_in.user.sub);
    let page = Page::read(&cx, "ListUserSessions", pool, sub, input.next_token).await?;
    Ok(ListUserSessionsResponse {
        sessions: Some(page.described(Some(&signed_in.session.id))),
        next_token: page.next_token,
    })
}

pub(crate) async fn admin_list_user_sessions(
    cx: Cx,
    input: AdminListUserSessionsRequest,
) -> Result<AdminListUserSessionsResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let user = user_for_operator(&cx, &pool, &input.username).await?;
    let operation = "AdminListUserSessions";
    let page = Page::read(&cx, operation, &pool, &user.sub, input.next_token).await?;
    Ok(AdminListUserSessionsResponse {
        sessions: Some(page.described(None)),
        next_token: page.next_token,
    })
}

pub(crate) async fn revoke_user_session(
    cx: Cx,
    input: RevokeUserSessionRequest,
) -> Result<RevokeUserSessionResponse> {
    let signed_in = access_token::check(&cx, &input.access_token).await?;
    let pool = &signed_in.pool_client.pool;
    let session = named(&cx, pool, &signed_in.user.sub, &input.session_id).await?;
    if session == signed_in.session.id {
        return Err(Error::current_session_cannot_be_revoked());
    }
    end(&cx, pool, session, Some(signed_in.basis())).await?;
    Ok(RevokeUserSessionResponse {})
}

pub(crate) async fn admin_revoke_user_session(
    cx: Cx,
    input: AdminRevokeUserSessionRequest,
) -> Result<AdminRevokeUserSessionResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let user = user_for_operator(&cx, &pool, &input.username).await?;
    let session = named(&cx, &pool, &user.sub, &input.session_id).await?;
    end(&cx, &pool, session, None).await?;
    Ok(AdminRevokeUserSessionResponse {})
}

/// One page of a user's sessions.
struct Page {
    sessions: Vec<TokenSession>,
    next_token: Option<String>,
}

impl Page {
    async fn read(
        cx: &Cx,
        operation: &str,
        pool: &UserPool,
        sub: &Sub,
        next_token: Option<String>,
    ) -> Result<Self> {
        check_tracked(pool)?;
        let query = format!("{operation} {} {sub}", pool.id);
        let after: Option<(i64, SessionId)> = next_token
            .map(|token| page_token::open(&cx.app, &query, &token))
            .transpose()?;
        let after = after.as_ref().map(|(at, id)| (Timestamp(*at), id));
        let mut reader = cx.app.db.read().await?;
        let limit = i64::from(PAGE) + 1;
        let mut sessions =
            sessions::page_of_user(&mut reader, &pool.id, sub, cx.now, after, limit).await?;
        let key = |last: &TokenSession| (last.auth_time.0, last.id.clone());
        let next_token = page_token::cut(&cx.app, &query, &mut sessions, PAGE.into(), key)?;
        Ok(Self {
            sessions,
            next_token,
        })
    }

    /// The sessions as the wire shows them, of which one may be the caller's own.
    fn described(&self, own: Option<&SessionId>) -> Vec<SessionDescriptionType> {
        let described = |session| describe(session, own == Some(&session.id));
        self.sessions.iter().map(described).collect()
    }
}

fn describe(session: &TokenSession, is_current: bool) -> SessionDescriptionType {
    let seen = session.seen.as_ref();
    let device = seen.map_or(user_agent::UNKNOWN, |seen| &seen.device);
    SessionDescriptionType {
        session_id: Some(ListedSessionId::of(&session.pool, &session.id).to_string()),
        session_type: Some(SessionTypeType::Token),
        client_id: Some(session.client.to_string()),
        create_date: Some(WireTime(session.auth_time.0)),
        last_active_date: Some(WireTime(session.last_used().0)),
        device_type: Some(device.to_owned()),
        last_ip_address: seen.and_then(|seen| seen.address.clone()),
        // No address is looked up in a map.
        last_location: Some(SessionLocationType {
            city: None,
            country: Some(user_agent::UNKNOWN.to_owned()),
        }),
        origin_session_id: None,
        is_current_session: Some(is_current),
    }
}

/// The session of a user that is listed under an id: one of their own, or none.
///
/// # Errors
/// `ResourceNotFoundException`, also for the sessions of others.
async fn named(cx: &Cx, pool: &UserPool, sub: &Sub, listed: &str) -> Result<SessionId> {
    check_tracked(pool)?;
    let own = sessions::ids_of_user(&mut cx.app.db.read().await?, &pool.id, sub).await?;
    let is_named = |id: &SessionId| ListedSessionId::of(&pool.id, id).as_str() == listed;
    own.into_iter()
        .find(is_named)
        .ok_or_else(Error::session_does_not_exist)
}

fn check_tracked(pool: &UserPool) -> Result<()> {
    if pool.settings.sessions.enabled {
        Ok(())
    } else {
        Err(Error::session_tracking_is_disabled())
    }
}

/// Ends a session. `basis` is that of the user who does it; operators have none.
async fn end(
    cx: &Cx,
    pool: &UserPool,
    session: SessionId,
    basis: Option<SessionBasis>,
) -> Result<()> {
    let pool = pool.id.clone();
    let end = async move |tx: &mut Tx| -> Result<()> {
        SessionBasis::check_if_any(basis.as_ref(), tx).await?;
        sessions::end(tx, &pool, &session).await?;
        Ok(())
    };
    write_again(&cx.app.db, "revoke_user_session", end).await
}
