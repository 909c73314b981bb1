//! Who calls: anybody for public operations, the holder of an access key for all others; for a few
//! operations either of them.

use std::net::IpAddr;

use cognate_api::{Auth, Error, OperationInfo};
use cognate_model::Timestamp;
use cognate_service::access_keys::{self, SignedRequest};
use cognate_service::{App, Caller};
use http::request::Parts;
use http::{HeaderMap, Uri, header};

use crate::mount;

/// Who may call the signed operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The holders of access keys, by Signature Version 4.
    AccessKeys,
    /// Anybody with any credentials, or none: development mode.
    Development,
}

/// Tells who calls. `body` is the body as it came over the wire, which is what clients sign.
///
/// # Errors
/// Those of the signed API: the signature is missing, incomplete, of an unknown key, or wrong.
pub(crate) async fn caller(
    app: &App,
    access: Access,
    operation: &OperationInfo,
    now: Timestamp,
    parts: &Parts,
    body: &[u8],
) -> Result<Caller, Error> {
    match (operation.auth, access) {
        (Auth::Public, _) => Ok(Caller::Public),
        (Auth::OptionallySigned, _) if !is_signed(parts) => Ok(Caller::Public),
        (_, Access::Development) if is_foreign_page(&parts.headers) => Err(Error::foreign_page()),
        (_, Access::Development) => Ok(Caller::Development),
        (_, Access::AccessKeys) => {
            let headers = received(&parts.headers, &parts.uri);
            let paths = mount::signed_paths(app.config.public_path(), parts);
            let request = SignedRequest {
                service: operation.service,
                method: parts.method.as_str(),
                paths: &paths,
                query: parts.uri.query().unwrap_or(""),
                headers: &headers,
                body,
            };
            access_keys::authenticate(app, request, now).await
        }
    }
}

/// Whether a request is signed in any way, also in one that is refused. What is signed is checked:
/// a signature that is wrong does not make its sender anybody.
fn is_signed(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or("").to_ascii_lowercase();
    parts.headers.contains_key(header::AUTHORIZATION)
        || query.split('&').any(|pair| pair.starts_with("x-amz-"))
}

/// The headers as they were received. HTTP/2 names the host elsewhere.
fn received<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Vec<(&'a str, &'a [u8])> {
    let mut received: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    if let (None, Some(authority)) = (headers.get(header::HOST), uri.authority()) {
        received.push(("host", authority.as_str().as_bytes()));
    }
    received
}

/// Whether a browser sends this for a page that is not of this machine. Development mode asks for
/// no credentials, so that without this any web site that a developer visits could rule their
/// server.
fn is_foreign_page(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ORIGIN)
        .iter()
        .any(|origin| !origin.to_str().is_ok_and(is_local))
}

/// Whether an origin (`http://localhost:3000`) is of this machine.
fn is_local(origin: &str) -> bool {
    let Some((_, authority)) = origin.split_once("://") else {
        return false;
    };
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(host, _)| host),
        None => authority
            .split_once(':')
            .map_or(authority, |(host, _)| host),
    };
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn origins_of_this_machine_are_told_from_others() {
        for origin in [
            "http://localhost",
            "https://localhost:3000",
            "http://app.localhost:3000",
            "http://127.0.0.1:9229",
            "http://[::1]:80",
        ] {
            assert!(is_local(origin), "{origin}");
        }
        for origin in [
            "null",
            "",
            "http://example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "http://notlocalhost",
            "http://[::2]",
        ] {
            assert!(!is_local(origin), "{origin}");
        }
    }

    #[test]
    fn a_request_without_an_origin_comes_from_no_page() {
        assert!(!is_foreign_page(&HeaderMap::new()));
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, "https://evil.example".parse().unwrap());
        assert!(is_foreign_page(&headers));
    }

    #[test]
    fn the_host_of_http_2_is_a_header_like_any_other() {
        let uri = "https://cognate.example:8443/".parse().unwrap();
        assert_eq!(
            received(&HeaderMap::new(), &uri),
            [("host", b"cognate.example:8443".as_slice())]
        );
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "a.example".parse().unwrap());
        assert_eq!(received(&headers, &uri).len(), 1);
    }
}
