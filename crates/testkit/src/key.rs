//! Access keys, and the signatures that an operator's client makes with them.

use axum::http::HeaderMap;
use cognate_crypto::digest::sha256;
use cognate_crypto::secret::SecretString;
use cognate_crypto::sigv4::{self, Expected};

/// An access key with its secret.
#[derive(Clone)]
pub struct Key {
    /// The id.
    pub id: String,
    /// The secret.
    pub secret: SecretString,
    /// The region that requests are signed for.
    pub region: String,
    /// The service that requests are signed for.
    pub service: String,
}

impl Key {
    /// The same key, signing for another region.
    #[must_use]
    pub fn for_region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// The same key, signing for another service.
    #[must_use]
    pub fn for_service(mut self, service: &str) -> Self {
        service.clone_into(&mut self.service);
        self
    }

    /// The Authorization header of a POST with these headers, all of which are signed.
    pub(crate) fn authorization(
        &self,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
        now_ms: i64,
    ) -> String {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let request = sigv4::Request {
            method: "POST",
            path,
            query: "",
            headers: &headers,
            body_sha256: sha256(&[body]),
        };
        let expected = Expected {
            region: &self.region,
            service: &self.service,
            now_ms,
        };
        sigv4::sign(request, &self.id, &self.secret, expected)
            .expect("a request of a test can be signed")
    }
}
