//! Users, the names that find them, and their sealed credentials.
//!
//! A name in its normal form belongs to one user of a pool, of whatever kind it is: the table
//! `aliases` holds them all but the sub, which is its owner's name and found in `users` itself. The
//! document is the truth about a user; `status` and `enabled` stand beside it to be searched.

use std::collections::BTreeSet;

use cognate_model::{
    NormalName, Sub, Timestamp, User, UserPoolId, name_rule::NameRules, password::Credentials,
    pool_change::PoolChange, user::NameKind, user_filter, user_query,
};

pub use crate::aliases::release as release_name;
use crate::{
    Error, Param, Row, Tx, aliases, document,
    pool_changes::{self, Settled},
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Sealed, Table, Writers},
    user_terms, ways_back,
};

/// The users of all pools.
pub(crate) const TABLE: Table = Table {
    name: "users",
    key: &["pool", "sub"],
    rows: Rows::Many,
    owners: &[
        Owner::Pool {
            pool: "pool",
            goes: Goes::Afterwards,
        },
        Owner::User {
            pool: "pool",
            user: "sub",
            goes: Goes::Itself,
        },
    ],
    expiry: Expiry::OwnRule("a sign-up that is not confirmed goes when its pool says so"),
    backup: Backup::Whole,
    export: Export::OfPool(&[Sealed::ByKeyAndColumn("credentials")]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// So many users of a pool are counted; beyond them the number is estimated.
const COUNTED: i64 = 2_500;

/// A name of this kind belongs to another user already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameTaken(pub NameKind);

/// Why a changed user was not stored; nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateRefused {
    /// A name of this kind belongs to another user.
    NameTaken(NameKind),
    /// The user was changed since it was read, or is gone.
    Conflict,
}

/// A user's names, as [`User::names`] gives them. A name that stands twice counts once, as its
/// first kind.
pub type Names<'a> = &'a [(NameKind, NormalName)];

/// Stores a new user with all names, or nothing when one of them is taken. While the pool changes
/// its rules, the names are those of the rules that hold in this transaction.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(
    tx: &mut Tx,
    user: &User,
    names: Names<'_>,
    credentials: Option<&Credentials>,
) -> Result<Result<(), NameTaken>, Error> {
    let change = pool_changes::under_way(tx, &user.pool).await?;
    let settled = change.map(|change| Settled::new(&change, user));
    let (user, names) = settled
        .as_ref()
        .map_or((user, names), |settled| (&settled.user, &settled.names));
    for (name, kind) in wanted(names) {
        let is_anothers = is_sub_of_another(tx, user, name).await?
            || is_kept(tx, user, kind, name).await?
            || !aliases::claim(tx, user, kind, name).await?;
        if is_anothers {
            aliases::drop_all(tx, user).await?;
            return Ok(Err(NameTaken(kind)));
        }
    }
    let sealed = seal_credentials(tx, &user.pool, &user.sub, credentials)?;
    let doc = document::write(user)?;
    let mut params = vec![
        user.pool.as_str().into(),
        user.sub.as_str().into(),
        (&user.username).into(),
        (&doc).into(),
        user.status.as_str().into(),
        user.enabled.into(),
        sealed.as_deref().into(),
        user.revision.into(),
        user.created_at.0.into(),
        user.modified_at.0.into(),
    ];
    let keys = user_filter::keys(user);
    params.extend(keys.iter().map(|key| Param::from(key.as_deref())));
    params.push(user_query::place(&user.sub).into());
    let row = tx.query_one(
        "INSERT INTO users(pool, sub, username, doc, status, enabled, credentials, revision, created_at, modified_at,
             searched_revision, search_username, search_email, search_phone_number, search_name, search_given_name,
             search_family_name, search_preferred_username, search_place)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $8, $11, $12, $13, $14, $15, $16, $17,
             CASE WHEN EXISTS (SELECT pool FROM user_searches WHERE user_searches.pool = $1 AND phase <> 'dropping')
                  THEN CAST($18 AS BIGINT) END)
         RETURNING search_place",
        &params,
    )
    .await?;
    if row.opt_int(0)?.is_some() {
        user_terms::put(tx, user).await?;
    }
    Ok(Ok(()))
}

/// A user by the sub.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find(tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<Option<User>, Error> {
    let sql = "SELECT doc FROM users WHERE pool = $1 AND sub = $2";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), sub.as_str().into()])
        .await?;
    row.map(|row| read(&row)).transpose()
}

