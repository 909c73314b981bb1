//! `cognate access-key`: the keys that sign administrators' requests. It works beside a running
//! server, which sees a change within a second.

use std::fs;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use cognate_crypto::sigv4;
use cognate_model::policy::Policy;
use cognate_service::{Clock, Entropy, access_keys};
use cognate_store::Db;

use super::with_database;
use crate::options::StoreOptions;
use crate::terminal::say;

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Make a key and print it; its secret is shown this once.
    Create {
        /// What to call it; ARNs name it so.
        #[arg(long)]
        name: String,
        /// A file with an IAM policy (Effect, Action, Resource) that says what it may do; without
        /// one it may do everything.
        #[arg(long, value_name = "FILE")]
        policy: Option<String>,
        #[command(flatten)]
        store: StoreOptions,
    },
    /// List all keys: id, name, when they were made.
    List {
        #[command(flatten)]
        store: StoreOptions,
    },
    /// Delete a key.
    Delete {
        /// Its name or its id.
        name: String,
        #[command(flatten)]
        store: StoreOptions,
    },
}

/// Does it.
pub(crate) fn run(action: Action) -> Result<()> {
    match action {
        Action::Create {
            name,
            policy,
            store,
        } => {
            let policy =
                policy.map_or_else(|| Ok(Policy::allow_all()), |file| read_policy(&file))?;
            with_database(store, async move |db| create(db, &name, policy).await)
        }
        Action::List { store } => with_database(store, list),
        Action::Delete { name, store } => {
            with_database(store, async move |db| delete(db, &name).await)
        }
    }
}

fn read_policy(file: &str) -> Result<Policy> {
    let text =
        fs::read_to_string(file).with_context(|| format!("the policy {file} cannot be read"))?;
    Policy::parse(&text).with_context(|| format!("the policy {file} cannot be taken"))
}

async fn create(db: &Db, name: &str, policy: Policy) -> Result<()> {
    let (key, secret) =
        access_keys::create(db, &Clock::system(), &Entropy::System, name, policy).await?;
    say(&format!(
        "access key id      {}\nsecret access key  {}",
        key.id,
        secret.expose()
    ));
    Ok(())
}

async fn list(db: &Db) -> Result<()> {
    for key in access_keys::list(db).await? {
        say(&format!(
            "{}  {}  {}",
            key.id,
            sigv4::timestamp(key.created_at.0),
            key.name
        ));
    }
    Ok(())
}

async fn delete(db: &Db, name: &str) -> Result<()> {
    if !access_keys::delete(db, name).await? {
        bail!("there is no access key «{name}»");
    }
    Ok(())
}
