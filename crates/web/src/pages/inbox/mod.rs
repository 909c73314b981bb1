//! `/dev/inbox`: the mails and text messages that a development server keeps instead of sending
//! them.
//!
//! Whoever reads this page can take over every account of the pool, so only `cognate dev` mounts it
//! and the listener is on loopback. That leaves other websites in the developer's browser: no
//! answer here may carry CORS headers, and requests that name the server by a foreign host name are
//! refused, since a site can point a name of its own at 127.0.0.1 (DNS rebinding). Messages are
//! shown as text; their HTML is shown only inside a sandboxed frame under a policy of its own.

mod host;
mod text;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use askama::Template;
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    middleware,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use cognate_model::email_address::destination;
use serde::{Deserialize, Serialize};

use self::text::Segment;
use super::{
    PAGE_POLICY,
    asset::{self, Asset},
    error::{ErrorView, error_page},
    page, with_page_headers,
};

/// The page that holds a frame may frame our own pages, and nothing else changes.
const FRAMING_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A mail's HTML: its own styles and embedded pictures, no script, no form, no request to anywhere,
/// no origin.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; \
     frame-ancestors 'self'; base-uri 'none'; sandbox";

/// The longest that a reader may wait for a message.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// More than this the page does not show; `/dev/inbox.json` gives all.
const SHOWN: usize = 200;

const ASSETS: &[Asset] = &[
    Asset {
        path: "/dev/inbox/inbox.css",
        content_type: asset::CSS,
        body: include_bytes!("../static/inbox.css"),
    },
    Asset {
        path: "/dev/inbox/inbox.js",
        content_type: asset::JAVASCRIPT,
        body: include_bytes!("../static/inbox.js"),
    },
];

/// A message that was kept.
#[derive(Clone, Debug)]
pub struct InboxEntry {
    /// Unlike any other entry's, and higher than those of all earlier ones.
    pub id: u64,
    /// How it would have been sent.
    pub channel: InboxChannel,
    /// The mail address or phone number.
    pub to: String,
    /// A mail's subject.
    pub subject: Option<String>,
    /// The plain text.
    pub text: String,
    /// A mail's HTML, if it has any.
    pub html: Option<String>,
    /// When it was kept.
    pub at: SystemTime,
}

/// How a message would have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InboxChannel {
    /// By SMTP.
    Mail,
    /// As a text message.
    Sms,
}

/// A message that a reader wants to be there before the messages are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// To whom; anybody where absent.
    pub to: Option<String>,
    /// Its number is higher than this.
    pub after: u64,
    /// How long to wait while there is none.
    pub at_most: Duration,
}

/// The messages, once they are listed.
pub type Listing = Pin<Box<dyn Future<Output = Vec<InboxEntry>> + Send>>;

type Source = Arc<dyn Fn(Option<Awaited>) -> Listing + Send + Sync>;

/// The inbox page, its files and `/dev/inbox.json?to=…&after=…&wait=…`. `source` gives the kept
/// messages in any order, after the awaited one if there is one; `public_host` is the host of the
/// configured public URL, by which the page may be reached besides local names. Needs
/// `pages::asset_routes` beside it.
pub fn inbox_routes(
    public_host: Option<String>,
    source: impl Fn(Option<Awaited>) -> Listing + Send + Sync + 'static,
) -> Router {
    let source: Source = Arc::new(source);
    let public_host: Option<Arc<str>> = public_host.map(Arc::from);
    Router::new()
        .route("/dev/inbox", get(list))
        .route("/dev/inbox.json", get(list_json))
        .route("/dev/inbox/{id}", get(message))
        .route("/dev/inbox/{id}/html", get(message_html))
        .with_state(source)
        .merge(asset::routes(ASSETS))
        .layer(middleware::from_fn_with_state(
            public_host,
            host::refuse_foreign,
        ))
}

#[derive(Deserialize)]
struct Filter {
    to: Option<String>,
    /// Only messages with a higher number.
    after: Option<u64>,
    /// In seconds.
    wait: Option<f64>,
}

impl Filter {
    /// The address or number, if one is given.
    fn recipient(&self) -> Option<&str> {
        let to = self.to.as_deref().map(str::trim);
        to.filter(|to| !to.is_empty())
    }

