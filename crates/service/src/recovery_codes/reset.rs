//! The recovery codes of a user in an operator's hands, as `cognate recovery-codes` takes them
//! away. Nobody reads them.

use cognate_model::{NormalName, UserPoolId};
use cognate_store::{Db, Tx, recovery_codes, user_pools, users};

/// Why nothing was taken away.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// An id that no user pool has.
    #[error("there is no user pool «{0}»")]
    NoSuchPool(String),
    /// A name that no user of the pool has.
    #[error("the user pool has no user «{0}»")]
    NoSuchUser(String),
    /// The database's reason.
    #[error(transparent)]
    Store(#[from] cognate_store::Error),
}

/// Takes the recovery codes of a user away, who is named by any of their names or the sub. The user
/// may have others made after the next sign-in with a second factor. Gives whether there were any.
///
/// # Errors
/// When there is no such pool or user, or the database fails.
pub async fn reset(db: &Db, pool: &str, username: &str) -> Result<bool, ResetError> {
    let (pool, username) = (pool.to_owned(), username.to_owned());
    let reset = async move |tx: &mut Tx| -> Result<bool, ResetError> {
        let no_such_pool = || ResetError::NoSuchPool(pool.clone());
        let id = UserPoolId::parse(&pool).map_err(|_| no_such_pool())?;
        let found = user_pools::find(tx, &id).await?;
        let pool = found.ok_or_else(no_such_pool)?;
        let name = NormalName::new(&pool, &username);
        let user = users::find_by_name(tx, &pool.id, &name).await?;
        let user = user.ok_or_else(|| ResetError::NoSuchUser(username.clone()))?;
        Ok(recovery_codes::delete(tx, &pool.id, &user.sub).await?)
    };
    db.write("reset_recovery_codes", reset).await
}