/// The user who has a name, or whose sub it is. Both are looked up for every name, so that what
/// nobody has costs what somebody has.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find_by_name(
    tx: &mut Tx,
    pool: &UserPoolId,
    name: &NormalName,
) -> Result<Option<User>, Error> {
    let sql = "SELECT doc FROM users WHERE pool = $1 AND sub = COALESCE(
                   (SELECT aliases.sub FROM aliases WHERE aliases.pool = $1 AND aliases.name = $2), $2)";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), name.as_str().into()])
        .await?;
    row.map(|row| read(&row)).transpose()
}

/// The user who has a name or whose sub it is, and what is kept of the password.
///
/// # Errors
/// [`Error`] of the database; [`Error::Sealed`] when the credentials can't be opened.
pub async fn find_with_credentials_by_name(
    tx: &mut Tx,
    pool: &UserPoolId,
    name: &NormalName,
) -> Result<Option<(User, Option<Credentials>)>, Error> {
    let sql = "SELECT doc, credentials FROM users WHERE pool = $1 AND sub = COALESCE(
                   (SELECT aliases.sub FROM aliases WHERE aliases.pool = $1 AND aliases.name = $2), $2)";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), name.as_str().into()])
        .await?;
    let Some(row) = row else { return Ok(None) };
    let user = read(&row)?;
    let credentials = open_credentials(tx, pool, &user.sub, row.opt_bytes(1)?)?;
    Ok(Some((user, credentials)))
}

/// A user by the sub, and what is kept of the password.
///
/// # Errors
/// As [`find_with_credentials_by_name`].
pub async fn find_with_credentials(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
) -> Result<Option<(User, Option<Credentials>)>, Error> {
    let sql = "SELECT doc, credentials FROM users WHERE pool = $1 AND sub = $2";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), sub.as_str().into()])
        .await?;
    let Some(row) = row else { return Ok(None) };
    let user = read(&row)?;
    let credentials = open_credentials(tx, pool, sub, row.opt_bytes(1)?)?;
    Ok(Some((user, credentials)))
}

/// What is kept of a user's password; None when there is no such user, or no password.
///
/// # Errors
/// As [`find_with_credentials_by_name`].
pub async fn credentials(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
) -> Result<Option<Credentials>, Error> {
    let found = find_with_credentials(tx, pool, sub).await?;
    Ok(found.and_then(|(_, credentials)| credentials))
}

/// Who has a name, or whose sub it is.
///
/// # Errors
/// [`Error`] of the database.
pub async fn holder_of(
    tx: &mut Tx,
    pool: &UserPoolId,
    name: &NormalName,
) -> Result<Option<Sub>, Error> {
    let sql = "SELECT sub FROM users WHERE pool = $1 AND sub = COALESCE(
                   (SELECT aliases.sub FROM aliases WHERE aliases.pool = $1 AND aliases.name = $2), $2)";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), name.as_str().into()])
        .await?;
    row.map(|row| aliases::read_sub(row.text(0)?)).transpose()
}

/// Stores a changed user under the next revision, with `names` in place of the names before; or
/// nothing. `user.revision` is the one that was read. While the pool changes its rules, the names
/// are those of the rules that hold in this transaction.
///
/// # Errors
/// [`Error`] of the database.
pub async fn update(
    tx: &mut Tx,
    user: &User,
    names: Names<'_>,
) -> Result<Result<(), UpdateRefused>, Error> {
    let Some(stored) = stored(tx, user).await? else {
        return Ok(Err(UpdateRefused::Conflict));
    };
    let held = aliases::held(tx, user).await?;
    let Some(change) = &stored.change else {
        return write(tx, &stored, user, wanted(names), held).await;
    };
    let settled = Settled::new(change, user);
    let mut names = settled.names;
    // A name that the user would have had by the coming rule before, and has not got, is in
    // conflict with another's: that is the change's affair, and no hindrance to this update.
    let before = Settled::new(change, &document::read(&stored.text)?).names;
    let own = settled.user.names_under(NameRules {
        beside: None,
        ..change.rules()
    });
    for taken in taken_names(tx, &settled.user, &names).await? {
        let had = before.iter().any(|(_, name)| *name == taken.name);
        if had && !own.iter().any(|(_, name)| *name == taken.name) {
            names.retain(|(_, name)| *name != taken.name);
        }
    }
    write(tx, &stored, &settled.user, wanted(&names), held).await
}

