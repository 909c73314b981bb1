//! Groups of users, by their names. Who is in them is in `group_members`, by the group's id.

use cognate_model::{Group, Timestamp, UserPoolId, group::MOST_GROUPS};

use crate::{
    Error, Row, Tx, document, group_members,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Table, Writers},
    user_pools::{LAST_LOOK_MS, POOLS_AT_ONCE},
};

/// The groups of all pools.
pub(crate) const TABLE: Table = Table {
    name: "groups",
    key: &["pool", "name"],
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

/// How many groups each pool has.
pub(crate) const NUMBERS: Table = Table {
    name: "group_numbers",
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

/// Groups that are gone and whose memberships are being deleted.
pub(crate) const DELETED: Table = Table {
    name: "deleted_groups",
    key: &["pool", "id"],
    rows: Rows::Few,
    owners: &[Owner::Nobody(
        "a note of what is still to be deleted, for the time after its owner",
    )],
    expiry: Expiry::OwnRule("it is taken away after the last look"),
    backup: Backup::Whole,
    export: Export::LeftOut("it belongs to a deletion that goes on"),
    writers: Writers::AnyNode,
    history: History::NotRecorded(
        "it belongs to a deletion that goes on, whatever is brought back",
    ),
};

/// Why a new group was not stored; nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertRefused {
    /// The pool has a group of that name.
    NameTaken,
    /// The pool has as many groups as it may.
    TooMany,
}

/// Stores a new group, or nothing.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(tx: &mut Tx, group: &Group) -> Result<Result<(), InsertRefused>, Error> {
    if find(tx, &group.pool, &group.name).await?.is_some() {
        return Ok(Err(InsertRefused::NameTaken));
    }
    // Whoever makes a group in this pool at the same time meets at this row.
    let sql = "INSERT INTO group_numbers(pool, number) VALUES ($1, 1)
               ON CONFLICT (pool) DO UPDATE SET number = group_numbers.number + 1
               WHERE group_numbers.number < $2 RETURNING number";
    let most = i64::try_from(MOST_GROUPS).unwrap_or(i64::MAX);
    let params = [group.pool.as_str().into(), most.into()];
    if tx.query_optional(sql, &params).await?.is_none() {
        return Ok(Err(InsertRefused::TooMany));
    }
    let doc = document::write(group)?;
    let sql = "INSERT INTO groups(pool, name, id, doc) VALUES ($1, $2, $3, $4)";
    let params = [
        group.pool.as_str().into(),
        (&group.name).into(),
        group.id.as_str().into(),
        (&doc).into(),
    ];
    tx.execute(sql, &params).await?;
    Ok(Ok(()))
}

/// A group by its name.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find(tx: &mut Tx, pool: &UserPoolId, name: &str) -> Result<Option<Group>, Error> {
    let sql = "SELECT doc FROM groups WHERE pool = $1 AND name = $2";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), name.into()])
        .await?;
    row.map(|row| read(&row)).transpose()
}

/// Changes a group as it is stored now, and gives it; None when there is none. Its name and its id
/// stay.
///
/// # Errors
/// [`Error`] of the database.
pub async fn change(
    tx: &mut Tx,
    pool: &UserPoolId,
    name: &str,
    change: impl FnOnce(&mut Group),
) -> Result<Option<Group>, Error> {
    let sql = "SELECT doc FROM groups WHERE pool = $1 AND name = $2";
    let params = [pool.as_str().into(), name.into()];
    let Some(row) = tx.query_optional(sql, &params).await? else {
        return Ok(None);
    };
    let mut group = read(&row)?;
    change(&mut group);
    let doc = document::rewrite(row.text(0)?, &group)?;
    let sql = "UPDATE groups SET doc = $3 WHERE pool = $1 AND name = $2";
    let changed = tx
        .execute(sql, &[pool.as_str().into(), name.into(), (&doc).into()])
        .await?;
    Ok((changed == 1).then_some(group))
}

/// Deletes a group; false when there is none. From now on nobody is in it; its memberships, of
/// which there may be millions, are deleted by [`delete_leftovers`].
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete(
    tx: &mut Tx,
    pool: &UserPoolId,
    name: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let sql = "DELETE FROM groups WHERE pool = $1 AND name = $2 RETURNING id";
    let params = [pool.as_str().into(), name.into()];
    let Some(deleted) = tx.query_optional(sql, &params).await? else {
        return Ok(false);
    };
    let sql = "UPDATE group_numbers SET number = number - 1 WHERE pool = $1";
    tx.execute(sql, &[pool.as_str().into()]).await?;
    let sql = "INSERT INTO deleted_groups(pool, id, done_to, look_at, last_look_at)
               VALUES ($1, $2, '', $3, $4)";
    let params = [
        pool.as_str().into(),
        deleted.text(0)?.into(),
        now.0.into(),
        now.0.saturating_add(LAST_LOOK_MS).into(),
    ];
    tx.execute(sql, &params).await?;
    Ok(true)
}

/// Deletes memberships of deleted groups, at most `limit`; whether there may be more. Each step
/// goes on where the one before ended, because PostgreSQL would go through all that is deleted once
/// more. A group without any is looked at once more after an hour, from its beginning, for what was
/// still written by transactions that had found it.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete_leftovers(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<bool, Error> {
    let sql = "SELECT pool, id, done_to, last_look_at FROM deleted_groups
               WHERE look_at <= $1 ORDER BY look_at LIMIT $2";
    let at_once = i64::try_from(POOLS_AT_ONCE).unwrap_or(i64::MAX);
    let due = tx.query(sql, &[now.0.into(), at_once.into()]).await?;
    for group in &due {
        let (pool, id, last_look_at) = (group.text(0)?, group.text(1)?, group.int(3)?);
        let done_to = group.text(2)?;
        let key = [pool.into(), id.into()];
        if let Some(done_to) = group_members::delete_some(tx, key, done_to, limit).await? {
            let sql = "UPDATE deleted_groups SET done_to = $3 WHERE pool = $1 AND id = $2";
            let [pool, id] = key;
            tx.execute(sql, &[pool, id, (&done_to).into()]).await?;
            return Ok(true);
        }
        let sql = if now.0 >= last_look_at {
            "DELETE FROM deleted_groups WHERE pool = $1 AND id = $2"
        } else {
            "UPDATE deleted_groups SET done_to = '', look_at = last_look_at WHERE pool = $1 AND id = $2"
        };
        tx.execute(sql, &key).await?;
    }
    Ok(due.len() == POOLS_AT_ONCE)
}

/// Groups of a pool in the order of their names, beginning after one.
///
/// # Errors
/// [`Error`] of the database.
pub async fn page(
    tx: &mut Tx,
    pool: &UserPoolId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Group>, Error> {
    let sql = "SELECT doc FROM groups WHERE pool = $1 AND name > $2 ORDER BY name LIMIT $3";
    let params = [
        pool.as_str().into(),
        after.unwrap_or("").into(),
        limit.into(),
    ];
    let rows = tx.query(sql, &params).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Group, Error> {
    document::read(row.text(0)?)
}
