//! Cognate's own listener: it accepts connections, speaks TLS, HTTP/1.1 and HTTP/2, enforces
//! limits, and stops gracefully.

mod activity;
mod by_address;
mod connection;
mod plain_http;
mod unstalled;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use cognate_web::Network;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::limits::Limits;
use crate::tls::Certificate;
use by_address::ByAddress;
use connection::Serving;

/// The pause after the system refused to accept, usually for lack of file descriptors.
const BREATHER: Duration = Duration::from_millis(100);
/// The largest total size of a request's headers; nginx has the same limit. A connection that
/// receives so much uses twice that to read it.
const MAX_HEADERS: usize = 32 * 1024;
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 64;
/// The bytes that an HTTP/2 connection, and each stream on it, may send before they are read. No
/// budget counts them.
const WINDOW: u32 = 64 * 1024;
/// How often a silent HTTP/2 connection gets a PING.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// A listener that serves until it is stopped.
pub struct Listening {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    following: Option<JoinHandle<()>>,
}

impl Listening {
    /// Begins to serve on a bound socket, in plain or by TLS with a certificate. `connections`
    /// counts the connections. An address gets at most a quarter of them, unless its network is
    /// exempt.
    ///
    /// # Errors
    /// When the socket has no address, or TLS cannot be set up.
    pub fn start(
        socket: TcpListener,
        router: Router,
        certificate: Option<Certificate>,
        limits: Limits,
        exempt: Vec<Network>,
        connections: Connections,
    ) -> Result<Self> {
        let address = socket.local_addr()?;
        let tls = certificate
            .as_ref()
            .map(Certificate::server_config)
            .transpose()?;
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let following = certificate.map(|certificate| tokio::spawn(certificate.follow()));
        let (stop, stopped) = watch::channel(false);
        let server = Arc::new(Server {
            by_address: ByAddress::new(limits.connections, exempt),
            serving: Serving {
                router,
                tls,
                limits,
                builder: builder(limits),
            },
            connections,
        });
        let accepting = tokio::spawn(accept(socket, server, stopped));
        Ok(Self {
            address,
            stop,
            accepting,
            following,
        })
    }

    /// Where it listens, with the real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more connections, gives running requests `patience` to end, and closes all
    /// connections.
    pub async fn stop(self, patience: Duration) {
        let _ = self.stop.send(true);
        if let Some(following) = self.following {
            following.abort();
        }
        let _ = self.accepting.await;
        // Each connection holds a receiver until it ends.
        if tokio::time::timeout(patience, self.stop.closed())
            .await
            .is_err()
        {
            tracing::warn!("the server stopped before some requests had ended");
        }
    }
}

/// The connections of listeners, counted; a clone counts on.
#[derive(Clone, Debug, Default)]
pub struct Connections {
    pub(crate) open: Gauge,
    /// Closed at once because their address had its share.
    pub(crate) refused: Counter,
}

/// What all connections of a listener share.
struct Server {
    serving: Serving,
    by_address: Arc<ByAddress>,
    connections: Connections,
}

fn builder(limits: Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.next_request)
        .max_buf_size(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADERS as u32)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL);
    builder
}

/// Accepts until it is told to stop.
async fn accept(socket: TcpListener, server: Arc<Server>, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(server.serving.limits.connections));
    loop {
        let next = async {
            // The place comes first: without one a client waits in the system's queue.
            let place = Arc::clone(&places).acquire_owned().await;
            (place, socket.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = stopped.changed() => return,
        };
        match (place, accepted) {
            (Ok(place), Ok((stream, peer))) => {
                // An address with too many connections is hung up on: to wait it would have to hold
                // a place.
                let Some(of_address) = server.by_address.enter(peer.ip()) else {
                    server.connections.refused.inc();
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let (server, stopped) = (Arc::clone(&server), stopped.clone());
                tokio::spawn(async move {
                    let _places = (place, of_address);
                    server.connections.open.inc();
                    server.serving.connection(stream, peer, stopped).await;
                    server.connections.open.dec();
                });
            }
            (_, Err(error)) if is_of_one_connection(&error) => {}
            (_, Err(error)) => {
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(BREATHER).await;
            }
            // The semaphore is never closed.
            (Err(_), _) => return,
        }
    }
}

/// Whether accepting failed because the client had gone again.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionAborted | Kind::ConnectionReset | Kind::ConnectionRefused
    )
}

#[cfg(test)]
mod tests;
