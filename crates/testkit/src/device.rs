//! Devices of a test: the program that keeps a device's secret, as the libraries do.

use std::collections::BTreeMap;

use cognate_api::idp::{ConfirmDeviceResponse, RespondToAuthChallengeResponse, op};
use cognate_crypto::digest::{base64_decode, base64_encode};
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp::client::ClientKey;
use cognate_crypto::srp::{claim_signature, verifier};
use serde_json::{Value, json};

use crate::srp::claim_timestamp;
use crate::{ApiError, SrpExchange, TestUser, Tokens};

/// The salt of every device here, which needs a zero byte before it.
const SALT: [u8; 16] = [0x8f; 16];

/// A device and its secret.
#[derive(Clone)]
pub struct TestDevice {
    /// Whose it is.
    pub user: TestUser,
    /// DeviceKey.
    pub key: String,
    /// DeviceGroupKey.
    pub group_key: String,
    /// What the device has drawn for itself.
    pub secret: String,
}

/// A device's exchange whose challenge has come.
#[derive(Clone)]
pub struct DeviceExchange {
    /// The device.
    pub device: TestDevice,
    /// The session string.
    pub session: Option<String>,
    /// The challenge's parameters.
    pub parameters: BTreeMap<String, String>,
    key: ClientKey,
}

/// An answer, to be sent as it is or changed first.
#[derive(Clone)]
pub struct DeviceAnswer {
    /// The device.
    pub device: TestDevice,
    /// What RespondToAuthChallenge is given.
    pub input: Value,
}

impl TestUser {
    /// The device that a sign-in was given a key for, not confirmed yet.
    #[must_use]
    pub fn new_device(&self, tokens: &Tokens) -> TestDevice {
        let (key, group_key) = tokens.new_device.clone().expect("a new device");
        TestDevice {
            user: self.clone(),
            secret: format!("the secret of {key}"),
            key,
            group_key,
        }
    }

    /// Signs in by password on a new device, and confirms it.
    pub async fn device(&self) -> (TestDevice, Tokens) {
        let tokens = self.sign_in().await.expect("the user signs in");
        let device = self.new_device(&tokens);
        device
            .confirm(&tokens.access)
            .await
            .expect("it is confirmed");
        (device, tokens)
    }
}

impl TestDevice {
    /// DeviceSecretVerifierConfig: signed numbers, as the libraries send them.
    #[must_use]
    pub fn verifier_config(&self) -> Value {
        let secret = SecretString::from(self.secret.as_str());
        let verifier = verifier(&self.group_key, &self.key, &secret, &SALT);
        let signed = |bytes: &[u8]| base64_encode(&[&[0], bytes].concat());
        json!({"Salt": signed(&SALT), "PasswordVerifier": signed(verifier.expose())})
    }

    /// What ConfirmDevice is given.
    #[must_use]
    pub fn confirmation(&self, access_token: &str) -> Value {
        json!({
            "AccessToken": access_token, "DeviceKey": self.key, "DeviceName": "phone",
            "DeviceSecretVerifierConfig": self.verifier_config(),
        })
    }

    /// ConfirmDevice.
    ///
    /// # Errors
    /// What it answers.
    pub async fn confirm(&self, access_token: &str) -> Result<ConfirmDeviceResponse, ApiError> {
        let server = &self.user.client.pool.server;
        let input = self.confirmation(access_token);
        server.call::<op::ConfirmDevice>(input).await
    }

