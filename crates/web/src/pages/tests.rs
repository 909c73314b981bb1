#![allow(clippy::unwrap_used, clippy::expect_used)]

use axum::http::{Request, StatusCode, header};

use super::{
    ConfirmFields, ConfirmView, ErrorView, RestoreView,
    answers::{Answer, answer, answer_to, body_of},
    asset_routes, confirm_page, error_page, restore_page,
};

fn link_of(user_name: &str) -> ConfirmView {
    ConfirmView::Ask(ConfirmFields {
        client_id: "client".to_owned(),
        user_name: user_name.to_owned(),
        confirmation_code: "123456".to_owned(),
    })
}

fn way_back(token: &str) -> RestoreView {
    RestoreView::Ask {
        token: token.to_owned(),
    }
}

#[tokio::test]
async fn a_link_of_a_way_back_opens_a_button_that_posts_its_token_and_nothing_else() {
    let answer = Answer::of(restore_page(way_back("\"><img src=x>"))).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.body.contains("<img"), "{}", answer.body);
    let answer = Answer::of(restore_page(way_back("abc"))).await;
    let form = "<form method=\"post\" action=\"/restoreAddress\">\n<input type=\"hidden\" name=\"token\" value=\"abc\">\n<button";
    assert!(answer.body.contains(form), "{}", answer.body);
}

#[tokio::test]
async fn each_result_of_a_way_back_has_its_status() {
    for (view, status) in [
        (RestoreView::Restored, 200),
        (RestoreView::InvalidOrExpired, 400),
        (RestoreView::TooMuchToDo, 429),
    ] {
        let answer = Answer::of(restore_page(view)).await;
        assert_eq!(answer.status.as_u16(), status);
    }
}

#[tokio::test]
async fn pages_let_in_nothing_but_our_own_files() {
    let views = [
        confirm_page(link_of("ana")),
        confirm_page(ConfirmView::Confirmed),
        confirm_page(ConfirmView::InvalidOrExpired),
        restore_page(way_back("abc")),
        restore_page(RestoreView::Restored),
        restore_page(RestoreView::InvalidOrExpired),
    ];
    for view in views {
        let answer = Answer::of(view).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
        assert!(!policy.contains("unsafe"));
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        for inline in ["<style", "style=", "<script", " onclick", "//"] {
            assert!(!answer.body.contains(inline), "{inline} in {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_mailed_link_opens_a_button_that_posts_what_the_link_said() {
    let answer = Answer::of(confirm_page(link_of("ana"))).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer
            .body
            .contains("<form method=\"post\" action=\"/confirmUser\">")
    );
    for (name, value) in [
        ("client_id", "client"),
        ("user_name", "ana"),
        ("confirmation_code", "123456"),
    ] {
        let field = format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
        assert!(answer.body.contains(&field), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_name_in_a_link_cannot_write_into_the_page() {
    let answer = Answer::of(confirm_page(link_of("\"><img src=x>"))).await;
    assert!(!answer.body.contains("<img"), "{}", answer.body);
}

#[tokio::test]
async fn each_result_of_a_confirmation_has_its_status() {
    let results = [
        (ConfirmView::Confirmed, 200, "Your address is confirmed"),
        (ConfirmView::AlreadyConfirmed, 200, "Already confirmed"),
        (
            ConfirmView::InvalidOrExpired,
            400,
            "This link does not work any more",
        ),
        (ConfirmView::TooManyAttempts, 429, "Too many attempts"),
    ];
    for (view, status, title) in results {
        let answer = Answer::of(confirm_page(view)).await;
        assert_eq!(answer.status.as_u16(), status);
        assert!(
            answer.body.contains(&format!("<h1>{title}</h1>")),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn an_error_page_shows_its_words_and_the_request() {
    let view = ErrorView {
        status: StatusCode::BAD_REQUEST,
        title: "That <did> not work",
        message: "Try again.",
        request_id: Some("0b5c"),
    };
    let answer = Answer::of(error_page(&view)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("That &#60;did&#62; not work"));
    assert!(answer.body.contains("<code>0b5c</code>"));
}

#[tokio::test]
async fn a_file_that_the_browser_holds_is_not_sent_again() {
    let first = answer(asset_routes(), "/assets/cognate.css").await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(first.header("cache-control"), "no-cache");
    let tag = first.header("etag").to_owned();
    assert!(tag.len() > 4);

    for held in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"other\", {tag}"),
        "*".to_owned(),
    ] {
        let request = Request::get("/assets/cognate.css")
            .header(header::IF_NONE_MATCH, held)
            .body(body_of(""))
            .unwrap();
        let again = answer_to(asset_routes(), request).await;
        assert_eq!(
            (again.status, again.body.as_str()),
            (StatusCode::NOT_MODIFIED, "")
        );
        assert_eq!(again.header("etag"), tag);
    }
    let request = Request::get("/assets/cognate.css")
        .header(header::IF_NONE_MATCH, "\"other\"")
        .body(body_of(""))
        .unwrap();
    assert_eq!(
        answer_to(asset_routes(), request).await.status,
        StatusCode::OK
    );
}
