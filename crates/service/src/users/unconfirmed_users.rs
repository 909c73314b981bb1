//! The users of a pool who signed up and never confirmed it, as `cognate unconfirmed-users` lists
//! and deletes them.
//!
//! It works beside running servers, along an index and a few users at a time, so that nobody waits
//! long for it.

use std::time::Duration;

use cognate_model::{Sub, Timestamp, UserPoolId};
use cognate_store::{Db, Tx, user_pools, users};

use crate::Clock;

/// How many are read at once.
const PAGE: i64 = 500;
/// How many are deleted in one transaction.
const DELETED_AT_ONCE: i64 = 100;

/// A user who has not confirmed their sign-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnconfirmedUser {
    /// When they signed up.
    pub created_at: Timestamp,
    /// Their sub.
    pub sub: Sub,
    /// Their user name.
    pub username: String,
}

/// Why unconfirmed users were not listed or deleted.
#[derive(Debug, thiserror::Error)]
pub enum UnconfirmedUsersError {
    /// An id that no user pool has.
    #[error("there is no user pool «{0}»")]
    NoSuchPool(String),
    /// The database's reason.
    #[error(transparent)]
    Store(#[from] cognate_store::Error),
}

/// The unconfirmed users of one pool that are older than a span of time: who has signed up since
/// the search began is never among them.
pub struct UnconfirmedUsers<'a> {
    db: &'a Db,
    pool: UserPoolId,
    before: Timestamp,
}

impl<'a> UnconfirmedUsers<'a> {
    /// Those of a pool who signed up longer ago than `age`.
    ///
    /// # Errors
    /// When there is no such pool, or the database fails.
    pub async fn of(
        db: &'a Db,
        clock: &Clock,
        pool: &str,
        age: Duration,
    ) -> Result<Self, UnconfirmedUsersError> {
        let no_such_pool = || UnconfirmedUsersError::NoSuchPool(pool.to_owned());
        let id = UserPoolId::parse(pool).map_err(|_| no_such_pool())?;
        let found = user_pools::find(&mut db.read().await?, &id).await?;
        found.ok_or_else(no_such_pool)?;
        Ok(Self {
            db,
            pool: id,
            before: clock.now().minus(age),
        })
    }

    /// A page of them, the oldest first, beginning after one; none when there are no more.
    ///
    /// # Errors
    /// What the database gives.
    pub async fn page(
        &self,
        after: Option<&UnconfirmedUser>,
    ) -> Result<Vec<UnconfirmedUser>, UnconfirmedUsersError> {
        let mut reader = self.db.read().await?;
        let after = after.map(|user| (user.created_at, &user.sub));
        let page = users::unconfirmed(&mut reader, &self.pool, self.before, after, PAGE).await?;
        let read = |user: cognate_model::User| UnconfirmedUser {
            created_at: user.created_at,
            sub: user.sub,
            username: user.username,
        };
        Ok(page.into_iter().map(read).collect())
    }

    /// Deletes some of them, with all that is theirs, in one transaction; gives how many, 0 when
    /// there are no more. One who confirms in the meantime is not among them.
    ///
    /// # Errors
    /// What the database gives.
    pub async fn delete_some(&self) -> Result<usize, UnconfirmedUsersError> {
        let (pool, before) = (self.pool.clone(), self.before);
        let delete = async move |tx: &mut Tx| -> Result<usize, cognate_store::Error> {
            let some = users::unconfirmed(tx, &pool, before, None, DELETED_AT_ONCE).await?;
            for user in &some {
                users::delete(tx, &pool, &user.sub).await?;
            }
            Ok(some.len())
        };
        Ok(self.db.write("delete_unconfirmed_users", delete).await?)
    }
}
