//! From the name in a request to an account: a user, or nobody, which must look the same from
//! outside.

use std::sync::Arc;

use cognate_model::attribute::Attributes;
use cognate_model::lockout::Lockout;
use cognate_model::nobody::Trace;
use cognate_model::password::Credentials;
use cognate_model::sign_in::{Account, Decoy, Facts};
use cognate_model::{Nobody, NormalName, Sub, Timestamp, User, UserPool, UserStatus};
use cognate_store::{attempts, users};

use crate::app::App;
use crate::settings::ClientEntry;
use crate::{Cx, Error, Result};

/// The longest name that is looked up; validation allows less for user names, and aliases are
/// attribute values.
const MAX_NAME_LENGTH: usize = 2048;

/// A pool and one of its app clients.
#[derive(Clone)]
pub(crate) struct PoolClient {
    pub(crate) pool: Arc<UserPool>,
    pub(crate) entry: Arc<ClientEntry>,
}

impl PoolClient {
    /// The app client of an id, with its pool.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub(crate) async fn of_client(app: &App, client_id: &str) -> Result<Self> {
        let entry = app.client_named(client_id).await?;
        let pool = app.pool(&entry.client.pool).await?;
        Ok(Self { pool, entry })
    }

    /// The app client of an id in a pool that the request names as well.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, also for a client of another pool.
    pub(crate) async fn of_pool(app: &App, pool_id: &str, client_id: &str) -> Result<Self> {
        let pool = app.pool_named(pool_id).await?;
        let entry = app.client_named(client_id).await?;
        if entry.client.pool != pool.id {
            return Err(Error::user_pool_client_does_not_exist(client_id));
        }
        Ok(Self { pool, entry })
    }

    /// Whether answers hide which users exist.
    pub(crate) fn hides_users(&self) -> bool {
        self.entry.client.settings.prevent_user_existence_errors
    }
}

/// A sign-in name of a request and what belongs to it.
pub(crate) struct Found {
    pub(crate) name: NormalName,
    holder: Holder,
    pub(crate) lockout: Lockout,
}

/// Who has a name. Made-up credentials are made once, because they cost a little.
enum Holder {
    Known(User, Credentials),
    WithoutPassword(User, Decoy),
    Nobody(Sub, Decoy),
}

impl Found {
    /// Looks a name up, with the password's credentials and the failures so far.
    ///
    /// # Errors
    /// Only what the database gives.
    pub(crate) async fn with_password(app: &App, pool: &UserPool, given: &str) -> Result<Self> {
        let name = normal_name(pool, given)?;
        let mut tx = app.db.read().await?;
        let found = users::find_with_credentials_by_name(&mut tx, &pool.id, &name).await?;
        let secret = &app.secrets.decoy;
        let holder = match found {
            Some((user, Some(credentials))) => Holder::Known(user, credentials),
            Some((user, None)) => {
                let decoy = Decoy::of_user(secret, pool, &user);
                Holder::WithoutPassword(user, decoy)
            }
            None => {
                let nobody = nobody(app, pool, &name);
                let decoy = Decoy::of_nobody(secret, pool, &name, &nobody);
                Holder::Nobody(nobody.sub, decoy)
            }
        };
        let mut found = Self {
            name,
            holder,
            lockout: Lockout::default(),
        };
        let subject = found.subject().as_str();
        found.lockout = attempts::find_lockout(&mut tx, &pool.id, subject).await?;
        Ok(found)
    }

    /// The user, if the name has one.
    pub(crate) fn user(&self) -> Option<&User> {
        match &self.holder {
            Holder::Known(user, _) | Holder::WithoutPassword(user, _) => Some(user),
            Holder::Nobody(..) => None,
        }
    }

