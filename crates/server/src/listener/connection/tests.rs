//! On a clock that runs when everybody waits, and on streams without a socket.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::*;

const LIMITS: Limits = Limits {
    connections: 1,
    first_request: Duration::from_secs(30),
    next_request: Duration::from_secs(75),
    stalled_write: Duration::from_secs(30),
    farewell: Duration::from_secs(120),
};
const LARGE: usize = 200_000;

/// A request for the large answer, and one for the small.
const GET_LARGE: &[u8] = b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n";

fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "small" }))
        .route("/large", get(|| async { "x".repeat(LARGE) }))
        .route(
            "/long",
            get(|| async {
                tokio::time::sleep(Duration::from_secs(200)).await;
                "done"
            }),
        )
}

struct Connection {
    stream: DuplexStream,
    /// Gives how long the connection stood.
    ended: JoinHandle<Duration>,
    stop: watch::Sender<bool>,
}

fn serve(tls: Option<TlsAcceptor>) -> Connection {
    // As little lies between the two as a socket may hold.
    let (stream, theirs) = tokio::io::duplex(4096);
    let (stop, stopped) = watch::channel(false);
    let serving = Serving {
        router: router(),
        tls,
        limits: LIMITS,
        builder: super::super::builder(LIMITS),
    };
    let ended = tokio::spawn(async move {
        let began = Instant::now();
        let peer = "192.0.2.1:4711".parse().unwrap();
        serving.connection(theirs, peer, stopped).await;
        began.elapsed()
    });
    Connection {
        stream,
        ended,
        stop,
    }
}

/// How long a connection stood; an hour is for ever.
async fn stood(ended: JoinHandle<Duration>) -> Duration {
    timeout(Duration::from_secs(3600), ended)
        .await
        .expect("a connection that ends")
        .unwrap()
}

/// Both ends of TLS, and what the client's end is to speak.
fn tls(protocol: &[u8]) -> (TlsAcceptor, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = CertificateDer::from(made.cert.der().to_vec());
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())
        .unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let mut client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![protocol.to_vec()];
    (Arc::new(server).into(), Arc::new(client).into())
}

async fn connect(connector: TlsConnector, stream: DuplexStream) -> impl AsyncRead + AsyncWrite {
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, stream).await.unwrap()
}

/// Just enough of HTTP/2 (RFC 9113) for a client that does as it likes.
mod h2 {
    use super::*;

    pub(super) const DATA: u8 = 0;
    pub(super) const PING: u8 = 6;
    pub(super) const GOAWAY: u8 = 7;
    const ACK: u8 = 1;

    pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        frame
    }

    /// The beginning of a connection whose streams may be sent so much at first.
    pub(super) fn preface(window: u32) -> Vec<u8> {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let setting = [&[0, 4], window.to_be_bytes().as_slice()].concat();
        bytes.extend(frame(4, 0, 0, &setting));
        // The connection's own window, as large as it gets.
        bytes.extend(frame(8, 0, 0, &0x7fff_0000_u32.to_be_bytes()));
        bytes
    }

    /// A GET, by indices of HPACK's static table where there are any (RFC 7541, appendix A).
    pub(super) fn get(stream: u32, path: &str) -> Vec<u8> {
        let mut head = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
        head.extend(path.as_bytes());
        head.extend([0x41, 1, b'x']);
        frame(1, 0x5, stream, &head)
    }

    /// Reads frames to the end of the stream, answers PINGs, and gives the kinds of all.
    pub(super) async fn read_all(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Vec<u8> {
        let mut kinds = Vec::new();
        let mut head = [0; 9];
        while stream.read_exact(&mut head).await.is_ok() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            if stream.read_exact(&mut payload).await.is_err() {
                break;
            }
            kinds.push(head[3]);
            if head[3] == PING && head[4] & ACK == 0 {
                let _ = stream.write_all(&frame(PING, ACK, 0, &payload)).await;
            }
        }
        kinds
    }
}

fn seconds(from: u64, to: u64) -> std::ops::RangeInclusive<Duration> {
    Duration::from_secs(from)..=Duration::from_secs(to)
}

#[tokio::test(start_paused = true)]
async fn an_http2_connection_that_asks_for_nothing_more_ends_whatever_pings_it_answers() {
    let Connection {
        mut stream,
        ended,
        stop: _running,
    } = serve(None);
    stream.write_all(&h2::preface(65535)).await.unwrap();
    stream.write_all(&h2::get(1, "/")).await.unwrap();
    let kinds = h2::read_all(stream).await;
    assert!(kinds.contains(&h2::DATA), "it is answered: {kinds:?}");
    assert!(kinds.contains(&h2::PING), "it is asked: {kinds:?}");
    assert!(kinds.contains(&h2::GOAWAY), "it is told: {kinds:?}");
    assert!(seconds(75, 80).contains(&stood(ended).await));
}

#[tokio::test(start_paused = true)]
async fn an_http2_connection_over_tls_that_asks_for_nothing_more_ends_too() {
    let (acceptor, connector) = tls(b"h2");
    let Connection {
        stream,
        ended,
        stop: _running,
    } = serve(Some(acceptor));
    let mut stream = connect(connector, stream).await;
    stream.write_all(&h2::preface(65535)).await.unwrap();
    stream.write_all(&h2::get(1, "/")).await.unwrap();
    stream.flush().await.unwrap();
    let kinds = h2::read_all(stream).await;
    assert!(kinds.contains(&h2::GOAWAY), "it is told: {kinds:?}");
    assert!(seconds(75, 80).contains(&stood(ended).await));
}

