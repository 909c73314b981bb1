//! `cognate signing-key`: the keys that sign a user pool's tokens. It works beside running servers,
//! which see a change within two seconds.

use anyhow::Result;
use clap::Subcommand;
use cognate_crypto::sigv4;
use cognate_model::Timestamp;
use cognate_service::Clock;
use cognate_service::signing_keys::{self, KeyStatus};
use cognate_store::Db;

use super::listing::{Column, Listing};
use super::{with_existing, with_existing_to_read};
use crate::options::StoreOptions;
use crate::terminal::say;

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Give a user pool new keys; tokens of the old ones are good until they run out.
    Rotate {
        /// The user pool.
        #[arg(long, value_name = "ID")]
        user_pool_id: String,
        #[command(flatten)]
        store: StoreOptions,
    },
    /// List the keys of a user pool: id, kind of token, when it was made, what it does.
    List {
        /// The user pool.
        #[arg(long, value_name = "ID")]
        user_pool_id: String,
        /// One JSON object a line, for programs.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreOptions,
    },
}

/// Does it.
pub(crate) fn run(action: Action) -> Result<()> {
    match action {
        Action::Rotate {
            user_pool_id,
            store,
        } => with_existing(store, async move |db| rotate(db, &user_pool_id).await),
        Action::List {
            user_pool_id,
            json,
            store,
        } => with_existing_to_read(store, async move |db| list(db, &user_pool_id, json).await),
    }
}

async fn rotate(db: &Db, pool: &str) -> Result<()> {
    let rotation = signing_keys::rotate(db, &Clock::system(), pool).await?;
    say(&format!(
        "id      {}\naccess  {}\nsign from              {}\nold keys verify until  {}",
        rotation.id_kid,
        rotation.access_kid,
        time(rotation.signs_from),
        time(rotation.old_verify_until)
    ));
    Ok(())
}

async fn list(db: &Db, pool: &str, json: bool) -> Result<()> {
    let keys = signing_keys::list(db, &Clock::system(), pool).await?;
    let column = |name, width| Column { name, width };
    let listing = Listing::begin(
        [
            // A kid is a hash of 32 bytes in base64.
            column("key_id", 43),
            column("token_use", 9),
            column("made_at", 16),
            column("status", 0),
        ],
        json,
    );
    for key in keys {
        listing.say([
            &key.kid,
            key.token_use.as_str(),
            &time(key.created_at),
            &words(key.status),
        ]);
    }
    Ok(())
}

fn words(status: KeyStatus) -> String {
    match status {
        KeyStatus::Signs => "signs".to_owned(),
        KeyStatus::SignsFrom(at) => format!("signs from {}", time(at)),
        KeyStatus::VerifiesUntil(at) => format!("verifies until {}", time(at)),
        KeyStatus::Retired => "retired".to_owned(),
    }
}

fn time(at: Timestamp) -> String {
    sigv4::timestamp(at.0)
}
