//! A TCP stream that gives its reader no more than one line at a time.
//!
//! Until STARTTLS the dialogue is in clear, and an attacker on the path can send more than the
//! server's `220`: answers to commands that come only after encryption. A reader that buffers would
//! take them along and later believe that the server sent them under TLS. Here the bytes behind the
//! line stay in the socket, where the TLS handshake meets them and fails.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader, ReadBuf},
    net::TcpStream,
};

/// See the module.
#[derive(Debug)]
pub(super) struct LineStream {
    inner: BufReader<TcpStream>,
}

impl LineStream {
    pub(super) async fn connect(host: &str, port: u16) -> io::Result<Self> {
        let socket = TcpStream::connect((host, port)).await?;
        // The dialogue is short lines back and forth, each of which would wait for an
        // acknowledgement.
        socket.set_nodelay(true)?;
        Ok(Self {
            inner: BufReader::new(socket),
        })
    }
}

impl AsyncRead for LineStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let available = ready!(Pin::new(&mut self.inner).poll_fill_buf(context))?;
        let line = available
            .split_inclusive(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let given = line.get(..out.remaining()).unwrap_or(line);
        out.put_slice(given);
        let length = given.len();
        Pin::new(&mut self.inner).consume(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LineStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl AsyncTokioStream for LineStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.get_ref().peer_addr()
    }
}