/// Brings a user into the form and gives them the names that a change of the pool needs in its
/// stage; nothing is written where a name is taken. The row keeps its revision, unless it changes.
///
/// # Errors
/// [`Error`] of the database.
pub async fn settle(
    tx: &mut Tx,
    user: &User,
    change: &PoolChange,
) -> Result<Result<(), UpdateRefused>, Error> {
    let settled = Settled::new(change, user);
    let held = aliases::held(tx, user).await?;
    let wanted = wanted(&settled.names);
    if settled.user != *user {
        let Some(stored) = stored(tx, user).await? else {
            return Ok(Err(UpdateRefused::Conflict));
        };
        return write(tx, &stored, &settled.user, wanted, held).await;
    }
    if let Some(kind) = first_taken(tx, user, &wanted, &held).await? {
        return Ok(Err(UpdateRefused::NameTaken(kind)));
    }
    hold(tx, user, wanted, held).await.map(Ok)
}

/// The same at the end of a change: the user gets those of the names that are free. Gives the
/// others.
///
/// # Errors
/// [`Error`] of the database.
pub async fn settle_free(
    tx: &mut Tx,
    user: &User,
    change: &PoolChange,
) -> Result<Vec<TakenName>, Error> {
    let mut settled = Settled::new(change, user);
    let taken = taken_names(tx, &settled.user, &settled.names).await?;
    let is_taken = |name: &NormalName| taken.iter().any(|taken| taken.name == *name);
    settled.names.retain(|(_, name)| !is_taken(name));
    let held = aliases::held(tx, user).await?;
    let wanted = wanted(&settled.names);
    if settled.user == *user {
        hold(tx, user, wanted, held).await?;
    } else if let Some(stored) = stored(tx, user).await? {
        replace(tx, &stored, &settled.user).await?;
        hold(tx, user, wanted, held).await?;
    }
    Ok(taken)
}

/// A name that a user would have and cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenName {
    /// The name.
    pub name: NormalName,
    /// Who has it; None where it is an address that is kept for another.
    pub holder: Option<Sub>,
}

/// Those of some names that a user does not have and cannot have, because others do.
///
/// # Errors
/// [`Error`] of the database.
pub async fn taken_names(
    tx: &mut Tx,
    user: &User,
    names: Names<'_>,
) -> Result<Vec<TakenName>, Error> {
    let held = aliases::held(tx, user).await?;
    let mut taken = Vec::new();
    for (name, kind) in wanted(names) {
        taken.extend(taken_name(tx, user, kind, name, &held).await?);
    }
    Ok(taken)
}

/// A name that a user does not have and cannot have; None where it is theirs, or free.
async fn taken_name(
    tx: &mut Tx,
    user: &User,
    kind: NameKind,
    name: &NormalName,
    held: &Held,
) -> Result<Option<TakenName>, Error> {
    if held.contains_key(name.as_str()) {
        return Ok(None);
    }
    let holder = holder_of(tx, &user.pool, name).await?;
    let holder = holder.filter(|holder| *holder != user.sub);
    let is_taken = holder.is_some() || is_kept(tx, user, kind, name).await?;
    Ok(is_taken.then(|| TakenName {
        name: name.clone(),
        holder,
    }))
}

type Wanted<'a> = Vec<(&'a NormalName, NameKind)>;
type Held = std::collections::BTreeMap<String, String>;

/// The stored document of a user, and the change of their pool that is under way.
struct Stored {
    text: String,
    /// Whether the user stands in the index of searches.
    is_searched: bool,
    change: Option<PoolChange>,
}

/// None when the user was changed since, or is gone. Both are read at once: a change is rare, and
/// an update is not.
async fn stored(tx: &mut Tx, user: &User) -> Result<Option<Stored>, Error> {
    let sql = "SELECT doc, (SELECT pool_changes.doc FROM pool_changes
                            WHERE pool_changes.pool = $1 AND pool_changes.ended_at IS NULL), search_place
               FROM users WHERE pool = $1 AND sub = $2 AND revision = $3";
    let params = [
        user.pool.as_str().into(),
        user.sub.as_str().into(),
        user.revision.into(),
    ];
    let Some(row) = tx.query_optional(sql, &params).await? else {
        return Ok(None);
    };
    let change = row.opt_text(1)?.map(document::read).transpose()?;
    let text = row.text(0)?.to_owned();
    let is_searched = row.opt_int(2)?.is_some();
    Ok(Some(Stored {
        text,
        is_searched,
        change,
    }))
}

