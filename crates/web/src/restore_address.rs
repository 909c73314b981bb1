//! `/restoreAddress`: the address of the links that old addresses are sent. The link shows a page
//! with one button; the POST behind it undoes the change.

use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::Response;
use axum::routing::MethodFilter;
use bytes::Bytes;
use cognate_api::{Error, ErrorCode};
use cognate_service::{Caller, restore_address};
use http::request::Parts;
use serde::Deserialize;

use crate::answer::status_of;
use crate::door::{Admitted, Door, Doorkeeper, Exchange};
use crate::pages::{RestoreView, failure_page, restore_page};

const PATH: &str = "/restoreAddress";

/// What the link and the form behind the button carry.
#[derive(Deserialize)]
struct Fields {
    token: String,
}

/// The form behind the button.
struct RestoreAddress;

pub(crate) fn routes(keeper: &Doorkeeper) -> Router {
    Router::new().route(PATH, keeper.on(MethodFilter::POST, RestoreAddress).get(ask))
}

/// Nothing is looked up: the page is the same for a true link and a made-up one.
async fn ask(fields: Result<Query<Fields>, QueryRejection>) -> Response {
    restore_page(match fields {
        Ok(Query(Fields { token })) => RestoreView::Ask { token },
        Err(_) => RestoreView::InvalidOrExpired,
    })
}

impl Door for RestoreAddress {
    type Subject = ();
    type Output = ();

    /// The form holds one short text.
    const MAX_BODY: usize = 1024;

    fn subject(&self, _: &Parts, _: Option<&Bytes>) -> Result<(), Error> {
        Ok(())
    }

    fn name(&self, (): ()) -> &'static str {
        PATH
    }

    async fn work(self: Arc<Self>, (): (), request: Admitted) -> Result<(), Error> {
        let (Fields { token }, arrival, _room) = request.form().await?;
        restore_address(arrival.called_by(Caller::Public), &token).await
    }

    fn success(&self, _: &Exchange<()>, (): ()) -> Response {
        restore_page(RestoreView::Restored)
    }

    /// Whatever is wrong with the link is told in one sentence.
    fn failure(&self, exchange: &Exchange<()>, error: &Error) -> Response {
        match error.code {
            ErrorCode::TooManyRequests => restore_page(RestoreView::TooMuchToDo),
            code if status_of(code).is_server_error() => failure_page(error, &exchange.request_id),
            _ => restore_page(RestoreView::InvalidOrExpired),
        }
    }

    fn turned_away(&self, _: &Exchange<()>, error: &Error) -> Response {
        restore_page(match error.code {
            ErrorCode::ServiceUnavailable | ErrorCode::TooManyRequests => RestoreView::TooMuchToDo,
            _ => RestoreView::InvalidOrExpired,
        })
    }
}
