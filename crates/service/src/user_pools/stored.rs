//! Pools in the database: found by the id of a request, changed unless another was faster.

use std::sync::Arc;

use cognate_model::{UserPool, UserPoolId};
use cognate_store::{Tx, pool_changes, user_pools as pools};

use crate::imports::refuse_while_one_runs;
use crate::{Cx, Error, Result};

/// How often an update is tried when others keep changing the same pool.
const UPDATE_ATTEMPTS: usize = 3;

pub(crate) fn parse_id(id: &str) -> Result<UserPoolId> {
    UserPoolId::parse(id).map_err(|_| Error::user_pool_does_not_exist(id))
}

pub(crate) async fn existing(tx: &mut Tx, id: &UserPoolId) -> Result<UserPool> {
    pools::find(tx, id)
        .await?
        .ok_or_else(|| Error::user_pool_does_not_exist(id))
}

/// Reads a pool, changes it and writes it back, unless somebody else has changed it in between;
/// then again. False when that happened each time.
pub(super) async fn change(
    cx: &Cx,
    name: &'static str,
    id: &UserPoolId,
    change: impl Fn(&mut UserPool) -> Result<()> + Send + Sync + 'static,
) -> Result<bool> {
    changed(cx, name, id, false, change).await
}

/// The same for what an import of users or a change of the pool's rules would have to know of:
/// refused while an import runs, and while a change is under way as if each attempt had met it.
///
/// # Errors
/// `UserImportInProgressException`.
pub(super) async fn change_alone(
    cx: &Cx,
    name: &'static str,
    id: &UserPoolId,
    change: impl Fn(&mut UserPool) -> Result<()> + Send + Sync + 'static,
) -> Result<bool> {
    changed(cx, name, id, true, change).await
}

async fn changed(
    cx: &Cx,
    name: &'static str,
    id: &UserPoolId,
    alone: bool,
    change: impl Fn(&mut UserPool) -> Result<()> + Send + Sync + 'static,
) -> Result<bool> {
    let change = Arc::new(change);
    for _ in 0..UPDATE_ATTEMPTS {
        let (change, pool_id, now) = (Arc::clone(&change), id.clone(), cx.now);
        let stored = cx.app.db.write(name, async move |tx: &mut Tx| {
            let mut pool = existing(tx, &pool_id).await?;
            if alone {
                refuse_while_one_runs(tx, &pool_id).await?;
                if pool_changes::under_way(tx, &pool_id).await?.is_some() {
                    return Ok(false);
                }
            }
            change(&mut pool)?;
            pool.modified_at = now;
            Ok::<_, Error>(pools::update(tx, &pool).await?)
        });
        if stored.await? {
            cx.app.settings.forget_pool(id);
            return Ok(true);
        }
    }
    Ok(false)
}
