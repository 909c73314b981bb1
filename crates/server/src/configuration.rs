//! The configuration from flags, environment and file, in that order, checked and typed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail};
use cognate_model::request_rates::table::RateTable;
use cognate_service::Rate;
use cognate_web::Network;

use crate::config_file::ConfigFile;
use crate::limits::Limits;
use crate::local_tls::{AWS_PORT, AsAws, Identity, LocalTls};
use crate::options::{DevOptions, ServerOptions, StoreOptions};
use crate::telemetry::{LogFormat, Logging};

/// The file of SQLite in the data folder.
const DATABASE_FILE: &str = "cognate.db";
/// The file of the master key in the data folder.
pub(crate) const MASTER_KEY_FILE: &str = "master.key";

/// The kind of a database: one kind is never served as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Made by `cognate serve` (or for it, by `cognate access-key`).
    Serve,
    /// Made by `cognate dev`.
    Dev,
}

impl Kind {
    /// The word for it, as the database keeps it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Dev => "dev",
        }
    }

    /// Two folders, so that the two kinds are not mixed up by accident.
    const fn data_dir(self) -> &'static str {
        match self {
            Self::Serve => "cognate-data",
            Self::Dev => "cognate-dev-data",
        }
    }
}

/// Where the data is.
pub(crate) struct StoreConfiguration {
    pub(crate) data_dir: PathBuf,
    /// `sqlite:…` or `postgres://…`; may hold a password.
    pub(crate) database_url: String,
    /// Whether the database is the one in the data folder.
    pub(crate) is_in_data_dir: bool,
    pub(crate) master_key: MasterKeySource,
}

/// Where the master key comes from.
pub(crate) enum MasterKeySource {
    /// The text of the key itself, from COGNATE_MASTER_KEY.
    Environment(String),
    /// A file, made when it is not there.
    File(PathBuf),
}

impl std::fmt::Display for MasterKeySource {
    /// Where, never what.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Environment(_) => f.write_str("COGNATE_MASTER_KEY"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// How to serve.
pub(crate) struct ServerConfiguration {
    pub(crate) store: StoreConfiguration,
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: Option<String>,
    pub(crate) region: String,
    /// Whether the region was asked for, and is not the default.
    pub(crate) region_is_given: bool,
    pub(crate) account_id: String,
    pub(crate) issuer: Option<String>,
    pub(crate) issuer_updated: Option<String>,
    pub(crate) operations_off: Vec<String>,
    pub(crate) smtp_url: Option<String>,
    pub(crate) mail_from: Option<String>,
    pub(crate) mail_senders: Vec<String>,
    pub(crate) sms_url: Option<String>,
    pub(crate) sms_prefixes: Vec<String>,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) admin_listen: Option<SocketAddr>,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) limits: Limits,
    pub(crate) service_limits: cognate_service::Limits,
    pub(crate) request_rates: Option<RateTable>,
    /// Taken when logging begins.
    pub(crate) logging: Option<Logging>,
}

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// What development mode is told besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DevConfiguration {
    pub(crate) demo: bool,
    pub(crate) allow_remote: bool,
    pub(crate) local_tls: LocalTls,
}

/// Reads single settings, from the flag (which has the environment's value where the flag was not
/// given) or from the file.
struct Settings<'a> {
    file: &'a ConfigFile,
}

