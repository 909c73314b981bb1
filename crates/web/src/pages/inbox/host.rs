//! The guard against DNS rebinding: which host names a request to the inbox may use.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{StatusCode, header, uri::Authority},
    middleware::Next,
    response::Response,
};

use super::super::error::{ErrorView, error_page};

/// Middleware: answers a request that names the server by somebody else's host name with an error
/// page.
pub(super) async fn refuse_foreign(
    State(public_host): State<Option<Arc<str>>>,
    request: Request,
    next: Next,
) -> Response {
    if named_host(&request).is_some_and(|host| is_ours(&host, public_host.as_deref())) {
        return next.run(request).await;
    }
    error_page(&ErrorView {
        status: StatusCode::FORBIDDEN,
        title: "Not under this name",
        message: "The development inbox answers only under a local name, an IP address or the host of --public-url. \
                  Open it as localhost, or start the server with the public URL that you use.",
        request_id: None,
    })
}

/// The host that the client asked for: HTTP/2 names it in the target, HTTP/1.1 in the Host header.
fn named_host(request: &Request) -> Option<String> {
    let in_target = request.uri().authority().map(Authority::host);
    if let Some(host) = in_target {
        return Some(host.to_owned());
    }
    let value = request.headers().get(header::HOST)?.to_str().ok()?;
    Some(value.parse::<Authority>().ok()?.host().to_owned())
}

/// An attacker needs a name in a zone of their own, so addresses, localhost and names without a dot
/// (as containers have) are safe.
fn is_ours(host: &str, public_host: Option<&str>) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(&host);
    bare.parse::<IpAddr>().is_ok()
        || (!host.is_empty() && !host.contains('.'))
        || host.ends_with(".localhost")
        || public_host.is_some_and(|public| public.eq_ignore_ascii_case(&host))
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn local_names_and_addresses_reach_the_inbox() {
        for host in [
            "localhost",
            "LocalHost.",
            "demo.localhost",
            "127.0.0.1",
            "[::1]",
            "192.168.1.7",
            "cognate",
        ] {
            assert!(is_ours(host, None), "{host}");
        }
    }

    #[test]
    fn a_foreign_name_does_not_reach_the_inbox_even_if_it_looks_local() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "1.evil.example.",
            "",
            ".",
            "notlocalhost.x",
        ] {
            assert!(!is_ours(host, None), "{host}");
            assert!(!is_ours(host, Some("id.example.com")), "{host}");
        }
    }

    #[test]
    fn the_configured_public_host_reaches_the_inbox() {
        assert!(is_ours("ID.example.com", Some("id.example.com")));
        assert!(!is_ours("x.id.example.com", Some("id.example.com")));
    }
}
