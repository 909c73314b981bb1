//! Whether this node can do its work.

use cognate_store::user_pools;

use crate::{App, Result};

/// Asks the database something that it answers at once: a page of one pool.
///
/// # Errors
/// When it does not answer.
pub async fn check(app: &App) -> Result<()> {
    user_pools::page(&mut app.db.read().await?, None, 1).await?;
    Ok(())
}