impl Settings<'_> {
    /// The value of a setting. An empty one counts as none, because composed environments have many
    /// of these.
    fn text(&self, key: &str, flag: Option<String>) -> Result<Option<String>> {
        match flag.filter(|value| !value.is_empty()) {
            Some(value) => Ok(Some(value)),
            None => Ok(self.file.text(key)?.filter(|value| !value.is_empty())),
        }
    }

    fn texts(&self, key: &str, flags: Vec<String>) -> Result<Vec<String>> {
        let given: Vec<_> = flags
            .into_iter()
            .filter(|value| !value.is_empty())
            .collect();
        if given.is_empty() {
            self.file.texts(key)
        } else {
            Ok(given)
        }
    }

    fn truth(&self, key: &str, flag: Option<String>) -> Result<bool> {
        match self.text(key, flag)?.as_deref() {
            None | Some("false" | "0" | "no" | "off") => Ok(false),
            Some("true" | "1" | "yes" | "on") => Ok(true),
            Some(other) => bail!("{key} must be true or false, not «{other}»"),
        }
    }

    fn service_limits(&self, options: &ServerOptions) -> Result<cognate_service::Limits> {
        let defaults = cognate_service::Limits::default();
        let rate = |key, flag: &Option<String>, default| self.rate(key, flag.clone(), default);
        let sum = |key, flag: &Option<String>, default| self.sum(key, flag.clone(), default);
        Ok(cognate_service::Limits {
            sign_ups_per_address: rate(
                "limits-sign-ups-per-address",
                &options.limits_sign_ups_per_address,
                defaults.sign_ups_per_address,
            )?,
            failures_per_address: rate(
                "limits-failures-per-address",
                &options.limits_failures_per_address,
                defaults.failures_per_address,
            )?,
            messages_per_address: rate(
                "limits-messages-per-address",
                &options.limits_messages_per_address,
                defaults.messages_per_address,
            )?,
            mail_per_pool_and_hour: sum(
                "limits-mail-per-pool-and-hour",
                &options.limits_mail_per_pool_and_hour,
                defaults.mail_per_pool_and_hour,
            )?,
            sms_per_pool_and_hour: sum(
                "limits-sms-per-pool-and-hour",
                &options.limits_sms_per_pool_and_hour,
                defaults.sms_per_pool_and_hour,
            )?,
            user_pools: sum(
                "limits-user-pools",
                &options.limits_user_pools,
                defaults.user_pools,
            )?,
        })
    }

    /// A number; 0 allows nothing, and `none` allows any number.
    fn sum(&self, key: &str, flag: Option<String>, default: Option<u32>) -> Result<Option<u32>> {
        match self.text(key, flag)?.as_deref() {
            None => Ok(default),
            Some("none") => Ok(None),
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text
                .parse()
                .map(Some)
                .with_context(|| format!("{key}: «{text}» is too large")),
            Some(text) => bail!("{key} must be a number or none, not «{text}»"),
        }
    }

    fn rate(&self, key: &str, flag: Option<String>, default: Rate) -> Result<Rate> {
        match self.text(key, flag)? {
            Some(text) => text.parse().with_context(|| key.to_owned()),
            None => Ok(default),
        }
    }

    fn address(&self, key: &str, flag: Option<String>, default: u16) -> Result<SocketAddr> {
        match self.text(key, flag)? {
            Some(text) => parse_address(&text).ok_or_else(|| {
                anyhow!("{key} must be ADDRESS:PORT, as 127.0.0.1:{default}, not «{text}»")
            }),
            None => Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), default)),
        }
    }
}

/// Where the operator's listener is; nowhere where the setting is `none`.
///
/// # Errors
/// When it is no address.
pub(crate) fn admin_listen(file: &ConfigFile, flag: Option<String>) -> Result<Option<SocketAddr>> {
    let settings = Settings { file };
    match settings.text("admin-listen", flag)? {
        Some(text) if text == "none" => Ok(None),
        text => settings.address("admin-listen", text, 9230).map(Some),
    }
}

impl StoreConfiguration {
    /// Reads it. `master_key` is what COGNATE_MASTER_KEY holds.
    ///
    /// # Errors
    /// In words for the operator.
    pub(crate) fn resolve(
        options: StoreOptions,
        file: &ConfigFile,
        kind: Kind,
        master_key: Option<String>,
    ) -> Result<Self> {
        let settings = Settings { file };
        let data_dir = PathBuf::from(
            settings
                .text("data-dir", options.data_dir)?
                .unwrap_or_else(|| kind.data_dir().to_owned()),
        );
        let master_key_file = settings.text("master-key-file", options.master_key_file)?;
        let master_key = match (master_key.filter(|key| !key.is_empty()), master_key_file) {
            (Some(_), Some(_)) => {
                bail!("COGNATE_MASTER_KEY and a master key file are both given; give one of them")
            }
            (Some(key), None) => MasterKeySource::Environment(key),
            (None, file) => MasterKeySource::File(
                file.map_or_else(|| data_dir.join(MASTER_KEY_FILE), PathBuf::from),
            ),
        };
        let given = settings.text("database-url", options.database_url)?;
        let is_in_data_dir = given.is_none();
        let database_url = match given {
            Some(url) => url,
            None => {
                let path = data_dir.join(DATABASE_FILE);
                let path = path.to_str().with_context(|| {
                    format!("the data folder's name is not text: {}", path.display())
                })?;
                format!("sqlite:{path}")
            }
        };
        Ok(Self {
            data_dir,
            database_url,
            is_in_data_dir,
            master_key,
        })
    }
}

impl StoreConfiguration {
    /// Reads it for a command on a database that is there already: development's own, where nobody
    /// names a place and only that one lies in the working folder. Gives its kind too.
    ///
    /// # Errors
    /// In words for the operator.
    pub(crate) fn of_existing(
        options: &StoreOptions,
        file: &ConfigFile,
        master_key: Option<&str>,
    ) -> Result<(Self, Kind)> {
        let of = |kind| Self::resolve(options.clone(), file, kind, master_key.map(str::to_owned));
        let (serve, dev) = (of(Kind::Serve)?, of(Kind::Dev)?);
        if serve.holds_no_database() && !dev.holds_no_database() {
            Ok((dev, Kind::Dev))
        } else {
            Ok((serve, Kind::Serve))
        }
    }

    /// Whether an SQLite database would have to be made. A database on another machine is not
    /// looked at.
    pub(crate) fn holds_no_database(&self) -> bool {
        self.sqlite_file().is_some_and(|file| !file.exists())
    }

    /// The file of SQLite, where the database is one.
    pub(crate) fn sqlite_file(&self) -> Option<&Path> {
        let path = self.database_url.strip_prefix("sqlite:")?;
        (path != ":memory:").then(|| Path::new(path))
    }
}

