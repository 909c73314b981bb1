//! `cognate setting`: what Cognito has no member for, set for one user pool or app client. It works
//! beside running servers, which see a change within two seconds.

use anyhow::Result;
use clap::{Args, Subcommand};
use cognate_service::server_settings::{self, CurrentSetting, Subject};
use cognate_store::Db;

use super::{with_existing, with_existing_to_read};
use crate::options::StoreOptions;
use crate::terminal::say;

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Show all settings of a user pool or an app client, each with what it does.
    List(Which),
    /// Print the value of one setting; nothing where the server's own is in force.
    Get {
        #[command(flatten)]
        which: Which,
        /// The setting, as `cognate setting list` names it.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Change one setting.
    Set {
        #[command(flatten)]
        which: Which,
        /// The setting, as `cognate setting list` names it.
        #[arg(value_name = "NAME")]
        name: String,
        /// Its value.
        #[arg(value_name = "VALUE")]
        value: String,
    },
    /// Take a value away, so that the server's own is in force again.
    Unset {
        #[command(flatten)]
        which: Which,
        /// The setting, as `cognate setting list` names it.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Args)]
pub(crate) struct Which {
    /// The user pool's id.
    #[arg(value_name = "POOL")]
    pool: String,
    /// An app client of the pool, whose settings are meant instead of the pool's.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    #[command(flatten)]
    store: StoreOptions,
}

/// Does it.
pub(crate) fn run(action: Action) -> Result<()> {
    match action {
        Action::List(which) => {
            let (of, store) = which.parts();
            with_existing_to_read(store, async move |db| list(db, &of).await)
        }
        Action::Get { which, name } => {
            let (of, store) = which.parts();
            with_existing_to_read(store, async move |db| get(db, &of, &name).await)
        }
        Action::Set { which, name, value } => change(which, name, Some(value)),
        Action::Unset { which, name } => change(which, name, None),
    }
}

async fn list(db: &Db, of: &Subject) -> Result<()> {
    for setting in server_settings::list(db, of).await? {
        say(&line(&setting));
    }
    Ok(())
}

async fn get(db: &Db, of: &Subject, name: &str) -> Result<()> {
    if let Some(value) = server_settings::get(db, of, name).await? {
        say(&value);
    }
    Ok(())
}

fn change(which: Which, name: String, value: Option<String>) -> Result<()> {
    let (of, store) = which.parts();
    with_existing(store, async move |db| {
        Ok(server_settings::set(db, &of, &name, value.as_deref()).await?)
    })
}

fn line(setting: &CurrentSetting) -> String {
    let value = setting.value.as_deref().unwrap_or("(the server's own)");
    format!("{:<20}{value:<20}{}", setting.name, setting.meaning)
}

impl Which {
    /// Whose settings, and where the database is.
    fn parts(self) -> (Subject, StoreOptions) {
        let of = Subject {
            pool: self.pool,
            client: self.client_id,
        };
        (of, self.store)
    }
}
