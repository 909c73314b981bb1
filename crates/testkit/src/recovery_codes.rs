//! Recovery codes of a test.

use axum::body::Body;
use axum::http::{Method, Request};
use cognate_service::server_settings::{self, Subject};
use serde_json::Value;

use crate::{Answer, ApiError, TestPool, TestServer, TestUser};

impl TestPool {
    /// Switches recovery codes on or off. A node sees it at once before its first look at the
    /// settings of the pool, and within a second after.
    pub async fn set_recovery_codes(&self, value: &str) {
        let of = Subject {
            pool: self.id.clone(),
            client: None,
        };
        let db = &self.server.app().db;
        server_settings::set(db, &of, "recovery-codes", Some(value))
            .await
            .expect("the setting is set");
    }

    /// Asks at the address of recovery codes.
    pub async fn ask_recovery_codes(&self, method: Method, authorization: Option<&str>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/{}/recovery-codes", self.id));
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let request = request.body(Body::empty()).expect("a request of a test");
        ask(&self.server, request).await
    }
}

impl TestUser {
    /// Has a list of recovery codes made.
    ///
    /// # Errors
    /// What the address answers.
    pub async fn make_recovery_codes(&self, access_token: &str) -> Result<Vec<String>, ApiError> {
        let body = self.recovery_codes(Method::POST, access_token).await?;
        let codes = body["RecoveryCodes"].as_array().expect("a list");
        let text = |code: &Value| code.as_str().expect("a text").to_owned();
        Ok(codes.iter().map(text).collect())
    }

    /// How many recovery codes are left.
    ///
    /// # Errors
    /// What the address answers.
    pub async fn recovery_codes_left(&self, access_token: &str) -> Result<u64, ApiError> {
        let body = self.recovery_codes(Method::GET, access_token).await?;
        Ok(body["Remaining"].as_u64().expect("a number"))
    }

    async fn recovery_codes(&self, method: Method, token: &str) -> Result<Value, ApiError> {
        let authorization = format!("Bearer {token}");
        let pool = &self.client.pool;
        let answer = pool.ask_recovery_codes(method, Some(&authorization)).await;
        let body = answer.success()?;
        Ok(serde_json::from_slice(&body).expect("an answer in JSON"))
    }
}

async fn ask(server: &TestServer, request: Request<Body>) -> Answer {
    let response = server.raw(request).await;
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .expect("a body of the server's own ends"),
    }
}
