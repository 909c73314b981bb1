//! Counters that hold guessing and flooding up: the lockout of a sign-in name, and how often
//! something was done in a window of time.
//!
//! `subject` is a user's sub, or a hash of a name that belongs to nobody, so that an unknown name
//! is held up as a known one is.

use std::time::Duration;

use cognate_model::{Timestamp, UserPoolId, lockout::Lockout};

use crate::{
    Error, Tx,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Table, Writers},
};

const SIGN_IN: &str = "sign_in";

/// The counters of subjects.
pub(crate) const TABLE: Table = Table {
    name: "attempts",
    key: &["pool", "subject", "kind"],
    rows: Rows::Many,
    owners: &[
        Owner::Pool {
            pool: "pool",
            goes: Goes::Afterwards,
        },
        Owner::User {
            pool: "pool",
            user: "subject",
            goes: Goes::AtOnce,
        },
    ],
    expiry: Expiry::At {
        column: "expires_at",
        index: "attempts_expiry",
        grace: Duration::ZERO,
    },
    backup: Backup::Whole,
    export: Export::LeftOut("failures and limits count where they happened"),
    writers: Writers::AnyNode,
    history: History::NotRecorded("counting goes on, whatever is brought back"),
};

/// The failed sign-ins of a subject; the default when there are none.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn find_lockout(tx: &mut Tx, pool: &UserPoolId, subject: &str) -> Result<Lockout, Error> {
    let sql = "SELECT count, since, locked_until FROM attempts WHERE pool = $1 AND subject = $2 AND kind = $3";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), subject.into(), SIGN_IN.into()])
        .await?;
    let Some(row) = row else {
        return Ok(Lockout::default());
    };
    Ok(Lockout {
        failures: u32::try_from(row.int(0)?)
            .map_err(|_| Error::Unreadable("a count of failures".to_owned()))?,
        last_failure: Timestamp(row.int(1)?),
        locked_until: Timestamp(row.int(2)?),
    })
}

/// Stores the failed sign-ins of a subject; `expires_at` is when they may be forgotten.
///
/// # Errors
/// [`Error`] of the database.
pub async fn put_lockout(
    tx: &mut Tx,
    pool: &UserPoolId,
    subject: &str,
    lockout: &Lockout,
    expires_at: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO attempts(pool, subject, kind, count, since, locked_until, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (pool, subject, kind) DO UPDATE SET count = excluded.count, since = excluded.since,
             locked_until = excluded.locked_until, expires_at = excluded.expires_at",
        &[
            pool.as_str().into(),
            subject.into(),
            SIGN_IN.into(),
            i64::from(lockout.failures).into(),
            lockout.last_failure.0.into(),
            lockout.locked_until.0.into(),
            expires_at.0.into(),
        ],
    )
    .await
    .map(drop)
}

/// Forgets the failed sign-ins of a subject.
///
/// # Errors
/// [`Error`] of the database.
pub async fn clear_lockout(tx: &mut Tx, pool: &UserPoolId, subject: &str) -> Result<(), Error> {
    let sql = "DELETE FROM attempts WHERE pool = $1 AND subject = $2 AND kind = $3";
    tx.execute(sql, &[pool.as_str().into(), subject.into(), SIGN_IN.into()])
        .await
        .map(drop)
}

/// Counts one more of a kind and gives the number in the window, this one included. A window begins
/// with the first count in it; the first count after its end begins another. A clock that is set
/// back ends no window.
///
/// # Errors
/// [`Error`] of the database.
pub async fn count(
    tx: &mut Tx,
    pool: &UserPoolId,
    subject: &str,
    kind: &str,
    now: Timestamp,
    window: Duration,
) -> Result<i64, Error> {
    let row = tx
        .query_one(
            "INSERT INTO attempts(pool, subject, kind, count, since, locked_until, expires_at)
             VALUES ($1, $2, $3, 1, $4, 0, $5)
             ON CONFLICT (pool, subject, kind) DO UPDATE SET
                 count = CASE WHEN attempts.since > $6 THEN attempts.count + 1 ELSE 1 END,
                 since = CASE WHEN attempts.since > $6 THEN attempts.since ELSE excluded.since END,
                 expires_at = CASE WHEN attempts.since > $6 THEN attempts.expires_at ELSE excluded.expires_at END
             RETURNING count",
            &[
                pool.as_str().into(),
                subject.into(),
                kind.into(),
                now.0.into(),
                now.plus(window).0.into(),
                now.minus(window).0.into(),
            ],
        )
        .await?;
    row.int(0)
}

/// Gives back what was taken of a pool's sum of a kind and not spent, unless its window, which ends
/// at `until`, is over.
///
/// # Errors
/// [`Error`] of the database.
pub async fn give_back(
    tx: &mut Tx,
    pool: &UserPoolId,
    kind: &str,
    until: Timestamp,
    unspent: u32,
) -> Result<(), Error> {
    let sql = "UPDATE attempts SET count = count - $1
               WHERE pool = $2 AND subject = 'pool' AND kind = $3 AND expires_at = $4 AND count >= $1";
    let params = [
        i64::from(unspent).into(),
        pool.as_str().into(),
        kind.into(),
        until.0.into(),
    ];
    tx.execute(sql, &params).await.map(drop)
}

/// Takes up to `wanted` of a pool's sum of a kind in a window of time, in which there are `limit`
/// in all; gives how many it got, and when the window is over. A window begins with the first that
/// is taken in it.
///
/// # Errors
/// [`Error`] of the database.
pub async fn reserve(
    tx: &mut Tx,
    pool: &UserPoolId,
    kind: &str,
    now: Timestamp,
    window: Duration,
    wanted: u32,
    limit: u32,
) -> Result<(u32, Timestamp), Error> {
    const OF_THE_POOL: &str = "pool";
    let key = [pool.as_str().into(), OF_THE_POOL.into(), kind.into()];
    let sql = "SELECT count, since FROM attempts WHERE pool = $1 AND subject = $2 AND kind = $3";
    let row = tx.query_optional(sql, &key).await?;
    let standing = row
        .map(|row| Ok::<_, Error>((row.int(0)?, Timestamp(row.int(1)?))))
        .transpose()?
        .filter(|(_, since)| now.since(*since) < window);
    let (count, since) = standing.unwrap_or((0, now));
    let left = u32::try_from(i64::from(limit).saturating_sub(count)).unwrap_or(0);
    let (taken, until) = (wanted.min(left), since.plus(window));
    tx.execute(
        "INSERT INTO attempts(pool, subject, kind, count, since, locked_until, expires_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6)
         ON CONFLICT (pool, subject, kind) DO UPDATE SET count = excluded.count, since = excluded.since,
             expires_at = excluded.expires_at",
        &[
            pool.as_str().into(),
            OF_THE_POOL.into(),
            kind.into(),
            count.saturating_add(i64::from(taken)).into(),
            since.0.into(),
            until.0.into(),
        ],
    )
    .await?;
    Ok((taken, until))
}
