#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, SystemTime};

use axum::http::{Request, StatusCode, header};

use std::sync::{Arc, Mutex};

use super::{Awaited, InboxChannel, InboxEntry, Listing, inbox_routes};
use crate::pages::answers::{Answer, answer, answer_to, body_of};

fn mail(id: u64, to: &str, text: &str) -> InboxEntry {
    InboxEntry {
        id,
        channel: InboxChannel::Mail,
        to: to.to_owned(),
        subject: Some(format!("Subject {id}")),
        text: text.to_owned(),
        html: None,
        at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_504_635_605 + id),
    }
}

/// A source that has these messages and waits for none.
fn listing(entries: Vec<InboxEntry>) -> impl Fn(Option<Awaited>) -> Listing + Send + Sync {
    move |_| {
        let entries = entries.clone();
        Box::pin(async move { entries })
    }
}

async fn page_of(entries: Vec<InboxEntry>, path: &str) -> Answer {
    answer(inbox_routes(None, listing(entries)), path).await
}

#[tokio::test]
async fn a_reader_waits_for_what_it_names_and_for_half_a_minute_at_most() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let routes = inbox_routes(None, move |awaited| {
        log.lock().unwrap().push(awaited);
        Box::pin(async {
            vec![
                mail(1, "a@example.com", "one"),
                mail(2, "a@example.com", "two"),
            ]
        })
    });
    for query in [
        "",
        "?wait=5",
        "?wait=0.5&to=+a@example.com&after=1",
        "?wait=9999",
        "?wait=-1",
        "?wait=NaN",
    ] {
        let answer = answer(routes.clone(), &format!("/dev/inbox.json{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        let is_second_alone = !answer.body.contains("\"one\"");
        assert_eq!(is_second_alone, query.contains("after=1"), "{query}");
    }
    let awaited = |to: Option<&str>, after, milliseconds| {
        Some(Awaited {
            to: to.map(str::to_owned),
            after,
            at_most: Duration::from_millis(milliseconds),
        })
    };
    assert_eq!(
        *asked.lock().unwrap(),
        [
            None,
            awaited(None, 0, 5000),
            awaited(Some("a@example.com"), 1, 500),
            awaited(None, 0, 30_000),
            awaited(None, 0, 0),
            awaited(None, 0, 0),
        ]
    );
    let refused = answer(routes, "/dev/inbox.json?wait=long").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_address_is_found_however_it_is_spelled() {
    let entries = vec![mail(1, "a@B\u{dc}CHER.example", "code 123456")];
    let answer = page_of(entries, "/dev/inbox.json?to=A@xn--bcher-kva.example").await;
    assert!(answer.body.contains("123456"), "{}", answer.body);
}

#[tokio::test]
async fn newest_messages_come_first() {
    let entries = vec![
        mail(1, "a@example.com", "one"),
        mail(3, "b@example.com", "three"),
        mail(2, "a@example.com", "two"),
    ];
    let answer = page_of(entries, "/dev/inbox").await;
    let places: Vec<_> = ["three", "two", "one"]
        .iter()
        .map(|text| answer.body.find(text).unwrap())
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(answer.body.contains("2017-09-05 18:20:06 UTC"));
}

#[tokio::test]
async fn json_gives_the_messages_of_one_address() {
    let entries = vec![
        mail(1, "a@example.com", "code 123456"),
        mail(2, "b@example.com", "other"),
    ];
    let answer = page_of(entries, "/dev/inbox.json?to=A%40example.com").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&answer.body).unwrap(),
        serde_json::json!({"messages": [{
            "id": 1, "channel": "mail", "to": "a@example.com", "subject": "Subject 1", "text": "code 123456",
            "html": null, "at": "2017-09-05T18:20:06Z",
        }]})
    );
}

