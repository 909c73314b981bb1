//! HTTP without TLS on a port that speaks HTTPS: told in words, where a person would see no more
//! than a broken connection.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const ANSWER: &str = "HTTP/1.1 400 Bad Request\r\n\
     content-type: text/plain; charset=utf-8\r\n\
     content-length: 60\r\n\
     connection: close\r\n\
     \r\n\
     This port speaks HTTPS: the address has to begin with https\n";

/// How much of a request is still read, so that its sender gets to read the answer.
const MAX_DRAINED: u64 = 64 << 10;

/// Whether a client begins to speak HTTP: with a method, where TLS has a record's type (RFC 8446
/// §5.1), which is no letter. Takes nothing from the stream.
///
/// # Errors
/// Those of the stream.
pub(super) async fn is_spoken(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<bool> {
    let first = stream.fill_buf().await?.first();
    Ok(first.is_some_and(u8::is_ascii_uppercase))
}

/// Answers whatever is asked, and hangs up.
///
/// # Errors
/// Those of the stream.
pub(super) async fn answer(mut stream: impl AsyncBufRead + AsyncWrite + Unpin) -> io::Result<()> {
    stream.write_all(ANSWER.as_bytes()).await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(MAX_DRAINED), &mut tokio::io::sink()).await?;
    Ok(())
}
