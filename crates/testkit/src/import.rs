//! Import jobs of a test.

use axum::body::Body;
use axum::http::Request;
use cognate_api::idp::UserImportJobType;
use cognate_service::Importer;
use cognate_service::import_log::ImportLog;
use serde_json::{Value, json};

use crate::{ApiError, TestPool, TestServer, op};

/// A role, which is never used.
pub const LOGS_ROLE: &str = "arn:aws:iam::123456789012:role/logs";

/// An import job.
#[derive(Clone)]
pub struct TestImport {
    /// The pool that users are imported into.
    pub pool: TestPool,
    /// Its id.
    pub id: String,
    /// Where its file is uploaded to.
    pub url: String,
}

impl TestPool {
    /// A new import job, with members of CreateUserImportJob.
    ///
    /// # Errors
    /// What it answers.
    pub async fn try_import(&self, members: Value) -> Result<TestImport, ApiError> {
        let mut input = json!({
            "UserPoolId": self.id,
            "JobName": "people",
            "CloudWatchLogsRoleArn": LOGS_ROLE,
        });
        for (name, value) in members.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        let made = self.server.call::<op::CreateUserImportJob>(input).await?;
        let job = made.user_import_job.expect("the job is shown");
        Ok(TestImport {
            pool: self.clone(),
            id: job.job_id.expect("a job has an id"),
            url: job.pre_signed_url.expect("a job has an address"),
        })
    }

    /// A new import job.
    pub async fn import(&self) -> TestImport {
        let made = self.try_import(json!({})).await;
        made.expect("the import job is made")
    }

    /// A file that was uploaded, started and read to its end.
    pub async fn imported(&self, file: &str) -> TestImport {
        let import = self.import().await;
        import.upload(file).await;
        import.start().await.expect("the import job starts");
        import.pool.server.import_users().await;
        import
    }
}

impl TestImport {
    /// The same job, through another node.
    #[must_use]
    pub fn on(&self, node: &TestServer) -> Self {
        let mut import = self.clone();
        import.pool.server = node.clone();
        import
    }

    /// A PUT to its address, with headers; the status and what is told.
    pub async fn put(&self, body: impl Into<Body>, headers: &[(&str, &str)]) -> (u16, String) {
        put(&self.pool.server, &self.url, body, headers).await
    }

    /// Uploads a file.
    pub async fn upload(&self, file: &str) {
        let answer = self.put(file.to_owned(), &[]).await;
        assert_eq!(answer, (200, String::new()));
    }

    /// An operation on the job.
    fn input(&self) -> Value {
        json!({"UserPoolId": self.pool.id, "JobId": self.id})
    }

    /// StartUserImportJob.
    ///
    /// # Errors
    /// What it answers.
    pub async fn start(&self) -> Result<UserImportJobType, ApiError> {
        let server = &self.pool.server;
        let started = server.call::<op::StartUserImportJob>(self.input()).await?;
        Ok(started.user_import_job.expect("the job is shown"))
    }

    /// StopUserImportJob.
    ///
    /// # Errors
    /// What it answers.
    pub async fn stop(&self) -> Result<UserImportJobType, ApiError> {
        let server = &self.pool.server;
        let stopped = server.call::<op::StopUserImportJob>(self.input()).await?;
        Ok(stopped.user_import_job.expect("the job is shown"))
    }

    /// DescribeUserImportJob.
    pub async fn shown(&self) -> UserImportJobType {
        let server = &self.pool.server;
        let shown = server.call::<op::DescribeUserImportJob>(self.input()).await;
        let shown = shown.expect("the job is shown");
        shown.user_import_job.expect("the job is shown")
    }

    /// Its status.
    pub async fn status(&self) -> String {
        let status = self.shown().await.status.expect("a job has a status");
        status.as_str().to_owned()
    }

    /// How many users were imported, were skipped and have failed.
    pub async fn counts(&self) -> (i64, i64, i64) {
        let shown = self.shown().await;
        let count = |number: Option<i64>| number.expect("a job has counts");
        (
            count(shown.imported_users),
            count(shown.skipped_users),
            count(shown.failed_users),
        )
    }

    /// Its log.
    pub async fn log(&self) -> Vec<String> {
        let db = &self.pool.server.app().db;
        let log = ImportLog::of(db, &self.pool.id, &self.id).await;
        let log = log.expect("the log is there");
        let (mut last, mut lines) = (-1, Vec::new());
        while let Some((number, piece)) = log.next(last).await.expect("the log is read") {
            lines.extend(piece);
            last = number;
        }
        lines
    }
}

impl TestServer {
    /// Does all that there is to do on import jobs, as the background job does.
    pub async fn import_users(&self) {
        let mut importer = Importer::new(self.app());
        while importer.step().await.expect("users are imported") {}
    }
}

/// A PUT to an address.
pub async fn put(
    server: &TestServer,
    url: &str,
    body: impl Into<Body>,
    headers: &[(&str, &str)],
) -> (u16, String) {
    let mut request = Request::put(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).expect("a request of a test");
    let response = server.raw(request).await;
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    let body = body.expect("a body of the server's own ends");
    (status, String::from_utf8_lossy(&body).into_owned())
}
