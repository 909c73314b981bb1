//! The path of the public URL (`/auth` of `https://example.com/auth`), under which everything is
//! served, and at the root as well: a proxy before this server may take the path away or leave it
//! there.
//!
//! Inside, paths begin at the root whatever the proxy does. What pages link to is said with the
//! path, since that is what browsers ask for.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use http::Uri;
use http::request::Parts;
use http::uri::PathAndQuery;

tokio::task_local! {
    static MOUNT: Arc<str>;
}

/// The path as it stood in the request line, where it began with the public URL's.
#[derive(Clone)]
struct Received(String);

/// All routes, under the path (without a slash at its end; nothing for the root) and at the root.
pub(crate) fn under(path: &str, routes: Router) -> Router {
    if path.is_empty() {
        return routes;
    }
    let state = Arc::<str>::from(path);
    Router::new()
        .fallback_service(routes)
        .layer(middleware::from_fn_with_state(state, take_away))
}

/// What stands before the path of everything that a page links to. Pages are rendered while their
/// request is answered, by its task.
pub(crate) fn prefix() -> Arc<str> {
    MOUNT.try_with(Arc::clone).unwrap_or_else(|_| Arc::from(""))
}

/// The paths that the client may have signed: the one that came, and, where a proxy has taken the
/// public URL's path away, those with it.
pub(crate) fn signed_paths(path: &str, parts: &Parts) -> Vec<String> {
    if let Some(Received(whole)) = parts.extensions.get() {
        return vec![whole.clone()];
    }
    let received = parts.uri.path();
    let mut paths = vec![received.to_owned()];
    if !path.is_empty() {
        paths.push(format!("{path}{received}"));
        if received == "/" {
            // Some clients send an endpoint's path as it was configured.
            paths.push(path.to_owned());
        }
    }
    paths
}

async fn take_away(State(mount): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    if let Some(inner) = inner_uri(request.uri(), &mount) {
        let whole = Received(request.uri().path().to_owned());
        request.extensions_mut().insert(whole);
        *request.uri_mut() = inner;
    }
    MOUNT.scope(mount, next.run(request)).await
}

/// The address without the path; none when it does not begin with it.
fn inner_uri(uri: &Uri, mount: &str) -> Option<Uri> {
    let rest = match uri.path().strip_prefix(mount)? {
        "" => "/",
        rest if rest.starts_with('/') => rest,
        // Something else begins with the same letters.
        _ => return None,
    };
    let rest = match uri.query() {
        Some(query) => format!("{rest}?{query}"),
        None => rest.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(rest).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use http::Request;

    use super::*;

    fn inner(uri: &str) -> Option<String> {
        inner_uri(&uri.parse().unwrap(), "/auth").map(|uri| uri.to_string())
    }

    #[test]
    fn what_lies_under_the_path_is_found_without_it() {
        for (uri, expected) in [
            ("/auth", "/"),
            ("/auth/", "/"),
            ("/auth/demo/", "/demo/"),
            ("/auth/confirmUser?a=b%20c&d", "/confirmUser?a=b%20c&d"),
            ("https://x.example/auth/readyz", "https://x.example/readyz"),
            ("/auth/auth/x", "/auth/x"),
        ] {
            assert_eq!(inner(uri).as_deref(), Some(expected), "{uri}");
        }
        for uri in ["/", "/authority", "/Auth/x", "/x/auth", "/%61uth/x"] {
            assert_eq!(inner(uri), None, "{uri}");
        }
    }

    fn signed(uri: &str, received: Option<&str>, mount: &str) -> Vec<String> {
        let (mut parts, ()) = Request::post(uri).body(()).unwrap().into_parts();
        if let Some(received) = received {
            parts.extensions.insert(Received(received.to_owned()));
        }
        signed_paths(mount, &parts)
    }

    #[test]
    fn a_path_that_came_whole_is_the_one_that_was_signed() {
        assert_eq!(signed("/", Some("/auth"), "/auth"), ["/auth"]);
        assert_eq!(signed("/", None, ""), ["/"]);
    }

    #[test]
    fn a_path_that_was_taken_away_may_have_been_signed() {
        assert_eq!(signed("/", None, "/auth"), ["/", "/auth/", "/auth"]);
    }
}