#[tokio::test(start_paused = true)]
async fn an_http2_connection_whose_request_runs_is_not_idle() {
    let Connection {
        mut stream,
        ended,
        stop: _running,
    } = serve(None);
    stream.write_all(&h2::preface(65535)).await.unwrap();
    stream.write_all(&h2::get(1, "/long")).await.unwrap();
    let kinds = h2::read_all(stream).await;
    assert!(kinds.contains(&h2::DATA), "it is answered: {kinds:?}");
    assert!(seconds(275, 280).contains(&stood(ended).await));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_an_http2_client_gives_no_room_for_holds_no_connection() {
    let Connection {
        mut stream,
        ended,
        stop: _running,
    } = serve(None);
    stream.write_all(&h2::preface(0)).await.unwrap();
    stream.write_all(&h2::get(1, "/large")).await.unwrap();
    let kinds = h2::read_all(stream).await;
    assert!(!kinds.contains(&h2::DATA), "{kinds:?}");
    assert!(seconds(195, 200).contains(&stood(ended).await));
}

#[tokio::test(start_paused = true)]
async fn who_reads_nothing_is_let_go() {
    let bodies = [
        (b"http/1.1".as_slice(), GET_LARGE.to_vec()),
        (b"h2", [h2::preface(1 << 20), h2::get(1, "/large")].concat()),
    ];
    for (protocol, request) in bodies {
        let plain = serve(None);
        let mut stream = plain.stream;
        stream.write_all(&request).await.unwrap();
        assert!(seconds(30, 35).contains(&stood(plain.ended).await));
        drop(stream);

        let (acceptor, connector) = tls(protocol);
        let encrypted = serve(Some(acceptor));
        let mut stream = connect(connector, encrypted.stream).await;
        stream.write_all(&request).await.unwrap();
        stream.flush().await.unwrap();
        assert!(seconds(30, 35).contains(&stood(encrypted.ended).await));
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_on_and_reads_nothing_is_let_go() {
    let Connection {
        stream,
        ended,
        stop: _running,
    } = serve(None);
    let (_held, mut asking) = tokio::io::split(stream);
    tokio::spawn(async move { while asking.write_all(GET_LARGE).await.is_ok() {} });
    assert!(seconds(30, 35).contains(&stood(ended).await));
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_gets_all_of_the_answer() {
    let Connection {
        mut stream,
        stop: _running,
        ..
    } = serve(None);
    stream.write_all(GET_LARGE).await.unwrap();
    let (mut read, mut buffer) = (0, vec![0; 20_000]);
    while read < LARGE {
        tokio::time::sleep(Duration::from_secs(2)).await;
        read += stream.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_come_on_is_given_up() {
    let (acceptor, _) = tls(b"h2");
    for sent in [b"".as_slice(), &[22, 3, 1, 2, 0, 1]] {
        let Connection {
            mut stream,
            ended,
            stop: _running,
        } = serve(Some(acceptor.clone()));
        stream.write_all(sent).await.unwrap();
        assert!(seconds(30, 31).contains(&stood(ended).await));
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_at_once_when_the_server_stops() {
    let (acceptor, connector) = tls(b"h2");
    let Connection {
        stream,
        ended,
        stop,
    } = serve(Some(acceptor.clone()));
    let mut stream = connect(connector, stream).await;
    stream.write_all(&h2::preface(65535)).await.unwrap();
    stream.write_all(&h2::get(1, "/")).await.unwrap();
    stream.flush().await.unwrap();
    let reading = tokio::spawn(h2::read_all(stream));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let handshaking = serve(Some(acceptor));
    tokio::task::yield_now().await;
    for stop in [stop, handshaking.stop] {
        stop.send(true).unwrap();
    }
    assert!(seconds(5, 6).contains(&stood(ended).await));
    assert!(reading.await.unwrap().contains(&h2::GOAWAY));
    assert!(seconds(0, 1).contains(&stood(handshaking.ended).await));
}

#[tokio::test(start_paused = true)]
async fn who_speaks_plain_http_to_https_is_told_so_whatever_they_send() {
    for body in ["", &"x".repeat(20_000)] {
        let (acceptor, _) = tls(b"http/1.1");
        let connection = serve(Some(acceptor));
        let request = format!("POST / HTTP/1.1\r\nhost: x\r\n\r\n{body}");
        let (mut reading, mut writing) = tokio::io::split(connection.stream);
        let send = writing.write_all(request.as_bytes());
        let mut answer = String::new();
        let (sent, read) = tokio::join!(send, reading.read_to_string(&mut answer));
        sent.unwrap();
        read.unwrap();
        let (head, words) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
        let length = format!("\r\ncontent-length: {}\r\n", words.len());
        assert!(head.contains(&length), "{head}");
        assert!(words.starts_with("This port speaks HTTPS"), "{words}");
        drop((reading, writing));
        assert!(stood(connection.ended).await < Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_neither_tls_nor_http_is_answered_as_tls_answers() {
    let (acceptor, _) = tls(b"http/1.1");
    let mut connection = serve(Some(acceptor));
    connection.stream.write_all(b"\x80abcdefgh").await.unwrap();
    let mut answer = Vec::new();
    connection.stream.read_to_end(&mut answer).await.unwrap();
    // An alert (RFC 8446 §6), or nothing.
    assert!(
        answer.first().is_none_or(|first| *first == 21),
        "{answer:?}"
    );
}
