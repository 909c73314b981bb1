//! The client's side of USER_SRP_AUTH, step by step, so that a test can do each of them wrong.

use std::collections::BTreeMap;

use cognate_api::idp::{RespondToAuthChallengeResponse, op};
use cognate_crypto::digest::{base64_decode, base64_encode};
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp::claim_signature;
use cognate_crypto::srp::client::ClientKey;
use cognate_model::Timestamp;
use serde_json::{Value, json};

use crate::{ApiError, Challenged, TestClient, TestUser, Tokens};

/// An exchange whose challenge has come.
#[derive(Clone)]
pub struct SrpExchange {
    /// The app client.
    pub client: TestClient,
    /// The name that was signed in with.
    pub name: String,
    /// The session string.
    pub session: String,
    /// The challenge's parameters.
    pub parameters: BTreeMap<String, String>,
    pub(crate) key: ClientKey,
}

/// An answer to the challenge, to be sent as it is or changed first.
#[derive(Clone)]
pub struct SrpAnswer {
    /// The app client that it is sent through.
    pub client: TestClient,
    /// The session string; some clients send none.
    pub session: Option<String>,
    /// The responses.
    pub responses: BTreeMap<String, String>,
}

impl TestClient {
    /// Begins an SRP sign-in.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn begin_srp(&self, name: &str) -> Result<SrpExchange, ApiError> {
        let key = ClientKey::generate(&mut self.pool.server.random());
        self.begin_srp_with("USER_SRP_AUTH", name, key).await
    }

    /// Begins a flow with SRP: USER_SRP_AUTH, or CUSTOM_AUTH, which is told so.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn begin_srp_in(&self, flow: &str, name: &str) -> Result<SrpExchange, ApiError> {
        let key = ClientKey::generate(&mut self.pool.server.random());
        self.begin_srp_with(flow, name, key).await
    }

    async fn begin_srp_with(
        &self,
        flow: &str,
        name: &str,
        key: ClientKey,
    ) -> Result<SrpExchange, ApiError> {
        let server = &self.pool.server;
        let public = key.public_value().to_hex();
        let own = json!({"SRP_A": public, "CHALLENGE_NAME": "SRP_A"});
        let input = self.initiation(flow, &self.parameters(name, own));
        let answer = server.call::<op::InitiateAuth>(input).await?;
        let challenge = answer.challenge_name.expect("a challenge, not tokens");
        assert_eq!(challenge.as_str(), "PASSWORD_VERIFIER");
        Ok(SrpExchange {
            client: self.clone(),
            name: name.to_owned(),
            session: answer.session.expect("a challenge has a session"),
            parameters: answer
                .challenge_parameters
                .expect("a challenge has parameters"),
            key,
        })
    }
}

impl SrpExchange {
    /// The exchange of a challenge that was come to in another way than by USER_SRP_AUTH.
    pub(crate) fn of(user: &TestUser, key: ClientKey, challenge: Challenged) -> Self {
        Self {
            client: user.client.clone(),
            name: user.name.clone(),
            session: challenge.session,
            parameters: challenge.parameters,
            key,
        }
    }

    /// Begins anew with the same value.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn again(&self) -> Result<Self, ApiError> {
        self.client
            .begin_srp_with("USER_SRP_AUTH", &self.name, self.key.clone())
            .await
    }

    /// A parameter of the challenge.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        &self.parameters[name]
    }

    /// The right answer for a password, now.
    #[must_use]
    pub fn answer(&self, password: &str) -> SrpAnswer {
        self.answer_at(password, self.client.pool.server.now())
    }

    /// The answer with the timestamp of another time.
    #[must_use]
    pub fn answer_at(&self, password: &str, at: Timestamp) -> SrpAnswer {
        let timestamp = claim_timestamp(at);
        let (_, pool_name) = self
            .client
            .pool
            .id
            .split_once('_')
            .expect("a pool's id has a region");
        let user_id = self.parameter("USER_ID_FOR_SRP");
        let password = SecretString::from(password);
        let key = self
            .key
            .session_key(
                self.parameter("SALT"),
                self.parameter("SRP_B"),
                pool_name,
                user_id,
                &password,
            )
            .expect("the server's SALT and SRP_B are numbers");
        let block =
            base64_decode(self.parameter("SECRET_BLOCK")).expect("a secret block is base64");
        let signature = claim_signature(&key, pool_name, user_id, &block, &timestamp);
        let mut responses = BTreeMap::from([
            // As the libraries do: what the challenge calls the user is what the answer calls them.
            ("USERNAME".to_owned(), self.parameter("USERNAME").to_owned()),
            (
                "PASSWORD_CLAIM_SECRET_BLOCK".to_owned(),
                self.parameter("SECRET_BLOCK").to_owned(),
            ),
            (
                "PASSWORD_CLAIM_SIGNATURE".to_owned(),
                base64_encode(&signature),
            ),
            ("TIMESTAMP".to_owned(), timestamp),
        ]);
        if let Some(hash) = self.client.secret_hash(self.parameter("USERNAME")) {
            responses.insert("SECRET_HASH".to_owned(), hash);
        }
        SrpAnswer {
            client: self.client.clone(),
            session: Some(self.session.clone()),
            responses,
        }
    }
}

impl SrpAnswer {
    /// Without the session string.
    #[must_use]
    pub fn without_session(mut self) -> Self {
        self.session = None;
        self
    }

    /// With another session string.
    #[must_use]
    pub fn session(mut self, session: &str) -> Self {
        self.session = Some(session.to_owned());
        self
    }

    /// With another response.
    #[must_use]
    pub fn response(mut self, name: &str, value: &str) -> Self {
        self.responses.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Through another app client.
    #[must_use]
    pub fn through(mut self, client: &TestClient) -> Self {
        self.client = client.clone();
        self
    }

    /// What RespondToAuthChallenge is given.
    #[must_use]
    pub fn input(&self) -> Value {
        let mut input = json!({"ClientId": self.client.id, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": self.responses});
        if let Some(session) = &self.session {
            input["Session"] = session.as_str().into();
        }
        input
    }

    /// Sends it.
    ///
    /// # Errors
    /// What RespondToAuthChallenge answers.
    pub async fn send(&self) -> Result<RespondToAuthChallengeResponse, ApiError> {
        self.client
            .pool
            .server
            .call::<op::RespondToAuthChallenge>(self.input())
            .await
    }

    /// Sends it for tokens.
    ///
    /// # Errors
    /// What RespondToAuthChallenge answers.
    pub async fn tokens(&self) -> Result<Tokens, ApiError> {
        Ok(Tokens::of(
            self.send()
                .await?
                .authentication_result
                .expect("tokens, not another challenge"),
        ))
    }
}

/// A time as PASSWORD_VERIFIER wants it: `Tue Sep 5 18:20:05 UTC 2017`.
pub(crate) fn claim_timestamp(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0)
        .expect("a test's clock stays within jiff's years")
        .to_zoned(jiff::tz::TimeZone::UTC);
    at.strftime("%a %b %-d %H:%M:%S UTC %Y").to_string()
}
