//! Leases: what one node at a time may do. A lease that isn't renewed runs out, so that a node that died holds nobody up.
//!
//! Clocks of nodes may differ by a little: what runs under a lease must be safe when two nodes do it, as every step here is.

use crate::{Error, Tx};

/// Takes the lease, or renews it for its holder. False when another holds it. Times in milliseconds since the epoch.
///
/// # Errors
/// [`Error`] of the database.
pub async fn take(
    tx: &mut Tx,
    name: &str,
    holder: &str,
    now_ms: i64,
    for_ms: i64,
) -> Result<bool, Error> {
    let row = tx
        .query_optional(
            "INSERT INTO leases(name, holder, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
             WHERE leases.holder = excluded.holder OR leases.expires_at <= $4
             RETURNING name",
            &[name.into(), holder.into(), now_ms.saturating_add(for_ms).into(), now_ms.into()],
        )
        .await?;
    Ok(row.is_some())
}

/// Gives the lease back, if it is still this holder's.
///
/// # Errors
/// [`Error`] of the database.
pub async fn release(tx: &mut Tx, name: &str, holder: &str) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM leases WHERE name = $1 AND holder = $2",
        &[name.into(), holder.into()],
    )
    .await
    .map(drop)
}