    fn awaited(&self) -> Option<Awaited> {
        let wait = Duration::try_from_secs_f64(self.wait?).unwrap_or_default();
        Some(Awaited {
            to: self.recipient().map(str::to_owned),
            after: self.after.unwrap_or(0),
            at_most: wait.min(LONGEST_WAIT),
        })
    }
}

async fn list(State(source): State<Source>, Query(filter): Query<Filter>) -> Response {
    let entries = newest_first(source(None).await, &filter);
    let total = entries.len();
    let messages = entries.iter().take(SHOWN).map(MessageView::of).collect();
    let to = filter.recipient().unwrap_or("");
    page(
        StatusCode::OK,
        &ListTemplate {
            messages,
            total,
            to,
        },
    )
}

async fn list_json(State(source): State<Source>, Query(filter): Query<Filter>) -> Response {
    let entries = newest_first(source(filter.awaited()).await, &filter);
    let messages = entries.iter().map(JsonMessage::of).collect();
    with_page_headers(Json(JsonList { messages }).into_response(), PAGE_POLICY)
}

async fn message(State(source): State<Source>, Path(id): Path<u64>) -> Response {
    let entries = source(None).await;
    let Some(entry) = entries.iter().find(|entry| entry.id == id) else {
        return no_such_message();
    };
    let view = MessageView::of(entry);
    with_page_headers(
        page(StatusCode::OK, &MessageTemplate { message: view }),
        FRAMING_POLICY,
    )
}

async fn message_html(State(source): State<Source>, Path(id): Path<u64>) -> Response {
    let html = source(None)
        .await
        .into_iter()
        .find(|entry| entry.id == id)
        .and_then(|entry| entry.html);
    let Some(html) = html else {
        return no_such_message();
    };
    with_page_headers(Html(html).into_response(), MAIL_POLICY)
}

fn no_such_message() -> Response {
    error_page(&ErrorView {
        status: StatusCode::NOT_FOUND,
        title: "No such message",
        message: "The inbox does not hold this message. A development server forgets its messages when it stops.",
        request_id: None,
    })
}

fn newest_first(mut entries: Vec<InboxEntry>, filter: &Filter) -> Vec<InboxEntry> {
    if let Some(to) = filter.recipient().map(destination) {
        entries.retain(|entry| destination(&entry.to) == to);
    }
    if let Some(after) = filter.after {
        entries.retain(|entry| entry.id > after);
    }
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.id)));
    entries
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct ListTemplate<'a> {
    messages: Vec<MessageView<'a>>,
    total: usize,
    to: &'a str,
}

#[derive(Template)]
#[template(path = "inbox_message.html")]
struct MessageTemplate<'a> {
    message: MessageView<'a>,
}

struct MessageView<'a> {
    id: u64,
    channel: &'static str,
    to: &'a str,
    subject: &'a str,
    at: Option<jiff::Timestamp>,
    segments: Vec<Segment<'a>>,
    has_html: bool,
    /// Links of the HTML, which cannot be followed inside the sandboxed frame.
    links: Vec<String>,
}

impl<'a> MessageView<'a> {
    fn of(entry: &'a InboxEntry) -> Self {
        Self {
            id: entry.id,
            channel: match entry.channel {
                InboxChannel::Mail => "Mail",
                InboxChannel::Sms => "SMS",
            },
            to: &entry.to,
            subject: entry.subject.as_deref().unwrap_or(""),
            at: jiff::Timestamp::try_from(entry.at).ok(),
            segments: text::segments(&entry.text),
            has_html: entry.html.is_some(),
            links: entry
                .html
                .as_deref()
                .map(text::links_of_html)
                .unwrap_or_default(),
        }
    }
}

#[derive(Serialize)]
struct JsonList<'a> {
    messages: Vec<JsonMessage<'a>>,
}

#[derive(Serialize)]
struct JsonMessage<'a> {
    id: u64,
    channel: InboxChannel,
    to: &'a str,
    subject: Option<&'a str>,
    text: &'a str,
    html: Option<&'a str>,
    /// RFC 3339, UTC.
    at: Option<String>,
}

impl<'a> JsonMessage<'a> {
    fn of(entry: &'a InboxEntry) -> Self {
        let at = jiff::Timestamp::try_from(entry.at).ok();
        Self {
            id: entry.id,
            channel: entry.channel,
            to: &entry.to,
            subject: entry.subject.as_deref(),
            text: &entry.text,
            html: entry.html.as_deref(),
            at: at.map(|at| at.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
