#![allow(clippy::unwrap_used, clippy::expect_used)]

use axum::Extension;
use axum::routing::get;
use cognate_web::Peer;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsConnector;

use super::*;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

async fn listen(router: Router, certificate: Option<Certificate>, limits: Limits) -> Listening {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let exempt = vec![Network::parse("127.0.0.1").unwrap()];
    Listening::start(
        socket,
        router,
        certificate,
        limits,
        exempt,
        Connections::default(),
    )
    .unwrap()
}

fn hello() -> Router {
    Router::new().route(
        "/",
        get(|Extension(peer): Extension<Peer>| async move { format!("hello {}", peer.0) }),
    )
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    stream.write_all(GET).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_request_is_answered_and_knows_its_peer() {
    let listening = listen(hello(), None, Limits::default()).await;
    let stream = TcpStream::connect(listening.address()).await.unwrap();
    let ours = stream.local_addr().unwrap();
    assert!(ask(stream).await.ends_with(&format!("hello {ours}")));
    listening.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn https_is_spoken_with_the_certificate() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let listening = listen(
        hello(),
        Some(Certificate::load(&cert, &key).unwrap()),
        Limits::default(),
    )
    .await;

    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(&cert).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(listening.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(client))
        .connect(name, stream)
        .await
        .unwrap();
    assert!(ask(stream).await.contains("hello 127.0.0.1:"));
    listening.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn a_request_that_runs_is_answered_before_the_stop() {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let router = Router::new().route(
        "/",
        get({
            let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
            move || async move {
                begun.notify_one();
                go.notified().await;
                "done"
            }
        }),
    );
    let listening = listen(router, None, Limits::default()).await;
    let address = listening.address();
    let asking = tokio::spawn(async move { ask(TcpStream::connect(address).await.unwrap()).await });
    begun.notified().await;
    let stopping = tokio::spawn(listening.stop(Duration::from_secs(60)));
    // Nobody new is let in once the socket is closed.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    go.notify_one();
    assert!(asking.await.unwrap().ends_with("done"));
    stopping.await.unwrap();
}

#[tokio::test]
async fn who_connects_and_asks_nothing_is_let_go() {
    let limits = Limits {
        first_request: Duration::from_millis(50),
        ..Limits::default()
    };
    let listening = listen(hello(), None, limits).await;
    for sent in [
        b"".as_slice(),
        b"GET / HTTP/1.1\r\nhost:",
        b"PRI * HTTP/2.0\r\n",
    ] {
        let mut stream = TcpStream::connect(listening.address()).await.unwrap();
        stream.write_all(sent).await.unwrap();
        // The answer, if any, is an end or a reset.
        let mut answer = Vec::new();
        let end = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(Duration::from_secs(10), end)
            .await
            .expect("the end of it");
    }
    listening.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let listening = listen(
        hello(),
        None,
        Limits {
            connections: 1,
            ..Limits::default()
        },
    )
    .await;
    let first = TcpStream::connect(listening.address()).await.unwrap();
    let address = listening.address();
    // The first is accepted and holds the place for as long as it is open.
    let second = tokio::spawn(async move { ask(TcpStream::connect(address).await.unwrap()).await });
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert!(!second.is_finished());
    drop(first);
    assert!(second.await.unwrap().contains("hello"));
    listening.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn an_address_that_holds_its_share_of_connections_is_hung_up_on_until_one_ends() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let limits = Limits {
        connections: 8,
        ..Limits::default()
    };
    let connections = Connections::default();
    let counted = connections.clone();
    let listening = Listening::start(socket, hello(), None, limits, Vec::new(), counted).unwrap();
    let connect = || TcpStream::connect(listening.address());
    let first = connect().await.unwrap();
    let _second = connect().await.unwrap();
    let mut third = connect().await.unwrap();
    // An end or a reset, and no byte.
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), third.read_to_end(&mut answer))
        .await
        .expect("the end of it");
    assert!(answer.is_empty());
    assert_eq!(connections.open.get(), 2);
    assert_eq!(connections.refused.get(), 1);
    drop(first);
    while connections.open.get() == 2 {
        tokio::task::yield_now().await;
    }
    assert!(ask(connect().await.unwrap()).await.contains("hello"));
    listening.stop(Duration::from_secs(1)).await;
}
