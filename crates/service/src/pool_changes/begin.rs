//! The beginning of a change, and its end before its time.

use std::collections::BTreeSet;
use std::time::Duration;

use cognate_model::pool_change::{Allowance, Beside, Passes, PoolChange, Stage};
use cognate_model::{Timestamp, UserPool, UserPoolId};
use cognate_store::{Db, Tx, pool_changes as stored, user_pools};

use super::{PoolChangeError, document, parse_id};
use crate::{Clock, Entropy};

/// So long after each turn of the pool nothing is done that nodes must know of: longer than they go
/// on with the settings that they keep, and than their clocks differ.
const NODES_KNOW_AFTER: Duration = Duration::from_secs(3);

/// When all nodes know what was written at a time.
pub(super) fn known_after(now: Timestamp) -> Timestamp {
    now.plus(NODES_KNOW_AFTER)
}

/// A change as it would begin now. Nothing is stored.
pub(super) fn new_change(
    pool: &UserPool,
    text: &str,
    allowed: &BTreeSet<Allowance>,
    id: String,
    now: Timestamp,
) -> Result<PoolChange, PoolChangeError> {
    let change = document::read(text, pool)?;
    let (from, to) = (pool.name_rule(), change.rule(pool)?);
    if from == to && change.schema(&pool.schema)? == pool.schema {
        return Err(cognate_model::pool_change::ChangeError::Nothing.into());
    }
    let renamed = change.renamed();
    let has_lists = !renamed.is_empty() || !change.removed.is_empty();
    let has_clients = has_lists || !change.attributes.is_empty();
    Ok(PoolChange {
        pool: pool.id.clone(),
        id,
        change,
        from,
        to,
        renamed,
        allowed: allowed.clone(),
        stage: if has_clients {
            Stage::NamingClients
        } else {
            Stage::Reserving
        },
        not_before: known_after(now),
        after: None,
        looked_at: 0,
        begun_at: now,
        ended_at: None,
        failure: None,
    })
}

/// Begins the change that a document describes, or goes on with it where it is under way already.
///
/// # Errors
/// [`PoolChangeError`]; nothing is changed then.
pub async fn begin(
    db: &Db,
    clock: &Clock,
    entropy: &Entropy,
    pool: &str,
    document: &str,
    allowed: &BTreeSet<Allowance>,
) -> Result<PoolChange, PoolChangeError> {
    let (id, now) = (parse_id(pool)?, clock.now());
    let (document, allowed) = (document.to_owned(), allowed.clone());
    let own_id = entropy.generator().uuid_v4();
    db.write("begin_pool_change", async move |tx: &mut Tx| {
        let mut pool = existing(tx, &id).await?;
        if let Some(other) = stored::under_way(tx, &id).await? {
            let is_the_same = document::read(&document, &pool)
                .is_ok_and(|change| change == other.change && allowed == other.allowed);
            // After the turn names of attributes may be others, so it may not be told any more.
            return match is_the_same {
                true => Ok(other),
                false => Err(PoolChangeError::UnderWay(Box::new(other))),
            };
        }
        let change = new_change(&pool, &document, &allowed, own_id.clone(), now)?;
        pool.beside = Some(Box::new(Beside {
            passes: Passes::Coming,
            rule: change.to.clone(),
            schema: change.change.schema(&pool.schema)?,
        }));
        put_pool(tx, &mut pool, now).await?;
        stored::put(tx, &change).await?;
        Ok(change)
    })
    .await
}

/// Calls a change off: the pool stays as it is, and what was made for the change is removed.
///
/// # Errors
/// [`PoolChangeError::TooLate`] once the pool has changed.
pub async fn cancel(db: &Db, clock: &Clock, pool: &str) -> Result<PoolChange, PoolChangeError> {
    let (id, now) = (parse_id(pool)?, clock.now());
    db.write("cancel_pool_change", async move |tx: &mut Tx| {
        let mut pool = existing(tx, &id).await?;
        let change = stored::under_way(tx, &id).await?;
        let mut change = change.ok_or(PoolChangeError::NotUnderWay)?;
        if change.stage.is_before_the_turn() {
            undo(
                tx,
                &mut change,
                &mut pool,
                "an operator has cancelled it",
                now,
            )
            .await?;
            stored::put(tx, &change).await?;
            return Ok(change);
        }
        match change.stage {
            Stage::Undoing | Stage::UndoingClients => Ok(change),
            _ => Err(PoolChangeError::TooLate),
        }
    })
    .await
}

/// The change of a pool that is under way, or the last one; None where there was none.
///
/// # Errors
/// [`PoolChangeError`].
pub async fn status(db: &Db, pool: &str) -> Result<Option<PoolChange>, PoolChangeError> {
    let id = parse_id(pool)?;
    let mut reader = db.read().await?;
    existing(&mut reader, &id).await?;
    Ok(stored::find(&mut reader, &id).await?)
}

/// Ends a change before the turn: the pool's own rule holds alone again.
pub(super) async fn undo(
    tx: &mut Tx,
    change: &mut PoolChange,
    pool: &mut UserPool,
    why: &str,
    now: Timestamp,
) -> Result<(), PoolChangeError> {
    change.failure = Some(why.to_owned());
    change.enter(Stage::Undoing, known_after(now));
    pool.beside = None;
    put_pool(tx, pool, now).await
}

/// Stores a pool that was read in this transaction.
pub(super) async fn put_pool(
    tx: &mut Tx,
    pool: &mut UserPool,
    now: Timestamp,
) -> Result<(), PoolChangeError> {
    pool.modified_at = now;
    match user_pools::update(tx, pool).await? {
        true => Ok(()),
        false => Err(PoolChangeError::Changed),
    }
}

pub(super) async fn existing(tx: &mut Tx, id: &UserPoolId) -> Result<UserPool, PoolChangeError> {
    let found = user_pools::find(tx, id).await?;
    found.ok_or_else(|| PoolChangeError::NoSuchPool(id.to_string()))
}
