//! A mail server and an SMS endpoint of a test: on loopback, with recipients that they never answer
//! for.

use std::net::SocketAddr;

use cognate_outbound::{HttpSms, Inbox, Mailer, Outbound, SmsSender, SmtpMailer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The local part of recipients that the server falls silent at.
pub(crate) const HANGS: &str = "hangs";

/// A mail server that takes everything, and says nothing more once a recipient's address begins
/// with [`HANGS`].
pub(crate) struct MailSink {
    address: SocketAddr,
    taken: watch::Sender<Vec<String>>,
    messages: watch::Sender<Vec<String>>,
}

impl MailSink {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            address: listener.local_addr().unwrap(),
            taken: watch::Sender::new(Vec::new()),
            messages: watch::Sender::new(Vec::new()),
        };
        let (taken, messages) = (sink.taken.clone(), sink.messages.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(converse(socket, taken.clone(), messages.clone()));
            }
        });
        sink
    }

    /// Mail to this server, and text messages nowhere.
    pub(crate) fn outbound(&self) -> Outbound {
        let url = format!("smtp://{}?starttls=never", self.address);
        Outbound {
            mail: Mailer::Smtp(SmtpMailer::from_url(&url, "no-reply@cognate.test").unwrap()),
            sms: SmsSender::None,
            triggers: cognate_outbound::Triggers::None,
        }
    }

    /// Whom mail was taken for, in the envelopes.
    pub(crate) fn recipients(&self) -> Vec<String> {
        self.taken.borrow().clone()
    }

    /// The mails as they came.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.messages.borrow().clone()
    }

    /// Waits until so many mails were taken.
    pub(crate) async fn has_taken(&self, count: usize) {
        let mut taken = self.taken.subscribe();
        taken.wait_for(|taken| taken.len() >= count).await.unwrap();
    }
}

async fn converse(
    socket: TcpStream,
    taken: watch::Sender<Vec<String>>,
    messages: watch::Sender<Vec<String>>,
) -> Option<()> {
    let mut stream = BufReader::new(socket);
    let mut recipient = String::new();
    say(&mut stream, "220 sink").await?;
    loop {
        let line = hear(&mut stream).await?;
        let answer = if let Some(address) = line.strip_prefix("RCPT TO:<") {
            address.trim_end_matches('>').clone_into(&mut recipient);
            if recipient.starts_with(HANGS) {
                std::future::pending::<()>().await;
            }
            "250 ok"
        } else if line == "DATA" {
            say(&mut stream, "354 go on").await?;
            let mut message = String::new();
            loop {
                match hear(&mut stream).await?.as_str() {
                    "." => break,
                    line => message.extend([line, "\n"]),
                }
            }
            messages.send_modify(|all| all.push(message));
            taken.send_modify(|all| all.push(recipient.clone()));
            "250 taken"
        } else if line.starts_with("EHLO") {
            "250 SMTPUTF8"
        } else {
            "250 ok"
        };
        say(&mut stream, answer).await?;
    }
}

async fn hear(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await.ok()?;
    (length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn say(stream: &mut BufReader<TcpStream>, answer: &str) -> Option<()> {
    let answer = format!("{answer}\r\n");
    stream.write_all(answer.as_bytes()).await.ok()
}

/// Text messages to an endpoint that takes connections and never answers, and mail into an inbox.
/// The endpoint lasts as long as what is given beside.
pub(crate) async fn silent_sms(inbox: &Inbox) -> (Outbound, TcpListener) {
    // Connections wait in the listener's queue; nobody accepts them.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let outbound = Outbound {
        mail: Mailer::Inbox(inbox.clone()),
        sms: SmsSender::Http(HttpSms::from_url(&url).unwrap()),
        triggers: cognate_outbound::Triggers::None,
    };
    (outbound, listener)
}
