//! The URL of a PostgreSQL database: libpq's form, with the TLS parameters that tokio-postgres
//! leaves to its user.

use std::{net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};

use super::pooler::Pooler;
use crate::OpenError;

/// Startup options belong to a session, and a pooler passes them on to nobody or to whoever comes.
pub(super) const OPTIONS_BEHIND_A_POOLER: &str = "the URL has options, which do not hold behind a pooler: set them for the role or the database (ALTER ROLE … SET …)";

/// A parsed URL.
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) tls: Tls,
    pub(super) pooler: Pooler,
}

/// The TLS side of a URL.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) check: Check,
    /// `sslrootcert`: the authorities to trust (PEM); the system's when not given.
    pub(super) roots: Option<PathBuf>,
    /// `sslcert` and `sslkey`: the client's certificate chain and key (PEM).
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

/// What is checked of the server's certificate.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing: `disable`, `prefer`, and `require` without `sslrootcert`, as libpq has it.
    #[default]
    Nothing,
    /// That an authority signed it: `verify-ca`, and `require` with `sslrootcert`.
    Authority,
    /// The authority and the host name: `verify-full`.
    AuthorityAndName,
}

impl Target {
    /// Reads the URL. `pooler` is a parameter of ours. The others that are not about TLS are those
    /// of tokio-postgres: `application_name`, `connect_timeout`, `host`, `keepalives`, `options`,
    /// `target_session_attrs` and the like.
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut passed_on = Vec::new();
        let mut pooler = Pooler::FindOut;
        let (mut mode, mut roots, mut certificate, mut key) = (None, None, None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "sslmode" => mode = Some(percent_decoded(value)?),
                "sslrootcert" => roots = Some(PathBuf::from(percent_decoded(value)?)),
                "sslcert" => certificate = Some(PathBuf::from(percent_decoded(value)?)),
                "sslkey" => key = Some(PathBuf::from(percent_decoded(value)?)),
                "pooler" => pooler = pooler_named(&percent_decoded(value)?)?,
                _ => passed_on.push(pair),
            }
        }
        let client = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                return Err(OpenError::Url(
                    "sslcert and sslkey belong together".to_owned(),
                ));
            }
        };
        let (mode, check) = tls_mode(mode.as_deref().unwrap_or("prefer"), roots.is_some())?;
        let mut config = Config::from_str(&format!("{base}?{}", passed_on.join("&")))
            .map_err(|error| OpenError::Url(described(&error)))?;
        config.ssl_mode(mode);
        if pooler == Pooler::Transaction && config.get_options().is_some() {
            return Err(OpenError::Url(OPTIONS_BEHIND_A_POOLER.to_owned()));
        }
        if config.get_application_name().is_none() {
            config.application_name("cognate");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        // A path that died without a word is noticed by the system within a minute, and by our own
        // time limits sooner.
        config
            .keepalives_idle(Duration::from_secs(30))
            .tcp_user_timeout(Duration::from_secs(30));
        Ok(Self {
            config,
            tls: Tls {
                check,
                roots,
                client,
            },
            pooler,
        })
    }

    /// Of several hosts the one that takes writes is wanted, unless the URL says otherwise.
    pub(super) fn choose_the_primary(&mut self) {
        let attributes = self.config.get_target_session_attrs();
        if self.config.get_hosts().len() > 1 && attributes == TargetSessionAttrs::Any {
            self.config
                .target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
    }

    /// Whether a stranger on the way could read along or pretend to be the server: it is not on
    /// this machine, and its certificate is not checked.
    pub(super) fn trusts_the_network(&self) -> bool {
        let is_remote = |host: &Host| match host {
            Host::Tcp(name) => {
                name != "localhost"
                    && !name
                        .parse()
                        .is_ok_and(|address: IpAddr| address.is_loopback())
            }
            #[cfg(unix)]
            Host::Unix(_) => false,
        };
        self.tls.check == Check::Nothing && self.config.get_hosts().iter().any(is_remote)
    }
}

fn tls_mode(mode: &str, has_roots: bool) -> Result<(SslMode, Check), OpenError> {
    Ok(match mode {
        "disable" => (SslMode::Disable, Check::Nothing),
        "prefer" => (SslMode::Prefer, Check::Nothing),
        "require" if has_roots => (SslMode::Require, Check::Authority),
        "require" => (SslMode::Require, Check::Nothing),
        "verify-ca" => (SslMode::Require, Check::Authority),
        "verify-full" => (SslMode::Require, Check::AuthorityAndName),
        other => {
            return Err(OpenError::Url(format!(
                "sslmode is {other:?}, not disable, prefer, require, verify-ca or verify-full"
            )));
        }
    })
}

