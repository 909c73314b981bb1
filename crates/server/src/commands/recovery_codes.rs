//! `cognate recovery-codes`: what operators do about the recovery codes of a user, which nobody can
//! read. It works beside running servers.

use anyhow::Result;
use clap::Subcommand;
use cognate_service::recovery_codes;
use cognate_store::Db;

use super::with_existing;
use crate::options::StoreOptions;
use crate::terminal::say;

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Take a user's recovery codes away: none of them is good any more. The user may have others
    /// made after a sign-in with a second factor.
    Reset {
        /// The user pool.
        #[arg(long, value_name = "ID")]
        user_pool_id: String,
        /// The user, by any of their names, or by their sub.
        #[arg(long, value_name = "NAME")]
        username: String,
        #[command(flatten)]
        store: StoreOptions,
    },
}

/// Does it.
pub(crate) fn run(action: Action) -> Result<()> {
    match action {
        Action::Reset {
            user_pool_id,
            username,
            store,
        } => with_existing(store, async move |db| {
            reset(db, &user_pool_id, &username).await
        }),
    }
}

async fn reset(db: &Db, pool: &str, username: &str) -> Result<()> {
    let had_some = recovery_codes::reset(db, pool, username).await?;
    say(if had_some {
        "the recovery codes are taken away"
    } else {
        "the user has no recovery codes"
    });
    Ok(())
}
