//! Settings of the server for one user pool or app client, as `cognate setting` reads and changes
//! them: by name, beside running servers, which see a change within two seconds.

use cognate_model::server_settings::{OF_CLIENTS, OF_POOLS, ServerSetting, SettingError};
use cognate_model::{ClientId, UserPoolId};
use cognate_store::{Db, Tx, app_clients, server_settings as stored, user_pools};

/// Whose settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The user pool.
    pub pool: String,
    /// An app client of the pool; None for the pool itself.
    pub client: Option<String>,
}

/// One setting as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentSetting {
    /// Its name.
    pub name: &'static str,
    /// Its value; None where the server's own is in force.
    pub value: Option<String>,
    /// What it does, in a sentence.
    pub meaning: &'static str,
}

/// Why settings were not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum ServerSettingError {
    /// An id that no user pool has.
    #[error("there is no user pool «{0}»")]
    NoSuchPool(String),
    /// An id that no app client of the pool has.
    #[error("the user pool has no app client «{0}»")]
    NoSuchClient(String),
    /// A name or a value that is none.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The database's reason.
    #[error(transparent)]
    Store(#[from] cognate_store::Error),
}

/// A pool or an app client that is there.
#[derive(Clone)]
enum Found {
    Pool(UserPoolId),
    Client(UserPoolId, ClientId),
}

/// All settings of a pool or an app client.
///
/// # Errors
/// [`ServerSettingError`].
pub async fn list(db: &Db, of: &Subject) -> Result<Vec<CurrentSetting>, ServerSettingError> {
    let mut reader = db.read().await?;
    Ok(match find(&mut reader, of).await? {
        Found::Pool(pool) => current(OF_POOLS, &stored::of_pool(&mut reader, &pool).await?),
        Found::Client(pool, client) => {
            let settings = stored::of_client(&mut reader, &pool, &client).await?;
            current(OF_CLIENTS, &settings)
        }
    })
}

/// The value of one; None where the server's own is in force.
///
/// # Errors
/// [`ServerSettingError`].
pub async fn get(db: &Db, of: &Subject, name: &str) -> Result<Option<String>, ServerSettingError> {
    let mut reader = db.read().await?;
    Ok(match find(&mut reader, of).await? {
        Found::Pool(pool) => {
            let setting = ServerSetting::find(OF_POOLS, name)?;
            setting.value(&stored::of_pool(&mut reader, &pool).await?)
        }
        Found::Client(pool, client) => {
            let setting = ServerSetting::find(OF_CLIENTS, name)?;
            setting.value(&stored::of_client(&mut reader, &pool, &client).await?)
        }
    })
}

/// Sets one; with None the server's own is in force again.
///
/// # Errors
/// [`ServerSettingError`]; nothing is changed then.
pub async fn set(
    db: &Db,
    of: &Subject,
    name: &str,
    value: Option<&str>,
) -> Result<(), ServerSettingError> {
    let (of, name, value) = (of.clone(), name.to_owned(), value.map(str::to_owned));
    db.write("set_server_setting", async move |tx: &mut Tx| {
        match find(tx, &of).await? {
            Found::Pool(pool) => {
                let setting = ServerSetting::find(OF_POOLS, &name)?;
                let mut settings = stored::of_pool(tx, &pool).await?;
                setting.set(&mut settings, value.as_deref())?;
                stored::put_of_pool(tx, &pool, &settings).await?;
            }
            Found::Client(pool, client) => {
                let setting = ServerSetting::find(OF_CLIENTS, &name)?;
                let mut settings = stored::of_client(tx, &pool, &client).await?;
                setting.set(&mut settings, value.as_deref())?;
                stored::put_of_client(tx, &pool, &client, &settings).await?;
            }
        }
        Ok(())
    })
    .await
}

fn current<T>(all: &[ServerSetting<T>], of: &T) -> Vec<CurrentSetting> {
    let current = |setting: &ServerSetting<T>| CurrentSetting {
        name: setting.name,
        value: setting.value(of),
        meaning: setting.meaning,
    };
    all.iter().map(current).collect()
}

async fn find(tx: &mut Tx, of: &Subject) -> Result<Found, ServerSettingError> {
    let no_such_pool = || ServerSettingError::NoSuchPool(of.pool.clone());
    let pool = UserPoolId::parse(&of.pool).map_err(|_| no_such_pool())?;
    if user_pools::find(tx, &pool).await?.is_none() {
        return Err(no_such_pool());
    }
    let Some(client) = &of.client else {
        return Ok(Found::Pool(pool));
    };
    let no_such_client = || ServerSettingError::NoSuchClient(client.clone());
    let id = ClientId::parse(client).map_err(|_| no_such_client())?;
    match app_clients::find(tx, &id).await? {
        Some((found, _)) if found.pool == pool => Ok(Found::Client(pool, id)),
        _ => Err(no_such_client()),
    }
}
