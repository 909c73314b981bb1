//! A look at an address of the operator's: whether it answers, with what, and under which
//! certificate. For `cognate doctor`; nothing is sent but the question.

use std::time::Duration;

use reqwest::{Client, Method, redirect, tls::TlsInfo};

use crate::http::root_cause;

/// How long a look may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// What an address answered.
#[derive(Clone, Debug)]
pub struct Probed {
    /// The HTTP status.
    pub status: u16,
    /// The values of the headers that were asked for; none where the answer has no such.
    pub headers: Vec<Option<String>>,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// The body, as far as it is text and short enough.
    pub body: String,
    /// The certificate that the other side has shown (DER), where it speaks TLS.
    pub certificate: Option<Vec<u8>>,
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The text is no `http://` or `https://` URL.
    #[error("it is no URL")]
    Url,
    /// The certificate of the other side is not one that this machine trusts for the name.
    #[error("its certificate is not trusted: {0}")]
    Untrusted(String),
    /// No connection: refused, unreachable, unknown name.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// The time limit passed.
    #[error("no answer within {} seconds", LIMIT.as_secs())]
    Slow,
    /// The connection broke, or what came was no HTTP.
    #[error("the connection broke before an answer came")]
    Broken,
}

/// Looks, by GET, with these headers, and tells the values of others in the answer. Redirects are
/// not followed, and no proxy of the environment is used.
///
/// # Errors
/// [`ProbeError`].
pub async fn get(
    url: &str,
    headers: &[(&str, &str)],
    wanted: &[&str],
) -> Result<Probed, ProbeError> {
    ask(Method::GET, url, headers, wanted).await
}

/// Looks, by HEAD: whoever answers is reached and has been given nothing to do.
///
/// # Errors
/// [`ProbeError`].
pub async fn head(url: &str) -> Result<Probed, ProbeError> {
    ask(Method::HEAD, url, &[], &[]).await
}

async fn ask(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    wanted: &[&str],
) -> Result<Probed, ProbeError> {
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .tls_info(true)
        .timeout(LIMIT)
        .user_agent(concat!("cognate-doctor/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| ProbeError::Url)?;
    let url = reqwest::Url::parse(url).map_err(|_| ProbeError::Url)?;
    let mut request = client.request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.send().await.map_err(|error| classify(&error))?;
    let text = |name: &str| {
        let value = response.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let headers = wanted.iter().map(|name| text(name)).collect();
    let location = text("location");
    let certificate = response
        .extensions()
        .get::<TlsInfo>()
        .and_then(TlsInfo::peer_certificate)
        .map(<[u8]>::to_vec);
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            body.clear();
            break;
        }
    }
    Ok(Probed {
        status,
        headers,
        location,
        body: String::from_utf8(body).unwrap_or_default(),
        certificate,
    })
}

fn classify(error: &reqwest::Error) -> ProbeError {
    let cause = root_cause(error);
    if error.is_timeout() {
        ProbeError::Slow
    } else if error.is_builder() {
        ProbeError::Url
    } else if cause.contains("certificate") {
        // reqwest hides which library said it; its words name the certificate, and no other
        // failure's do.
        ProbeError::Untrusted(cause)
    } else if error.is_connect() {
        ProbeError::NoConnection(cause)
    } else {
        ProbeError::Broken
    }
}
