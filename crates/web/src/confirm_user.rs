//! `/confirmUser`: the address of mailed confirmation links. The link shows a page with one button;
//! the POST behind it confirms, by codes that went out as links and no others.

use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::Response;
use axum::routing::MethodFilter;
use bytes::Bytes;
use cognate_api::{Error, ErrorCode};
use cognate_service::{Caller, confirm_by_link};
use http::request::Parts;
use serde::Deserialize;

use crate::answer::status_of;
use crate::door::{Admitted, Door, Doorkeeper, Exchange};
use crate::pages::{ConfirmFields, ConfirmView, confirm_page, failure_page};

const PATH: &str = "/confirmUser";

/// What the link and the form behind the button carry.
#[derive(Deserialize)]
struct Fields {
    client_id: String,
    user_name: String,
    confirmation_code: String,
}

/// The form behind the button.
struct ConfirmUser;

pub(crate) fn routes(keeper: &Doorkeeper) -> Router {
    Router::new().route(PATH, keeper.on(MethodFilter::POST, ConfirmUser).get(ask))
}

/// Nothing is looked up: the page is the same for a true link and a made-up one.
async fn ask(fields: Result<Query<Fields>, QueryRejection>) -> Response {
    match fields {
        Ok(Query(Fields {
            client_id,
            user_name,
            confirmation_code,
        })) => confirm_page(ConfirmView::Ask(ConfirmFields {
            client_id,
            user_name,
            confirmation_code,
        })),
        Err(_) => confirm_page(ConfirmView::InvalidOrExpired),
    }
}

impl Door for ConfirmUser {
    type Subject = ();
    type Output = ();

    /// The form holds three short texts.
    const MAX_BODY: usize = 16 * 1024;

    fn subject(&self, _: &Parts, _: Option<&Bytes>) -> Result<(), Error> {
        Ok(())
    }

    fn name(&self, (): ()) -> &'static str {
        PATH
    }

    async fn work(self: Arc<Self>, (): (), request: Admitted) -> Result<(), Error> {
        let (fields, arrival, _room) = request.form::<Fields>().await?;
        confirm_by_link(
            arrival.called_by(Caller::Public),
            &fields.client_id,
            &fields.user_name,
            &fields.confirmation_code,
        )
        .await
    }

    fn success(&self, _: &Exchange<()>, (): ()) -> Response {
        confirm_page(ConfirmView::Confirmed)
    }

    /// Whatever is wrong with the link is told in one sentence, or strangers could ask who has an
    /// account; but for clients that are told in every operation who exists
    /// (PreventUserExistenceErrors LEGACY), whose answer that one is confirmed already is passed
    /// on.
    fn failure(&self, exchange: &Exchange<()>, error: &Error) -> Response {
        match error.code {
            ErrorCode::NotAuthorized => confirm_page(ConfirmView::AlreadyConfirmed),
            ErrorCode::LimitExceeded
            | ErrorCode::TooManyFailedAttempts
            | ErrorCode::TooManyRequests => confirm_page(ConfirmView::TooManyAttempts),
            code if status_of(code).is_server_error() => failure_page(error, &exchange.request_id),
            _ => confirm_page(ConfirmView::InvalidOrExpired),
        }
    }

    fn turned_away(&self, _: &Exchange<()>, error: &Error) -> Response {
        confirm_page(match error.code {
            ErrorCode::ServiceUnavailable | ErrorCode::TooManyRequests => {
                ConfirmView::TooManyAttempts
            }
            _ => ConfirmView::InvalidOrExpired,
        })
    }
}
