//! One file a command.

pub(crate) mod access_key;
pub(crate) mod dev;
pub(crate) mod serve;

use std::future::Future;

use anyhow::{Context, Result};

/// The key itself, where it is not in a file. No flag has it: other users of a machine see the flags of a process.
#[allow(clippy::disallowed_methods, reason = "this is the command line")]
fn master_key_variable() -> Option<String> {
    std::env::var("COGNATE_MASTER_KEY").ok()
}

/// Runs a command that waits for things.
fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let outcome = runtime.block_on(future);
    // A look-up of a host's name may hang on a thread of its own; nothing waits for it.
    runtime.shutdown_background();
    outcome
}
