//! `/confirmUser`, the page that a mailed confirmation link opens (CONFIRM_WITH_LINK).
//!
//! AWS confirms on GET. Here the link opens a page with one button, and the POST behind the button
//! confirms: mail scanners and link previews open every link that they see, and would confirm
//! addresses whose owner has read nothing. It works without JavaScript. Listed in
//! docs/differences.md.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use super::page;

/// What the mailed link carries; the button posts it back as a form of the same names.
#[derive(Clone, Debug)]
pub struct ConfirmFields {
    /// The app client that the user signed up through (`client_id`).
    pub client_id: String,
    /// The user's name (`user_name`), echoed only into the form that it came from.
    pub user_name: String,
    /// The code (`confirmation_code`).
    pub confirmation_code: String,
}

/// Where a confirmation stands.
#[derive(Clone, Debug)]
pub enum ConfirmView {
    /// GET: the button. Nothing has been looked up, so the page is the same for a true link and a
    /// made-up one.
    Ask(ConfirmFields),
    /// POST: the address is confirmed.
    Confirmed,
    /// POST: it had been before. Show it only for a code that was right; a wrong one is
    /// `InvalidOrExpired`, or strangers could ask who has an account.
    AlreadyConfirmed,
    /// The code is wrong, used, too old or not a code, or the user or client does not exist:
    /// deliberately one answer.
    InvalidOrExpired,
    /// Too many attempts; the link may be good later.
    TooManyAttempts,
}

/// Renders the page for `view`.
pub fn confirm_page(view: ConfirmView) -> Response {
    match view {
        ConfirmView::Ask(fields) => page(StatusCode::OK, &AskTemplate { fields }),
        ConfirmView::Confirmed => result(
            StatusCode::OK,
            Outcome::Good,
            "Your address is confirmed",
            "Thank you. You can close this page, go back to the app and sign in.",
        ),
        ConfirmView::AlreadyConfirmed => result(
            StatusCode::OK,
            Outcome::Good,
            "Already confirmed",
            "This address was confirmed before, so there is nothing left to do. You can close this page and sign in.",
        ),
        ConfirmView::InvalidOrExpired => result(
            StatusCode::BAD_REQUEST,
            Outcome::Bad,
            "This link does not work any more",
            "It may be too old, used already or cut short by your mail program. Go back to the app and ask for a new message; \
             its link ends the earlier ones.",
        ),
        ConfirmView::TooManyAttempts => result(
            StatusCode::TOO_MANY_REQUESTS,
            Outcome::Bad,
            "Too many attempts",
            "Wait a while, then open the link from your message again.",
        ),
    }
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct AskTemplate {
    fields: ConfirmFields,
}

/// Whether the result of a page is a good one.
pub(super) enum Outcome {
    Good,
    Bad,
}

#[derive(Template)]
#[template(path = "confirm_result.html")]
struct ResultTemplate {
    outcome: Outcome,
    title: &'static str,
    message: &'static str,
}

/// A page that tells what came of a button.
pub(super) fn result(
    status: StatusCode,
    outcome: Outcome,
    title: &'static str,
    message: &'static str,
) -> Response {
    page(
        status,
        &ResultTemplate {
            outcome,
            title,
            message,
        },
    )
}
