//! `cognate access-key`: the keys that sign administrators' requests. It works beside a running
//! server, which sees a change within a second.

use std::fs;
use std::io::{self, Read as _};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use cognate_crypto::sigv4;
use cognate_model::policy::Policy;
use cognate_service::{Clock, Entropy, access_keys};
use cognate_store::{Db, OpenError};

use super::listing::{Column, Listing};
use super::{block_on, store_configuration};
use crate::configuration::{Kind, StoreConfiguration};
use crate::database;
use crate::options::StoreOptions;
use crate::terminal::{say, tell};

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Make a key and print it; its secret is shown this once. Makes the data folder, too, if there
    /// is none.
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
        /// One JSON object a line, for programs.
        #[arg(long)]
        json: bool,
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
            let configuration = store_configuration(store)?;
            block_on(create(&configuration, &name, policy))
        }
        Action::List { json, store } => {
            with_database_of_serve(store, async move |db| list(db, json).await)
        }
        Action::Delete { name, store } => {
            with_database_of_serve(store, async move |db| delete(db, &name).await)
        }
    }
}

/// Runs a command on a database of `cognate serve` that is there already: in one of `cognate dev`
/// nobody is asked for a key.
fn with_database_of_serve(
    options: StoreOptions,
    work: impl AsyncFnOnce(&Db) -> Result<()>,
) -> Result<()> {
    let configuration = store_configuration(options)?;
    block_on(async {
        let (db, _) = database::open_existing(&configuration, &Entropy::System).await?;
        let outcome = match database::check_kind(&db, Kind::Serve).await {
            Ok(()) => work(&db).await,
            Err(error) => Err(error),
        };
        db.close().await;
        outcome
    })
}

/// So much of a file is read: more than any policy may have, so that one is refused for its length.
const MAX_POLICY_FILE: u64 = 64 * 1024;

fn read_policy(file: &str) -> Result<Policy> {
    let read = || {
        let mut text = String::new();
        let file = fs::File::open(file)?;
        file.take(MAX_POLICY_FILE).read_to_string(&mut text)?;
        Ok::<_, io::Error>(text)
    };
    let text = read().with_context(|| format!("the policy {file} cannot be read"))?;
    access_keys::parse_policy(&text).with_context(|| format!("the policy {file} cannot be taken"))
}

/// The first thing that many do, before the server has run once: so it makes the database, and says
/// so, because a mistyped data folder is made too.
async fn create(configuration: &StoreConfiguration, name: &str, policy: Policy) -> Result<()> {
    let is_new = configuration.holds_no_database();
    refuse_an_older_one(configuration).await?;
    let db = database::open(configuration, Kind::Serve, &Entropy::System).await?;
    if is_new {
        let folder = configuration.data_dir.display();
        tell(&format!(
            "made the data folder {folder}, with a new database"
        ));
    }
    let made = access_keys::create(&db, &Clock::system(), &Entropy::System, name, policy).await;
    db.close().await;
    let (key, secret) = made?;
    say(&format!(
        "access key id      {}\nsecret access key  {}",
        key.id,
        secret.expose()
    ));
    Ok(())
}

/// Only a server's start brings a database of an earlier version up to date. Whatever else is wrong
/// is told when it is opened.
async fn refuse_an_older_one(configuration: &StoreConfiguration) -> Result<()> {
    match database::open_existing(configuration, &Entropy::System).await {
        Ok((db, _)) => db.close().await,
        Err(error) => {
            let is_older = |error: &OpenError| matches!(error, OpenError::OlderDatabase { .. });
            if error.downcast_ref::<OpenError>().is_some_and(is_older) {
                return Err(error);
            }
        }
    }
    Ok(())
}

async fn list(db: &Db, json: bool) -> Result<()> {
    let keys = access_keys::list(db).await?;
    let column = |name, width| Column { name, width };
    let columns = [
        column("access_key_id", 20),
        column("made_at", 16),
        column("name", 0),
    ];
    let listing = Listing::begin(columns, json);
    for key in keys {
        listing.say([&key.id, &sigv4::timestamp(key.created_at.0), &key.name]);
    }
    Ok(())
}

async fn delete(db: &Db, name: &str) -> Result<()> {
    if !access_keys::delete(db, name).await? {
        bail!("there is no access key «{name}»");
    }
    Ok(())
}