#[tokio::test]
async fn an_empty_inbox_says_what_to_do() {
    assert!(
        page_of(vec![], "/dev/inbox")
            .await
            .body
            .contains("Sign up a user")
    );
    let entries = vec![mail(1, "a@example.com", "one")];
    let answer = page_of(entries, "/dev/inbox?to=%3Cscript%3E").await;
    assert!(
        answer.body.contains("Nothing for &#60;script&#62;"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn what_a_message_says_stays_text() {
    let mut entry = mail(
        1,
        "\"><script>x</script>@example.com",
        "<img src=x onerror=alert(1)> http://x.example/\"onclick=\"y",
    );
    entry.subject = Some("<script>alert(1)</script>".to_owned());
    for path in ["/dev/inbox", "/dev/inbox/1"] {
        let answer = page_of(vec![entry.clone()], path).await;
        assert_eq!(answer.status, StatusCode::OK);
        for raw in ["<script>alert", "<script>x", "<img", "\"onclick"] {
            assert!(!answer.body.contains(raw), "{raw} in {}", answer.body);
        }
    }
}

#[tokio::test]
async fn html_of_a_mail_is_shown_only_in_a_closed_frame() {
    let mut entry = mail(7, "a@example.com", "text");
    entry.html =
        Some("<b>bold</b><a href=\"http://localhost/confirmUser?a=1&amp;b=2\">go</a>".to_owned());
    let entries = vec![entry];

    assert!(
        !page_of(entries.clone(), "/dev/inbox")
            .await
            .body
            .contains("<b>")
    );
    let page = page_of(entries.clone(), "/dev/inbox/7").await;
    assert!(!page.body.contains("<b>"));
    assert!(page.body.contains("src=\"/dev/inbox/7/html\" sandbox=\"\""));
    assert!(
        page.body
            .contains("href=\"http://localhost/confirmUser?a=1&#38;b=2\""),
        "{}",
        page.body
    );
    assert!(
        page.header("content-security-policy")
            .contains("frame-src 'self'")
    );

    let frame = page_of(entries, "/dev/inbox/7/html").await;
    assert!(frame.body.starts_with("<b>bold</b>"));
    let policy = frame.header("content-security-policy").to_owned();
    assert!(
        policy.contains("default-src 'none'") && policy.ends_with("; sandbox"),
        "{policy}"
    );
    assert!(!policy.contains("script-src"));
}

#[tokio::test]
async fn a_message_that_is_not_there_is_not_found() {
    assert_eq!(
        page_of(vec![], "/dev/inbox/1").await.status,
        StatusCode::NOT_FOUND
    );
    let without_html = vec![mail(1, "a@example.com", "text")];
    assert_eq!(
        page_of(without_html, "/dev/inbox/1/html").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_foreign_host_name_reads_no_messages() {
    for path in [
        "/dev/inbox",
        "/dev/inbox.json",
        "/dev/inbox/1",
        "/dev/inbox/1/html",
    ] {
        for host in [
            "evil.example:9229",
            "localhost.evil.example",
            "user@evil.example",
        ] {
            let mut entry = mail(1, "a@example.com", "secret");
            entry.html = Some("secret".to_owned());
            let router = inbox_routes(Some("id.example.com".to_owned()), listing(vec![entry]));
            let request = Request::get(path)
                .header(header::HOST, host)
                .body(body_of(""))
                .unwrap();
            let answer = answer_to(router, request).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{host} {path}");
            assert!(!answer.body.contains("secret"));
        }
    }
}

#[tokio::test]
async fn a_request_without_a_host_reads_no_messages() {
    let router = inbox_routes(None, listing(vec![mail(1, "a@example.com", "secret")]));
    let request = Request::get("/dev/inbox.json").body(body_of("")).unwrap();
    assert_eq!(
        answer_to(router, request).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn no_answer_lets_another_origin_read_it() {
    let entries = vec![mail(1, "a@example.com", "secret")];
    for path in ["/dev/inbox", "/dev/inbox.json", "/dev/inbox/1"] {
        let answer = page_of(entries.clone(), path).await;
        assert!(answer.headers.get("access-control-allow-origin").is_none());
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}
