//! The index of searches beyond Cognito: for each term the places of the users who have it.
//!
//! A pool has it that is in `user_searches`. There who writes a user writes the terms, in the same
//! transaction; a user who has them has a place in `users.search_place`. When the search of a pool
//! is switched on, [`step`] goes through the users who are there; switched off, it takes all away.

use cognate_model::{
    User, UserPoolId,
    user_query::{self, Order, OrderBy, Place, Places, Term},
};

use crate::{
    Error, Param, Row, Tx, document,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Table, Writers},
};

/// The places of each term.
pub(crate) const TABLE: Table = Table {
    name: "user_terms",
    key: &["pool", "term", "place"],
    rows: Rows::Many,
    owners: &[Owner::Pool {
        pool: "pool",
        goes: Goes::Afterwards,
    }],
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// The pools that have the index, and how far it is made.
pub(crate) const SEARCHES: Table = Table {
    name: "user_searches",
    key: &["pool"],
    rows: Rows::FewOfEachPool,
    owners: &[Owner::Pool {
        pool: "pool",
        goes: Goes::AtOnce,
    }],
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// How many rows one statement writes.
const AT_ONCE: usize = 16;
/// How many users one statement reads.
const USERS_AT_ONCE: usize = 16;

/// How far the index of a pool is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The users who were there before it was switched on get their terms.
    Building,
    /// It is whole.
    Ready,
    /// It was switched off, and what it has is being deleted.
    Dropping,
}

impl Phase {
    fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "building" => Ok(Self::Building),
            "ready" => Ok(Self::Ready),
            "dropping" => Ok(Self::Dropping),
            _ => Err(Error::Unreadable("the phase of an index".to_owned())),
        }
    }
}

/// How far the index of a pool is made; None where it has none.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn phase(tx: &mut Tx, pool: &UserPoolId) -> Result<Option<Phase>, Error> {
    let sql = "SELECT phase FROM user_searches WHERE pool = $1";
    let row = tx.query_optional(sql, &[pool.as_str().into()]).await?;
    row.map(|row| Phase::parse(row.text(0)?)).transpose()
}

/// Switches the index of a pool on or off. An index that is on stays as it is, and that of a pool
/// without users is whole.
///
/// # Errors
/// [`Error`] of the database.
pub(crate) async fn switch(tx: &mut Tx, pool: &UserPoolId, on: bool) -> Result<(), Error> {
    let sql = if on {
        "INSERT INTO user_searches(pool, phase, reached)
         VALUES ($1, CASE WHEN EXISTS (SELECT sub FROM users WHERE pool = $1) THEN 'building' ELSE 'ready' END, '')
         ON CONFLICT (pool) DO UPDATE SET phase = 'building', reached = ''
         WHERE user_searches.phase = 'dropping'"
    } else {
        "UPDATE user_searches SET phase = 'dropping', reached = '' WHERE pool = $1"
    };
    tx.execute(sql, &[pool.as_str().into()]).await.map(drop)
}

/// Writes the terms of a user who has none yet.
pub(crate) async fn put(tx: &mut Tx, user: &User) -> Result<(), Error> {
    let terms: Vec<Term> = user_query::terms(user).into_iter().collect();
    add(tx, user, &terms).await
}

/// Writes what is different in the terms of a changed user.
pub(crate) async fn change(tx: &mut Tx, before: &User, after: &User) -> Result<(), Error> {
    let (lost, gained) = user_query::changed_terms(before, after);
    remove(tx, before, &lost).await?;
    add(tx, after, &gained).await
}

/// Deletes the terms of a user, if they have any.
pub(crate) async fn forget(tx: &mut Tx, pool: &UserPoolId, sub: &str) -> Result<(), Error> {
    let sql = "SELECT doc, search_place FROM users WHERE pool = $1 AND sub = $2";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), sub.into()])
        .await?;
    let Some(row) = row else { return Ok(()) };
    if row.opt_int(1)?.is_none() {
        return Ok(());
    }
    // Who cannot be read can be deleted all the same; what is left leads to nobody.
    let Ok(user) = read(&row) else { return Ok(()) };
    let terms: Vec<Term> = user_query::terms(&user).into_iter().collect();
    remove(tx, &user, &terms).await
}

