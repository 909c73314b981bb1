//! The address that a file is uploaded to, as HTTP sees it.

use axum::body::{Body, Bytes};
use axum::http::{Method, Request};
use cognate_service::import_upload::PIECE;
use cognate_testkit::import::put;
use cognate_testkit::{TestServer, for_each_database, minutes, op, seconds};
use futures_util::stream;
use serde_json::json;

use super::{people, rows};

fn answered(status: u16, message: &str) -> (u16, String) {
    (status, format!("{message}\n"))
}

#[tokio::test]
async fn the_address_is_of_this_server_and_takes_what_awss_users_send() {
    let server = TestServer::builder()
        .public_url("https://id.example.com/auth")
        .start()
        .await;
    let import = server.pool().await.import().await;
    let begin = format!(
        "https://id.example.com/auth/{}/import-jobs/{}?expires=",
        import.pool.id, import.id
    );
    assert!(import.url.starts_with(&begin), "{}", import.url);
    assert_eq!(
        import.shown().await.pre_signed_url.as_ref(),
        Some(&import.url)
    );
    let headers = [
        ("x-amz-server-side-encryption", "aws:kms"),
        ("content-encoding", "identity"),
    ];
    let answer = import.put(people(["ana"]), &headers).await;
    assert_eq!(answer, (200, String::new()));
    import.start().await.ok().unwrap();
    server.import_users().await;
    assert_eq!(import.counts().await, (1, 0, 0));
}

#[tokio::test]
async fn an_address_is_good_for_its_own_job_and_for_fifteen_minutes() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let (import, other) = (pool.import().await, pool.import().await);
        let invalid = answered(403, "The address is not valid.");
        let (path, query) = import.url.split_once('?').unwrap();
        let later = query.replacen("expires=1", "expires=2", 1);
        let cut = &query[..query.len() - 1];
        let elsewhere = server.pool().await;
        for url in [
            path.to_owned(),
            format!("{path}?expires=x&signature=y"),
            format!("{path}?{later}"),
            format!("{path}?{cut}"),
            format!("{}?{query}", other.url.split_once('?').unwrap().0),
            import.url.replace(&pool.id, &elsewhere.id),
            import.url.replace(&pool.id, "nobody"),
        ] {
            assert_eq!(put(&server, &url, "a", &[]).await, invalid, "{url}");
        }
        server.advance(minutes(15) - seconds(1));
        import.upload("a").await;
        server.advance(seconds(1));
        let expired = answered(403, "Request has expired");
        assert_eq!(import.put("a", &[]).await, expired);
        let get = Request::builder().method(Method::GET).uri(&import.url);
        let get = server.raw(get.body(Body::empty()).unwrap()).await;
        assert_eq!(get.status(), 405);
    })
    .await;
}

#[tokio::test]
async fn a_second_upload_takes_the_place_of_the_first_until_the_job_starts() {
    for_each_database(async |server| {
        let import = server.pool().await.import().await;
        let long = people(["a"]) + &"x".repeat(3 * PIECE);
        import.upload(&long).await;
        assert_eq!(rows(&server, "SELECT COUNT(*) FROM import_files").await, 4);
        import.upload(&people(["ana"])).await;
        assert_eq!(rows(&server, "SELECT COUNT(*) FROM import_files").await, 1);
        import.start().await.ok().unwrap();
        let refused = answered(409, "The user import job takes no file any more.");
        assert_eq!(import.put("a", &[]).await, refused);
        server.import_users().await;
        assert_eq!(import.counts().await, (1, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_the_file_before_and_goes_with_the_next() {
    for_each_database(async |server| {
        let import = server.pool().await.import().await;
        import.upload(&people(["ana"])).await;
        let (status, _) = import.put(broken(2 * PIECE), &[]).await;
        assert_eq!(status, 400);
        assert_eq!(rows(&server, "SELECT COUNT(*) FROM import_files").await, 3);
        import.start().await.ok().unwrap();
        server.import_users().await;
        assert_eq!(import.counts().await, (1, 0, 0));
        assert_eq!(rows(&server, "SELECT COUNT(*) FROM import_files").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_file_is_taken_as_it_is_and_up_to_a_hundred_megabytes() {
    let server = TestServer::start().await;
    let import = server.pool().await.import().await;
    let packed = [("content-encoding", "gzip")];
    assert_eq!(
        import.put("a", &packed).await,
        answered(
            400,
            "The file is taken as it is, without a content encoding."
        )
    );
    let announced = [("content-length", "100000001")];
    assert_eq!(
        import.put(Body::empty(), &announced).await,
        answered(413, "The request body is larger than 100000000 bytes")
    );
    assert_eq!(rows(&server, "SELECT COUNT(*) FROM import_files").await, 0);
}

#[tokio::test]
async fn the_address_of_a_job_that_is_gone_leads_nowhere() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let import = pool.import().await;
    let input = json!({"UserPoolId": pool.id});
    server.call::<op::DeleteUserPool>(input).await.unwrap();
    let gone = format!("User import job {} does not exist.", import.id);
    assert_eq!(import.put("a", &[]).await, answered(404, &gone));
}

/// A body that breaks off.
fn broken(bytes: usize) -> Body {
    let begins = Ok(Bytes::from(vec![b'x'; bytes]));
    let breaks_off = Err(std::io::Error::other("it broke off"));
    Body::from_stream(stream::iter([begins, breaks_off]))
}
