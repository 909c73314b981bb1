//! HTTPS: the certificate, read again when its files change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_secs(2);

/// A certificate that follows its files.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// None for a certificate that was made here and is in no file.
    files: Option<Arc<Files>>,
    current: Arc<Current>,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// The certificate that handshakes get now.
struct Current(Mutex<Arc<CertifiedKey>>);

/// When a file was changed, and how long it is.
type Stamp = (SystemTime, u64);

impl Certificate {
    /// Reads the certificate chain and its key (PEM).
    ///
    /// # Errors
    /// When a file cannot be read, or the two do not belong together.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        let current = Current(Mutex::new(Arc::new(files.read()?)));
        Ok(Self {
            files: Some(Arc::new(files)),
            current: Arc::new(current),
        })
    }

    /// A certificate chain and its key that were made here.
    ///
    /// # Errors
    /// When the two do not belong together.
    pub(crate) fn made(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self> {
        let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())?;
        Ok(Self {
            files: None,
            current: Arc::new(Current(Mutex::new(Arc::new(certified)))),
        })
    }

    /// The settings of a TLS listener: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// Never with the versions and algorithms built in.
    pub(crate) fn server_config(&self) -> Result<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?;
        let mut config = builder
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Follows the files, if there are any, for ever. It logs once that new files cannot be used,
    /// keeps the old certificate, and tries them again, since a certificate and its key are not
    /// written at the same moment.
    pub(crate) async fn follow(self) {
        let Some(files) = &self.files else {
            return;
        };
        let mut used = files.stamps();
        let mut refused = None;
        loop {
            tokio::time::sleep(INTERVAL).await;
            let found = files.stamps();
            if found == used {
                continue;
            }
            match self.reload(files) {
                Ok(()) => {
                    tracing::info!(file = %files.certificate.display(), "loaded the changed certificate");
                    (used, refused) = (found, None);
                }
                Err(error) if refused != Some(found) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "cannot use the new certificate; the old one stays in use"
                    );
                    refused = Some(found);
                }
                Err(_) => {}
            }
        }
    }

    fn reload(&self, files: &Files) -> Result<()> {
        let fresh = Arc::new(files.read()?);
        *self
            .current
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

impl Files {
    fn read(&self) -> Result<CertifiedKey> {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        let chain = read_chain(&self.certificate)?;
        let private = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(plain)
            .with_context(|| format!("the private key {key} cannot be read"))?;
        // This refuses a key that is not the certificate's.
        CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider()).with_context(|| {
            format!("the certificate {certificate} and the key {key} cannot be used together")
        })
    }

    fn stamps(&self) -> [Option<Stamp>; 2] {
        [&self.certificate, &self.key].map(|path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
    }
}

/// The certificates of a PEM file, in their order; at least one.
///
/// # Errors
/// When the file cannot be read, or holds none.
pub(crate) fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let name = path.display();
    let chain = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(plain)
        .with_context(|| format!("the certificate {name} cannot be read"))?;
    ensure!(
        !chain.is_empty(),
        "the certificate {name} cannot be read: the file has no certificate"
    );
    Ok(chain)
}

/// The library's errors in words.
fn plain(error: rustls::pki_types::pem::Error) -> anyhow::Error {
    anyhow::anyhow!("{error}")
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(
            &self.0.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

#[cfg(test)]
mod tests;