    /// The password of its user in USER_PASSWORD_AUTH, with its key.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn initiate(&self) -> Result<cognate_api::idp::InitiateAuthResponse, ApiError> {
        let client = &self.user.client;
        let own = json!({"PASSWORD": self.user.password, "DEVICE_KEY": self.key});
        let parameters = client.parameters(&self.user.name, own);
        let input = client.initiation("USER_PASSWORD_AUTH", &parameters);
        client.pool.server.call::<op::InitiateAuth>(input).await
    }

    /// Signs in: the user by password, then the device.
    ///
    /// # Errors
    /// What any of the calls answers.
    pub async fn sign_in(&self) -> Result<Tokens, ApiError> {
        let asked = self.initiate().await?;
        assert_eq!(
            asked.challenge_name.expect("a challenge").as_str(),
            "DEVICE_SRP_AUTH"
        );
        let exchange = self.begin(asked.session.as_deref()).await?;
        exchange.answer().tokens().await
    }

    /// Answers DEVICE_SRP_AUTH with a value of its own.
    ///
    /// # Errors
    /// What RespondToAuthChallenge answers.
    pub async fn begin(&self, session: Option<&str>) -> Result<DeviceExchange, ApiError> {
        let server = &self.user.client.pool.server;
        self.begin_with(session, ClientKey::generate(&mut server.random()))
            .await
    }

    /// Answers DEVICE_SRP_AUTH as pycognito does: without a session, and with the SRP_A of the
    /// password.
    ///
    /// # Errors
    /// What RespondToAuthChallenge answers.
    pub async fn begin_after(&self, password: &SrpExchange) -> Result<DeviceExchange, ApiError> {
        self.begin_with(None, password.key.clone()).await
    }

    async fn begin_with(
        &self,
        session: Option<&str>,
        key: ClientKey,
    ) -> Result<DeviceExchange, ApiError> {
        let own = json!({"DEVICE_KEY": self.key, "SRP_A": key.public_value().to_hex()});
        let answer = self.answer("DEVICE_SRP_AUTH", session, own).send().await?;
        let name = answer.challenge_name.expect("another challenge");
        assert_eq!(name.as_str(), "DEVICE_PASSWORD_VERIFIER");
        Ok(DeviceExchange {
            device: self.clone(),
            session: answer.session,
            parameters: answer.challenge_parameters.expect("with parameters"),
            key,
        })
    }

    fn answer(&self, challenge: &str, session: Option<&str>, own: Value) -> DeviceAnswer {
        let client = &self.user.client;
        let mut input = json!({
            "ClientId": client.id, "ChallengeName": challenge,
            "ChallengeResponses": client.parameters(&self.user.name, own),
        });
        if let Some(session) = session {
            input["Session"] = session.into();
        }
        DeviceAnswer {
            device: self.clone(),
            input,
        }
    }

    /// Refreshes with its key by REFRESH_TOKEN_AUTH.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn refresh(&self, token: &str) -> Result<Tokens, ApiError> {
        let key = Value::from(self.key.as_str());
        self.user.refresh_on(token, &key).await
    }
}

impl TestUser {
    /// Refreshes by REFRESH_TOKEN_AUTH with a DEVICE_KEY.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn refresh_on(&self, token: &str, device_key: &Value) -> Result<Tokens, ApiError> {
        let mut parameters = json!({"REFRESH_TOKEN": token, "DEVICE_KEY": device_key});
        if let Some(hash) = self.client.secret_hash(&self.sub) {
            parameters["SECRET_HASH"] = hash.into();
        }
        let input = self.client.initiation("REFRESH_TOKEN_AUTH", &parameters);
        let answer = self
            .client
            .pool
            .server
            .call::<op::InitiateAuth>(input)
            .await?;
        Ok(Tokens::of(
            answer
                .authentication_result
                .expect("a refresh gives tokens"),
        ))
    }
}

impl DeviceExchange {
    /// The right answer, now.
    #[must_use]
    pub fn answer(&self) -> DeviceAnswer {
        let TestDevice {
            key,
            group_key,
            secret,
            ..
        } = &self.device;
        let timestamp = claim_timestamp(self.device.user.client.pool.server.now());
        let secret = SecretString::from(secret.as_str());
        let (salt, public) = (&self.parameters["SALT"], &self.parameters["SRP_B"]);
        let session_key = self.key.session_key(salt, public, group_key, key, &secret);
        let session_key = session_key.expect("the server's SALT and SRP_B are numbers");
        let block = &self.parameters["SECRET_BLOCK"];
        let bytes = base64_decode(block).expect("a secret block is base64");
        let signature = claim_signature(&session_key, group_key, key, &bytes, &timestamp);
        let own = json!({
            "DEVICE_KEY": key, "TIMESTAMP": timestamp, "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": base64_encode(&signature),
        });
        let session = self.session.as_deref();
        self.device.answer("DEVICE_PASSWORD_VERIFIER", session, own)
    }
}

impl DeviceAnswer {
    /// With another response.
    #[must_use]
    pub fn response(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.input["ChallengeResponses"][name] = value.into();
        self
    }

    /// Without the session string.
    #[must_use]
    pub fn without_session(mut self) -> Self {
        let members = self.input.as_object_mut().expect("an object");
        members.remove("Session");
        self
    }

    /// At another node.
    #[must_use]
    pub fn at(mut self, server: &crate::TestServer) -> Self {
        self.device.user.client.pool.server = server.clone();
        self
    }

    /// Sends it.
    ///
    /// # Errors
    /// What RespondToAuthChallenge answers.
    pub async fn send(&self) -> Result<RespondToAuthChallengeResponse, ApiError> {
        let server = &self.device.user.client.pool.server;
        server
            .call::<op::RespondToAuthChallenge>(self.input.clone())
            .await
    }

    /// Sends it for tokens.
    ///
    /// # Errors
    /// What RespondToAuthChallenge answers.
    pub async fn tokens(&self) -> Result<Tokens, ApiError> {
        let result = self.send().await?.authentication_result;
        Ok(Tokens::of(result.expect("tokens, not another challenge")))
    }
}
