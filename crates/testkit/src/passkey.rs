//! A passkey in software, with the browser that uses it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use cognate_api::idp::{InitiateAuthResponse, op};
use cognate_crypto::digest::{base64url_decode, base64url_encode};
use cognate_crypto::webauthn::authenticator::{Asked, Authenticator, Sign, bytes, integer, map};
use serde_json::{Value, json};

use crate::{ApiError, TestUser, Tokens};

/// Where pages of tests are.
const ORIGIN: &str = "https://example.com";

/// A passkey in software. It answers whatever options it is given, where a browser would refuse.
pub struct TestPasskey {
    /// The authenticator, whose counter, flags and id a test may change.
    pub authenticator: Authenticator,
    /// The origin of the page that uses it.
    pub origin: String,
    /// For which relying party it answers in place of the one in the options.
    pub relying_party_id: Option<String>,
    /// Which challenge it answers in place of the one in the options.
    pub challenge: Option<Vec<u8>>,
    /// What the browser says of its transports.
    pub transports: Vec<String>,
    /// The user that its options named when it was made.
    pub user_handle: Option<String>,
}

impl TestPasskey {
    /// One that signs with ECDSA, as most do.
    #[must_use]
    pub fn es256() -> Self {
        Self::with(Authenticator::es256().expect("a key is generated"))
    }

    /// One that signs with RSA. All of them have the same key.
    #[must_use]
    pub fn rs256() -> Self {
        let der = include_bytes!("../signing_keys/01.der");
        let pair = Arc::new(RsaKeyPair::from_pkcs8(der).expect("the file is a key"));
        let public = pair.public_key();
        let cose = map([
            (integer(1), integer(3)),
            (integer(3), integer(-257)),
            (
                integer(-1),
                bytes(public.modulus().big_endian_without_leading_zero()),
            ),
            (
                integer(-2),
                bytes(public.exponent().big_endian_without_leading_zero()),
            ),
        ]);
        let sign = move |message: &[u8]| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .expect("a message is signed");
            signature
        };
        Self::of(cose, Box::new(sign))
    }

    /// One that signs with Ed25519.
    #[must_use]
    pub fn eddsa() -> Self {
        let seed = random::<32>();
        Self::with(Authenticator::ed25519(&seed).expect("a seed makes a key"))
    }

    fn of(cose: Vec<u8>, sign: Sign) -> Self {
        Self::with(Authenticator::new(random::<16>().to_vec(), cose, sign))
    }

    fn with(authenticator: Authenticator) -> Self {
        Self {
            authenticator,
            origin: ORIGIN.to_owned(),
            relying_party_id: None,
            challenge: None,
            transports: vec!["internal".to_owned()],
            user_handle: None,
        }
    }

    /// At a page of another origin.
    #[must_use]
    pub fn at(mut self, origin: &str) -> Self {
        origin.clone_into(&mut self.origin);
        self
    }

    /// Its credential's id, as JSON has it.
    #[must_use]
    pub fn id(&self) -> String {
        base64url_encode(&self.authenticator.credential_id)
    }

    /// What `navigator.credentials.create` gives for such options, as JSON
    /// (RegistrationResponseJSON).
    #[must_use]
    pub fn register(&mut self, options: &Value) -> Value {
        let relying_party = self.relying_party(&options["rp"]["id"]);
        let challenge = self.challenge(options);
        let made = self.authenticator.register(&Asked {
            challenge: &challenge,
            relying_party_id: &relying_party,
            origin: &self.origin,
        });
        self.user_handle = options["user"]["id"].as_str().map(str::to_owned);
        json!({
            "id": self.id(),
            "rawId": self.id(),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url_encode(&made.client_data),
                "attestationObject": base64url_encode(&made.attestation_object),
                "transports": self.transports,
            },
        })
    }

    /// What `navigator.credentials.get` gives for such options, as JSON
    /// (AuthenticationResponseJSON).
    #[must_use]
    pub fn sign_in(&mut self, options: &Value) -> Value {
        let relying_party = self.relying_party(&options["rpId"]);
        let challenge = self.challenge(options);
        let signed = self.authenticator.sign_in(&Asked {
            challenge: &challenge,
            relying_party_id: &relying_party,
            origin: &self.origin,
        });
        let mut response = json!({
            "clientDataJSON": base64url_encode(&signed.client_data),
            "authenticatorData": base64url_encode(&signed.authenticator_data),
            "signature": base64url_encode(&signed.signature),
        });
        if let Some(handle) = &self.user_handle {
            response["userHandle"] = json!(handle);
        }
        json!({
            "id": self.id(),
            "rawId": self.id(),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        })
    }

    fn relying_party(&self, asked: &Value) -> String {
        let own = self.relying_party_id.clone();
        own.unwrap_or_else(|| asked.as_str().unwrap_or_default().to_owned())
    }

    fn challenge(&self, options: &Value) -> Vec<u8> {
        let asked = || {
            let text = options["challenge"].as_str().unwrap_or_default();
            base64url_decode(text).expect("a challenge is base64url")
        };
        self.challenge.clone().unwrap_or_else(asked)
    }
}