    /// The password's credentials, if there are any.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        match &self.holder {
            Holder::Known(_, credentials) => Some(credentials),
            Holder::WithoutPassword(..) | Holder::Nobody(..) => None,
        }
    }

    /// The user id that challenges show, real or made up.
    pub(crate) fn user_id(&self) -> &str {
        match &self.holder {
            Holder::Known(_, credentials) => &credentials.user_id,
            Holder::WithoutPassword(_, decoy) | Holder::Nobody(_, decoy) => decoy.user_id(),
        }
    }

    /// What failures are counted under.
    pub(crate) fn subject(&self) -> &Sub {
        match &self.holder {
            Holder::Known(user, _) | Holder::WithoutPassword(user, _) => &user.sub,
            Holder::Nobody(sub, _) => sub,
        }
    }

    /// The facts that the sign-in machine decides on.
    pub(crate) fn facts<'a>(&'a self, pool_client: &'a PoolClient, now: Timestamp) -> Facts<'a> {
        let account = match &self.holder {
            Holder::Known(user, credentials) => Account::Known(user, credentials),
            Holder::WithoutPassword(user, decoy) => Account::WithoutPassword(user, decoy),
            Holder::Nobody(sub, decoy) => Account::Unknown(sub, decoy),
        };
        Facts {
            pool: &pool_client.pool,
            client: &pool_client.entry.client,
            account,
            device: None,
            lockout: self.lockout,
            now,
        }
    }
}

/// The normal form of a name in a request.
///
/// # Errors
/// `InvalidParameterException` for a name that is longer than any name is, or holds U+0000.
pub(crate) fn normal_name(pool: &UserPool, given: &str) -> Result<NormalName> {
    if given.len() > MAX_NAME_LENGTH {
        return Err(Error::invalid_parameter("The user name is too long."));
    }
    // No user name and no address holds one, and PostgreSQL's text cannot.
    if given.contains('\0') {
        return Err(Error::invalid_parameter(
            "The user name has a character that is not allowed.",
        ));
    }
    Ok(NormalName::new(pool, given))
}

/// Who a name belongs to, if no user has it.
pub(crate) fn nobody(app: &App, pool: &UserPool, name: &NormalName) -> Nobody {
    Nobody::of_name(&app.secrets.nobody, &pool.id, name)
}

/// Whether a name is a sub that a challenge may have told of somebody who does not exist. It counts
/// as taken, as a real user's is: else whoever signs up with what a challenge told would learn
/// which it was. Of random UUIDs some four in a million meet this by chance.
pub(crate) fn is_made_up(app: &App, pool: &UserPool, name: &NormalName) -> bool {
    Sub::parse(name.as_str()).is_ok() && nobody(app, pool, name).trace != Trace::Nothing
}

/// The sub of a user, or one made up for a name that nobody has: what codes, limits and failures
/// are kept under, so that all spellings and aliases of one user count together, an unknown name
/// goes the same way as a known one, and the tables tell nobody's name.
pub(crate) fn sub_of(app: &App, pool: &UserPool, user: Option<&User>, name: &NormalName) -> Sub {
    user.map_or_else(|| nobody(app, pool, name).sub, |user| user.sub.clone())
}

/// The user, or one made up for a name that nobody has: to do the same work for both.
pub(crate) fn stand_in(cx: &Cx, pool: &UserPool, user: Option<&User>, name: &NormalName) -> User {
    user.cloned().unwrap_or_else(|| User {
        pool: pool.id.clone(),
        sub: sub_of(&cx.app, pool, None, name),
        username: name.as_str().to_owned(),
        attributes: Attributes::new(),
        kept_names: std::collections::BTreeMap::new(),
        recover_by: None,
        factors_changed_at: None,
        mfa: cognate_model::second_factor::MfaPreferences::default(),
        status: UserStatus::Unconfirmed,
        enabled: true,
        created_at: cx.now,
        modified_at: cx.now,
        revision: 0,
    })
}

/// The user who has a name, if anybody has.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn find_named(
    cx: &Cx,
    pool: &UserPool,
    name: &NormalName,
) -> Result<Option<User>> {
    Ok(users::find_by_name(&mut cx.app.db.read().await?, &pool.id, name).await?)
}

/// The user of a name in an operator's request: of any of their names, or the sub.
///
/// # Errors
/// `UserNotFoundException`: operators are told the truth.
pub(crate) async fn user_for_operator(cx: &Cx, pool: &UserPool, given: &str) -> Result<User> {
    let name = normal_name(pool, given)?;
    let found = users::find_by_name(&mut cx.app.db.read().await?, &pool.id, &name).await?;
    found.ok_or_else(Error::user_does_not_exist)
}
