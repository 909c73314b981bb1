//! HTTP/1.1 as far as a load generator needs it: one kept connection, whole requests out, whole
//! answers in.
//!
//! It is written by hand because the generator has one core too: a client library would cost it as
//! much as the server's own costs the server, and would be the limit of what can be measured.

use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A kept connection, with one request on its way at most.
pub(super) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer's status and body.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Answer<'_> {
    /// The body, of an answer that is a success.
    pub(super) fn success(&self) -> Result<&[u8]> {
        if self.status == 200 {
            return Ok(self.body);
        }
        bail!(
            "status {}: {}",
            self.status,
            String::from_utf8_lossy(self.body)
        )
    }

    /// The body as JSON, of an answer that is a success.
    pub(super) fn json(&self) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(self.success()?)?)
    }
}

impl Connection {
    /// Connects.
    pub(super) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(16 * 1024),
        })
    }

    /// Sends a request and waits for its whole answer.
    pub(super) async fn call(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.received.clear();
        self.stream.write_all(request).await?;
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some(head) = Head::find(&self.received)? {
                let end = head.length + head.body;
                while self.received.len() < end {
                    if self.stream.read_buf(&mut self.received).await? == 0 {
                        bail!("the server closed the connection inside an answer");
                    }
                }
                let body = self.received.get(head.length..end);
                return Ok(Answer {
                    status: head.status,
                    body: body.unwrap_or_default(),
                });
            }
        }
    }
}

/// What an answer's head says.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Bytes of the head itself.
    length: usize,
    /// Bytes of the body.
    body: usize,
}

impl Head {
    /// Reads the head, once all of it is there.
    fn find(received: &[u8]) -> Result<Option<Self>> {
        let Some(at) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(received.get(..at).unwrap_or_default())?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.and_then(|status| u16::from_str(status).ok());
        let body = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .ok_or_else(|| anyhow!("an answer without its length: {text}"))?;
        Ok(Some(Self {
            status: status.with_context(|| format!("an answer without a status: {text}"))?,
            length: at + 4,
            body: body.1.trim().parse()?,
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text = b"HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-Length: 12\r\n\r\nhello";
        let expected = Head {
            status: 404,
            length: text.len() - 5,
            body: 12,
        };
        assert_eq!(Head::find(text).unwrap(), Some(expected));
        assert_eq!(Head::find(&text[..40]).unwrap(), None);
    }

    #[test]
    fn an_answer_without_length_or_status_is_an_error() {
        assert!(Head::find(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(Head::find(b"nonsense\r\ncontent-length: 1\r\n\r\n").is_err());
    }
}
