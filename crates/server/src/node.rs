//! A node from its configuration: sockets, database, senders, doors, background jobs; and its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use cognate_model::{EmailAddress, Sender};
use cognate_outbound::{
    HttpSms, Inbox, Mailer, Outbound, Senders, SmsSender, SmtpMailer, SmtpUrlError, Triggers,
};
use cognate_service::{App, Background, Clock, Config, Entropy, Operations, operations};
use cognate_web::demo::DemoConfig;
use cognate_web::{Access, Doorkeeper, Doors, InFlight, Network};
use tokio::net::TcpListener;

use crate::configuration::{Kind, ServerConfiguration};
use crate::listener::{Connections, Listening};
use crate::local_tls::LocalTls;
use crate::metrics::{Metrics, Source};
use crate::tls::Certificate;
use crate::{admin, database, inbox};

/// The number of calls that run at once; others are told to try again. It is far above what a
/// machine can do, and far below what fills it.
const CALLS_AT_ONCE: u32 = 4096;
/// How long a stop waits for requests that run.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a socket is for that cannot be had.
const AS_AWS: &str = "--as-aws listens on port 443, which takes root's rights or CAP_NET_BIND_SERVICE; \
     --as-aws-listen names another, from which 443 is led here";
/// Connections on the operator's listener.
const ADMIN_CONNECTIONS: usize = 64;

/// A node that is made and does not serve yet.
pub(crate) struct Node {
    pub(crate) app: Arc<App>,
    pub(crate) operations: Arc<Operations>,
    /// The store of messages, if they are not sent.
    pub(crate) inbox: Option<Inbox>,
    configuration: ServerConfiguration,
    kind: Kind,
    socket: TcpListener,
    admin_socket: Option<TcpListener>,
    certificate: Option<Certificate>,
    /// The socket that stands in for AWS, with its certificate.
    aws: Option<(TcpListener, Certificate)>,
    /// What a person is to be told of certificates that were made here.
    pub(crate) words: String,
}

/// A node that serves.
pub(crate) struct Serving {
    app: Arc<App>,
    background: Background,
    public: Listening,
    admin: Option<Listening>,
    aws: Option<Listening>,
    in_flight: InFlight,
}

impl Node {
    /// Binds the sockets first: they fail soonest, and a port that the system chooses is part of
    /// the public URL.
    ///
    /// # Errors
    /// In words for the operator.
    pub(crate) async fn open(
        configuration: ServerConfiguration,
        kind: Kind,
        local_tls: &LocalTls,
    ) -> Result<Self> {
        let certificate = configuration
            .tls
            .as_ref()
            .map(|files| Certificate::load(&files.certificate, &files.key))
            .transpose()?;
        let socket = bind(configuration.listen).await?;
        let admin_socket = match configuration.admin_listen {
            Some(address) => Some(
                bind(address)
                    .await
                    .context("the operator's listener (--admin-listen)")?,
            ),
            None => None,
        };
        let aws_socket = match &local_tls.aws {
            Some(aws) => Some(bind(aws.listen).await.context(AS_AWS)?),
            None => None,
        };
        let is_tls = certificate.is_some() || local_tls.https;
        let config = app_config(&configuration, kind, socket.local_addr()?, is_tls)?;
        let inbox = (kind == Kind::Dev).then(Inbox::new);
        let outbound = outbound(&configuration, &config.mail_from, inbox.as_ref())?;
        let keeps_messages = matches!(outbound.mail, Mailer::Inbox(_))
            || matches!(outbound.sms, SmsSender::Inbox(_));
        let entropy = Entropy::System;
        let db = database::open(&configuration.store, kind, &entropy).await?;
        let clock = Clock::system();
        // Only once it is certain that the folder is development's.
        let made = local_tls.certificates(&configuration.store.data_dir, clock.now())?;
        let app = App::new(db, outbound, config, clock, entropy);
        let operations = Arc::new(operations());
        let inbox = inbox.filter(|_| keeps_messages);
        Ok(Self {
            app,
            operations,
            inbox,
            configuration,
            kind,
            socket,
            admin_socket,
            certificate: certificate.or(made.main),
            aws: aws_socket.zip(made.aws),
            words: made.words,
        })
    }

