//! Mail by SMTP: a small pool of connections to the operator's mail server.
//!
//! lettre composes messages and speaks the protocol. Its own pool is not used: it takes back a
//! connection whose delivery was cancelled at a time limit, in the middle of the dialogue, and the
//! next message would read the answer to the cancelled one. Here a connection returns to the pool
//! only after a delivery that was acknowledged whole; any other is closed.

mod line_stream;
mod message;
mod session;
mod url;

#[cfg(test)]
mod test_server;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use cognate_model::Sender;
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use tokio::{sync::Semaphore, time::timeout};

pub use self::url::SmtpUrlError;
use self::{
    session::{Failure, too_slow},
    url::SmtpUrl,
};
use crate::{EmailMessage, SendError};

/// Connections open at once, idle ones included; mail servers refuse those who open many.
pub const MAX_CONNECTIONS: usize = 8;
/// After this time a server may have closed an idle connection, so a new one is better.
const MAX_IDLE_TIME: Duration = Duration::from_secs(30);

/// Sends mail through one SMTP server, over connections that are kept for the next message.
pub struct SmtpMailer {
    server: SmtpUrl,
    from: Sender,
    tls: TlsParameters,
    limits: TimeLimits,
    slots: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

/// How long a mail server may take.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimits {
    /// For the connection: TCP, TLS, greeting, authentication.
    pub connect: Duration,
    /// For the whole delivery, the connection included.
    pub delivery: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            delivery: Duration::from_secs(25),
        }
    }
}

/// How a mail server has received us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmtpGreeting {
    /// Whether the connection became encrypted.
    pub is_encrypted: bool,
    /// Whether it has taken a user and a password.
    pub is_authenticated: bool,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl SmtpMailer {
    /// A mailer for `smtp://host`, `smtp://user:password@host:587` or `smtps://user:password@host`,
    /// as told in docs/mail.md. `from` (`address` or `Name <address>`) is the sender of messages
    /// that name none.
    ///
    /// It opens no connection yet. It reads the system's certificate authorities now.
    ///
    /// # Errors
    /// When the URL or `from` cannot be used; the error does not hold the password.
    pub fn from_url(url: &str, from: &str) -> Result<Self, SmtpUrlError> {
        let server = SmtpUrl::parse(url)?;
        let tls = tls_parameters(&server.host, None)?;
        Ok(Self {
            server,
            from: Sender::parse_of_operator(from).map_err(|_| SmtpUrlError::From)?,
            tls,
            limits: TimeLimits::default(),
            slots: Semaphore::new(MAX_CONNECTIONS),
            idle: Mutex::new(Vec::new()),
        })
    }

    /// Trusts the certificates in `pem` for this server, and no others: a private authority or a
    /// self-signed certificate.
    ///
    /// # Errors
    /// When `pem` holds no certificate.
    pub fn trusting_only(mut self, pem: &[u8]) -> Result<Self, SmtpUrlError> {
        let certificate = Certificate::from_pem(pem).map_err(|_| SmtpUrlError::Certificate)?;
        self.tls = tls_parameters(&self.server.host, Some(certificate))?;
        Ok(self)
    }

    /// Sets other time limits than the default of 10 seconds to connect and 60 in all.
    #[must_use]
    pub fn with_time_limits(mut self, limits: TimeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Speaks with the mail server as far as the sender: connection, encryption, authentication,
    /// MAIL FROM. Nothing is sent, and the server is told to forget it.
    ///
    /// # Errors
    /// Where a delivery would fail, too.
    pub async fn greet(&self) -> Result<SmtpGreeting, SendError> {
        let greet = async {
            let mut connection = self.connect().await?;
            let is_encrypted = connection.is_encrypted();
            let named = session::name_sender(&mut connection, &self.from.address).await;
            let _ = timeout(Duration::from_secs(1), connection.abort()).await;
            named?;
            Ok(SmtpGreeting {
                is_encrypted,
                is_authenticated: self.server.credentials.is_some(),
            })
        };
        timeout(self.limits.delivery, greet)
            .await
            .unwrap_or_else(|_| Err(too_slow("take the sender", self.limits.delivery)))
    }

    /// Hands one message to the mail server. `Ok` means that the server accepted it.
    pub(crate) async fn send(&self, message: &EmailMessage) -> Result<(), SendError> {
        let mail = message::compose(message, &self.from)?;
        timeout(self.limits.delivery, self.deliver(&mail))
            .await
            .unwrap_or_else(|_| Err(too_slow("take the message", self.limits.delivery)))
    }

    async fn deliver(&self, mail: &message::Mail) -> Result<(), SendError> {
        // The semaphore is never closed, so the error cannot occur; it would mean a server that is
        // shutting down.
        let _slot = self
            .slots
            .acquire()
            .await
            .map_err(|_| SendError::Temporary("the mailer has been shut down".to_owned()))?;
        let mut connection = match self.reuse().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        match session::deliver(&mut connection, mail).await {
            Ok(()) => {
                self.put_back(connection);
                Ok(())
            }
            Err(failure) => {
                // QUIT is polite, but the caller does not wait for a server that leaves it
                // unanswered.
                let _ = timeout(Duration::from_secs(1), connection.abort()).await;
                Err(failure.into())
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let limit = self.limits.connect;
        timeout(limit, session::open(&self.server, &self.tls, limit))
            .await
            .unwrap_or_else(|_| Err(Failure::Slow(limit)))
            .map_err(SendError::from)
    }

    /// An idle connection that still answers.
    async fn reuse(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let Idle {
                mut connection,
                since,
            } = self.idle().pop()?;
            if since.elapsed() < MAX_IDLE_TIME
                && timeout(self.limits.connect, connection.test_connected())
                    .await
                    .unwrap_or(false)
            {
                return Some(connection);
            }
        }
    }

    fn put_back(&self, connection: AsyncSmtpConnection) {
        let since = Instant::now();
        let mut idle = self.idle();
        idle.retain(|other| other.since.elapsed() < MAX_IDLE_TIME);
        // No limit is needed: a connection is made only while none is idle, in one of the slots.
        idle.push(Idle { connection, since });
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names the server, never the credentials.
impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpMailer({}:{})", self.server.host, self.server.port)
    }
}
fn tls_parameters(host: &str, only: Option<Certificate>) -> Result<TlsParameters, SmtpUrlError> {
    let builder = TlsParameters::builder(host.to_owned());
    let builder = match only {
        Some(certificate) => builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate),
        None => builder,
    };
    builder
        .build_rustls()
        .map_err(|_| SmtpUrlError::Certificate)
}
