//! Token sessions. A row stands as long as its tokens are worth something: ending a session deletes
//! it. Whether its time is over the caller tells from `expires_at`.

use cognate_model::{
    DeviceKey, SessionId, Sub, Timestamp, TokenSession, User, UserPoolId,
    session::{ACCESS_OUTLIVES_REFRESH, Seen},
};

use crate::{
    Error, Row, Tx, document,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Table, Writers},
};

/// The sessions of all users. `expires_at` is their refresh token's; their access tokens may be
/// good for longer.
pub(crate) const TABLE: Table = Table {
    name: "sessions",
    key: &["pool", "id"],
    rows: Rows::Many,
    owners: &[
        Owner::Pool {
            pool: "pool",
            goes: Goes::Afterwards,
        },
        Owner::User {
            pool: "pool",
            user: "sub",
            goes: Goes::AtOnce,
        },
        Owner::Client {
            pool: "pool",
            client: "client",
            goes: Goes::Afterwards,
        },
    ],
    expiry: Expiry::At {
        column: "expires_at",
        index: "sessions_expiry",
        grace: ACCESS_OUTLIVES_REFRESH,
    },
    backup: Backup::Whole,
    export: Export::LeftOut("who is signed in stays so where they signed in"),
    writers: Writers::AnyNode,
    history: History::NotRecorded("a session that was ended must not come back"),
};

/// Stores a new session. `refresh_hash` is the hash of its refresh token.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(
    tx: &mut Tx,
    session: &TokenSession,
    refresh_hash: &[u8; 32],
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO sessions(pool, id, sub, client, doc, refresh_hash, generation, created_at, expires_at, last_used_at, device_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            session.pool.as_str().into(),
            session.id.as_str().into(),
            session.sub.as_str().into(),
            session.client.as_str().into(),
            (&document::write(session)?).into(),
            refresh_hash.into(),
            session.generation.into(),
            session.auth_time.0.into(),
            session.expires_at.0.into(),
            last_used_at(session).into(),
            session.device_key.as_ref().map(DeviceKey::as_str).into(),
        ],
    )
    .await
    .map(drop)
}

/// The column of what was noted of the last use, which is in the document too.
fn last_used_at(session: &TokenSession) -> Option<i64> {
    session.seen.as_ref().map(|seen| seen.at.0)
}

/// A session by its id.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find(
    tx: &mut Tx,
    pool: &UserPoolId,
    id: &SessionId,
) -> Result<Option<TokenSession>, Error> {
    let sql = "SELECT doc FROM sessions WHERE pool = $1 AND id = $2";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), id.as_str().into()])
        .await?;
    row.map(|row| document::read(row.text(0)?)).transpose()
}

/// A session and its user, in one statement: every operation of a signed-in user begins with this.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find_with_user(
    tx: &mut Tx,
    pool: &UserPoolId,
    id: &SessionId,
) -> Result<Option<(TokenSession, User)>, Error> {
    let sql = "SELECT sessions.doc, users.doc FROM sessions
               JOIN users ON users.pool = sessions.pool AND users.sub = sessions.sub
               WHERE sessions.pool = $1 AND sessions.id = $2";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), id.as_str().into()])
        .await?;
    row.map(|row| Ok((document::read(row.text(0)?)?, document::read(row.text(1)?)?)))
        .transpose()
}

/// A session and the hash of its newest refresh token.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find_with_hash(
    tx: &mut Tx,
    pool: &UserPoolId,
    id: &SessionId,
) -> Result<Option<(TokenSession, Vec<u8>)>, Error> {
    let sql = "SELECT doc, refresh_hash FROM sessions WHERE pool = $1 AND id = $2";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), id.as_str().into()])
        .await?;
    row.map(|row| Ok((document::read(row.text(0)?)?, row.bytes(1)?.to_vec())))
        .transpose()
}

