//! What answers show of where a code has gone, where they hide who exists.

use cognate_model::destination::{self, Contacts, NEIGHBOURS};
use cognate_model::{Nobody, NormalName, Sub, User, UserPool};
use cognate_store::{Tx, users};

use crate::users::accounts::nobody;
use crate::{Cx, Result};

/// The contacts of who has a name, or of nobody. The same is read for both.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn contacts(
    cx: &Cx,
    pool: &UserPool,
    user: Option<&User>,
    name: &NormalName,
) -> Result<Contacts> {
    let around = Surroundings::find(cx, pool, user, name).await?;
    Ok(around.contacts(cx, pool, user))
}

/// The users next to a name in the pool, whoever has it.
pub(crate) struct Surroundings {
    /// Who has the name, if no user has.
    pub(crate) nobody: Nobody,
    others: Vec<User>,
}

impl Surroundings {
    /// Those of a name. The same is read whether somebody has it or nobody.
    ///
    /// # Errors
    /// Only what the database gives.
    pub(crate) async fn find(
        cx: &Cx,
        pool: &UserPool,
        user: Option<&User>,
        name: &NormalName,
    ) -> Result<Self> {
        let nobody = nobody(&cx.app, pool, name);
        let sub = user.map_or(&nobody.sub, |user| &user.sub);
        let others = neighbours(&mut cx.app.db.read().await?, pool, sub).await?;
        Ok(Self { nobody, others })
    }

    /// The contacts of who has the name, or of nobody.
    pub(crate) fn contacts(&self, cx: &Cx, pool: &UserPool, user: Option<&User>) -> Contacts {
        let secret = &cx.app.secrets.made_up_address;
        match user {
            Some(user) => Contacts::of_user(secret, pool, user, &self.others),
            None => Contacts::of_nobody(secret, pool, &self.nobody, &self.others),
        }
    }

    /// The user in whose likeness nobody is made up.
    pub(crate) fn like<'a>(&'a self, cx: &'a Cx, pool: &'a UserPool) -> Option<&'a User> {
        let secret = &cx.app.secrets.made_up_address;
        destination::like(secret, pool, &self.nobody, &self.others)
    }
}

/// The users that follow a sub, in a circle. How often it is read follows from the place of the sub
/// among those of the pool, which is random for users and for nobody alike.
async fn neighbours(tx: &mut Tx, pool: &UserPool, sub: &Sub) -> Result<Vec<User>> {
    let mut found = users::page(tx, &pool.id, Some(sub.as_str()), NEIGHBOURS).await?;
    if i64::try_from(found.len()).is_ok_and(|count| count < NEIGHBOURS) {
        found.extend(users::page(tx, &pool.id, None, NEIGHBOURS).await?);
    }
    found.retain(|user| user.sub != *sub);
    found.sort_by(|one, other| {
        // Those behind the sub come first.
        let place = |user: &User| (user.sub < *sub, user.sub.clone());
        place(one).cmp(&place(other))
    });
    found.dedup_by(|one, other| one.sub == other.sub);
    found.truncate(usize::try_from(NEIGHBOURS).unwrap_or_default());
    Ok(found)
}
