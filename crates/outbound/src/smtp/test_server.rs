//! A mail server for tests: it follows a script, on loopback, and remembers what it was told.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}
type Connection = BufReader<Box<dyn Stream>>;

/// How the server behaves. The default takes any mail, without encryption or authentication.
#[derive(Clone, Default)]
pub(super) struct Script {
    /// What EHLO offers, such as `AUTH PLAIN`; `STARTTLS` is offered until it is used.
    pub(super) offers: Vec<&'static str>,
    /// Answers other than the usual, by command: `connect`, `MAIL`, `RCPT`, `DATA`, `content`,
    /// `AUTH` … An empty answer is none at all: the server falls silent.
    pub(super) answers: HashMap<&'static str, &'static str>,
    /// The certificate for STARTTLS and implicit TLS.
    pub(super) tls: Option<TlsAcceptor>,
    /// Whether TLS starts with the first byte.
    pub(super) implicit_tls: bool,
    /// Whether the server hangs up after each message.
    pub(super) hangs_up: bool,
}

impl Script {
    pub(super) fn offering(offers: &[&'static str]) -> Self {
        Self {
            offers: offers.to_vec(),
            ..Self::default()
        }
    }

    pub(super) fn answering(command: &'static str, answer: &'static str) -> Self {
        Self::default().and_answering(command, answer)
    }

    pub(super) fn and_answering(mut self, command: &'static str, answer: &'static str) -> Self {
        self.answers.insert(command, answer);
        self
    }

    pub(super) fn with_tls(mut self, certificate: &TestCertificate) -> Self {
        self.tls = Some(certificate.acceptor.clone());
        self
    }
}

/// A self-signed certificate for 127.0.0.1 and localhost.
pub(super) struct TestCertificate {
    pub(super) pem: String,
    acceptor: TlsAcceptor,
}

impl TestCertificate {
    pub(super) fn new() -> Self {
        let made =
            rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])
                .unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        Self {
            pem: made.cert.pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }
}

/// What the server was told.
#[derive(Clone, Default, Debug)]
pub(super) struct Heard {
    /// How many connections were accepted.
    pub(super) connections: usize,
    /// Every command line, in order, preceded by `tls ` when it came encrypted.
    pub(super) commands: Vec<String>,
    /// The messages that were taken over, dots unstuffed.
    pub(super) messages: Vec<String>,
}

/// The running server; ends when dropped.
pub(super) struct TestServer {
    pub(super) address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    task: JoinHandle<()>,
}

impl TestServer {
    pub(super) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let log = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                log.lock().unwrap().connections += 1;
                let dialogue = Dialogue {
                    script: script.clone(),
                    heard: Arc::clone(&log),
                    encrypted: false,
                };
                tokio::spawn(dialogue.run(Box::new(socket)));
            }
        });
        Self {
            address,
            heard,
            task,
        }
    }

    pub(super) fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Dialogue {
    script: Script,
    heard: Arc<Mutex<Heard>>,
    encrypted: bool,
}

impl Dialogue {
    /// Serves one connection until either side ends it. Errors are the client hanging up.
    async fn run(mut self, stream: Box<dyn Stream>) {
        let mut stream = stream;
        if self.script.implicit_tls {
            let Some(encrypted) = self.encrypt(stream).await else {
                return;
            };
            stream = encrypted;
        }
        let mut connection = BufReader::new(stream);
        self.say(&mut connection, "connect", "220 test ESMTP").await;
        let mut line = String::new();
        loop {
            line.clear();
            if !matches!(connection.read_line(&mut line).await, Ok(1..)) {
                return;
            }
            let command = line.trim_end().to_owned();
            self.remember(&command);
            let verb = command.split(' ').next().unwrap().to_owned();
            match verb.as_str() {
                "EHLO" => {
                    let answer = self.greeting();
                    self.say(&mut connection, "EHLO", &answer).await;
                }
                "STARTTLS" => {
                    self.say(&mut connection, "STARTTLS", "220 go on").await;
                    let Some(encrypted) = self.encrypt(connection.into_inner()).await else {
                        return;
                    };
                    connection = BufReader::new(encrypted);
                }
                "AUTH" => self.say(&mut connection, "AUTH", "235 welcome").await,
                "DATA" => {
                    self.say(&mut connection, "DATA", "354 go on").await;
                    if !self.script.answers.contains_key("DATA")
                        && !self.content(&mut connection).await
                    {
                        return;
                    }
                }
                "QUIT" => return,
                _ => self.say(&mut connection, &verb, "250 ok").await,
            }
        }
    }

    async fn encrypt(&mut self, stream: Box<dyn Stream>) -> Option<Box<dyn Stream>> {
        let acceptor = self.script.tls.clone().expect("a certificate");
        let encrypted = acceptor.accept(stream).await.ok()?;
        self.encrypted = true;
        Some(Box::new(encrypted))
    }

    fn greeting(&self) -> String {
        let offers = self
            .script
            .offers
            .iter()
            .filter(|offer| **offer != "STARTTLS" || !self.encrypted);
        let mut lines = vec!["250-test".to_owned()];
        lines.extend(offers.map(|offer| format!("250-{offer}")));
        lines.push("250 SIZE 1000000".to_owned());
        lines.join("\r\n")
    }

    /// Reads a message up to its final dot. Says whether the dialogue goes on.
    async fn content(&self, connection: &mut Connection) -> bool {
        let mut message = Vec::new();
        loop {
            let start = message.len();
            if !matches!(connection.read_until(b'\n', &mut message).await, Ok(1..)) {
                return false;
            }
            if message[start..] == *b".\r\n" {
                message.truncate(start);
                break;
            }
            if message[start] == b'.' {
                message.remove(start);
            }
        }
        if !self.script.answers.contains_key("content") {
            let message = String::from_utf8(message).unwrap();
            self.heard.lock().unwrap().messages.push(message);
        }
        self.say(connection, "content", "250 taken").await;
        !self.script.hangs_up
    }

    async fn say(&self, connection: &mut Connection, command: &str, usual: &str) {
        let answer = self.script.answers.get(command).copied().unwrap_or(usual);
        if answer.is_empty() {
            std::future::pending::<()>().await;
        }
        let _ = connection
            .write_all(format!("{answer}\r\n").as_bytes())
            .await;
        let _ = connection.flush().await;
    }

    fn remember(&self, command: &str) {
        let encryption = if self.encrypted { "tls " } else { "" };
        let mut heard = self.heard.lock().unwrap();
        heard.commands.push(format!("{encryption}{command}"));
    }
}
