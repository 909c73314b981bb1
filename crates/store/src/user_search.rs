//! The index that filters of ListUsers are answered from: columns of `users` with the keys of what
//! can be searched, each with an index that goes on with the sub.
//!
//! Who writes a user writes the keys, in the same statement, and notes in `searched_revision` the
//! revision that they are of. A node of an earlier version does not: its users differ in the two
//! revisions and stand in an index of their own, `users_unsearched`, until [`catch_up`] has written
//! their keys.

use std::sync::LazyLock;

use cognate_model::{
    Sub, User, UserPoolId,
    user_filter::{self, KeyedAttribute, Lookup, Span},
    user_query,
};

use crate::{Error, Param, Row, Tx, document, statements::interned, user_terms, users};

/// Where a page begins: after a user with this key. For lookups that are in the order of the subs
/// alone, the key counts for nothing.
#[derive(Debug, Clone, Copy)]
pub struct After<'a> {
    /// The key that the lookup went by.
    pub key: &'a str,
    /// The sub.
    pub sub: &'a str,
}

/// How far a job has come that goes through the users of all pools whose keys are missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached {
    pool: String,
    sub: String,
}

/// What one step has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caught {
    /// Users whose keys are written now.
    pub users: usize,
    /// Users whose documents cannot be read.
    pub unreadable: usize,
    /// Where the next step goes on; None at the end.
    pub next: Option<Reached>,
}

/// The users that a lookup leads to, in the order of their keys and subs.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn page(
    tx: &mut Tx,
    pool: &UserPoolId,
    lookup: &Lookup,
    after: Option<After<'_>>,
    limit: i64,
) -> Result<Vec<User>, Error> {
    let sub = after.map_or("", |after| after.sub);
    let rows = match lookup {
        Lookup::Nobody => Vec::new(),
        Lookup::Everyone => {
            let sql = "SELECT doc FROM users WHERE pool = $1 AND sub > $2 ORDER BY sub LIMIT $3";
            tx.query(sql, &[pool.as_str().into(), sub.into(), limit.into()])
                .await?
        }
        Lookup::Enabled(enabled) => {
            let sql = "SELECT doc FROM users WHERE pool = $1 AND enabled = $2 AND sub > $3 ORDER BY sub LIMIT $4";
            let params = [
                pool.as_str().into(),
                (*enabled).into(),
                sub.into(),
                limit.into(),
            ];
            tx.query(sql, &params).await?
        }
        Lookup::Sub(span) => page_of_subs(tx, pool, span, sub, limit).await?,
        Lookup::Status(span) => page_of_keys(tx, pool, &BY_STATUS, span, after, limit).await?,
        Lookup::Key(attribute, span) => {
            let statements = by_key(*attribute);
            page_of_keys(tx, pool, statements, span, after, limit).await?
        }
    };
    rows.iter().map(read).collect()
}

async fn page_of_subs(
    tx: &mut Tx,
    pool: &UserPoolId,
    span: &Span,
    after: &str,
    limit: i64,
) -> Result<Vec<Row>, Error> {
    let (from, to) = match span {
        Span::FromTo(from, to) if Sub::parse(from).is_err() => (from, to),
        // All of a sub is the beginning of no other.
        Span::One(sub) | Span::FromTo(sub, _) => {
            let sql = "SELECT doc FROM users WHERE pool = $1 AND sub = $2";
            let found = tx
                .query_optional(sql, &[pool.as_str().into(), sub.into()])
                .await?;
            return Ok(found.filter(|_| after < sub.as_str()).into_iter().collect());
        }
    };
    let sql =
        "SELECT doc FROM users WHERE pool = $1 AND sub > $2 AND sub < $3 ORDER BY sub LIMIT $4";
    let after = after.max(from.as_str());
    let params = [pool.as_str().into(), after.into(), to.into(), limit.into()];
    tx.query(sql, &params).await
}

async fn page_of_keys(
    tx: &mut Tx,
    pool: &UserPoolId,
    statements: &Statements,
    span: &Span,
    after: Option<After<'_>>,
    limit: i64,
) -> Result<Vec<Row>, Error> {
    let pool = pool.as_str().into();
    let sub = after.map_or("", |after| after.sub);
    match span {
        Span::One(key) => {
            let params = [pool, key.into(), sub.into(), limit.into()];
            tx.query(statements.one, &params).await
        }
        Span::FromTo(from, to) => {
            let key = after.map_or(from.as_str(), |after| after.key);
            let params = [pool, key.into(), sub.into(), to.into(), limit.into()];
            tx.query(statements.from_to, &params).await
        }
    }
}

/// Whether there are users of a pool whose keys are missing or of an earlier revision.
///
/// # Errors
/// [`Error`] of the database.
pub async fn is_behind(tx: &mut Tx, pool: &UserPoolId) -> Result<bool, Error> {
    let sql = "SELECT sub FROM users WHERE pool = $1 AND sub > $2 AND searched_revision IS DISTINCT FROM revision
               ORDER BY sub LIMIT 1";
    let params = [pool.as_str().into(), "".into()];
    let found = tx.query_optional(sql, &params).await?;
    Ok(found.is_some())
}

