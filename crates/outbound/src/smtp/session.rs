//! One dialogue with a mail server, and the meaning of its refusals.
//!
//! The phase decides how a negative answer counts. Before a sender is named it is about the server
//! or the operator's settings, so every such failure is worth another attempt: a mistyped password
//! must not cost anyone a code. From then on it is about the message, and the server's answer, 4xx
//! or 5xx, decides.

use std::{error::Error as _, fmt, time::Duration};

use cognate_model::EmailAddress;
use lettre::transport::smtp::{
    Error,
    authentication::DEFAULT_MECHANISMS,
    client::{AsyncSmtpConnection, TlsParameters},
    commands::{Data, Rset},
    extension::Extension,
    response::Severity,
};

use super::{
    line_stream::LineStream,
    message::Mail,
    url::{Encryption, SmtpUrl},
};
use crate::SendError;

/// The most of a server's own sentence that an error repeats.
const MAX_REPLY_CHARS: usize = 200;

/// Why a dialogue ended early.
pub(super) enum Failure {
    /// The server refused, or the connection broke.
    Smtp(Phase, Error),
    /// There is no connection.
    Unreachable(std::io::Error),
    /// A positive answer belongs to another command: commands and answers are out of step.
    OutOfStep,
    /// The connection took longer than this.
    Slow(Duration),
    /// STARTTLS is required and not offered.
    NoStartTls,
    /// A password would have to be sent in clear.
    PasswordInClear,
    /// The address has letters beyond ASCII before the `@`, and the server lacks SMTPUTF8 (RFC
    /// 6531).
    NoInternationalAddresses,
}

/// Where in the dialogue something failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Connect,
    StartTls,
    Authenticate,
    Sender,
    Recipient,
    Content,
}

/// Opens a connection: greeting, encryption, authentication.
pub(super) async fn open(
    server: &SmtpUrl,
    tls: &TlsParameters,
    limit: Duration,
) -> Result<AsyncSmtpConnection, Failure> {
    let failed = |error| Failure::Smtp(Phase::Connect, error);
    let mut connection = if server.encryption == Encryption::Implicit {
        AsyncSmtpConnection::connect_tokio1(
            (server.host.as_str(), server.port),
            Some(limit),
            &server.hello,
            Some(tls.clone()),
            None,
        )
        .await
        .map_err(failed)?
    } else {
        let stream = LineStream::connect(&server.host, server.port)
            .await
            .map_err(Failure::Unreachable)?;
        AsyncSmtpConnection::connect_with_transport(Box::new(stream), &server.hello)
            .await
            .map_err(failed)?
    };
    start_tls(&mut connection, server, tls).await?;
    authenticate(&mut connection, server).await?;
    Ok(connection)
}

async fn start_tls(
    connection: &mut AsyncSmtpConnection,
    server: &SmtpUrl,
    tls: &TlsParameters,
) -> Result<(), Failure> {
    let offered = connection.can_starttls();
    match server.encryption {
        Encryption::Implicit | Encryption::Never => Ok(()),
        Encryption::WhenOffered if !offered => Ok(()),
        Encryption::Required if !offered => Err(Failure::NoStartTls),
        // After a failed handshake the dialogue never continues in clear.
        Encryption::WhenOffered | Encryption::Required => connection
            .starttls(tls.clone(), &server.hello)
            .await
            .map_err(|error| Failure::Smtp(Phase::StartTls, error)),
    }
}

async fn authenticate(
    connection: &mut AsyncSmtpConnection,
    server: &SmtpUrl,
) -> Result<(), Failure> {
    let Some(credentials) = &server.credentials else {
        return Ok(());
    };
    if !connection.is_encrypted() && !server.may_send_password_in_clear() {
        return Err(Failure::PasswordInClear);
    }
    connection
        .auth(DEFAULT_MECHANISMS, credentials)
        .await
        .map(drop)
        .map_err(|error| Failure::Smtp(Phase::Authenticate, error))
}

/// Names the sender. The address is written in its parsed form: lettre's own command needs a type
/// that parses it again.
struct MailFrom<'a> {
    address: &'a EmailAddress,
    needs_utf8: bool,
}

impl fmt::Display for MailFrom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameter = if self.needs_utf8 { " SMTPUTF8" } else { "" };
        write!(f, "MAIL FROM:<{}>{parameter}\r\n", self.address)
    }
}

/// Names the recipient.
struct RcptTo<'a>(&'a EmailAddress);

impl fmt::Display for RcptTo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RCPT TO:<{}>\r\n", self.0)
    }
}

