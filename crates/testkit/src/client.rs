//! App clients of a test.

use std::future::{Future, IntoFuture};
use std::net::IpAddr;
use std::pin::Pin;

use cognate_api::Operation;
use cognate_api::idp::op;
use cognate_crypto::secret::SecretString;
use cognate_crypto::secret_hash::secret_hash;
use serde_json::{Map, Value, json};

use crate::{ApiError, TestPool, TestUser, UserBuilder};

/// An app client to be: with every password flow and refresh, hiding which users exist, without a
/// secret.
pub struct ClientBuilder {
    pool: TestPool,
    members: Map<String, Value>,
}

/// An app client.
#[derive(Clone)]
pub struct TestClient {
    /// Its pool.
    pub pool: TestPool,
    /// Its id.
    pub id: String,
    /// Its secret, if it has one.
    pub secret: Option<String>,
}

impl ClientBuilder {
    pub(crate) fn new(pool: &TestPool) -> Self {
        let flows = [
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ];
        let builder = Self {
            pool: pool.clone(),
            members: Map::new(),
        };
        builder
            .with("UserPoolId", pool.id.as_str())
            .with("ClientName", "client")
            .flows(flows)
            .with("PreventUserExistenceErrors", "ENABLED")
    }

    /// With a member of CreateUserPoolClient.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// With a secret.
    #[must_use]
    pub fn secret(self) -> Self {
        self.with("GenerateSecret", true)
    }

    /// With these flows.
    #[must_use]
    pub fn flows<const N: usize>(self, flows: [&str; N]) -> Self {
        self.with("ExplicitAuthFlows", json!(flows.as_slice()))
    }

    /// With every flow there is, USER_AUTH too.
    #[must_use]
    pub fn user_auth(self) -> Self {
        self.flows([
            "ALLOW_USER_AUTH",
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ])
    }

    /// Telling which users exist, as older clients do.
    #[must_use]
    pub fn legacy_errors(self) -> Self {
        self.with("PreventUserExistenceErrors", "LEGACY")
    }

    /// With the attributes that its users may read.
    #[must_use]
    pub fn read<const N: usize>(self, names: [&str; N]) -> Self {
        self.with("ReadAttributes", json!(names.as_slice()))
    }

    /// With the attributes that its users may write.
    #[must_use]
    pub fn write<const N: usize>(self, names: [&str; N]) -> Self {
        self.with("WriteAttributes", json!(names.as_slice()))
    }

    /// With refresh tokens that rotate, and a span in which the one before still works.
    #[must_use]
    pub fn rotation(self, grace_seconds: u32) -> Self {
        let rotation = json!({"Feature": "ENABLED", "RetryGracePeriodSeconds": grace_seconds});
        self.flows([
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        ])
        .with("RefreshTokenRotation", rotation)
    }

    /// Tries to create it.
    ///
    /// # Errors
    /// What CreateUserPoolClient answers.
    pub async fn create(self) -> Result<TestClient, ApiError> {
        let client = self
            .pool
            .server
            .call::<op::CreateUserPoolClient>(self.members)
            .await?
            .user_pool_client
            .expect("CreateUserPoolClient tells the app client");
        Ok(TestClient {
            pool: self.pool,
            id: client.client_id.expect("an app client has an id"),
            secret: client.client_secret,
        })
    }
}

impl IntoFuture for ClientBuilder {
    type Output = TestClient;
    type IntoFuture = Pin<Box<dyn Future<Output = TestClient> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.create().await.expect("the app client is created") })
    }
}

impl TestClient {
    /// A user to be, who signs up here; await it, or say more first.
    #[must_use]
    pub fn user(&self, name: &str) -> UserBuilder {
        UserBuilder::new(self, name)
    }

    /// SECRET_HASH for a user name, if this client has a secret.
    #[must_use]
    pub fn secret_hash(&self, username: &str) -> Option<String> {
        let secret = SecretString::from(self.secret.as_deref()?);
        Some(secret_hash(&secret, username, &self.id))
    }

    /// The members that the public operations about a user name have in common, with those of one's
    /// own.
    #[must_use]
    pub fn about(&self, username: &str, own: Value) -> Value {
        let mut input = json!({"ClientId": self.id, "Username": username});
        if let Some(hash) = self.secret_hash(username) {
            input["SecretHash"] = hash.into();
        }
        merge(&mut input, own);
        input
    }

    /// What a call from an address comes to: `""`, or the error's code.
    pub async fn outcome<O: Operation>(&self, input: Value, from: impl Into<IpAddr>) -> String {
        let call = self.pool.server.prepare::<O>(input).from(from);
        let outcome = call.send().await.success();
        outcome.err().map(|error| error.code).unwrap_or_default()
    }

    /// What InitiateAuth is given.
    #[must_use]
    pub fn initiation(&self, flow: &str, parameters: &Value) -> Value {
        json!({"ClientId": self.id, "AuthFlow": flow, "AuthParameters": parameters})
    }

    /// Invites somebody with a temporary password, and the mail address `NAME@example.com`.
    pub async fn invited(&self, name: &str, password: &str) -> TestUser {
        let address = format!("{name}@example.com");
        let attributes = [("email", address.as_str())];
        self.pool.invite(name, password, &attributes).await;
        let sub = self.pool.attribute(name, "sub").await;
        TestUser {
            client: self.clone(),
            name: name.to_owned(),
            password: password.to_owned(),
            sub: sub.expect("an invited user has a sub"),
            address,
        }
    }

    /// Proves a temporary password; gives the session in which another is to be set.
    pub async fn prove_temporary(&self, username: &str, password: &str) -> String {
        let parameters = self.parameters(username, json!({"PASSWORD": password}));
        let input = self.initiation("USER_PASSWORD_AUTH", &parameters);
        let asked = self.pool.server.call::<op::InitiateAuth>(input).await;
        let session = asked.expect("the temporary password is right").session;
        session.expect("a challenge has a session")
    }

    /// What RespondToAuthChallenge is given in that session.
    #[must_use]
    pub fn new_password(&self, session: &str, username: &str, own: Value) -> Value {
        json!({
            "ClientId": self.id, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session,
            "ChallengeResponses": self.parameters(username, own),
        })
    }

    /// The parameters of a sign-in under a user name, with those of one's own.
    #[must_use]
    pub fn parameters(&self, username: &str, own: Value) -> Value {
        let mut parameters = json!({"USERNAME": username});
        if let Some(hash) = self.secret_hash(username) {
            parameters["SECRET_HASH"] = hash.into();
        }
        merge(&mut parameters, own);
        parameters
    }
}

fn merge(into: &mut Value, own: Value) {
    let (Value::Object(into), Value::Object(own)) = (into, own) else {
        panic!("members are an object")
    };
    into.extend(own);
}
