//! One connection, from its first byte to its end: TLS, HTTP, and the reasons to end it.
//!
//! It ends when it sends no request in time, when it is idle (even if an HTTP/2 client answers
//! PINGs for ever), when its client takes no bytes of an answer, and when the server stops. When it
//! is idle and when the server stops, the client is notified first, and its requests are answered.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use cognate_web::{Allowance, Peer};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use super::activity::Activity;
use super::plain_http;
use super::unstalled::Unstalled;
use crate::limits::Limits;

/// How connections are served.
pub(super) struct Serving {
    pub(super) router: Router,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) limits: Limits,
    pub(super) builder: Builder<TokioExecutor>,
}

impl Serving {
    /// Serves a connection to its end. `stopped` is held until then.
    pub(super) async fn connection(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        mut stopped: watch::Receiver<bool>,
    ) {
        let activity = Activity::new();
        let stream = Unstalled::new(stream, self.limits.stalled_write);
        let serving = self.serve(stream, peer, &mut stopped, &activity);
        let waiting = async {
            tokio::time::sleep(self.limits.first_request).await;
            if activity.has_asked() {
                std::future::pending::<()>().await;
            }
        };
        // The client causes what goes wrong on a connection, and operators need not know.
        tokio::select! {
            outcome = serving => if let Err(error) = outcome { tracing::debug!(error, "a connection broke") },
            () = waiting => tracing::debug!("a connection sent no request in time"),
        }
    }

    async fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        stopped: &mut watch::Receiver<bool>,
        activity: &Activity,
    ) -> Result<(), String> {
        let Some(tls) = &self.tls else {
            let builder = self.builder.clone();
            return self.http(stream, peer, stopped, activity, builder).await;
        };
        let accept = async {
            // One byte is looked at, and no other is kept.
            let mut stream = BufReader::with_capacity(1, stream);
            if plain_http::is_spoken(&mut stream).await? {
                return plain_http::answer(stream).await.map(|()| None);
            }
            tls.accept(stream).await.map(Some)
        };
        let accepted = tokio::select! {
            accepted = accept => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
        };
        let Some(stream) = accepted.map_err(|error| error.to_string())? else {
            return Ok(());
        };
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let builder = if is_http2 {
            self.builder.clone().http2_only()
        } else {
            self.builder.clone().http1_only()
        };
        self.http(stream, peer, stopped, activity, builder).await
    }

    async fn http(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        stopped: &mut watch::Receiver<bool>,
        activity: &Activity,
        builder: Builder<TokioExecutor>,
    ) -> Result<(), String> {
        let allowance = Allowance::default();
        let (router, asked) = (self.router.clone(), activity.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let running = asked.begin();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            request.extensions_mut().insert(allowance.clone());
            // A router is always ready.
            let answer = router.clone().call(request);
            async move {
                let response = answer.await?;
                Ok::<_, std::convert::Infallible>(response.map(|body| running.answered(body)))
            }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let told_to_end = async {
            tokio::select! {
                () = activity.idle(self.limits.next_request) => false,
                // The sender goes only when the server does.
                _ = stopped.wait_for(|stopped| *stopped) => true,
            }
        };
        let is_stop = tokio::select! {
            outcome = connection.as_mut() => return outcome.map_err(|error| error.to_string()),
            is_stop = told_to_end => is_stop,
        };
        connection.as_mut().graceful_shutdown();
        let end = async {
            if is_stop {
                // Whoever stops the server decides how long that may take.
                activity.idle(self.limits.next_request).await;
            }
            tokio::time::sleep(self.limits.farewell).await;
        };
        tokio::select! {
            outcome = connection => outcome.map_err(|error| error.to_string()),
            () = end => Err("the client did not take its answers".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
