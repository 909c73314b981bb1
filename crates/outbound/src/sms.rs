//! Text messages, which go to an HTTP endpoint of the operator's; the endpoint knows a carrier.
//!
//! The endpoint gets `POST` with `{"phoneNumber": "+15551234567", "message": "…", "userPoolId":
//! "us-east-1_…"}`. Any 2xx answer means that it accepted the message.

use std::{fmt, time::Duration};

use reqwest::{StatusCode, Url};
use serde::Serialize;

use crate::{
    Delivery, Inbox, SendError, SmsMessage,
    http::{HttpClient, HttpError, HttpLimits},
};

const LIMITS: HttpLimits = HttpLimits {
    connect: Duration::from_secs(5),
    request: Duration::from_secs(15),
};

/// How text messages are sent.
#[derive(Debug)]
pub enum SmsSender {
    /// To the operator's HTTP endpoint.
    Http(HttpSms),
    /// Into memory, for development and tests.
    Inbox(Inbox),
    /// Not at all: every message is refused.
    None,
}

impl SmsSender {
    pub(crate) async fn send(&self, message: &SmsMessage) -> Result<(), SendError> {
        match self {
            Self::Http(http) => http.send(message).await,
            Self::Inbox(inbox) => {
                inbox.keep(Delivery::Sms(message.clone()));
                Ok(())
            }
            Self::None => Err(SendError::Permanent(
                "no SMS endpoint configured".to_owned(),
            )),
        }
    }
}

/// Why an SMS URL cannot be used. No variant holds a part of the URL, which may have a password in
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmsUrlError {
    /// Not `http://…` or `https://…`.
    #[error("the SMS URL must start with http:// or https://")]
    Form,
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up")]
    Client,
}

/// Sends text messages to one HTTP endpoint.
pub struct HttpSms {
    client: HttpClient,
    /// With user and password, if any: the client sends them as Basic authentication and not in the
    /// address.
    url: Url,
}

/// What the endpoint is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    phone_number: &'a str,
    message: &'a str,
    user_pool_id: &'a str,
}

impl HttpSms {
    /// A sender for `http(s)://[user:password@]host[:port]/path`. User and password are sent as
    /// Basic authentication. It opens no connection yet.
    ///
    /// # Errors
    /// When the URL cannot be used; the error does not hold the password.
    pub fn from_url(url: &str) -> Result<Self, SmsUrlError> {
        Self::with_limits(url, LIMITS)
    }

    fn with_limits(url: &str, limits: HttpLimits) -> Result<Self, SmsUrlError> {
        let url = Url::parse(url).map_err(|_| SmsUrlError::Form)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(SmsUrlError::Form);
        }
        Ok(Self {
            client: HttpClient::new(limits).map_err(|_| SmsUrlError::Client)?,
            url,
        })
    }

    async fn send(&self, message: &SmsMessage) -> Result<(), SendError> {
        let payload = Payload {
            phone_number: &message.to,
            message: &message.message,
            user_pool_id: &message.user_pool_id,
        };
        let answer = self.client.post_json(self.url.clone(), &payload).await;
        match answer {
            Ok(status) => outcome(status),
            Err(HttpError::Unusable) => Err(SendError::Permanent(HttpError::Unusable.to_string())),
            Err(error) => Err(SendError::Temporary(format!("the SMS endpoint: {error}"))),
        }
    }
}

/// Names the endpoint's host; a path or query may hold a key.
impl fmt::Debug for HttpSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpSms({})", self.url.host_str().unwrap_or_default())
    }
}

/// The outcome of a status. A redirect is not followed; the operator has to correct the URL.
fn outcome(status: StatusCode) -> Result<(), SendError> {
    let text = || format!("the SMS endpoint answered {}", status.as_u16());
    match status.as_u16() {
        200..=299 => Ok(()),
        408 | 425 | 429 | 500..=599 => Err(SendError::Temporary(text())),
        _ => Err(SendError::Permanent(text())),
    }
}

#[cfg(test)]
mod tests;