async fn first_taken(
    tx: &mut Tx,
    user: &User,
    wanted: &Wanted<'_>,
    held: &Held,
) -> Result<Option<NameKind>, Error> {
    for (name, kind) in wanted {
        if taken_name(tx, user, *kind, name, held).await?.is_some() {
            return Ok(Some(*kind));
        }
    }
    Ok(None)
}

async fn write(
    tx: &mut Tx,
    stored: &Stored,
    user: &User,
    wanted: Wanted<'_>,
    held: Held,
) -> Result<Result<(), UpdateRefused>, Error> {
    if let Some(kind) = first_taken(tx, user, &wanted, &held).await? {
        return Ok(Err(UpdateRefused::NameTaken(kind)));
    }
    if !replace(tx, stored, user).await? {
        return Ok(Err(UpdateRefused::Conflict));
    }
    hold(tx, user, wanted, held).await.map(Ok)
}

/// Gives a user the wanted names, which are free, in place of those that are held.
async fn hold(tx: &mut Tx, user: &User, wanted: Wanted<'_>, held: Held) -> Result<(), Error> {
    let kept: BTreeSet<(&str, &str)> = wanted
        .iter()
        .map(|(name, kind)| (name.as_str(), kind.as_str()))
        .collect();
    for (name, kind) in &held {
        if !kept.contains(&(name.as_str(), kind.as_str())) {
            aliases::drop(tx, user, name).await?;
        }
    }
    for (name, kind) in wanted {
        let stands = held
            .get(name.as_str())
            .is_some_and(|held| held == kind.as_str());
        if !stands && !aliases::claim(tx, user, kind, name).await? {
            // It was free a moment ago, in this same transaction.
            return Err(Error::UniqueViolation("aliases".to_owned()));
        }
    }
    Ok(())
}

/// Stores what is kept of a new password, or removes it; false when there is no such user. The
/// revision stays.
///
/// # Errors
/// [`Error`] of the database.
pub async fn set_credentials(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    credentials: Option<&Credentials>,
) -> Result<bool, Error> {
    let sealed = seal_credentials(tx, pool, sub, credentials)?;
    let sql = "UPDATE users SET credentials = $3 WHERE pool = $1 AND sub = $2";
    let params = [
        pool.as_str().into(),
        sub.as_str().into(),
        sealed.as_deref().into(),
    ];
    Ok(tx.execute(sql, &params).await? == 1)
}

/// Deletes a user with all that belongs to them, as the tables declare it; false when there is
/// none.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete(tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<bool, Error> {
    user_terms::forget(tx, pool, sub.as_str()).await?;
    let mut deleted = 0;
    for sql in &tx.derived().user.at_once {
        deleted = tx
            .execute(sql, &[pool.as_str().into(), sub.as_str().into()])
            .await?;
    }
    Ok(deleted == 1)
}

/// Users of a pool in the order of their subs, beginning after one.
///
/// # Errors
/// [`Error`] of the database.
pub async fn page(
    tx: &mut Tx,
    pool: &UserPoolId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<User>, Error> {
    let sql = "SELECT doc FROM users WHERE pool = $1 AND sub > $2 ORDER BY sub LIMIT $3";
    let rows = tx
        .query(
            sql,
            &[
                pool.as_str().into(),
                after.unwrap_or("").into(),
                limit.into(),
            ],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// The users of a pool who signed up before a time and have not confirmed it, the oldest first,
/// beginning after one.
///
/// # Errors
/// [`Error`] of the database.
pub async fn unconfirmed(
    tx: &mut Tx,
    pool: &UserPoolId,
    before: Timestamp,
    after: Option<(Timestamp, &Sub)>,
    limit: i64,
) -> Result<Vec<User>, Error> {
    let (created_at, sub) = after.map_or((i64::MIN, ""), |(at, sub)| (at.0, sub.as_str()));
    let sql = "SELECT doc FROM users
               WHERE pool = $1 AND status = 'UNCONFIRMED' AND created_at < $2 AND (created_at, sub) > ($3, $4)
               ORDER BY created_at, sub LIMIT $5";
    let params = [
        pool.as_str().into(),
        before.0.into(),
        created_at.into(),
        sub.into(),
        limit.into(),
    ];
    let rows = tx.query(sql, &params).await?;
    rows.iter().map(read).collect()
}

/// How many users a pool has: exact up to [`COUNTED`], beyond that within some two percent. No
/// count of all rows and no counter that sign-ups would contend for: subs are random, so the place
/// of the 2,500th among all possible ones tells how many there are.
///
/// # Errors
/// [`Error`] of the database.
pub async fn estimated_number(tx: &mut Tx, pool: &UserPoolId) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*), MAX(first.sub)
               FROM (SELECT sub FROM users WHERE pool = $1 ORDER BY sub LIMIT $2) AS first";
    let row = tx
        .query_one(sql, &[pool.as_str().into(), COUNTED.into()])
        .await?;
    let counted = row.int(0)?;
    let last = row.opt_text(1)?.filter(|_| counted >= COUNTED);
    Ok(last.map_or(counted, |last| estimate(last).max(counted)))
}

/// The estimate from the 2,500th sub: its first eight hex digits as a share of all values.
fn estimate(last: &str) -> i64 {
    let digits = last
        .get(..8)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let place = i64::from(digits.unwrap_or(u32::MAX)) + 1;
    COUNTED.saturating_mul(1 << 32) / place
}

/// Each name once, with its first kind.
fn wanted<'a>(names: Names<'a>) -> Vec<(&'a NormalName, NameKind)> {
    let mut seen = BTreeSet::new();
    names
        .iter()
        .filter(|(_, name)| seen.insert(name))
        .map(|(kind, name)| (name, *kind))
        .collect()
}

