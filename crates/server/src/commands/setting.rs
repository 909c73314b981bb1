//! `cognate setting`: what Cognito has no member for, set for one user pool or app client. It works
//! beside running servers, which see a change within two seconds.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use cognate_service::Entropy;
use cognate_service::server_settings::{self, CurrentSetting, Subject};
use cognate_store::Db;

use super::{block_on, store_configuration};
use crate::database;
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
        Action::List(which) => with(which, async |db, of| {
            for setting in server_settings::list(db, &of).await? {
                say(&line(&setting));
            }
            Ok(())
        }),
        Action::Get { which, name } => with(which, async move |db, of| {
            let all = server_settings::list(db, &of).await?;
            let names: Vec<&str> = all.iter().map(|setting| setting.name).collect();
            let Some(setting) = all.iter().find(|setting| setting.name == name) else {
                bail!(
                    "there is no setting «{name}» here; there are {}",
                    names.join(", ")
                );
            };
            if let Some(value) = &setting.value {
                say(value);
            }
            Ok(())
        }),
        Action::Set { which, name, value } => with(which, async move |db, of| {
            Ok(server_settings::set(db, &of, &name, Some(&value)).await?)
        }),
        Action::Unset { which, name } => with(which, async move |db, of| {
            Ok(server_settings::set(db, &of, &name, None).await?)
        }),
    }
}

fn line(setting: &CurrentSetting) -> String {
    let value = setting.value.as_deref().unwrap_or("(the server's own)");
    format!("{:<16}{value:<20}{}", setting.name, setting.meaning)
}

/// A database that has this user pool is there already; none is made.
fn with(which: Which, work: impl AsyncFnOnce(&Db, Subject) -> Result<()>) -> Result<()> {
    let configuration = store_configuration(which.store)?;
    let of = Subject {
        pool: which.pool,
        client: which.client_id,
    };
    block_on(async {
        let (db, _) = database::open_existing(&configuration, &Entropy::System).await?;
        let outcome = work(&db, of).await;
        db.close().await;
        outcome
    })
}
