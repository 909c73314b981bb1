//! `/restoreAddress`, the page that the link of a way back opens: the old address of a user undoes
//! a change that was not theirs.
//!
//! As with `/confirmUser` the link shows a button and the POST behind it acts, because mail
//! scanners open every link. It works without JavaScript.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use super::confirm::{Outcome, result};
use super::page;

/// Where a restoration stands.
#[derive(Clone, Debug)]
pub enum RestoreView {
    /// GET: the button. Nothing has been looked up.
    Ask {
        /// What the link carries, echoed only into the form.
        token: String,
    },
    /// POST: the address is the user's again.
    Restored,
    /// The token is wrong, used or too old: deliberately one answer.
    InvalidOrExpired,
    /// The server is busy; the link stays good.
    TooMuchToDo,
}

/// Renders the page for `view`.
pub fn restore_page(view: RestoreView) -> Response {
    match view {
        RestoreView::Ask { token } => page(StatusCode::OK, &AskTemplate { token }),
        RestoreView::Restored => result(
            StatusCode::OK,
            Outcome::Good,
            "Your address is back",
            "It belongs to your account again, and everybody who was signed in is out. Go to the app now and choose \
             “forgot password”: nobody can sign in before there is a new one.",
        ),
        RestoreView::InvalidOrExpired => result(
            StatusCode::BAD_REQUEST,
            Outcome::Bad,
            "This link does not work any more",
            "It works once, and for 24 hours. It may be used already, too old or cut short by your mail program, or an \
             administrator has changed the address since. If you cannot get into your account, ask those who run the app.",
        ),
        RestoreView::TooMuchToDo => result(
            StatusCode::TOO_MANY_REQUESTS,
            Outcome::Bad,
            "Too much to do",
            "Wait a moment, then open the link from your message again. It still works.",
        ),
    }
}

#[derive(Template)]
#[template(path = "restore.html")]
struct AskTemplate {
    token: String,
}