/// A session, the hash of its newest refresh token, its user, and whether its device stands (was
/// confirmed, and not forgotten), in one statement: every refresh begins with this.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find_for_refresh(
    tx: &mut Tx,
    pool: &UserPoolId,
    id: &SessionId,
) -> Result<Option<(TokenSession, Vec<u8>, User, bool)>, Error> {
    let sql =
        "SELECT sessions.doc, sessions.refresh_hash, users.doc, devices.device_key FROM sessions
               JOIN users ON users.pool = sessions.pool AND users.sub = sessions.sub
               LEFT JOIN devices ON devices.pool = sessions.pool AND devices.sub = sessions.sub
                   AND devices.device_key = sessions.device_key
               WHERE sessions.pool = $1 AND sessions.id = $2";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), id.as_str().into()])
        .await?;
    row.map(|row| {
        Ok((
            document::read(row.text(0)?)?,
            row.bytes(1)?.to_vec(),
            document::read(row.text(2)?)?,
            row.opt_text(3)?.is_some(),
        ))
    })
    .transpose()
}

/// Stores a session whose refresh token was replaced. False when its generation is no longer the
/// expected one, or it is gone: another request was first.
///
/// # Errors
/// [`Error`] of the database.
pub async fn rotate(
    tx: &mut Tx,
    session: &TokenSession,
    refresh_hash: &[u8; 32],
    expected_generation: i64,
) -> Result<bool, Error> {
    let sql = "SELECT doc FROM sessions WHERE pool = $1 AND id = $2 AND generation = $3";
    let params = [
        session.pool.as_str().into(),
        session.id.as_str().into(),
        expected_generation.into(),
    ];
    let Some(stored) = tx.query_optional(sql, &params).await? else {
        return Ok(false);
    };
    // Only what a rotation changes: what another request has written since the caller read the rest
    // stays.
    let mut rotated: TokenSession = document::read(stored.text(0)?)?;
    rotated.generation = session.generation;
    rotated.rotated_at = session.rotated_at;
    rotated.spent.clone_from(&session.spent);
    rotated.expires_at = session.expires_at;
    rotated.seen.clone_from(&session.seen);
    let changed = tx
        .execute(
            "UPDATE sessions SET doc = $4, refresh_hash = $5, generation = $6, expires_at = $7, last_used_at = $8
             WHERE pool = $1 AND id = $2 AND generation = $3",
            &[
                session.pool.as_str().into(),
                session.id.as_str().into(),
                expected_generation.into(),
                (&document::rewrite(stored.text(0)?, &rotated)?).into(),
                refresh_hash.into(),
                session.generation.into(),
                session.expires_at.0.into(),
                last_used_at(session).into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Notes the use of a session that goes on with the refresh token that it has; false when it has
/// ended.
///
/// # Errors
/// [`Error`] of the database.
pub async fn note_use(
    tx: &mut Tx,
    pool: &UserPoolId,
    id: &SessionId,
    seen: &Seen,
) -> Result<bool, Error> {
    let sql = "SELECT doc FROM sessions WHERE pool = $1 AND id = $2";
    let params = [pool.as_str().into(), id.as_str().into()];
    let Some(stored) = tx.query_optional(sql, &params).await? else {
        return Ok(false);
    };
    // Of all that the document says only this is changed: what another request has written since
    // the caller read it stays.
    let mut session: TokenSession = document::read(stored.text(0)?)?;
    session.seen = Some(seen.clone());
    let changed = tx
        .execute(
            "UPDATE sessions SET doc = $3, last_used_at = $4 WHERE pool = $1 AND id = $2",
            &[
                pool.as_str().into(),
                id.as_str().into(),
                (&document::rewrite(stored.text(0)?, &session)?).into(),
                seen.at.0.into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// A page of a user's sessions whose refresh token has not run out, the newest first, beginning
/// after one.
///
/// # Errors
/// [`Error`] of the database.
pub async fn page_of_user(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    now: Timestamp,
    after: Option<(Timestamp, &SessionId)>,
    limit: i64,
) -> Result<Vec<TokenSession>, Error> {
    let (created_at, id) = after.map_or((i64::MAX, ""), |(at, id)| (at.0, id.as_str()));
    let sql = "SELECT doc FROM sessions
               WHERE pool = $1 AND sub = $2 AND expires_at > $3 AND (created_at, id) < ($4, $5)
               ORDER BY created_at DESC, id DESC LIMIT $6";
    let params = [
        pool.as_str().into(),
        sub.as_str().into(),
        now.0.into(),
        created_at.into(),
        id.into(),
        limit.into(),
    ];
    let rows = tx.query(sql, &params).await?;
    let read = |row: &Row| document::read(row.text(0)?);
    rows.iter().map(read).collect()
}

/// The ids of all sessions of a user.
///
/// # Errors
/// [`Error`] of the database.
pub async fn ids_of_user(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
) -> Result<Vec<SessionId>, Error> {
    let sql = "SELECT id FROM sessions WHERE pool = $1 AND sub = $2";
    let params = [pool.as_str().into(), sub.as_str().into()];
    let rows = tx.query(sql, &params).await?;
    let read = |row: &Row| {
        SessionId::parse(row.text(0)?).map_err(|error| Error::Unreadable(error.to_string()))
    };
    rows.iter().map(read).collect()
}

/// Ends those of a user's sessions that were not used for longest, until `stay` are left whose
/// refresh token has not run out; tells how many it ended.
///
/// # Errors
/// [`Error`] of the database.
pub async fn end_least_recently_used(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    now: Timestamp,
    stay: u32,
) -> Result<u64, Error> {
    tx.execute(
        "DELETE FROM sessions WHERE pool = $1 AND sub = $2 AND expires_at > $3 AND id NOT IN (
             SELECT kept.id FROM sessions AS kept
             WHERE kept.pool = $1 AND kept.sub = $2 AND kept.expires_at > $3
             ORDER BY COALESCE(kept.last_used_at, kept.created_at) DESC, kept.id LIMIT $4)",
        &[
            pool.as_str().into(),
            sub.as_str().into(),
            now.0.into(),
            i64::from(stay).into(),
        ],
    )
    .await
}

/// Whether a session began on a device, and the device was not forgotten since.
///
/// # Errors
/// [`Error`] of the database.
pub async fn is_on_device(
    tx: &mut Tx,
    pool: &UserPoolId,
    id: &SessionId,
    device: &DeviceKey,
) -> Result<bool, Error> {
    let sql = "SELECT id FROM sessions WHERE pool = $1 AND id = $2 AND device_key = $3";
    let params = [
        pool.as_str().into(),
        id.as_str().into(),
        device.as_str().into(),
    ];
    Ok(tx.query_optional(sql, &params).await?.is_some())
}

/// Takes a device that is forgotten from the sessions that began on it. Their documents name it
/// still.
///
/// # Errors
/// [`Error`] of the database.
pub(crate) async fn leave_device(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    device: &DeviceKey,
) -> Result<(), Error> {
    let sql =
        "UPDATE sessions SET device_key = NULL WHERE pool = $1 AND sub = $2 AND device_key = $3";
    let params = [
        pool.as_str().into(),
        sub.as_str().into(),
        device.as_str().into(),
    ];
    tx.execute(sql, &params).await.map(drop)
}

/// Ends a session; false when there is none.
///
/// # Errors
/// [`Error`] of the database.
pub async fn end(tx: &mut Tx, pool: &UserPoolId, id: &SessionId) -> Result<bool, Error> {
    let sql = "DELETE FROM sessions WHERE pool = $1 AND id = $2";
    Ok(tx
        .execute(sql, &[pool.as_str().into(), id.as_str().into()])
        .await?
        == 1)
}

/// Ends all sessions of a user, and tells how many there were.
///
/// # Errors
/// [`Error`] of the database.
pub async fn end_all_of_user(tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<u64, Error> {
    let sql = "DELETE FROM sessions WHERE pool = $1 AND sub = $2";
    tx.execute(sql, &[pool.as_str().into(), sub.as_str().into()])
        .await
}

/// Ends all sessions of a user but one, and tells how many there were.
///
/// # Errors
/// [`Error`] of the database.
pub async fn end_others_of_user(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    stays: &SessionId,
) -> Result<u64, Error> {
    let sql = "DELETE FROM sessions WHERE pool = $1 AND sub = $2 AND id <> $3";
    let params = [
        pool.as_str().into(),
        sub.as_str().into(),
        stays.as_str().into(),
    ];
    tx.execute(sql, &params).await
}
