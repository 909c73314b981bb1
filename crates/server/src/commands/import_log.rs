//! `cognate import-log`: what became of the rows of an imported file, as Cognito writes it to
//! CloudWatch. It works beside running servers.

use anyhow::Result;
use clap::Args;
use cognate_service::import_log::ImportLog;
use cognate_store::Db;

use super::with_existing_to_read;
use crate::options::StoreOptions;
use crate::terminal::say;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The user pool.
    #[arg(long, value_name = "ID")]
    user_pool_id: String,
    /// The import job.
    #[arg(long, value_name = "ID")]
    job_id: String,
    /// Only the rows that were skipped or have failed.
    #[arg(long)]
    troubles: bool,
    #[command(flatten)]
    store: StoreOptions,
}

/// Does it.
pub(crate) fn run(arguments: Arguments) -> Result<()> {
    let Arguments {
        user_pool_id,
        job_id,
        troubles,
        store,
    } = arguments;
    with_existing_to_read(store, async move |db| {
        read(db, &user_pool_id, &job_id, troubles).await
    })
}

async fn read(db: &Db, pool: &str, job: &str, troubles: bool) -> Result<()> {
    let log = ImportLog::of(db, pool, job).await?;
    let mut last = -1;
    while let Some((number, lines)) = log.next(last).await? {
        for line in lines {
            if !troubles || !line.starts_with("[SUCCEEDED]") {
                say(&line);
            }
        }
        last = number;
    }
    Ok(())
}