async fn add(tx: &mut Tx, user: &User, terms: &[Term]) -> Result<(), Error> {
    let sql = "INSERT INTO user_terms(pool, place, term)
               VALUES ($1, $2, $3), ($1, $2, $4), ($1, $2, $5), ($1, $2, $6), ($1, $2, $7), ($1, $2, $8),
                      ($1, $2, $9), ($1, $2, $10), ($1, $2, $11), ($1, $2, $12), ($1, $2, $13), ($1, $2, $14),
                      ($1, $2, $15), ($1, $2, $16), ($1, $2, $17), ($1, $2, $18)
               ON CONFLICT (pool, term, place) DO NOTHING";
    in_batches(tx, sql, user, terms).await
}

async fn remove(tx: &mut Tx, user: &User, terms: &[Term]) -> Result<(), Error> {
    let sql = "DELETE FROM user_terms WHERE pool = $1 AND place = $2 AND term IN
                   ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    in_batches(tx, sql, user, terms).await
}

/// Says a statement for each sixteen terms; the last of them stands for those that are too few.
async fn in_batches(
    tx: &mut Tx,
    sql: &'static str,
    user: &User,
    terms: &[Term],
) -> Result<(), Error> {
    for batch in terms.chunks(AT_ONCE) {
        let mut params: Vec<Param<'_>> = vec![
            user.pool.as_str().into(),
            user_query::place(&user.sub).into(),
        ];
        params.extend(filled_up(batch, AT_ONCE));
        tx.execute(sql, &params).await?;
    }
    Ok(())
}

fn filled_up<'a>(batch: &[i64], to: usize) -> impl Iterator<Item = Param<'a>> {
    let last = batch.last().copied().unwrap_or_default();
    let rest = std::iter::repeat_n(last, to.saturating_sub(batch.len()));
    batch.iter().copied().chain(rest).map(Param::from)
}

