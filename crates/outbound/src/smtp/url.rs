//! The operator's URL of the mail server: `smtp://` or `smtps://`, credentials, host, port and
//! options.

use lettre::transport::smtp::{authentication::Credentials, extension::ClientId};
use reqwest::Url;

/// The port for mail submission (RFC 6409), used by `smtp://`.
const SUBMISSION_PORT: u16 = 587;
/// The port for mail submission over TLS (RFC 8314), used by `smtps://`.
const SUBMISSIONS_PORT: u16 = 465;

/// Why an SMTP URL cannot be used. No variant holds a part of the URL, which may have a password in
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpUrlError {
    /// Not `smtp://host…` or `smtps://host…`.
    #[error("the SMTP URL must look like smtp://host:port or smtps://user:password@host")]
    Form,
    /// A user without a password, or the other way round, or a percent sign that starts no byte of
    /// UTF-8.
    #[error("the SMTP URL must have both user and password, or neither, percent-encoded")]
    Credentials,
    /// An option that does not exist, or a value that it does not take.
    #[error("the SMTP URL takes only the options starttls=required, starttls=never and ehlo=NAME")]
    Option,
    /// The default sender is no mail address.
    #[error("the default sender must be an address or Name <address>")]
    From,
    /// A certificate that cannot be read.
    #[error("the certificate to trust for the mail server cannot be read")]
    Certificate,
}

/// When a connection becomes an encrypted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// From the first byte (`smtps://`).
    Implicit,
    /// By STARTTLS when the server offers it.
    WhenOffered,
    /// By STARTTLS, or there is no delivery.
    Required,
    /// Never.
    Never,
}

/// What an SMTP URL says.
pub(super) struct SmtpUrl {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) credentials: Option<Credentials>,
    pub(super) hello: ClientId,
}

impl SmtpUrl {
    pub(super) fn parse(text: &str) -> Result<Self, SmtpUrlError> {
        let url = Url::parse(text).map_err(|_| SmtpUrlError::Form)?;
        let (mut encryption, default_port) = match url.scheme() {
            "smtp" => (Encryption::WhenOffered, SUBMISSION_PORT),
            "smtps" => (Encryption::Implicit, SUBMISSIONS_PORT),
            _ => return Err(SmtpUrlError::Form),
        };
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or(SmtpUrlError::Form)?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SmtpUrlError::Form);
        }
        let mut hello = ClientId::default();
        for (name, value) in url.query_pairs() {
            match (name.as_ref(), value.as_ref()) {
                ("starttls", "required") if encryption != Encryption::Implicit => {
                    encryption = Encryption::Required;
                }
                ("starttls", "never") if encryption != Encryption::Implicit => {
                    encryption = Encryption::Never;
                }
                ("ehlo", value) if is_host_name(value) => {
                    hello = ClientId::Domain(value.to_owned());
                }
                _ => return Err(SmtpUrlError::Option),
            }
        }
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(default_port),
            encryption,
            credentials: credentials(&url)?,
            hello,
        })
    }

    /// Whether the password may be sent on a connection that is not encrypted: to this machine, or
    /// if the operator wrote `starttls=never`. Otherwise anyone on the path could strip the offer
    /// of STARTTLS and read it.
    pub(super) fn may_send_password_in_clear(&self) -> bool {
        let loopback = self.host == "localhost"
            || self
                .host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        loopback || self.encryption == Encryption::Never
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpUrlError> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) if !user.is_empty() => {
            let user = percent_decode(user).ok_or(SmtpUrlError::Credentials)?;
            let password = percent_decode(password).ok_or(SmtpUrlError::Credentials)?;
            // A NUL ends a field of AUTH PLAIN (RFC 4616 §2).
            if user.contains('\0') || password.contains('\0') {
                return Err(SmtpUrlError::Credentials);
            }
            Ok(Some(Credentials::new(user, password)))
        }
        _ => Err(SmtpUrlError::Credentials),
    }
}

/// Undoes percent-encoding; `None` where a `%` is not followed by two hexadecimal digits or the
/// bytes are not UTF-8.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_plain_url_uses_the_submission_port_and_starttls_when_offered() {
        let url = SmtpUrl::parse("smtp://mail.example.com").unwrap();
        assert_eq!((url.host.as_str(), url.port), ("mail.example.com", 587));
        assert_eq!(url.encryption, Encryption::WhenOffered);
        assert!(url.credentials.is_none());
    }

    #[test]
    fn smtps_is_encrypted_from_the_first_byte() {
        let url = SmtpUrl::parse("smtps://user:password@mail.example.com").unwrap();
        assert_eq!((url.port, url.encryption), (465, Encryption::Implicit));
        assert!(url.credentials.is_some());
    }

    #[test]
    fn credentials_are_percent_decoded() {
        let url = SmtpUrl::parse("smtp://ana%40example.com:p%25%2F%C3%A9%3A@h").unwrap();
        let expected = Credentials::new("ana@example.com".to_owned(), "p%/é:".to_owned());
        assert!(url.credentials.unwrap() == expected);
    }

    #[test]
    fn an_ipv6_host_loses_its_brackets() {
        let url = SmtpUrl::parse("smtp://[::1]:2525").unwrap();
        assert_eq!((url.host.as_str(), url.port), ("::1", 2525));
    }

    #[test]
    fn options_choose_starttls_and_the_name_in_ehlo() {
        let url = SmtpUrl::parse("smtp://h?starttls=required&ehlo=id.example.com").unwrap();
        assert_eq!(url.encryption, Encryption::Required);
        assert_eq!(url.hello, ClientId::Domain("id.example.com".to_owned()));
        let url = SmtpUrl::parse("smtp://h/?starttls=never").unwrap();
        assert_eq!(url.encryption, Encryption::Never);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let refused = |url: &str| SmtpUrl::parse(url).err().unwrap();
        assert_eq!(refused("http://h"), SmtpUrlError::Form);
        assert_eq!(refused("mail.example.com:25"), SmtpUrlError::Form);
        assert_eq!(refused("smtp://"), SmtpUrlError::Form);
        assert_eq!(refused("smtp://h/path"), SmtpUrlError::Form);
        assert_eq!(refused("smtp://user@h"), SmtpUrlError::Credentials);
        assert_eq!(refused("smtp://:secret@h"), SmtpUrlError::Credentials);
        assert_eq!(refused("smtp://u:50%off@h"), SmtpUrlError::Credentials);
        assert_eq!(refused("smtp://u:a%00b@h"), SmtpUrlError::Credentials);
        assert_eq!(refused("smtp://h?starttls=maybe"), SmtpUrlError::Option);
        assert_eq!(refused("smtp://h?tls=required"), SmtpUrlError::Option);
        assert_eq!(refused("smtps://h?starttls=never"), SmtpUrlError::Option);
        assert_eq!(refused("smtp://h?ehlo=a%0D%0Ab"), SmtpUrlError::Option);
    }

    #[test]
    fn a_password_goes_in_clear_only_to_this_machine_or_when_asked_for() {
        let may = |url: &str| SmtpUrl::parse(url).unwrap().may_send_password_in_clear();
        assert!(may("smtp://u:p@127.0.0.1:2525"));
        assert!(may("smtp://u:p@[::1]:2525"));
        assert!(may("smtp://u:p@localhost:2525"));
        assert!(may("smtp://u:p@mail.example.com?starttls=never"));
        assert!(!may("smtp://u:p@mail.example.com"));
        assert!(!may("smtp://u:p@127.0.0.1.example.com"));
    }
}
