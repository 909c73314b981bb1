//! Calls through the real doors, without a socket.

use std::net::{IpAddr, SocketAddr};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use cognate_api::{Auth, Operation, OperationInfo};
use cognate_crypto::sigv4;
use cognate_web::Peer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Key, TestServer};

/// A request to an operation, before it is sent.
#[derive(Clone)]
pub struct Call {
    server: TestServer,
    headers: HeaderMap,
    body: Bytes,
    key: Option<Key>,
    signed_ms: i64,
    signed_path: String,
    sent_path: String,
    from: IpAddr,
    after_signing: HeaderMap,
    sent_body: Option<Bytes>,
}

/// What came back.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The head.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// An operation's error, as a client reads it.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// `__type`
    pub code: String,
    /// `message`
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    /// The head.
    pub headers: Box<HeaderMap>,
}

impl ApiError {
    /// Code and sentence.
    #[must_use]
    pub fn told(&self) -> (&str, &str) {
        (&self.code, &self.message)
    }
}

/// The error of a call that must not succeed.
#[track_caller]
pub fn refused<T>(result: Result<T, ApiError>) -> ApiError {
    match result {
        Ok(_) => panic!("it was answered, and should have been refused"),
        Err(error) => error,
    }
}

impl Call {
    pub(crate) fn to<O: Operation>(server: &TestServer, input: &impl Serialize) -> Self {
        Self::to_operation(
            server,
            &O::INFO,
            serde_json::to_vec(input).expect("the input is JSON"),
        )
    }

    pub(crate) fn to_operation(server: &TestServer, info: &OperationInfo, body: Vec<u8>) -> Self {
        let prefix = info.service.target_prefix().expect("a service of AWS JSON");
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("cognate.test"));
        headers.insert(
            "content-type",
            HeaderValue::from_static("application/x-amz-json-1.1"),
        );
        headers.insert(
            "x-amz-target",
            header_value(&format!("{prefix}.{}", info.name)),
        );
        Self {
            server: server.clone(),
            headers,
            body: body.into(),
            key: (info.auth == Auth::Signed).then(|| server.key().clone()),
            signed_ms: server.now().0,
            signed_path: "/".to_owned(),
            sent_path: "/".to_owned(),
            from: IpAddr::from([127, 0, 0, 1]),
            after_signing: HeaderMap::new(),
            sent_body: None,
        }
    }

    /// Without a signature.
    #[must_use]
    pub fn unsigned(mut self) -> Self {
        self.key = None;
        self
    }

    /// Signed with another key.
    #[must_use]
    pub fn signed_by(mut self, key: &Key) -> Self {
        self.key = Some(key.clone());
        self
    }

    /// Signed at another time, in milliseconds since 1970.
    #[must_use]
    pub fn signed_at(mut self, ms: i64) -> Self {
        self.signed_ms = ms;
        self
    }

    /// Made out to a path, and arriving at another if a proxy has changed it.
    #[must_use]
    pub fn path(mut self, signed: &str, sent: &str) -> Self {
        signed.clone_into(&mut self.signed_path);
        sent.clone_into(&mut self.sent_path);
        self
    }

    /// With another header, or another value for one; it is signed like all.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .insert(HeaderName::from_static(name), header_value(value));
        self
    }

    /// With a header that comes on top of the signed ones, in place of one of the same name.
    #[must_use]
    pub fn header_after_signing(mut self, name: &'static str, value: &str) -> Self {
        self.after_signing
            .insert(HeaderName::from_static(name), header_value(value));
        self
    }

    /// With a body of any bytes.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// With another body than the one that was signed.
    #[must_use]
    pub fn body_after_signing(mut self, body: impl Into<Bytes>) -> Self {
        self.sent_body = Some(body.into());
        self
    }

    /// From an address; without this, from loopback.
    #[must_use]
    pub fn from(mut self, address: impl Into<IpAddr>) -> Self {
        self.from = address.into();
        self
    }

    /// The request as it goes out.
    #[must_use]
    pub fn request(self) -> Request<Body> {
        let Self {
            mut headers,
            body,
            key,
            signed_ms,
            signed_path,
            sent_path,
            after_signing,
            sent_body,
            from,
            ..
        } = self;
        if let Some(key) = key {
            headers.insert("x-amz-date", header_value(&sigv4::timestamp(signed_ms)));
            let authorization = key.authorization(&signed_path, &headers, &body, signed_ms);
            headers.insert("authorization", header_value(&authorization));
        }
        for (name, value) in &after_signing {
            headers.insert(name, value.clone());
        }
        let mut request = Request::post(sent_path)
            .body(Body::from(sent_body.unwrap_or(body)))
            .expect("a path of a test is one");
        *request.headers_mut() = headers;
        request
            .extensions_mut()
            .insert(Peer(SocketAddr::new(from, 4711)));
        request
    }

    /// Sends it.
    pub async fn send(self) -> Answer {
        let server = self.server.clone();
        let response = server.raw(self.request()).await;
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: axum::body::to_bytes(response.into_body(), usize::MAX)
                .await
                .expect("a body of the server's own ends"),
        }
    }
}

impl Answer {
    /// The output of an operation.
    ///
    /// # Errors
    /// What the operation answers.
    pub fn output<O: Operation>(self) -> Result<O::Output, ApiError>
    where
        O::Output: DeserializeOwned,
    {
        let body = self.success()?;
        // Nothing is an empty body.
        let text = if body.is_empty() {
            b"null".as_slice()
        } else {
            &body
        };
        Ok(serde_json::from_slice(text).expect("a success has the output's form"))
    }

    /// The body of a success.
    ///
    /// # Errors
    /// The error that was answered.
    pub fn success(self) -> Result<Bytes, ApiError> {
        if self.status == 200 {
            return Ok(self.body);
        }
        let body: Value = serde_json::from_slice(&self.body).expect("an error is JSON");
        let text = |name: &str| {
            body.get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Err(ApiError {
            code: text("__type"),
            message: text("message"),
            status: self.status,
            headers: Box::new(self.headers),
        })
    }

    /// The error that was answered.
    #[track_caller]
    #[must_use]
    pub fn error(self) -> ApiError {
        refused(self.success())
    }
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).expect("a header's value has no control characters")
}
