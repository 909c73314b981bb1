//! A server with users in every state, and what is said there.

use std::collections::{BTreeMap, BTreeSet};

use cognate_api::Operation;
use cognate_outbound::{Mailer, Outbound, SmsSender};
use cognate_testkit::{TestClient, TestPool, TestServer, TestUser, Tokens};
use serde_json::{Value, json};

pub(super) const NEW: &str = "Another-Horse-2";
pub(super) const TEMPORARY: &str = "Temporary-1!";

/// A server with users in every state, and what has been provoked there.
pub(super) struct World {
    pub(super) server: TestServer,
    /// Sends nothing.
    pub(super) silent: TestServer,
    pub(super) pool: TestPool,
    pub(super) client: TestClient,
    pub(super) ana: TestUser,
    pub(super) tokens: Tokens,
    pub(super) seen: BTreeSet<(&'static str, String)>,
    /// One good input of each operation.
    pub(super) good: BTreeMap<&'static str, Value>,
}

impl World {
    pub(super) async fn new() -> Self {
        let server = TestServer::start().await;
        let silent = server.node_with(Outbound {
            mail: Mailer::None,
            sms: SmsSender::None,
            triggers: cognate_outbound::Triggers::None,
        });
        let pool = server.pool().aliases(["email", "preferred_username"]).await;
        let client = pool.client().legacy_errors().await;
        let ana = client.user("ana").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        ana.update(&tokens.access, &[("preferred_username", "queen")])
            .await
            .unwrap();
        Self {
            server,
            silent,
            pool,
            client,
            ana,
            tokens,
            seen: BTreeSet::new(),
            good: BTreeMap::new(),
        }
    }

    pub(super) async fn says<O: Operation>(&mut self, code: &str, input: Value) {
        let server = self.server.clone();
        self.says_at::<O>(&server, code, input).await;
    }

    pub(super) async fn says_at<O: Operation>(
        &mut self,
        server: &TestServer,
        code: &str,
        input: Value,
    ) {
        let error = server.prepare::<O>(&input).send().await.error();
        assert_eq!(
            error.code,
            code,
            "{}: {} for {input}",
            O::NAME,
            error.message
        );
        self.seen.insert((O::NAME, code.to_owned()));
    }

    /// An input about a user of the pool, which is good.
    pub(super) fn about(&self, username: &str, own: Value) -> Value {
        with(
            json!({"UserPoolId": self.pool.id, "Username": username}),
            own,
        )
    }

    /// The refusals that operations on a user of a pool have in common; keeps the good input.
    pub(super) async fn admin<O: Operation>(&mut self, own: Value) {
        let nobody = self.about("nobody", own.clone());
        self.says::<O>("UserNotFoundException", nobody).await;
        self.in_pool::<O>(with(json!({"Username": "ana"}), own))
            .await;
    }

    pub(super) async fn in_pool<O: Operation>(&mut self, own: Value) {
        self.says::<O>(
            "ResourceNotFoundException",
            with(json!({"UserPoolId": "us-east-1_nobody123"}), own.clone()),
        )
        .await;
        self.good
            .insert(O::NAME, with(json!({"UserPoolId": self.pool.id}), own));
    }

    /// The refusals that operations on a pool's tags have in common.
    pub(super) async fn in_arn<O: Operation>(&mut self, own: Value) {
        let nobody = self
            .pool
            .arn()
            .replace(&self.pool.id, "us-east-1_nobody123");
        self.says::<O>(
            "ResourceNotFoundException",
            with(json!({"ResourceArn": nobody}), own.clone()),
        )
        .await;
        self.good
            .insert(O::NAME, with(json!({"ResourceArn": self.pool.arn()}), own));
    }

    /// The refusals that operations of an app client have in common.
    pub(super) async fn at_client<O: Operation>(&mut self, own: Value) {
        let gone = json!({"ClientId": "0123456789abcdefghijklmnop"});
        self.says::<O>("ResourceNotFoundException", with(gone, own.clone()))
            .await;
        self.good
            .insert(O::NAME, with(json!({"ClientId": self.client.id}), own));
    }

    /// The refusals that operations with an access token have in common.
    pub(super) async fn by_token<O: Operation>(&mut self, own: Value) {
        self.says::<O>(
            "NotAuthorizedException",
            with(json!({"AccessToken": self.tokens.id}), own.clone()),
        )
        .await;
        self.good.insert(
            O::NAME,
            with(json!({"AccessToken": self.tokens.access}), own),
        );
    }

    pub(super) fn flow(&self, username: &str, password: &str) -> Value {
        let parameters = json!({"USERNAME": username, "PASSWORD": password});
        self.client.initiation("USER_PASSWORD_AUTH", &parameters)
    }

    pub(super) fn operators(&self, input: Value) -> Value {
        with(json!({"UserPoolId": self.pool.id}), input)
    }

    /// A user who was invited, and the session that waits for their new password.
    pub(super) async fn challenged(&self, name: &str) -> (TestUser, String) {
        self.pool.invite(name, TEMPORARY, &[]).await;
        let user = TestUser {
            name: name.to_owned(),
            password: TEMPORARY.to_owned(),
            ..self.ana.clone()
        };
        let session = user
            .initiate_with_password()
            .await
            .unwrap()
            .session
            .unwrap();
        (user, session)
    }
}

pub(super) fn with(mut input: Value, own: Value) -> Value {
    let Value::Object(own) = own else {
        panic!("an object")
    };
    input.as_object_mut().unwrap().extend(own);
    input
}

pub(super) fn without_client(input: &serde_json::Map<String, Value>) -> Value {
    input
        .iter()
        .filter(|(name, _)| *name != "ClientId")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
