//! The path to a server that breaks: a proxy that cuts the connection when it sees a word go by.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use cognate_store::{Db, Error};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::place::{Place, on_servers, put, value_of};

/// A proxy before the place's server.
struct Proxy {
    url: String,
    /// Cut at the next sight of the word.
    armed: Arc<AtomicBool>,
}

/// `pass_on`: whether the word still reaches the server before the cut.
async fn proxy(place: &Place, word: &'static str, pass_on: bool) -> Proxy {
    assert!(
        !place.url.contains("sslmode=") || place.url.contains("sslmode=disable"),
        "the proxy must be able to read along"
    );
    let (before, rest) = place.url.split_once('@').unwrap();
    let (server, database) = rest.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "{before}@{}/{database}&sslmode=disable",
        listener.local_addr().unwrap()
    );
    let armed = Arc::new(AtomicBool::new(false));
    let (server, wire) = (server.to_owned(), Arc::clone(&armed));
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let upstream = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(pump(client, upstream, word, pass_on, Arc::clone(&wire)));
        }
    });
    Proxy { url, armed }
}

async fn pump(
    client: TcpStream,
    upstream: TcpStream,
    word: &str,
    pass_on: bool,
    armed: Arc<AtomicBool>,
) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = upstream.into_split();
    let answers =
        tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut buffer = vec![0; 65536];
    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
        let seen = buffer[..read]
            .windows(word.len())
            .any(|window| window == word.as_bytes());
        if seen && armed.swap(false, Ordering::SeqCst) {
            answers.abort();
            let _ = answers.await;
            if pass_on {
                to_server.write_all(&buffer[..read]).await.unwrap();
                // Long enough for the server to do it.
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            return;
        }
        if to_server.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
    answers.abort();
}

#[test]
fn a_commit_whose_answer_is_lost_is_unknown_and_not_run_again() {
    on_servers(async |place: &Place| {
        for pass_on in [true, false] {
            static RUNS: AtomicU32 = AtomicU32::new(0);
            RUNS.store(0, Ordering::SeqCst);
            let proxy = proxy(place, "COMMIT", pass_on).await;
            let db = Db::open(place.options_at(&proxy.url)).await.unwrap();
            proxy.armed.store(true, Ordering::SeqCst);
            let name = format!("pass-{pass_on}");
            let written = name.clone();
            let outcome = db
                .write("lost_commit", async move |tx| {
                    RUNS.fetch_add(1, Ordering::SeqCst);
                    tx.execute(
                        "INSERT INTO meta(name, value) VALUES ($1, $2)",
                        &[(&written).into(), b"".into()],
                    )
                    .await
                })
                .await;
            assert!(
                matches!(outcome, Err(Error::OutcomeUnknown(_))),
                "{outcome:?}"
            );
            assert_eq!(RUNS.load(Ordering::SeqCst), 1);
            // The server may still be working the COMMIT off that was passed on.
            let mut looks_left = 100;
            while value_of(&db, &name).await.is_some() != pass_on && looks_left > 0 {
                looks_left -= 1;
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            assert!(looks_left > 0, "the row is there: {}", !pass_on);
        }
    });
}

#[test]
fn a_transaction_cut_before_its_commit_is_run_again_on_a_fresh_connection() {
    on_servers(async |place: &Place| {
        let proxy = proxy(place, "cut me here", false).await;
        let db = Db::open(place.options_at(&proxy.url)).await.unwrap();
        proxy.armed.store(true, Ordering::SeqCst);
        put(&db, "cut me here", b"x").await.unwrap();
        assert!(!proxy.armed.load(Ordering::SeqCst));
        assert_eq!(value_of(&db, "cut me here").await, Some(b"x".to_vec()));
    });
}

#[test]
fn a_read_on_a_dead_connection_is_asked_again() {
    on_servers(async |place: &Place| {
        let proxy = proxy(place, "wanted", false).await;
        let db = Db::open(place.options_at(&proxy.url)).await.unwrap();
        put(&db, "wante", b"x").await.unwrap();
        proxy.armed.store(true, Ordering::SeqCst);
        assert_eq!(value_of(&db, "wanted").await, None);
        assert!(!proxy.armed.load(Ordering::SeqCst));
    });
}

#[test]
fn a_server_that_is_not_there_is_unavailable() {
    on_servers(async |place: &Place| {
        let error = Db::open(place.options_at("postgres://u@127.0.0.1:1/d"))
            .await
            .err()
            .unwrap();
        assert!(
            matches!(
                error,
                cognate_store::OpenError::Database(Error::Unavailable(_))
            ),
            "{error}"
        );
    });
}