/// Names a sender, and takes it back: nothing is sent.
pub(super) async fn name_sender(
    connection: &mut AsyncSmtpConnection,
    address: &EmailAddress,
) -> Result<(), Failure> {
    let needs_utf8 = !address.is_ascii();
    if needs_utf8
        && !connection
            .server_info()
            .supports_feature(Extension::SmtpUtfEight)
    {
        return Err(Failure::NoInternationalAddresses);
    }
    let failed = |error| Failure::Smtp(Phase::Sender, error);
    let sender = MailFrom {
        address,
        needs_utf8,
    };
    connection.command(sender).await.map_err(failed)?;
    connection.command(Rset).await.map(drop).map_err(failed)
}

/// Hands one message over. `Ok` means that the server has acknowledged it.
pub(super) async fn deliver(
    connection: &mut AsyncSmtpConnection,
    mail: &Mail,
) -> Result<(), Failure> {
    let needs_utf8 = !mail.from.is_ascii() || !mail.to.is_ascii();
    let server = connection.server_info();
    if needs_utf8 && !server.supports_feature(Extension::SmtpUtfEight) {
        return Err(Failure::NoInternationalAddresses);
    }
    let sender = MailFrom {
        address: &mail.from,
        needs_utf8,
    };
    connection
        .command(sender)
        .await
        .map_err(|error| Failure::Smtp(Phase::Sender, error))?;
    connection
        .command(RcptTo(&mail.to))
        .await
        .map_err(|error| Failure::Smtp(Phase::Recipient, error))?;
    let go_on = connection
        .command(Data)
        .await
        .map_err(|error| Failure::Smtp(Phase::Content, error))?;
    if !go_on.has_code(354) {
        return Err(Failure::OutOfStep);
    }
    let taken = connection
        .message(&mail.bytes)
        .await
        .map_err(|error| Failure::Smtp(Phase::Content, error))?;
    if taken.code().severity == Severity::PositiveCompletion {
        Ok(())
    } else {
        Err(Failure::OutOfStep)
    }
}

impl From<Failure> for SendError {
    fn from(failure: Failure) -> Self {
        let (phase, error) = match failure {
            Failure::Smtp(phase, error) => (phase, error),
            Failure::Unreachable(error) => {
                return Self::Temporary(format!("no connection to the mail server: {error}"));
            }
            Failure::OutOfStep => {
                return Self::Temporary("the mail server answered out of step".to_owned());
            }
            Failure::Slow(limit) => return too_slow("accept the connection", limit),
            Failure::NoStartTls => {
                return Self::Temporary(
                    "the mail server does not offer STARTTLS, which the SMTP URL requires"
                        .to_owned(),
                );
            }
            Failure::PasswordInClear => {
                return Self::Temporary(
                    "the mail server does not offer STARTTLS, and the password is not sent in clear \
                     (the option starttls=never in the SMTP URL allows it)"
                        .to_owned(),
                );
            }
            Failure::NoInternationalAddresses => {
                return Self::Permanent(
                    "the address is not ASCII, and the mail server does not offer SMTPUTF8"
                        .to_owned(),
                );
            }
        };
        let text = describe(phase, &error);
        if error.is_permanent() && phase.is_about_the_message() && !asks_for_authentication(&error)
        {
            Self::Permanent(text)
        } else {
            Self::Temporary(text)
        }
    }
}

impl Phase {
    fn is_about_the_message(self) -> bool {
        matches!(self, Self::Sender | Self::Recipient | Self::Content)
    }

    /// Whether the server's sentence may be repeated. It could hold a password after AUTH and lines
    /// of the message after its content (spam filters quote).
    fn allows_quoting(self) -> bool {
        !matches!(self, Self::Authenticate | Self::Content)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Connect => "the connection",
            Self::StartTls => "STARTTLS",
            Self::Authenticate => "the authentication",
            Self::Sender => "the sender",
            Self::Recipient => "the recipient",
            Self::Content => "the message",
        }
    }
}

/// Answers of RFC 4954 §6 that mean missing or wrong credentials, in any phase: the operator has to
/// correct them.
fn asks_for_authentication(error: &Error) -> bool {
    error
        .status()
        .is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538))
}

fn describe(phase: Phase, error: &Error) -> String {
    let what = phase.name();
    if let Some(code) = error.status() {
        let code = u16::from(code);
        let refusal = format!("the mail server refused {what}: {code}");
        return match error.source() {
            Some(reply) if phase.allows_quoting() => {
                format!("{refusal} {}", printable(&reply.to_string()))
            }
            _ => refusal,
        };
    }
    // An answer that is not SMTP is not repeated: it can be anything.
    let cause = if error.is_response() {
        "an answer that is not SMTP".to_owned()
    } else {
        error.source().map_or_else(
            || error.to_string(),
            |source| printable(&source.to_string()),
        )
    };
    format!("{what} failed at the mail server: {cause}")
}

/// One line of bounded length, without control characters.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_REPLY_CHARS)
        .collect()
}

/// The error of a server that took longer than it may.
pub(super) fn too_slow(what: &str, limit: Duration) -> SendError {
    SendError::Temporary(format!("the mail server did not {what} within {limit:?}"))
}