fn pooler_named(name: &str) -> Result<Pooler, OpenError> {
    match name {
        "transaction" => Ok(Pooler::Transaction),
        "session" => Ok(Pooler::Session),
        other => Err(OpenError::Url(format!(
            "pooler is {other:?}, not transaction or session"
        ))),
    }
}

fn percent_decoded(text: &str) -> Result<String, OpenError> {
    let wrong = || OpenError::Url("a percent sign is not followed by two hex digits".to_owned());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| {
            byte.and_then(|byte| char::from(byte).to_digit(16))
                .ok_or_else(wrong)
        };
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| wrong())?);
    }
    String::from_utf8(bytes).map_err(|_| OpenError::Url("a parameter is not UTF-8".to_owned()))
}

fn described(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error)
        .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn parse(query: &str) -> Result<Target, OpenError> {
        Target::parse(&format!(
            "postgres://ana:secret@db.example:5433/cognate{query}"
        ))
    }

    #[test]
    fn sslmode_means_what_it_means_to_libpq() {
        for (query, mode, check) in [
            ("", SslMode::Prefer, Check::Nothing),
            ("?sslmode=disable", SslMode::Disable, Check::Nothing),
            ("?sslmode=require", SslMode::Require, Check::Nothing),
            (
                "?sslmode=require&sslrootcert=/ca.pem",
                SslMode::Require,
                Check::Authority,
            ),
            ("?sslmode=verify-ca", SslMode::Require, Check::Authority),
            (
                "?application_name=x&sslmode=verify-full",
                SslMode::Require,
                Check::AuthorityAndName,
            ),
        ] {
            let target = parse(query).unwrap();
            assert_eq!(
                (target.config.get_ssl_mode(), target.tls.check),
                (mode, check),
                "{query}"
            );
        }
    }

    #[test]
    fn an_unchecked_way_to_another_machine_is_noticed() {
        for (url, trusts) in [
            ("postgres://db.example/d", true),
            ("postgres://10.0.0.1/d?sslmode=require", true),
            ("postgres://db.example/d?sslmode=verify-ca", false),
            ("postgres://localhost/d", false),
            ("postgres://127.0.0.1,[::1]/d", false),
            ("postgres://127.0.0.1,db.example/d", true),
            ("postgres:///d?host=/var/run/postgresql", false),
        ] {
            assert_eq!(
                Target::parse(url).unwrap().trusts_the_network(),
                trusts,
                "{url}"
            );
        }
    }

    #[test]
    fn paths_of_certificates_are_percent_decoded() {
        let target =
            parse("?sslrootcert=%2Fetc%2Fmy%20ca.pem&sslcert=/c.pem&sslkey=/k.pem").unwrap();
        assert_eq!(target.tls.roots, Some(PathBuf::from("/etc/my ca.pem")));
        assert_eq!(
            target.tls.client,
            Some((PathBuf::from("/c.pem"), PathBuf::from("/k.pem")))
        );
    }

    #[test]
    fn the_pooler_is_found_out_unless_it_is_named() {
        for (query, pooler) in [
            ("", Pooler::FindOut),
            ("?pooler=transaction", Pooler::Transaction),
            ("?pooler=session&options=-c%20a%3Db", Pooler::Session),
        ] {
            assert_eq!(parse(query).unwrap().pooler, pooler, "{query}");
        }
    }

    #[test]
    fn of_several_hosts_the_one_that_writes_is_wanted() {
        for (url, wanted) in [
            ("postgres://a/d", TargetSessionAttrs::Any),
            ("postgres://a,b/d", TargetSessionAttrs::ReadWrite),
            (
                "postgres://a,b/d?target_session_attrs=read-only",
                TargetSessionAttrs::ReadOnly,
            ),
        ] {
            let mut target = Target::parse(url).unwrap();
            target.choose_the_primary();
            assert_eq!(target.config.get_target_session_attrs(), wanted, "{url}");
        }
    }

    #[test]
    fn a_wrong_or_unknown_parameter_is_refused() {
        for query in [
            "?sslmode=yes",
            "?sslcert=/c.pem",
            "?sslrootcert=%2",
            "?sslrootcert=%zz",
            "?colour=red",
            "?pooler=statement",
            "?pooler=transaction&options=-c%20search_path%3Dx",
        ] {
            assert!(matches!(parse(query), Err(OpenError::Url(_))), "{query}");
        }
    }
}
