//! The last use of a session, as a list of sessions shows it: noted in pools that track sessions,
//! and nowhere else.
//!
//! It is written with what is written anyway, a new session or a rotated refresh token. A refresh
//! without rotation writes nothing else, so it notes itself at most once a minute, unless it comes
//! from another place than the one before ([`TokenSession::notes`]).

use cognate_model::session::Seen;
use cognate_model::{TokenSession, UserPool, user_agent};
use cognate_store::{Tx, sessions};

use crate::outcome::write_again;
use crate::{Cx, Result};

/// What this request is noted as; None in a pool that does not track sessions.
pub(super) fn seen(cx: &Cx, pool: &UserPool) -> Option<Seen> {
    if !pool.settings.sessions.enabled {
        return None;
    }
    let device = cx.user_agent.as_deref().map(user_agent::describe);
    Some(Seen {
        at: cx.now,
        address: cx.user_address(),
        device: device.unwrap_or_else(|| user_agent::UNKNOWN.to_owned()),
    })
}

/// Notes a refresh that writes nothing else.
///
/// # Errors
/// Only what the database gives.
pub(super) async fn note(cx: &Cx, pool: &UserPool, session: &TokenSession) -> Result<()> {
    let Some(seen) = seen(cx, pool).filter(|seen| session.notes(seen)) else {
        return Ok(());
    };
    let (pool, id) = (session.pool.clone(), session.id.clone());
    let note = async move |tx: &mut Tx| -> Result<()> {
        // One that has ended meanwhile is not revived; the tokens that follow are worth nothing.
        sessions::note_use(tx, &pool, &id, &seen).await?;
        Ok(())
    };
    write_again(&cx.app.db, "note_use_of_session", note).await
}
