//! Imports of users: jobs, and what becomes of the rows of their files.

mod rows;
mod uploads;

use cognate_service::Importer;
use cognate_store::Fault;
use cognate_testkit::{
    ApiError, PASSWORD, TestClient, TestServer, TestUser, days, for_each_database, hours,
    import::LOGS_ROLE, op, seconds,
};
use serde_json::{Value, json};

/// A file with one column of mail addresses beside the names.
pub(crate) fn people<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let rows = names
        .into_iter()
        .map(|name| format!("{name},{name}@example.com,true\n"));
    format!(
        "cognito:username,email,email_verified\n{}",
        rows.collect::<String>()
    )
}

fn refusal<T>(outcome: Result<T, ApiError>) -> (String, String) {
    let error = outcome.err().expect("it is refused");
    told(&error.code, &error.message)
}

fn told(code: &str, message: &str) -> (String, String) {
    (code.to_owned(), message.to_owned())
}

const PRECONDITION: &str = "PreconditionNotMetException";

#[tokio::test]
async fn the_header_has_the_attributes_of_the_pool() {
    let server = TestServer::start().await;
    let schema = json!([{"Name": "team", "AttributeDataType": "String"}]);
    let pool = server.pool().schema(schema).await;
    let input = json!({"UserPoolId": pool.id});
    let header = server.call::<op::GetCSVHeader>(input).await.ok().unwrap();
    assert_eq!(header.user_pool_id, Some(pool.id));
    let columns = header.csv_header.unwrap();
    assert_eq!(columns[..2], ["name", "given_name"]);
    assert_eq!(
        columns[18..],
        [
            "updated_at",
            "custom:team",
            "cognito:mfa_enabled",
            "cognito:username",
            "password_hash"
        ]
    );
}

#[tokio::test]
async fn a_file_becomes_users_who_set_a_password_by_mail_and_are_sent_nothing_before() {
    for_each_database(async |server| {
        let pool = server.pool().aliases(["email"]).await;
        let client = pool.client().await;
        let import = pool.import().await;
        assert_eq!(import.status().await, "Created");
        import.upload(&people(["ana", "bea"])).await;
        let started = import.start().await.ok().unwrap();
        assert_eq!(started.status.unwrap().as_str(), "Pending");
        assert_eq!(started.start_date.unwrap().0, server.now().0);
        server.import_users().await;
        let shown = import.shown().await;
        assert_eq!(shown.status.unwrap().as_str(), "Succeeded");
        assert_eq!(
            shown.completion_message.as_deref(),
            Some("Import Job Completed Successfully.")
        );
        assert_eq!(shown.completion_date.unwrap().0, server.now().0);
        assert_eq!(shown.cloud_watch_logs_role_arn.as_deref(), Some(LOGS_ROLE));
        assert_eq!(import.counts().await, (2, 0, 0));
        assert_eq!(
            import.log().await,
            [
                "[SUCCEEDED] Line Number 2 - The import succeeded.",
                "[SUCCEEDED] Line Number 3 - The import succeeded."
            ]
        );
        server.deliver().await;
        assert!(server.sent().is_empty());
        assert_eq!(pool.status("ana@example.com").await, "RESET_REQUIRED");
        let ana = user(&client, "ana");
        for outcome in [ana.sign_in().await.err(), ana.sign_in_srp().await.err()] {
            let error = outcome.unwrap();
            assert_eq!(error.told().0, "NotAuthorizedException");
        }
        ana.forgot_password().await.unwrap();
        let code = ana.last_code().await;
        ana.reset_password(&code, PASSWORD).await.unwrap();
        ana.sign_in_srp().await.unwrap();
        assert_eq!(pool.status("ana").await, "CONFIRMED");
    })
    .await;
}

/// A user who was imported, of whom nobody knows a password.
pub(crate) fn user(client: &TestClient, name: &str) -> TestUser {
    TestUser {
        client: client.clone(),
        name: name.to_owned(),
        password: PASSWORD.to_owned(),
        sub: String::new(),
        address: format!("{name}@example.com"),
    }
}

