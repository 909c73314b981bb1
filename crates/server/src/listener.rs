//! A listener of our own: it accepts, speaks TLS, HTTP/1.1 and HTTP/2, keeps limits, and stops gracefully.

mod by_address;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use cognate_web::{Allowance, Network, Peer};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use crate::limits::Limits;
use crate::tls::Certificate;
use by_address::{AddressPlace, ByAddress};

/// How long to wait after the system would accept no more, usually for want of file descriptors.
const BREATHER: Duration = Duration::from_millis(100);
/// The headers of a request, all together; as much as nginx takes. A connection that is sent much holds twice that to read it.
const MAX_HEADERS: usize = 32 * 1024;
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 64;
/// What an HTTP/2 connection, and each stream on it, may send ahead of being read: what lies there is in nobody's budget.
const WINDOW: u32 = 64 * 1024;
/// How often a silent HTTP/2 connection is asked whether it lives.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// A listener that serves until it is stopped.
pub struct Listening {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<GracefulShutdown>,
    following: Option<JoinHandle<()>>,
}

impl Listening {
    /// Begins to serve on a socket that is bound: plainly, or by TLS with a certificate. `open` counts the connections.
    /// An address gets a quarter of them at most, unless it is in a network that is exempt.
    ///
    /// # Errors
    /// When the socket has no address, or TLS cannot be set up.
    pub fn start(
        socket: TcpListener,
        router: Router,
        certificate: Option<Certificate>,
        limits: Limits,
        exempt: Vec<Network>,
        open: Gauge,
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
            router,
            tls,
            limits,
            by_address: ByAddress::new(limits.connections, exempt),
            builder: builder(limits),
            open,
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

    /// Accepts no more, lets requests that run come to their end for as long as `patience`, and closes all connections.
    pub async fn stop(self, patience: Duration) {
        let _ = self.stop.send(true);
        if let Some(following) = self.following {
            following.abort();
        }
        let Ok(connections) = self.accepting.await else {
            return;
        };
        if tokio::time::timeout(patience, connections.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("some requests had not ended when the server stopped");
        }
    }
}

/// What all connections of a listener share.
struct Server {
    router: Router,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    by_address: Arc<ByAddress>,
    builder: Builder<TokioExecutor>,
    open: Gauge,
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

/// Accepts until it is told to stop; gives what watches the connections.
async fn accept(
    socket: TcpListener,
    server: Arc<Server>,
    mut stopped: watch::Receiver<bool>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(server.limits.connections));
    loop {
        let next = async {
            // The place comes first: who finds none waits in the system's queue.
            let place = Arc::clone(&places).acquire_owned().await;
            (place, socket.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = stopped.changed() => return connections,
        };
        match (place, accepted) {
            (Ok(place), Ok((stream, peer))) => {
                // Who has too many is hung up on: to wait they would have to hold a place.
                let Some(of_address) = server.by_address.enter(peer.ip()) else {
                    continue;
                };
                tokio::spawn(Arc::clone(&server).connection(
                    stream,
                    peer,
                    (place, of_address),
                    connections.watcher(),
                ));
            }
            (_, Err(error)) if is_of_one_connection(&error) => {}
            (_, Err(error)) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(BREATHER).await;
            }
            // The semaphore is never closed.
            (Err(_), _) => return connections,
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

impl Server {
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        _places: (OwnedSemaphorePermit, AddressPlace),
        watcher: Watcher,
    ) {
        self.open.inc();
        let _ = stream.set_nodelay(true);
        let has_asked = Arc::new(AtomicBool::new(false));
        let serving = self.serve(stream, peer, watcher, &has_asked);
        let waiting = async {
            tokio::time::sleep(self.limits.first_request).await;
            if has_asked.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
        };
        // What goes wrong on a connection is its client's doing and of no interest to the operator.
        tokio::select! {
            outcome = serving => if let Err(error) = outcome { tracing::debug!(error, "a connection broke") },
            () = waiting => tracing::debug!("a connection came with no request"),
        }
        self.open.dec();
    }

    async fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        watcher: Watcher,
        has_asked: &Arc<AtomicBool>,
    ) -> Result<(), String> {
        match &self.tls {
            None => {
                self.http(stream, peer, watcher, has_asked, self.builder.clone())
                    .await
            }
            Some(tls) => {
                let stream = tls
                    .accept(stream)
                    .await
                    .map_err(|error| error.to_string())?;
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let builder = if is_http2 {
                    self.builder.clone().http2_only()
                } else {
                    self.builder.clone().http1_only()
                };
                self.http(stream, peer, watcher, has_asked, builder).await
            }
        }
    }

    async fn http(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        watcher: Watcher,
        has_asked: &Arc<AtomicBool>,
        builder: Builder<TokioExecutor>,
    ) -> Result<(), String> {
        let (router, has_asked) = (self.router.clone(), Arc::clone(has_asked));
        let allowance = Allowance::default();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            has_asked.store(true, Ordering::Relaxed);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            request.extensions_mut().insert(allowance.clone());
            // A router is always ready.
            router.clone().call(request)
        });
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        watcher
            .watch(connection)
            .await
            .map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests;
