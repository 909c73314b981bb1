//! A proxy before PostgreSQL that breaks the path on order. It reads along, so the path must be
//! unencrypted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A path to a database server. A clone is the same path.
#[derive(Clone)]
pub struct Proxy {
    url: String,
    server: Arc<Mutex<String>>,
    orders: Arc<watch::Sender<Orders>>,
    traps: Arc<Mutex<Vec<Trap>>>,
}

/// What all connections obey.
#[derive(Clone, Default)]
struct Orders {
    /// Connections of an earlier age are cut.
    age: u64,
    /// New connections are cut at once.
    is_closed: bool,
    /// Nothing gets through.
    is_stalled: bool,
    /// What the server says is held back for so long.
    delay: Duration,
    /// Connections of an earlier age get no more words from the server, and their end of it.
    half_closed_age: u64,
}

/// A cut that waits for a word of the client's.
struct Trap {
    word: &'static str,
    /// Whether the word reaches the server before the cut.
    passes: bool,
}

impl Proxy {
    /// A proxy before the server in a URL.
    pub async fn before(url: &str) -> Self {
        assert!(
            !url.contains("sslmode=") || url.contains("sslmode=disable"),
            "the proxy must be able to read along"
        );
        let (credentials, server, database) = parts(url);
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port of loopback");
        let address = listener.local_addr().expect("a listener has an address");
        let proxy = Self {
            url: format!("{credentials}@{address}/{database}"),
            server: Arc::new(Mutex::new(server.to_owned())),
            orders: Arc::new(watch::Sender::new(Orders::default())),
            traps: Arc::default(),
        };
        tokio::spawn(accept(listener, proxy.clone()));
        proxy
    }

    /// The URL through the proxy.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts every connection; new ones are taken.
    pub fn cut(&self) {
        self.orders.send_modify(|orders| orders.age += 1);
    }

    /// Cuts every connection, and new ones too, until [`Proxy::open`].
    pub fn close(&self) {
        self.orders.send_modify(|orders| {
            orders.age += 1;
            orders.is_closed = true;
        });
    }

    /// Cuts new connections, and leaves those that are there, until [`Proxy::open`].
    pub fn take_nobody_new(&self) {
        self.orders.send_modify(|orders| orders.is_closed = true);
    }

    /// Leads new connections to the server in a URL, and opens. Those that are there stay where
    /// they are.
    pub fn lead_to(&self, url: &str) {
        parts(url).1.clone_into(&mut locked(&self.server));
        self.open();
    }

    /// Lets nothing through and cuts nothing, until [`Proxy::open`]: a firewall that forgot.
    pub fn stall(&self) {
        self.orders.send_modify(|orders| orders.is_stalled = true);
    }

    /// Holds back what the server says.
    pub fn delay(&self, span: Duration) {
        self.orders.send_modify(|orders| orders.delay = span);
    }

    /// Ends the server's half of every connection; the client's half stays open.
    pub fn half_close(&self) {
        self.orders
            .send_modify(|orders| orders.half_closed_age += 1);
    }

    /// Ends all disorder.
    pub fn open(&self) {
        locked(&self.traps).clear();
        self.orders.send_modify(|orders| {
            orders.is_closed = false;
            orders.is_stalled = false;
            orders.delay = Duration::ZERO;
        });
    }

    /// The next time the client says a word, the server hears it and does it, and its answer is
    /// lost with the connection.
    pub fn lose_answer_to(&self, word: &'static str) {
        self.trap(word, true);
    }

    /// The next time the client says a word, it is lost with the connection.
    pub fn lose(&self, word: &'static str) {
        self.trap(word, false);
    }

    /// Whether every cut that was ordered by a word has come.
    #[must_use]
    pub fn has_sprung(&self) -> bool {
        locked(&self.traps).is_empty()
    }

    fn trap(&self, word: &'static str, passes: bool) {
        locked(&self.traps).push(Trap { word, passes });
    }

    fn sprung_by(&self, words: &[u8]) -> Option<Trap> {
        let mut traps = locked(&self.traps);
        let said = |trap: &Trap| {
            words
                .windows(trap.word.len())
                .any(|window| window == trap.word.as_bytes())
        };
        let at = traps.iter().position(said)?;
        Some(traps.remove(at))
    }
}

/// What a lock guards. It holds plain values, which a panic elsewhere leaves whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What stands before, at and behind the address in a URL.
fn parts(url: &str) -> (&str, &str, &str) {
    let (credentials, rest) = url.split_once('@').expect("a URL with a user");
    let (server, database) = rest.split_once('/').expect("a URL with a database");
    (credentials, server, database)
}

async fn accept(listener: TcpListener, proxy: Proxy) {
    while let Ok((client, _)) = listener.accept().await {
        if proxy.orders.borrow().is_closed {
            continue;
        }
        // A server that is down refuses, and so does the proxy.
        let server = locked(&proxy.server).clone();
        let Ok(upstream) = TcpStream::connect(&server).await else {
            continue;
        };
        let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
        tokio::spawn(serve(client, upstream, proxy.clone()));
    }
}

/// One connection, until either side or an order ends it.
async fn serve(client: TcpStream, upstream: TcpStream, proxy: Proxy) {
    let age = proxy.orders.borrow().age;
    let mut orders = proxy.orders.subscribe();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = upstream.into_split();
    let is_mute = AtomicBool::new(false);
    tokio::select! {
        () = pass_words(from_client, to_server, &proxy, &is_mute) => {}
        () = pass_answers(from_server, to_client, &proxy, &is_mute) => {}
        _ = orders.wait_for(|orders| orders.age > age) => {}
    }
}

async fn pass_words(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    proxy: &Proxy,
    is_mute: &AtomicBool,
) {
    let mut orders = proxy.orders.subscribe();
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let words = &buffer[..read];
        if orders.wait_for(|orders| !orders.is_stalled).await.is_err() {
            return;
        }
        if let Some(trap) = proxy.sprung_by(words) {
            is_mute.store(true, Ordering::SeqCst);
            if trap.passes && to.write_all(words).await.is_ok() {
                // The server works off what it was sent although nobody listens any more.
                let _ = to.shutdown().await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            return;
        }
        if to.write_all(words).await.is_err() {
            return;
        }
    }
}

async fn pass_answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    proxy: &Proxy,
    is_mute: &AtomicBool,
) {
    let mut orders = proxy.orders.subscribe();
    let half_closed_age = orders.borrow().half_closed_age;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            () = is_half_closed(&mut orders, half_closed_age) => {
                let _ = to.shutdown().await;
                return std::future::pending().await;
            }
        };
        let Ok(read @ 1..) = read else { return };
        let delay = match orders.wait_for(|orders| !orders.is_stalled).await {
            Ok(orders) => orders.delay,
            Err(_) => return,
        };
        tokio::time::sleep(delay).await;
        if is_mute.load(Ordering::SeqCst) {
            continue;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

async fn is_half_closed(orders: &mut watch::Receiver<Orders>, age: u64) {
    let _ = orders.wait_for(|orders| orders.half_closed_age > age).await;
}