#[tokio::test]
async fn a_job_starts_once_and_with_a_file_and_beside_no_other_of_its_pool() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let (first, second) = (pool.import().await, pool.import().await);
        assert_eq!(
            refusal(first.start().await),
            told(
                PRECONDITION,
                &format!("No csv file was uploaded for {}", first.id)
            )
        );
        for import in [&first, &second] {
            import.upload(&people(["ana"])).await;
        }
        first.start().await.ok().unwrap();
        assert_eq!(
            refusal(second.start().await),
            told(
                PRECONDITION,
                "Another user import job of the user pool is active."
            )
        );
        assert_eq!(
            refusal(first.start().await),
            told(
                PRECONDITION,
                "The user import job cannot be started. Its status is Pending"
            )
        );
        // Another pool's is none of its business.
        let elsewhere = server.pool().await.import().await;
        elsewhere.upload(&people(["ana"])).await;
        elsewhere.start().await.ok().unwrap();
        server.import_users().await;
        assert_eq!(elsewhere.status().await, "Succeeded");
        second.start().await.ok().unwrap();
        server.import_users().await;
        assert_eq!(second.counts().await, (0, 1, 0));
        let shown = second.shown().await;
        assert_eq!(shown.status.unwrap().as_str(), "Failed");
        assert_eq!(
            shown.completion_message.as_deref(),
            Some("Too many users have failed or been skipped during the import.")
        );
        let unverified = server.pool().verifies([]).await.import().await;
        unverified.upload(&people(["ana"])).await;
        assert_eq!(
            refusal(unverified.start().await),
            told(
                PRECONDITION,
                "The user pool has no auto verified attributes."
            )
        );
    })
    .await;
}

#[tokio::test]
async fn a_job_that_is_stopped_imports_nobody_more() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let stopped = "The Import Job was stopped by the developer.";
        let waiting = pool.import().await;
        let refused = told(
            PRECONDITION,
            "The user import job cannot be stopped. Its status is Created",
        );
        assert_eq!(refusal(waiting.stop().await), refused);
        waiting.upload(&people(["ana"])).await;
        waiting.start().await.ok().unwrap();
        let shown = waiting.stop().await.ok().unwrap();
        assert_eq!(shown.status.unwrap().as_str(), "Stopped");
        assert_eq!(shown.completion_message.as_deref(), Some(stopped));
        server.import_users().await;

        let names: Vec<String> = (0..250).map(|number| format!("user{number}")).collect();
        let running = pool.import().await;
        running
            .upload(&people(names.iter().map(String::as_str)))
            .await;
        running.start().await.ok().unwrap();
        let mut importer = Importer::new(server.app());
        for _ in 0..2 {
            assert!(importer.step().await.unwrap());
        }
        assert_eq!(running.status().await, "InProgress");
        assert_eq!(running.counts().await, (100, 0, 0));
        for _ in 0..2 {
            let shown = running.stop().await.ok().unwrap();
            assert_eq!(shown.status.unwrap().as_str(), "Stopping");
        }
        while importer.step().await.unwrap() {}
        let shown = running.shown().await;
        assert_eq!(shown.status.unwrap().as_str(), "Stopped");
        assert_eq!(shown.completion_message.as_deref(), Some(stopped));
        assert_eq!(running.counts().await, (100, 0, 0));
        let refused = told(
            PRECONDITION,
            "The user import job cannot be stopped. Its status is Stopped",
        );
        assert_eq!(refusal(running.stop().await), refused);
        assert_eq!(rows(&server, "SELECT COUNT(*) FROM import_files").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_nobody_starts_expires_after_a_day_and_goes_with_its_file() {
    for_each_database(async |server| {
        let import = server.pool().await.import().await;
        import.upload(&people(["ana"])).await;
        server.advance(hours(24));
        for _ in 0..2 {
            let shown = import.shown().await;
            assert_eq!(shown.status.unwrap().as_str(), "Expired");
            let message = shown.completion_message;
            assert_eq!(message.as_deref(), Some("The user import job has expired."));
            server.import_users().await;
        }
        assert_eq!(rows(&server, "SELECT COUNT(*) FROM import_files").await, 0);
        let refused = told(
            PRECONDITION,
            "The user import job cannot be started. Its status is Expired",
        );
        assert_eq!(refusal(import.start().await), refused);
    })
    .await;
}

#[tokio::test]
async fn a_job_and_its_log_are_kept_for_ninety_days_and_its_file_is_not() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let import = pool.imported(&people(["ana"])).await;
        assert_eq!(rows(&server, "SELECT COUNT(*) FROM import_files").await, 0);
        server.advance(days(90) - seconds(1));
        server.import_users().await;
        assert_eq!(import.log().await.len(), 1);
        server.advance(seconds(1));
        server.import_users().await;
        for sql in [
            "SELECT COUNT(*) FROM import_jobs",
            "SELECT COUNT(*) FROM import_logs",
        ] {
            assert_eq!(rows(&server, sql).await, 0);
        }
        assert_eq!(pool.status("ana").await, "RESET_REQUIRED");
    })
    .await;
}

