//! `/confirmUser`: the address of mailed confirmation links. The link shows a page with one button;
//! the POST behind it confirms, by codes that went out as links and no others.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Form, FromRequest, Query, Request, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Router, extract::rejection::QueryRejection};
use cognate_api::ErrorCode;
use cognate_service::{App, Arrival, Caller, Error, confirm_by_link};
use serde::Deserialize;

use crate::answer::{retry_later, status_of};
use crate::body;
use crate::budget::{Budget, Room, head_size};
use crate::in_flight::InFlight;
use crate::pages::{ConfirmFields, ConfirmView, ErrorView, confirm_page, error_page};
use crate::peer::{self, Network};

/// The form holds three short texts.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// What the link and the form behind the button carry.
#[derive(Deserialize)]
struct Fields {
    client_id: String,
    user_name: String,
    confirmation_code: String,
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
        .route("/confirmUser", get(ask).post(confirm))
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

async fn confirm(State(door): State<Door>, request: Request) -> Response {
    let address = peer::client_address(request.extensions(), request.headers(), &door.proxies);
    let (request, _rooms) = match read(&door.budget, request).await {
        Ok(read) => read,
        Err(error) if error.code == ErrorCode::ServiceUnavailable => {
            return confirm_page(ConfirmView::TooManyAttempts);
        }
        Err(_) => return confirm_page(ConfirmView::InvalidOrExpired),
    };
    let Ok(Form(fields)) = Form::<Fields>::from_request(request, &()).await else {
        return confirm_page(ConfirmView::InvalidOrExpired);
    };
    let Ok(place) = door.in_flight.enter(address) else {
        return confirm_page(ConfirmView::TooManyAttempts);
    };
    let arrival = Arrival::new(&door.app, address);
    let request_id = arrival.request_id.clone();
    let cx = arrival.called_by(Caller::Public);
    // As every call, it runs on to its end when the browser hangs up.
    let task = tokio::spawn(async move {
        let _place = place;
        confirm_by_link(
            cx,
            &fields.client_id,
            &fields.user_name,
            &fields.confirmation_code,
        )
        .await
    });
    match task.await.unwrap_or_else(|error| Err(error.into())) {
        Ok(()) => confirm_page(ConfirmView::Confirmed),
        Err(error) => refusal(&error, &request_id),
    }
}

/// The request with all of its body, and the room that its head and its body take.
pub(crate) async fn read(budget: &Budget, request: Request) -> Result<(Request, [Room; 2]), Error> {
    let (parts, body) = request.into_parts();
    let mut head = budget.room(&parts.extensions);
    head.take(head_size(&parts.headers))?;
    let room = budget.room(&parts.extensions);
    let (body, room) = body::read(&parts.headers, body, room).await?;
    Ok((Request::from_parts(parts, body.into()), [head, room]))
}

/// Whatever is wrong with the link is told in one sentence, or strangers could ask who has an
/// account; but for clients that are told in every operation who exists (PreventUserExistenceErrors
/// LEGACY), whose answer that one is confirmed already is passed on.
fn refusal(error: &Error, request_id: &str) -> Response {
    if error.code == ErrorCode::NotAuthorized {
        return confirm_page(ConfirmView::AlreadyConfirmed);
    }
    if matches!(
        error.code,
        ErrorCode::LimitExceeded | ErrorCode::TooManyFailedAttempts | ErrorCode::TooManyRequests
    ) {
        return confirm_page(ConfirmView::TooManyAttempts);
    }
    let status = status_of(error.code);
    if !status.is_server_error() {
        return confirm_page(ConfirmView::InvalidOrExpired);
    }
    let cause = error.cause();
    tracing::error!(
        request_id,
        outcome = error.code.name(),
        cause,
        "an address could not be confirmed"
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
