//! The beats of a node that enforces request rates: it tells the others that it lives, and reads
//! which of them do and what was provisioned.

use std::sync::Arc;

use cognate_store::{Tx, nodes, provisioned_limits};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::live_nodes::EVERY;
use crate::{App, Error, Result};

/// Starts them, where rates are enforced.
pub(crate) fn start(app: &Arc<App>, jobs: &mut JoinSet<()>, stopped: &watch::Receiver<bool>) {
    if app.request_rates.enforced().is_some() {
        jobs.spawn(beats(Arc::clone(app), stopped.clone()));
    }
}

async fn beats(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut has_failed = false;
    while !*stopped.borrow() {
        let outcome = beat(&app).await;
        if let Err(error) = &outcome
            && !has_failed
        {
            tracing::warn!(error = %error, cause = %error.cause(), "the nodes that live could not be counted; request rates go on by what was known");
        }
        has_failed = outcome.is_err();
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopped.changed() => {}
        }
    }
    // The others take this node's share at once. Who cannot be told finds out.
    let _ = leave(&app).await;
}

/// One beat of a node.
///
/// # Errors
/// Only what the database gives.
pub async fn beat(app: &Arc<App>) -> Result<()> {
    let Some(rates) = app.request_rates.enforced() else {
        return Ok(());
    };
    let own = rates.next_beat();
    let put = async move |tx: &mut Tx| Ok::<_, Error>(nodes::put(tx, &own).await?);
    app.db.write("beat", put).await?;
    // Not in the transaction: nodes that read each other's rows and write their own would meet.
    let mut reader = app.db.read().await?;
    let beats = nodes::all(&mut reader).await?;
    let provisioned = provisioned_limits::all(&mut reader).await?;
    drop(reader);
    let look = rates.look(&beats, &provisioned, app.clock.now());
    if look.forgotten.is_empty() {
        return Ok(());
    }
    let remove = async move |tx: &mut Tx| {
        for beat in &look.forgotten {
            nodes::remove(tx, beat).await?;
        }
        Ok::<_, Error>(())
    };
    app.db.write("forget_nodes", remove).await
}

/// Takes the node's own row away.
async fn leave(app: &Arc<App>) -> Result<()> {
    let Some(rates) = app.request_rates.enforced() else {
        return Ok(());
    };
    let own = rates.last_beat();
    let leave = async move |tx: &mut Tx| Ok::<_, Error>(nodes::remove(tx, &own).await?);
    app.db.write("leave", leave).await
}