#[tokio::test]
async fn jobs_are_listed_from_the_newest_in_pages() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(pool.import().await.id);
        server.advance(seconds(1));
    }
    let (mut token, mut listed) = (Value::Null, Vec::new());
    loop {
        let input = json!({"UserPoolId": pool.id, "MaxResults": 2, "PaginationToken": token});
        let page = server.call::<op::ListUserImportJobs>(input).await;
        let page = page.ok().unwrap();
        let jobs = page.user_import_jobs.unwrap();
        listed.extend(jobs.into_iter().map(|job| job.job_id.unwrap()));
        match page.pagination_token {
            Some(next) => token = next.into(),
            None => break,
        }
    }
    made.reverse();
    assert_eq!(listed, made);
}

#[tokio::test]
async fn a_pool_with_a_running_import_is_not_changed_and_not_deleted() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let import = pool.import().await;
        import.upload(&people(["ana"])).await;
        import.start().await.ok().unwrap();
        let in_progress = told(
            "UserImportInProgressException",
            "Users are being imported into the user pool.",
        );
        let input = json!({"UserPoolId": pool.id});
        let attributes = json!([{"Name": "team", "AttributeDataType": "String"}]);
        let added = json!({"UserPoolId": pool.id, "CustomAttributes": attributes});
        assert_eq!(
            refusal(server.call::<op::UpdateUserPool>(&input).await),
            in_progress
        );
        assert_eq!(
            refusal(server.call::<op::AddCustomAttributes>(&added).await),
            in_progress
        );
        assert_eq!(
            refusal(server.call::<op::DeleteUserPool>(&input).await),
            in_progress
        );
        server.import_users().await;
        server
            .call::<op::AddCustomAttributes>(&added)
            .await
            .ok()
            .unwrap();
        server.call::<op::DeleteUserPool>(&input).await.unwrap();
        server.expire().await;
        for sql in [
            "SELECT COUNT(*) FROM import_jobs",
            "SELECT COUNT(*) FROM import_logs",
        ] {
            assert_eq!(rows(&server, sql).await, 0);
        }
    })
    .await;
}

#[tokio::test]
async fn what_the_database_cannot_do_now_is_done_later_and_nothing_twice() {
    for_each_database(async |server| {
        let names: Vec<String> = (0..150).map(|number| format!("user{number}")).collect();
        let pool = server.pool().await;
        let import = pool.import().await;
        import
            .upload(&people(names.iter().map(String::as_str)))
            .await;
        import.start().await.ok().unwrap();
        for fault in [
            Fault::Statement(40),
            Fault::BeforeCommit(1),
            Fault::AfterCommit(1),
        ] {
            let mut importer = Importer::new(server.app());
            assert!(importer.step().await.unwrap(), "it is taken up");
            server.faults().arm(Some("import_users"), fault);
            assert!(importer.step().await.is_err(), "{fault:?}");
            // It is let go, and nobody's until its time is over.
            assert!(!importer.step().await.unwrap());
            server.advance(seconds(31));
        }
        assert_eq!(import.counts().await, (100, 0, 0));
        server.import_users().await;
        assert_eq!(import.counts().await, (150, 0, 0));
        assert_eq!(import.log().await.len(), 150);
        assert_eq!(rows(&server, "SELECT COUNT(*) FROM users").await, 150);
    })
    .await;
}

/// A number that the database tells.
pub(crate) async fn rows(server: &TestServer, sql: &'static str) -> i64 {
    let mut tx = server.app().db.read().await.unwrap();
    tx.query_one(sql, &[]).await.unwrap().int(0).unwrap()
}
