//! `/restoreAddress`: the address of the links that old addresses are sent. The link shows a page
//! with one button; the POST behind it undoes the change.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Form, FromRequest, Query, Request, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Router, extract::rejection::QueryRejection};
use cognate_api::ErrorCode;
use cognate_service::{App, Arrival, Caller, Error, restore_address};
use serde::Deserialize;

use crate::answer::{retry_later, status_of};
use crate::budget::Budget;
use crate::confirm_user::read;
use crate::in_flight::InFlight;
use crate::pages::{ErrorView, RestoreView, error_page, restore_page};
use crate::peer::{self, Network};

/// The form holds one short text.
const MAX_FORM_BYTES: usize = 1024;

/// What the link and the form behind the button carry.
#[derive(Deserialize)]
struct Fields {
    token: String,
}

#[derive(Clone)]
struct Door {
    app: Arc<App>,
    proxies: Arc<[Network]>,
    in_flight: InFlight,
    budget: Budget,
}

pub(crate) fn routes(
    app: Arc<App>,
    proxies: Arc<[Network]>,
    in_flight: InFlight,
    budget: Budget,
) -> Router {
    Router::new()
        .route("/restoreAddress", get(ask).post(restore))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .with_state(Door {
            app,
            proxies,
            in_flight,
            budget,
        })
}

/// Nothing is looked up: the page is the same for a true link and a made-up one.
async fn ask(fields: Result<Query<Fields>, QueryRejection>) -> Response {
    restore_page(match fields {
        Ok(Query(Fields { token })) => RestoreView::Ask { token },
        Err(_) => RestoreView::InvalidOrExpired,
    })
}

async fn restore(State(door): State<Door>, request: Request) -> Response {
    let address = peer::client_address(request.extensions(), request.headers(), &door.proxies);
    let (request, _rooms) = match read(&door.budget, request).await {
        Ok(read) => read,
        Err(error) if error.code == ErrorCode::ServiceUnavailable => {
            return restore_page(RestoreView::TooMuchToDo);
        }
        Err(_) => return restore_page(RestoreView::InvalidOrExpired),
    };
    let Ok(Form(Fields { token })) = Form::<Fields>::from_request(request, &()).await else {
        return restore_page(RestoreView::InvalidOrExpired);
    };
    let Ok(place) = door.in_flight.enter(address) else {
        return restore_page(RestoreView::TooMuchToDo);
    };
    let arrival = Arrival::new(&door.app, address);
    let request_id = arrival.request_id.clone();
    let cx = arrival.called_by(Caller::Public);
    // As every call, it runs on to its end when the browser hangs up.
    let task = tokio::spawn(async move {
        let _place = place;
        restore_address(cx, &token).await
    });
    match task.await.unwrap_or_else(|error| Err(error.into())) {
        Ok(()) => restore_page(RestoreView::Restored),
        Err(error) => refusal(&error, &request_id),
    }
}

/// Whatever is wrong with the link is told in one sentence.
fn refusal(error: &Error, request_id: &str) -> Response {
    let status = status_of(error.code);
    if !status.is_server_error() {
        return restore_page(RestoreView::InvalidOrExpired);
    }
    let cause = error.cause();
    tracing::error!(
        request_id,
        outcome = error.code.name(),
        cause,
        "an address could not be brought back"
    );
    let mut response = error_page(&ErrorView {
        status,
        title: "That did not work",
        message: "Something went wrong here. Wait a moment and try again.",
        request_id: Some(request_id),
    });
    retry_later(error, response.headers_mut());
    response
}
