//! `cognate dev`: everything at hand, nothing guarded.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use cognate_web::demo::DemoConfig;

use super::serve::until_stopped;
use super::{block_on, master_key_variable};
use crate::config_file::ConfigFile;
use crate::configuration::{DevConfiguration, Kind, ServerConfiguration};
use crate::demo;
use crate::node::{Node, host_of};
use crate::options::{DevOptions, ServerOptions};
use crate::signals::StopSignals;
use crate::terminal::say;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: ServerOptions,
    #[command(flatten)]
    dev: DevOptions,
}

/// Serves until a signal comes.
pub(crate) fn run(Arguments { server, dev }: Arguments) -> Result<()> {
    let file = ConfigFile::load(server.store.config.as_deref())?;
    let mut configuration =
        ServerConfiguration::resolve(server, &file, Kind::Dev, master_key_variable())?;
    let dev = DevConfiguration::resolve(dev, &file, &mut configuration)?;
    if let Some(logging) = configuration.logging.take() {
        logging.start();
    }
    check_loopback(&configuration, &dev)?;
    block_on(async {
        let signals = StopSignals::new()?;
        let is_tls = configuration.tls.is_some() || dev.local_tls.https;
        let node = Node::open(configuration, Kind::Dev, &dev.local_tls).await?;
        let inbox_path = node.inbox.as_ref().map(|_| "/dev/inbox".to_owned());
        let demo = match dev.demo {
            true => Some(
                demo::prepare(&node.app, &node.operations, inbox_path.clone())
                    .await
                    .context("the demo pool cannot be prepared")?,
            ),
            false => None,
        };
        let welcome = welcome(
            node.public_url(),
            &node.words,
            demo.as_ref(),
            inbox_path.as_deref(),
        );
        let serving = node.serve(demo)?;
        say(&welcome);
        until_stopped(serving, is_tls, signals).await;
        Ok(())
    })
}

/// Whoever reaches a development server is an administrator, so it is reached from this machine
/// only, unless somebody means it.
fn check_loopback(configuration: &ServerConfiguration, dev: &DevConfiguration) -> Result<()> {
    let aws = dev.local_tls.aws.as_ref().map(|aws| aws.listen);
    for listen in [Some(configuration.listen), aws].into_iter().flatten() {
        if listen.ip().is_loopback() {
            continue;
        }
        if !dev.allow_remote {
            bail!(
                "cognate dev asks nobody for credentials and listens on loopback only; {} is not loopback (--allow-remote, if it is meant)",
                listen.ip()
            );
        }
        tracing::warn!(%listen, "development mode on an open address: whoever reaches it is an administrator");
    }
    Ok(())
}

/// What a newcomer reads: where things are and what to type.
fn welcome(
    url: &str,
    certificates: &str,
    demo: Option<&DemoConfig>,
    inbox_path: Option<&str>,
) -> String {
    let mut text = String::from(
        "Cognate in development mode: any credentials are good, so keep it on this machine.\n",
    );
    // Writing into a string cannot fail.
    if let Some(path) = inbox_path {
        let _ = writeln!(text, "\n  Inbox        {url}{path}");
    }
    let Some(DemoConfig {
        region,
        user_pool_id,
        client_id,
        ..
    }) = demo
    else {
        text.push_str(certificates);
        return text;
    };
    let _ = write!(
        text,
        "  Demo site    {}/demo/
  User pool    {user_pool_id}
  App client   {client_id}
{certificates}
Try it with the AWS CLI:

  alias idp='AWS_PAGER= aws cognito-idp --no-sign-request --region {region} --endpoint-url {url}'
  idp sign-up --client-id {client_id} --username ana@example.com --password Sunflower-7
",
        by_name(url)
    );
    let code = match inbox_path {
        Some(path) => {
            let _ = writeln!(text, "  curl -s '{url}{path}.json?to=ana@example.com'");
            "CODE"
        }
        None => "CODE-FROM-THE-MAIL",
    };
    let _ = write!(
        text,
        "  idp confirm-sign-up --client-id {client_id} --username ana@example.com --confirmation-code {code}
  idp initiate-auth --client-id {client_id} --auth-flow USER_PASSWORD_AUTH --auth-parameters USERNAME=ana@example.com,PASSWORD=Sunflower-7
  idp admin-get-user --user-pool-id {user_pool_id} --username ana@example.com
"
    );
    text
}

/// The same server by its name on this machine: passkeys are made for a name, and never for an
/// address.
fn by_name(url: &str) -> String {
    match host_of(url) {
        Some(address @ ("127.0.0.1" | "[::1]")) => url.replacen(address, "localhost", 1),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::by_name;

    #[test]
    fn this_machine_is_linked_by_its_name() {
        for (url, expected) in [
            ("http://127.0.0.1:9229", "http://localhost:9229"),
            ("https://[::1]:9229/auth", "https://localhost:9229/auth"),
            ("https://id.example.com", "https://id.example.com"),
            ("http://192.168.1.7:9229", "http://192.168.1.7:9229"),
        ] {
            assert_eq!(by_name(url), expected);
        }
    }
}
