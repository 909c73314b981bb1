//! `cognate serve`.

use anyhow::Result;

use super::{block_on, master_key_variable};
use crate::config_file::ConfigFile;
use crate::configuration::{Kind, ServerConfiguration};
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
        warn(&configuration);
        let serving = Node::open(configuration, Kind::Serve).await?.serve(None)?;
        until_stopped(serving, is_tls, signals).await;
        Ok(())
    })
}

/// Says where it listens, in the line that programs wait for, and serves until a signal comes.
pub(super) async fn until_stopped(serving: Serving, is_tls: bool, mut signals: StopSignals) {
    say(&format!("listening on {}", serving.url(is_tls)));
    let signal = signals.wait().await;
    tracing::info!(signal, "stopping");
    serving.stop().await;
}

/// Tells what works and is probably not meant.
fn warn(configuration: &ServerConfiguration) {
    if configuration.smtp_url.is_none() {
        tracing::warn!(
            "no --smtp-url: mail cannot be sent, so that codes and invitations reach nobody"
        );
    }
    if configuration.public_url.is_none() && !configuration.listen.ip().is_loopback() {
        tracing::warn!(
            "no --public-url: tokens name an issuer that is reached from this machine only"
        );
    }
    if configuration.tls.is_none() && !configuration.listen.ip().is_loopback() {
        tracing::warn!(
            "no --tls-cert: passwords and tokens cross the network in the clear unless a proxy before this server speaks HTTPS"
        );
    }
}