    /// Serves, with the demo site if one is given.
    ///
    /// # Errors
    /// When a listener cannot be set up.
    pub(crate) fn serve(self, demo: Option<DemoConfig>) -> Result<Serving> {
        let Self {
            app,
            operations,
            inbox,
            configuration,
            kind,
            socket,
            admin_socket,
            certificate,
            aws,
            words: _,
        } = self;
        let in_flight = InFlight::new(CALLS_AT_ONCE);
        let metrics = Metrics::new(source(&app), in_flight.clone());
        let access = match kind {
            Kind::Serve => Access::AccessKeys,
            Kind::Dev => Access::Development,
        };
        let exempt = exempt(&configuration.trusted_proxies)?;
        let public_host = host_of(&app.config.public_url).map(str::to_owned);
        let keeper = Doorkeeper::new(
            Arc::clone(&app),
            configuration.trusted_proxies,
            in_flight.clone(),
            metrics.observer(),
        );
        let router = cognate_web::router(Doors {
            keeper,
            operations,
            access,
            demo,
            inbox: inbox.map(|inbox| inbox::page(Arc::clone(&app), inbox, public_host)),
        });
        let limits = configuration.limits;
        let connections = metrics.connections.clone();
        // Both are the public's, one of them in AWS's place.
        let listen = |socket, certificate| {
            let (router, connections) = (router.clone(), connections.clone());
            Listening::start(
                socket,
                router,
                certificate,
                limits,
                exempt.clone(),
                connections,
            )
        };
        let aws = aws
            .map(|(socket, certificate)| listen(socket, Some(certificate)))
            .transpose()?;
        let public = listen(socket, certificate)?;
        let admin = admin_socket
            .map(|socket| {
                let limits = for_operators(limits);
                let routes = admin::routes(Arc::clone(&app), metrics);
                let connections = Connections::default();
                Listening::start(socket, routes, None, limits, exempt.clone(), connections)
            })
            .transpose()?;
        let background = Background::start(&app);
        Ok(Serving {
            app,
            background,
            public,
            admin,
            aws,
            in_flight,
        })
    }

    /// The address that clients use.
    pub(crate) fn public_url(&self) -> &str {
        &self.app.config.public_url
    }
}

impl Serving {
    /// The address of the public listener, as a URL.
    pub(crate) fn url(&self, is_tls: bool) -> String {
        url_of(self.public.address(), is_tls)
    }

    /// Stops in order: no new connections, requests that run end, then the jobs, then the database.
    pub(crate) async fn stop(self) {
        let Self {
            app,
            background,
            public,
            admin,
            aws,
            in_flight,
        } = self;
        match aws {
            Some(aws) => tokio::join!(public.stop(PATIENCE), aws.stop(PATIENCE)).0,
            None => public.stop(PATIENCE).await,
        }
        // Calls whose clients have hung up continue without a connection.
        let _ = tokio::time::timeout(PATIENCE, in_flight.drained()).await;
        let _ = tokio::time::timeout(PATIENCE, background.stop()).await;
        if let Some(admin) = admin {
            admin.stop(Duration::from_secs(1)).await;
        }
        app.db.close().await;
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
                "port {} of {} is in use by another process",
                address.port(),
                address.ip()
            ),
            _ => anyhow::Error::new(error).context(format!("cannot listen on {address}")),
        })
}

/// Where metrics read what the node itself counts.
fn source(app: &Arc<App>) -> Source {
    let node = Arc::clone(app);
    Source {
        counts: Arc::clone(&app.counts),
        stats: Box::new(move || node.db.stats()),
    }
}

/// The limits of the operator's listener, which few use.
fn for_operators(limits: crate::Limits) -> crate::Limits {
    crate::Limits {
        connections: ADMIN_CONNECTIONS,
        ..limits
    }
}

/// The networks that may hold any number of connections: proxies, with many clients behind them,
/// and this machine, where a proxy may run that nobody has named.
fn exempt(proxies: &[Network]) -> Result<Vec<Network>> {
    let loopback = [Network::parse("127.0.0.0/8")?, Network::parse("::1")?];
    Ok([proxies, &loopback].concat())
}

/// What operations need to know of the configuration, of a listener that is bound to an address.
///
/// # Errors
/// In words for the operator.
pub(crate) fn app_config(
    configuration: &ServerConfiguration,
    kind: Kind,
    bound: SocketAddr,
    is_tls: bool,
) -> Result<Config> {
    let public_url = match &configuration.public_url {
        Some(url) => url.clone(),
        None => url_of(reachable(bound), is_tls),
    };
    let mail_from = match &configuration.mail_from {
        Some(sender) => sender.clone(),
        None => format!(
            "no-reply@{}",
            host_of(&public_url)
                .filter(|host| is_domain(host))
                .unwrap_or("localhost")
        ),
    };
    let config = Config {
        mail_senders: mail_senders(&configuration.mail_senders, &mail_from, kind)?,
        public_url,
        issuer: configuration.issuer.clone(),
        issuer_updated: configuration.issuer_updated.clone(),
        region: configuration.region.clone(),
        account_id: configuration.account_id.clone(),
        mail_from,
        sms_prefixes: configuration.sms_prefixes.clone(),
        limits: configuration.service_limits,
        request_rates: configuration.request_rates.clone(),
        operations_off: configuration.operations_off.iter().cloned().collect(),
    };
    Ok(config.check()?)
}