impl TestUser {
    /// The options of a new passkey.
    ///
    /// # Errors
    /// What StartWebAuthnRegistration answers.
    pub async fn passkey_options(&self, access_token: &str) -> Result<Value, ApiError> {
        let input = json!({"AccessToken": access_token});
        let server = &self.client.pool.server;
        let started = server.call::<op::StartWebAuthnRegistration>(input).await?;
        Ok(started.credential_creation_options)
    }

    /// Hands in what an authenticator has made.
    ///
    /// # Errors
    /// What CompleteWebAuthnRegistration answers.
    pub async fn complete_passkey(
        &self,
        access_token: &str,
        credential: Value,
    ) -> Result<(), ApiError> {
        let input = json!({"AccessToken": access_token, "Credential": credential});
        let server = &self.client.pool.server;
        let completed = server.call::<op::CompleteWebAuthnRegistration>(input);
        completed.await.map(drop)
    }

    /// Registers a passkey.
    ///
    /// # Errors
    /// What either operation answers.
    pub async fn add_passkey(
        &self,
        access_token: &str,
        passkey: &mut TestPasskey,
    ) -> Result<(), ApiError> {
        let options = self.passkey_options(access_token).await?;
        let credential = passkey.register(&options);
        self.complete_passkey(access_token, credential).await
    }

    /// USER_AUTH with a preferred challenge, or with none; whatever it answers.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn begin_choice(
        &self,
        preferred: Option<&str>,
    ) -> Result<InitiateAuthResponse, ApiError> {
        let own = preferred.map_or(json!({}), |name| json!({"PREFERRED_CHALLENGE": name}));
        let parameters = self.client.parameters(&self.name, own);
        let input = self.client.initiation("USER_AUTH", &parameters);
        let server = &self.client.pool.server;
        server.call::<op::InitiateAuth>(input).await
    }

    /// The session and the request options of a sign-in with a passkey.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn begin_passkey(&self) -> Result<(String, Value), ApiError> {
        let asked = self.begin_choice(Some("WEB_AUTHN")).await?;
        Ok(passkey_challenge(asked.session, asked.challenge_parameters))
    }

    /// Answers WEB_AUTHN.
    ///
    /// # Errors
    /// What RespondToAuthChallenge answers.
    pub async fn answer_passkey(
        &self,
        session: &str,
        credential: &Value,
    ) -> Result<Tokens, ApiError> {
        let own = json!({"CREDENTIAL": credential.to_string()});
        let input = json!({
            "ClientId": self.client.id, "ChallengeName": "WEB_AUTHN", "Session": session,
            "ChallengeResponses": self.client.parameters(&self.name, own),
        });
        let server = &self.client.pool.server;
        let answered = server.call::<op::RespondToAuthChallenge>(input).await?;
        let tokens = answered.authentication_result;
        Ok(Tokens::of(tokens.expect("tokens, not a challenge")))
    }

    /// Signs in with a passkey.
    ///
    /// # Errors
    /// What either operation answers.
    pub async fn sign_in_with(&self, passkey: &mut TestPasskey) -> Result<Tokens, ApiError> {
        let (session, options) = self.begin_passkey().await?;
        let credential = passkey.sign_in(&options);
        self.answer_passkey(&session, &credential).await
    }
}

/// The session of a challenge WEB_AUTHN, and its options.
fn passkey_challenge(
    session: Option<String>,
    parameters: Option<BTreeMap<String, String>>,
) -> (String, Value) {
    let parameters = parameters.expect("a challenge has parameters");
    let options = parameters.get("CREDENTIAL_REQUEST_OPTIONS");
    let options = options.expect("a passkey is asked for");
    let options = serde_json::from_str(options).expect("options are JSON");
    (session.expect("a challenge has a session"), options)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    bytes
}
