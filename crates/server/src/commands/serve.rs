//! `cognate serve`.

use anyhow::Result;
use cognate_service::access_keys;

use super::{block_on, master_key_variable};
use crate::config_file::ConfigFile;
use crate::configuration::{Kind, ServerConfiguration};
use crate::local_tls::LocalTls;
use crate::node::{Node, Serving};
use crate::options::ServerOptions;
use crate::signals::StopSignals;
use crate::terminal::say;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: ServerOptions,
}

/// Serves until a signal comes.
pub(crate) fn run(Arguments { server }: Arguments) -> Result<()> {
    let file = ConfigFile::load(server.store.config.as_deref())?;
    let mut configuration =
        ServerConfiguration::resolve(server, &file, Kind::Serve, master_key_variable())?;
    if let Some(logging) = configuration.logging.take() {
        logging.start();
    }
    block_on(async {
        let signals = StopSignals::new()?;
        let is_tls = configuration.tls.is_some();
        let warnings = warnings(&configuration);
        let data_dir = configuration.store.data_dir.clone();
        let node = Node::open(configuration, Kind::Serve, &LocalTls::default()).await?;
        // A database that does not answer just now tells itself soon enough.
        let has_no_key =
            matches!(access_keys::list(&node.app.db).await, Ok(keys) if keys.is_empty());
        let serving = node.serve(None)?;
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        if has_no_key {
            tracing::warn!(
                "there is no access key yet, so nobody can administer this server: cognate access-key create --name admin --data-dir {} makes one, also while it runs; cognate doctor looks for other troubles",
                data_dir.display()
            );
        }
        until_stopped(serving, is_tls, signals).await;
        Ok(())
    })
}

/// Says where it listens, in the line that programs wait for, and serves until a signal comes.
pub(super) async fn until_stopped(serving: Serving, is_tls: bool, mut signals: StopSignals) {
    say(&format!("listening on {}", serving.url(is_tls)));
    let signal = signals.wait().await;
    tracing::info!(signal, "stopping");
    tokio::select! {
        () = serving.stop() => {}
        // Nothing that was acknowledged is lost by this; who asks twice is in a hurry.
        signal = signals.wait() => tracing::warn!(signal, "stopping at once"),
    }
}

/// What works and is probably not meant. It is told once the server runs: a start that fails tells
/// its reason and nothing else.
fn warnings(configuration: &ServerConfiguration) -> Vec<&'static str> {
    let is_remote = !configuration.listen.ip().is_loopback();
    let warnings = [
        (
            configuration.smtp_url.is_none(),
            "no --smtp-url: mail cannot be sent, so that codes and invitations reach nobody",
        ),
        (
            is_remote && configuration.public_url.is_none(),
            "no --public-url: tokens name an issuer that is reached from this machine only",
        ),
        (
            is_remote && configuration.tls.is_none(),
            "no --tls-cert: unless a proxy before this server speaks HTTPS, passwords and tokens cross the network in the clear",
        ),
    ];
    warnings
        .into_iter()
        .filter_map(|(holds, words)| holds.then_some(words))
        .collect()
}
