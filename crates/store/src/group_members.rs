//! Who is in which group. A membership hangs on the group's id: where `groups` has none of that id
//! any more it counts for nothing, until it is deleted.

use cognate_model::{GroupId, Groups, Sub, User, UserPoolId, group::MOST_GROUPS_OF_USER};

use crate::{
    Error, Param, Tx, document,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// The memberships of all users.
pub(crate) const TABLE: Table = Table {
    name: "group_members",
    key: &["pool", "group_id", "sub"],
    rows: Rows::Many,
    owners: Owner::POOL_AND_USER,
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// The user is in as many groups as they may be; nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyGroups;

/// Puts a user into a group, who may be in it already.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn add(
    tx: &mut Tx,
    pool: &UserPoolId,
    group: &GroupId,
    sub: &Sub,
) -> Result<Result<(), TooManyGroups>, Error> {
    let sql = "SELECT groups.id FROM group_members
               JOIN groups ON groups.pool = group_members.pool AND groups.id = group_members.group_id
               WHERE group_members.pool = $1 AND group_members.sub = $2";
    let held = tx
        .query(sql, &[pool.as_str().into(), sub.as_str().into()])
        .await?;
    for held in &held {
        if held.text(0)? == group.as_str() {
            return Ok(Ok(()));
        }
    }
    if held.len() >= MOST_GROUPS_OF_USER {
        return Ok(Err(TooManyGroups));
    }
    let sql = "INSERT INTO group_members(pool, group_id, sub) VALUES ($1, $2, $3)";
    tx.execute(sql, &key(pool, group, sub)).await?;
    Ok(Ok(()))
}

/// Takes a user out of a group; false when they are not in it.
///
/// # Errors
/// [`Error`] of the database.
pub async fn remove(
    tx: &mut Tx,
    pool: &UserPoolId,
    group: &GroupId,
    sub: &Sub,
) -> Result<bool, Error> {
    let sql = "DELETE FROM group_members WHERE pool = $1 AND group_id = $2 AND sub = $3";
    Ok(tx.execute(sql, &key(pool, group, sub)).await? == 1)
}

/// The groups that a user is in.
///
/// # Errors
/// [`Error`] of the database.
pub async fn of_user(tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<Groups, Error> {
    let sql = "SELECT groups.doc FROM group_members
               JOIN groups ON groups.pool = group_members.pool AND groups.id = group_members.group_id
               WHERE group_members.pool = $1 AND group_members.sub = $2";
    let rows = tx
        .query(sql, &[pool.as_str().into(), sub.as_str().into()])
        .await?;
    let groups = rows.iter().map(|row| document::read(row.text(0)?));
    Ok(Groups::new(groups.collect::<Result<_, Error>>()?))
}

/// The members of a group in the order of their subs, beginning after one, 61 at most: each with
/// the user, or None for one whom a node of an earlier version has deleted, which knew of no
/// groups.
///
/// # Errors
/// [`Error`] of the database.
pub async fn page(
    tx: &mut Tx,
    pool: &UserPoolId,
    group: &GroupId,
    after: Option<&Sub>,
    limit: i64,
) -> Result<Vec<(Sub, Option<User>)>, Error> {
    // The number tells PostgreSQL's planner, which does not look at parameters, that few users
    // follow.
    let sql = "SELECT members.sub, users.doc FROM
                   (SELECT pool, sub FROM group_members WHERE pool = $1 AND group_id = $2 AND sub > $3 ORDER BY sub LIMIT 61) AS members
               LEFT JOIN users ON users.pool = members.pool AND users.sub = members.sub
               ORDER BY members.sub LIMIT $4";
    let params = [
        pool.as_str().into(),
        group.as_str().into(),
        after.map_or("", Sub::as_str).into(),
        limit.into(),
    ];
    let mut page = Vec::new();
    for row in tx.query(sql, &params).await? {
        let sub = Sub::parse(row.text(0)?).map_err(|error| Error::Unreadable(error.to_string()))?;
        let user = row.opt_text(1)?.map(document::read).transpose()?;
        page.push((sub, user));
    }
    Ok(page)
}

/// Deletes memberships of a group, at most `limit`, in the order of the subs, beginning after one;
/// gives the last of them. `group` is its pool and its id.
///
/// # Errors
/// [`Error`] of the database.
pub(crate) async fn delete_some(
    tx: &mut Tx,
    group: [Param<'_>; 2],
    after: &str,
    limit: i64,
) -> Result<Option<String>, Error> {
    let [pool, id] = group;
    let sql = "SELECT MAX(first.sub) FROM
                   (SELECT sub FROM group_members WHERE pool = $1 AND group_id = $2 AND sub > $3 ORDER BY sub LIMIT $4) AS first";
    let params = [pool, id, after.into(), limit.into()];
    let last = tx.query_one(sql, &params).await?;
    let Some(last) = last.opt_text(0)? else {
        return Ok(None);
    };
    let sql =
        "DELETE FROM group_members WHERE pool = $1 AND group_id = $2 AND sub > $3 AND sub <= $4";
    tx.execute(sql, &[pool, id, after.into(), last.into()])
        .await?;
    Ok(Some(last.to_owned()))
}

fn key<'a>(pool: &'a UserPoolId, group: &'a GroupId, sub: &'a Sub) -> [Param<'a>; 3] {
    [
        pool.as_str().into(),
        group.as_str().into(),
        sub.as_str().into(),
    ]
}
