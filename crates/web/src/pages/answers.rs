//! For the tests of pages: asks a router and keeps the whole answer.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
    response::Response,
};
use http_body_util::BodyExt;
use tower_service::Service;

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).expect(name).to_str().unwrap()
    }
}

pub(crate) fn body_of(text: &'static str) -> Body {
    Body::from(text)
}

pub(crate) async fn answer_to(mut router: Router, request: Request<Body>) -> Answer {
    Answer::of(router.call(request).await.unwrap()).await
}

/// GET of `path`, as a browser on this machine asks.
pub(crate) async fn answer(router: Router, path: &str) -> Answer {
    let request = Request::get(path)
        .header(header::HOST, "localhost:9229")
        .body(Body::empty())
        .unwrap();
    answer_to(router, request).await
}