impl ServerConfiguration {
    /// Reads it. `master_key` is what COGNATE_MASTER_KEY holds.
    ///
    /// # Errors
    /// In words for the operator.
    pub(crate) fn resolve(
        options: ServerOptions,
        file: &ConfigFile,
        kind: Kind,
        master_key: Option<String>,
    ) -> Result<Self> {
        let settings = Settings { file };
        let service_limits = settings.service_limits(&options)?;
        if settings
            .text("lambda-endpoint", options.lambda_endpoint)?
            .is_some()
        {
            bail!("lambda-endpoint is set, but triggers are not built yet: leave it out");
        }
        let tls = match (
            settings.text("tls-cert", options.tls_cert)?,
            settings.text("tls-key", options.tls_key)?,
        ) {
            (Some(certificate), Some(key)) => Some(TlsFiles {
                certificate: certificate.into(),
                key: key.into(),
            }),
            (None, None) => None,
            _ => bail!("tls-cert and tls-key go together: one of them is missing"),
        };
        let admin_listen = admin_listen(file, options.admin_listen)?;
        let proxies = settings.texts("trusted-proxy", options.trusted_proxy)?;
        let proxies = proxies
            .iter()
            .map(|text| Network::parse(text))
            .collect::<Result<Vec<_>, _>>();
        let request_rates = settings.texts("request-rates", options.request_rates)?;
        let log_format = settings
            .text("log-format", options.log_format)?
            .map_or(Ok(LogFormat::Text), |text| LogFormat::parse(&text))?;
        let max_connections = settings.text("max-connections", options.max_connections)?;
        let store = StoreConfiguration::resolve(options.store, file, kind, master_key)?;
        let region = settings.text("region", options.region)?;
        Ok(Self {
            store,
            listen: settings.address("listen", options.listen, 9229)?,
            public_url: settings.text("public-url", options.public_url)?,
            region_is_given: region.is_some(),
            region: region.unwrap_or_else(|| "us-east-1".to_owned()),
            account_id: settings
                .text("account-id", options.account_id)?
                .unwrap_or_else(|| "000000000000".to_owned()),
            issuer: settings.text("issuer", options.issuer)?,
            issuer_updated: settings.text("issuer-updated", options.issuer_updated)?,
            operations_off: settings.texts("operations-off", options.operations_off)?,
            smtp_url: settings.text("smtp-url", options.smtp_url)?,
            mail_from: settings.text("mail-from", options.mail_from)?,
            mail_senders: settings.texts("mail-senders", options.mail_senders)?,
            sms_url: settings.text("sms-url", options.sms_url)?,
            sms_prefixes: settings.texts("sms-prefixes", options.sms_prefixes)?,
            tls,
            admin_listen,
            trusted_proxies: proxies.context("trusted-proxy")?,
            limits: max_connections.map_or(Ok(Limits::default()), |text| Limits::parse(&text))?,
            service_limits,
            request_rates: RateTable::parse(&request_rates).context("request-rates")?,
            logging: Some(Logging::new(
                settings
                    .text("log", options.log)?
                    .as_deref()
                    .unwrap_or("info"),
                log_format,
            )?),
        })
    }
}

impl DevConfiguration {
    /// Reads it, and returns the server's configuration with the changes that follow from it.
    ///
    /// # Errors
    /// In words for the operator.
    pub(crate) fn resolve(
        options: DevOptions,
        file: &ConfigFile,
        server: &mut ServerConfiguration,
    ) -> Result<Self> {
        let settings = Settings { file };
        let no_demo = settings.truth("no-demo", options.no_demo)?;
        let allow_remote = settings.truth("allow-remote", options.allow_remote)?;
        let https = settings.truth("https", options.https)?;
        if https && server.tls.is_some() {
            bail!("https makes a certificate, and tls-cert names another: give one of them");
        }
        let listen = settings.text("as-aws-listen", options.as_aws_listen)?;
        let aws = match settings.text("as-aws", options.as_aws)? {
            Some(region) => {
                let default = SocketAddr::new(server.listen.ip(), AWS_PORT);
                let listen = match listen {
                    None => default,
                    listen => settings.address("as-aws-listen", listen, AWS_PORT)?,
                };
                let identity = Identity {
                    region: &mut server.region,
                    region_is_given: server.region_is_given,
                    issuer: &mut server.issuer,
                };
                Some(AsAws::new(region, listen, identity)?)
            }
            None if listen.is_some() => {
                bail!("as-aws-listen needs as-aws, which is not given")
            }
            None => None,
        };
        Ok(Self {
            demo: !no_demo,
            allow_remote,
            local_tls: LocalTls { https, aws },
        })
    }
}

/// An address with its port. `localhost` is the IPv4 one, so that no name is looked up.
fn parse_address(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix("localhost:") {
        Some(port) => Some(SocketAddr::new(
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            port.parse().ok()?,
        )),
        None => SocketAddr::from_str(text).ok(),
    }
}

#[cfg(test)]
mod tests;