/// The first places of a term behind one.
///
/// # Errors
/// [`Error`] of the database.
pub async fn list(
    tx: &mut Tx,
    pool: &UserPoolId,
    term: Term,
    after: Place,
    limit: usize,
) -> Result<Places, Error> {
    let sql = "SELECT place FROM user_terms WHERE pool = $1 AND term = $2 AND place > $3 ORDER BY place LIMIT $4";
    let params = [
        pool.as_str().into(),
        term.into(),
        after.into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    let rows = tx.query(sql, &params).await?;
    let places: Vec<Place> = rows
        .iter()
        .map(|row| row.int(0))
        .collect::<Result<_, _>>()?;
    let until = places.last().copied().filter(|_| places.len() >= limit);
    Ok(Places { places, until })
}

/// The users at some places, in their order. There may be none at a place, whose user is gone.
///
/// # Errors
/// [`Error`] of the database.
pub async fn users_at(
    tx: &mut Tx,
    pool: &UserPoolId,
    places: &[Place],
) -> Result<Vec<User>, Error> {
    let sql = "SELECT doc FROM users WHERE pool = $1 AND search_place IN
                   ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
               ORDER BY search_place";
    let mut users = Vec::new();
    for batch in places.chunks(USERS_AT_ONCE) {
        let mut params: Vec<Param<'_>> = vec![pool.as_str().into()];
        params.extend(filled_up(batch, USERS_AT_ONCE));
        for row in tx.query(sql, &params).await? {
            users.push(read(&row)?);
        }
    }
    Ok(users)
}

/// The users of a pool in an order, beginning after one with this time and place.
///
/// # Errors
/// [`Error`] of the database.
pub async fn ordered(
    tx: &mut Tx,
    pool: &UserPoolId,
    order: Order,
    after: Option<(i64, Place)>,
    limit: i64,
) -> Result<Vec<User>, Error> {
    let sql = match (order.by, order.descending) {
        (OrderBy::Created, false) => {
            "SELECT doc FROM users
             WHERE pool = $1 AND search_place IS NOT NULL AND (created_at, search_place) > ($2, $3)
             ORDER BY created_at, search_place LIMIT $4"
        }
        (OrderBy::Created, true) => {
            "SELECT doc FROM users
             WHERE pool = $1 AND search_place IS NOT NULL AND (created_at, search_place) < ($2, $3)
             ORDER BY created_at DESC, search_place DESC LIMIT $4"
        }
        (OrderBy::Modified, false) => {
            "SELECT doc FROM users
             WHERE pool = $1 AND search_place IS NOT NULL AND (modified_at, search_place) > ($2, $3)
             ORDER BY modified_at, search_place LIMIT $4"
        }
        (OrderBy::Modified, true) => {
            "SELECT doc FROM users
             WHERE pool = $1 AND search_place IS NOT NULL AND (modified_at, search_place) < ($2, $3)
             ORDER BY modified_at DESC, search_place DESC LIMIT $4"
        }
    };
    let beginning = if order.descending { i64::MAX } else { i64::MIN };
    let (time, place) = after.unwrap_or((beginning, beginning));
    let params = [
        pool.as_str().into(),
        time.into(),
        place.into(),
        limit.into(),
    ];
    let rows = tx.query(sql, &params).await?;
    rows.iter().map(read).collect()
}

/// Whether [`step`] has something to do.
///
/// # Errors
/// [`Error`] of the database.
pub async fn is_anything_to_do(tx: &mut Tx) -> Result<bool, Error> {
    let sql =
        "SELECT pool FROM user_searches WHERE pool > $1 AND phase <> 'ready' ORDER BY pool LIMIT 1";
    Ok(tx.query_optional(sql, &["".into()]).await?.is_some())
}

/// Brings the index of one pool a few users or rows further, and gives whether there was something
/// to do.
///
/// # Errors
/// [`Error`] of the database.
pub async fn step(tx: &mut Tx, users: i64, rows: i64) -> Result<bool, Error> {
    let sql = "SELECT pool, phase, reached FROM user_searches WHERE pool > $1 AND phase <> 'ready' ORDER BY pool LIMIT 1";
    let Some(found) = tx.query_optional(sql, &["".into()]).await? else {
        return Ok(false);
    };
    let pool = found.text(0)?;
    match Phase::parse(found.text(1)?)? {
        Phase::Dropping => drop_some(tx, pool, rows).await?,
        Phase::Building | Phase::Ready => build_some(tx, pool, found.text(2)?, users).await?,
    }
    Ok(true)
}

async fn build_some(tx: &mut Tx, pool: &str, reached: &str, limit: i64) -> Result<(), Error> {
    let sql = "SELECT doc, sub FROM users WHERE pool = $1 AND sub > $2 ORDER BY sub LIMIT $3";
    let params = [pool.into(), reached.into(), limit.into()];
    let rows = tx.query(sql, &params).await?;
    for row in &rows {
        // Who cannot be read cannot be found.
        let Ok(user) = read(row) else { continue };
        put(tx, &user).await?;
        let sql = "UPDATE users SET search_place = $3 WHERE pool = $1 AND sub = $2";
        let place = user_query::place(&user.sub).into();
        tx.execute(sql, &[pool.into(), row.text(1)?.into(), place])
            .await?;
    }
    let is_last = i64::try_from(rows.len()).is_ok_and(|found| found < limit);
    let (phase, reached) = match rows.last() {
        Some(last) if !is_last => ("building", last.text(1)?),
        _ => ("ready", ""),
    };
    let sql = "UPDATE user_searches SET phase = $2, reached = $3 WHERE pool = $1";
    let params = [pool.into(), phase.into(), reached.into()];
    tx.execute(sql, &params).await.map(drop)
}

/// First the places, so that no change of a user adds terms any more.
async fn drop_some(tx: &mut Tx, pool: &str, limit: i64) -> Result<(), Error> {
    let sql = "UPDATE users SET search_place = NULL WHERE (pool, sub) IN
                   (SELECT pool, sub FROM users WHERE pool = $1 AND search_place > $2 ORDER BY search_place LIMIT $3)";
    let params = [pool.into(), i64::MIN.into(), limit.into()];
    if tx.execute(sql, &params).await? > 0 {
        return Ok(());
    }
    let sql = "DELETE FROM user_terms WHERE (pool, term, place) IN
                   (SELECT pool, term, place FROM user_terms WHERE pool = $1 ORDER BY term, place LIMIT $2)";
    if tx.execute(sql, &[pool.into(), limit.into()]).await? > 0 {
        return Ok(());
    }
    let sql = "DELETE FROM user_searches WHERE pool = $1";
    tx.execute(sql, &[pool.into()]).await.map(drop)
}

fn read(row: &Row) -> Result<User, Error> {
    document::read(row.text(0)?)
}