/// Whether there are such users in any pool, behind a place.
///
/// # Errors
/// [`Error`] of the database.
pub async fn is_anybody_behind(tx: &mut Tx, from: &Reached) -> Result<bool, Error> {
    let sql = "SELECT sub FROM users
               WHERE (pool, sub) > ($1, $2) AND searched_revision IS DISTINCT FROM revision
               ORDER BY pool, sub LIMIT 1";
    let params = [(&from.pool).into(), (&from.sub).into()];
    Ok(tx.query_optional(sql, &params).await?.is_some())
}

/// Writes the keys of some users of a pool who lack them; whether there may be more.
///
/// # Errors
/// [`Error`] of the database; [`Error::Unreadable`] when a document cannot be read.
pub async fn catch_up_in(tx: &mut Tx, pool: &UserPoolId, limit: i64) -> Result<bool, Error> {
    let sql = "SELECT doc FROM users WHERE pool = $1 AND sub > $2 AND searched_revision IS DISTINCT FROM revision
               ORDER BY sub LIMIT $3";
    let params = [pool.as_str().into(), "".into(), limit.into()];
    let rows = tx.query(sql, &params).await?;
    for row in &rows {
        write_keys(tx, &read(row)?).await?;
    }
    Ok(i64::try_from(rows.len()).is_ok_and(|found| found >= limit))
}

/// Writes the keys of some users of all pools who lack them, beginning where an earlier step has
/// ended. A user whose document cannot be read is passed over.
///
/// # Errors
/// [`Error`] of the database.
pub async fn catch_up(tx: &mut Tx, from: &Reached, limit: i64) -> Result<Caught, Error> {
    let sql = "SELECT doc, pool, sub FROM users
               WHERE (pool, sub) > ($1, $2) AND searched_revision IS DISTINCT FROM revision
               ORDER BY pool, sub LIMIT $3";
    let params = [(&from.pool).into(), (&from.sub).into(), limit.into()];
    let rows = tx.query(sql, &params).await?;
    let mut caught = Caught::default();
    for row in &rows {
        match read(row) {
            Ok(user) => {
                write_keys(tx, &user).await?;
                caught.users += 1;
            }
            Err(_) => caught.unreadable += 1,
        }
    }
    if i64::try_from(rows.len()).is_ok_and(|found| found >= limit)
        && let Some(last) = rows.last()
    {
        caught.next = Some(Reached {
            pool: last.text(1)?.to_owned(),
            sub: last.text(2)?.to_owned(),
        });
    }
    Ok(caught)
}

async fn write_keys(tx: &mut Tx, user: &User) -> Result<(), Error> {
    let mut params = vec![
        user.pool.as_str().into(),
        user.sub.as_str().into(),
        user.revision.into(),
    ];
    let keys = user_filter::keys(user);
    params.extend(keys.iter().map(|key| Param::from(key.as_deref())));
    params.push(user_query::place(&user.sub).into());
    // The revision tells whether they are still the keys of what is stored.
    let row = tx
        .query_optional(
            "UPDATE users SET search_username = $4, search_email = $5, search_phone_number = $6, search_name = $7,
                 search_given_name = $8, search_family_name = $9, search_preferred_username = $10,
                 searched_revision = $3, search_place =
                     CASE WHEN EXISTS (SELECT pool FROM user_searches WHERE user_searches.pool = $1 AND phase <> 'dropping')
                          THEN CAST($11 AS BIGINT) END
             WHERE pool = $1 AND sub = $2 AND revision = $3 RETURNING search_place",
            &params,
        )
        .await?;
    match row {
        Some(row) if row.opt_int(0)?.is_some() => user_terms::put(tx, user).await,
        _ => Ok(()),
    }
}

/// The statements that read along one column, and the sub behind it.
struct Statements {
    /// `$1` is the pool, `$2` the key, `$3` the sub before the page, `$4` the limit.
    one: &'static str,
    /// `$1` is the pool, `$2` and `$3` are key and sub before the page, `$4` ends the span, `$5` is
    /// the limit.
    from_to: &'static str,
}

impl Statements {
    fn along(column: &str) -> Self {
        let table = users::TABLE.name;
        Self {
            one: interned(format!(
                "SELECT doc FROM {table} WHERE pool = $1 AND {column} = $2 AND sub > $3 ORDER BY sub LIMIT $4"
            )),
            from_to: interned(format!(
                "SELECT doc FROM {table} WHERE pool = $1 AND ({column}, sub) > ($2, $3) AND {column} < $4
                 ORDER BY {column}, sub LIMIT $5"
            )),
        }
    }
}

static BY_STATUS: LazyLock<Statements> = LazyLock::new(|| Statements::along("status"));

static BY_KEY: LazyLock<Vec<(KeyedAttribute, Statements)>> = LazyLock::new(|| {
    let along = |attribute: KeyedAttribute| {
        let column = format!("search_{}", attribute.as_str());
        (attribute, Statements::along(&column))
    };
    KeyedAttribute::ALL.into_iter().map(along).collect()
});

fn by_key(attribute: KeyedAttribute) -> &'static Statements {
    let found = BY_KEY.iter().find(|(of, _)| *of == attribute);
    // Every attribute is there: the list is made of all of them.
    found.map_or(&*BY_STATUS, |(_, statements)| statements)
}

fn read(row: &Row) -> Result<User, Error> {
    document::read(row.text(0)?)
}
