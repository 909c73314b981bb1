//! The listeners of `cognate dev` under certificates of its local authority: the main listener
//! (`--https`), and a second one that answers in AWS's place (`--as-aws`).
//!
//! Many clients have AWS's host name and issuer built in. They work unchanged if that name leads
//! here, if they trust its certificate, and if tokens name AWS's issuer.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use cognate_model::{Timestamp, UserPoolId};

use crate::local_authority::LocalAuthority;
use crate::tls::Certificate;

/// The port of HTTPS, which clients that were built for AWS know.
pub(crate) const AWS_PORT: u16 = 443;

/// The folder of the authority, in the data folder.
const FOLDER: &str = "local-authority";

/// The issuer of a pool's tokens at AWS.
const AWS_ISSUER: &str = "https://cognito-idp.{region}.amazonaws.com/{pool}";

/// The listeners under certificates of the local authority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LocalTls {
    /// The main listener.
    pub(crate) https: bool,
    /// A listener that stands in for AWS.
    pub(crate) aws: Option<AsAws>,
}

/// Standing in for AWS in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AsAws {
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    region: String,
}

/// As what the server is configured to issue tokens.
pub(crate) struct Identity<'a> {
    /// Its region.
    pub(crate) region: &'a mut String,
    /// Whether that was set, and is no default.
    pub(crate) region_is_given: bool,
    /// The issuer's template, where one was set.
    pub(crate) issuer: &'a mut Option<String>,
}

/// The certificates of the listeners, and the words about them for the person at the terminal.
pub(crate) struct LocalCertificates {
    /// Of the main listener.
    pub(crate) main: Option<Certificate>,
    /// Of the listener that stands in for AWS.
    pub(crate) aws: Option<Certificate>,
    /// Lines for a terminal.
    pub(crate) words: String,
}

impl AsAws {
    /// Answers in AWS's place in a region, which becomes the server's own, with AWS's issuer.
    ///
    /// # Errors
    /// In words, when the server is told to have another region or issuer.
    pub(crate) fn new(region: String, listen: SocketAddr, server: Identity<'_>) -> Result<Self> {
        let is_region = region.contains('-') && UserPoolId::parse(&format!("{region}_x")).is_ok();
        if !is_region {
            bail!("as-aws must be a region, as us-east-1, not «{region}»");
        }
        if server.issuer.is_some() {
            bail!("as-aws sets AWS's issuer, and issuer sets another: give one of them");
        }
        // The default is a region too; only a region that was set conflicts with this one.
        if server.region_is_given && *server.region != region {
            bail!(
                "as-aws is for {region}, and region is {}: give one of them",
                server.region
            );
        }
        server.region.clone_from(&region);
        *server.issuer = Some(AWS_ISSUER.to_owned());
        Ok(Self { listen, region })
    }

    /// The name under which AWS's clients look for the service.
    pub(crate) fn host(&self) -> String {
        format!("cognito-idp.{}.amazonaws.com", self.region)
    }
}

impl LocalTls {
    /// Certificates of the authority in a data folder, which is made when it is not there.
    ///
    /// # Errors
    /// When its files cannot be written, or others can read its key.
    pub(crate) fn certificates(
        &self,
        data_dir: &Path,
        now: Timestamp,
    ) -> Result<LocalCertificates> {
        let host = self.aws.as_ref().map(AsAws::host);
        let names: Vec<&str> = host.iter().map(String::as_str).collect();
        let mut certificates = LocalCertificates {
            main: None,
            aws: None,
            words: String::new(),
        };
        if !self.https && self.aws.is_none() {
            return Ok(certificates);
        }
        let now = time_of(now);
        let authority = LocalAuthority::open(&data_dir.join(FOLDER), &names, now)?;
        if self.https {
            certificates.main = Some(authority.issue(&[], now)?);
        }
        if self.aws.is_some() {
            certificates.aws = Some(authority.issue(&names, now)?);
        }
        certificates.words = self.words(&authority);
        Ok(certificates)
    }

    fn words(&self, authority: &LocalAuthority) -> String {
        let (alone, bundle) = (authority.certificate_file(), authority.bundle_file());
        let (alone, bundle) = (alone.display(), bundle.display());
        let news = if authority.is_new() {
            " (new: trust this file)"
        } else {
            ""
        };
        let mut words = format!("\n  Authority    {alone}{news}\n");
        if let Some(aws) = &self.aws {
            let address = match aws.listen.ip() {
                ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
                ip => ip.to_string(),
            };
            let listen = aws.listen;
            words.push_str(&format!("  AWS's names  https://{listen}\n"));
            if listen.port() != AWS_PORT {
                words.push_str(&format!(
                    "               Programs call port {AWS_PORT}: lead it here (docs/clients.md).\n"
                ));
            }
            words.push_str(&format!(
                "
Programs with AWS's host built in come here with this line in /etc/hosts (or under extra_hosts in a compose file):

  {address} {}
",
                aws.host()
            ));
        }
        words.push_str(&format!(
            "
Programs trust it by these variables, each of which is read by others:

  export NODE_EXTRA_CA_CERTS='{alone}'
  export REQUESTS_CA_BUNDLE='{bundle}'
  export AWS_CA_BUNDLE='{bundle}'
  export SSL_CERT_FILE='{bundle}'
"
        ));
        words
    }
}

/// A time as certificates have it.
pub(crate) fn time_of(now: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).unwrap_or_default())
}

#[cfg(test)]
mod tests;