/// The senders that pools may use. Without a setting: any address in the domain of the operator's
/// own sender, and in development any address.
fn mail_senders(rules: &[String], mail_from: &str, kind: Kind) -> Result<Senders> {
    let own = Sender::parse_of_operator(mail_from)
        .map_err(|_| SmtpUrlError::From)
        .context("mail-from")?;
    Ok(match (rules, kind) {
        ([], Kind::Serve) => Senders::in_domain_of(&own.address),
        ([], Kind::Dev) => Senders::Anybody,
        (rules, _) => Senders::parse(rules, &own.address).context("mail-senders")?,
    })
}

fn outbound(
    configuration: &ServerConfiguration,
    mail_from: &str,
    inbox: Option<&Inbox>,
) -> Result<Outbound> {
    let mail = match (&configuration.smtp_url, inbox) {
        (Some(url), _) => {
            Mailer::Smtp(SmtpMailer::from_url(url, mail_from).context("smtp-url and mail-from")?)
        }
        (None, Some(inbox)) => Mailer::Inbox(inbox.clone()),
        (None, None) => Mailer::None,
    };
    let sms = match (&configuration.sms_url, inbox) {
        (Some(url), _) => SmsSender::Http(HttpSms::from_url(url).context("sms-url")?),
        (None, Some(inbox)) => SmsSender::Inbox(inbox.clone()),
        (None, None) => SmsSender::None,
    };
    Ok(Outbound {
        mail,
        sms,
        triggers: Triggers::None,
    })
}

/// An address at which a listener on all addresses is reached from this machine.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    address
}

/// A listener's address as a URL.
pub(crate) fn url_of(address: SocketAddr, is_tls: bool) -> String {
    let scheme = if is_tls { "https" } else { "http" };
    format!("{scheme}://{address}")
}

/// The host in a URL: without port, brackets kept.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    let authority = url.split_once("://")?.1.split('/').next()?;
    let end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    authority.get(..end)
}

/// Whether a host is a name from which mail can come, and not an address.
pub(crate) fn is_domain(host: &str) -> bool {
    EmailAddress::parse_of_operator(&format!("no-reply@{host}")).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn pools_send_as_the_operators_domain_and_in_development_as_anybody() {
        let senders = |rules: &[&str], kind| {
            let rules: Vec<_> = rules.iter().map(|rule| (*rule).to_owned()).collect();
            mail_senders(&rules, "Id <no-reply@id.example.com>", kind)
        };
        let allows = |senders: &Senders, address: &str| {
            senders.allow(&Sender::parse(address).unwrap().address)
        };
        let of_domain = senders(&[], Kind::Serve).unwrap();
        assert!(allows(&of_domain, "shop@id.example.com"));
        assert!(!allows(&of_domain, "shop@example.com"));
        assert_eq!(senders(&[], Kind::Dev).unwrap(), Senders::Anybody);
        for kind in [Kind::Serve, Kind::Dev] {
            let named = senders(&["example.com"], kind).unwrap();
            assert!(allows(&named, "shop@example.com"));
            assert!(allows(&named, "no-reply@id.example.com"));
            assert!(!allows(&named, "shop@id.example.com"));
        }
        let error = senders(&["example.com", "@"], Kind::Serve).unwrap_err();
        assert!(format!("{error:#}").contains("mail-senders"), "{error:#}");
    }

    #[test]
    fn the_host_of_a_url_is_found() {
        for (url, host) in [
            ("http://127.0.0.1:9229", "127.0.0.1"),
            ("https://id.example.com/base", "id.example.com"),
            ("http://[::1]:80", "[::1]"),
            ("https://id.example.com:8443", "id.example.com"),
        ] {
            assert_eq!(host_of(url), Some(host), "{url}");
        }
        assert!(is_domain("id.example.com") && is_domain("cognate"));
        for host in ["[::1]", "127.0.0.1", "my_host", ""] {
            assert!(!is_domain(host), "{host}");
        }
    }

    #[test]
    fn a_listener_on_all_addresses_is_reached_at_loopback() {
        assert_eq!(
            reachable("0.0.0.0:80".parse().unwrap()).to_string(),
            "127.0.0.1:80"
        );
        assert_eq!(
            reachable("10.0.0.1:80".parse().unwrap()).to_string(),
            "10.0.0.1:80"
        );
    }

    #[tokio::test]
    async fn a_port_in_use_is_told_in_words() {
        let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let error = bind(held.local_addr().unwrap())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("is in use by another process"), "{error}");
    }
}
