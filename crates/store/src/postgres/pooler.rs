//! Poolers between us and PostgreSQL, such as PgBouncer: whether there is one.
//!
//! One that pools by transactions leads each transaction to whichever server connection is free.
//! What a connection holds beyond a transaction (settings, prepared statements) then belongs to
//! somebody else, and so it may hold nothing. How a pooler pools can't be asked. That it is there
//! can be seen: the number by which a connection is cancelled is the number of the server's
//! process, and a pooler gives out numbers of its own.

use std::{
    future::{Ready, ready},
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio_postgres::{
    Client,
    tls::{ChannelBinding, TlsConnect, TlsStream},
};

/// The URL's parameter `pooler`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooler {
    /// Found out at each new connection. Any pooler is taken for one that pools by transactions.
    #[default]
    FindOut,
    /// One that pools by transactions, wherever the connection seems to lead.
    Transaction,
    /// None, or one that pools by sessions: a connection of ours keeps its server connection.
    Session,
}

/// What a message that asks for TLS holds beside its length, and one that asks to cancel.
const ASKS_FOR_TLS: i32 = 80_877_103;
const ASKS_TO_CANCEL: i32 = 80_877_102;

/// The number of the process by which the other end wants to hear of cancelled work. tokio-postgres
/// keeps it to itself, but writes it into a request to cancel, and the request into any stream:
/// here one that ends in this process.
pub(super) async fn cancelled_as(client: &Client) -> Option<i32> {
    let (near, far) = tokio::io::duplex(64);
    let token = client.cancel_token();
    let (_, process) = tokio::join!(token.cancel_query_raw(near, Plain), read_request(far));
    process.ok().flatten()
}

async fn read_request(mut stream: DuplexStream) -> io::Result<Option<i32>> {
    loop {
        let _length = stream.read_i32().await?;
        match stream.read_i32().await? {
            ASKS_FOR_TLS => stream.write_all(b"S").await?,
            ASKS_TO_CANCEL => {
                let process = stream.read_i32().await?;
                // The rest is read too, so that the writer comes to its end.
                stream.read_to_end(&mut Vec::new()).await?;
                return Ok(Some(process));
            }
            _ => return Ok(None),
        }
    }
}

/// TLS that is none, for a stream that doesn't leave the process.
struct Plain;

impl TlsConnect<DuplexStream> for Plain {
    type Stream = PlainStream;
    type Error = io::Error;
    type Future = Ready<io::Result<PlainStream>>;

    fn connect(self, stream: DuplexStream) -> Self::Future {
        ready(Ok(PlainStream(stream)))
    }
}

struct PlainStream(DuplexStream);

impl TlsStream for PlainStream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for PlainStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for PlainStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
