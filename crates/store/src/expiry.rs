//! Rows whose time is over are deleted a few at a time, along an index, so that nobody waits long
//! for the writer. Nothing depends on it: what has run out is refused by whoever reads it.

use cognate_model::Timestamp;
use cognate_model::session::ACCESS_OUTLIVES_REFRESH;

use crate::{Error, Tx};

const DELETIONS: [&str; 5] = [
    "DELETE FROM challenges WHERE id IN
         (SELECT id FROM challenges WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
    "DELETE FROM codes WHERE (pool, sub, purpose) IN
         (SELECT pool, sub, purpose FROM codes WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
    "DELETE FROM ways_back WHERE id IN
         (SELECT id FROM ways_back WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
    "DELETE FROM attempts WHERE (pool, subject, kind) IN
         (SELECT pool, subject, kind FROM attempts WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
    "DELETE FROM signing_keys WHERE (pool, kid) IN
         (SELECT pool, kid FROM signing_keys WHERE retires_at <= $1 ORDER BY retires_at LIMIT $2)",
];

/// `expires_at` of a session is its refresh token's; its access tokens may be good for longer.
const SESSIONS: &str = "DELETE FROM sessions WHERE (pool, id) IN
         (SELECT pool, id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

/// Deletes challenges, codes, ways back, counters, sessions and signing keys that ran out by `now`,
/// at most `limit` of each, and tells how many. A full `limit` means that there may be more.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, Error> {
    let mut deleted = 0;
    for sql in DELETIONS {
        deleted += tx.execute(sql, &[now.0.into(), limit.into()]).await?;
    }
    let params = [now.minus(ACCESS_OUTLIVES_REFRESH).0.into(), limit.into()];
    Ok(deleted + tx.execute(SESSIONS, &params).await?)
}