/// Whether a name that a new user would have is the sub of another, who is found by it. Only what
/// has the form of a sub is looked up.
///
/// A sub is told to nobody before its owner stands, so no sign-up that runs beside its owner's can
/// ask for it.
async fn is_sub_of_another(tx: &mut Tx, user: &User, name: &NormalName) -> Result<bool, Error> {
    match Sub::parse(name.as_str()) {
        Ok(sub) if sub != user.sub => Ok(find(tx, &user.pool, &sub).await?.is_some()),
        Ok(_) | Err(_) => Ok(false),
    }
}

/// Whether a name is an address that is kept for another user, who may come back to it.
///
/// # Errors
/// [`Error`] of the database.
pub async fn is_kept(
    tx: &mut Tx,
    user: &User,
    kind: NameKind,
    name: &NormalName,
) -> Result<bool, Error> {
    Ok(kind.contact().is_some()
        && ways_back::is_kept_for_another(tx, &user.pool, name, &user.sub, user.modified_at)
            .await?)
}

/// Writes the row of a changed user, if the revision is still the one that was read.
async fn replace(tx: &mut Tx, stored: &Stored, user: &User) -> Result<bool, Error> {
    let next = User {
        revision: user.revision + 1,
        ..user.clone()
    };
    let doc = document::rewrite(&stored.text, &next)?;
    let mut params = vec![
        user.pool.as_str().into(),
        user.sub.as_str().into(),
        user.revision.into(),
        (&user.username).into(),
        (&doc).into(),
        user.status.as_str().into(),
        user.enabled.into(),
        next.revision.into(),
        user.modified_at.0.into(),
    ];
    let keys = user_filter::keys(&next);
    params.extend(keys.iter().map(|key| Param::from(key.as_deref())));
    let changed = tx
        .execute(
            "UPDATE users SET username = $4, doc = $5, status = $6, enabled = $7, revision = $8, modified_at = $9,
                 searched_revision = $8, search_username = $10, search_email = $11, search_phone_number = $12,
                 search_name = $13, search_given_name = $14, search_family_name = $15, search_preferred_username = $16
             WHERE pool = $1 AND sub = $2 AND revision = $3",
            &params,
        )
        .await?;
    if stored.is_searched {
        user_terms::change(tx, &document::read(&stored.text)?, &next).await?;
    }
    Ok(changed == 1)
}

fn read(row: &Row) -> Result<User, Error> {
    document::read(row.text(0)?)
}

fn seal_credentials(
    tx: &Tx,
    pool: &UserPoolId,
    sub: &Sub,
    credentials: Option<&Credentials>,
) -> Result<Option<Vec<u8>>, Error> {
    credentials
        .map(|credentials| document::seal(tx, &context(pool, sub), credentials))
        .transpose()
}

fn open_credentials(
    tx: &Tx,
    pool: &UserPoolId,
    sub: &Sub,
    sealed: Option<&[u8]>,
) -> Result<Option<Credentials>, Error> {
    sealed
        .map(|sealed| document::open(tx, &context(pool, sub), sealed))
        .transpose()
}

fn context<'a>(pool: &'a UserPoolId, sub: &'a Sub) -> [&'a [u8]; 4] {
    [
        b"users",
        pool.as_str().as_bytes(),
        sub.as_str().as_bytes(),
        b"credentials",
    ]
}
