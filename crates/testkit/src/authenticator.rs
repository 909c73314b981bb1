//! Authenticator apps of a test.

use cognate_api::idp::op;
use cognate_crypto::secret::SecretBytes;
use cognate_crypto::totp;
use cognate_model::Timestamp;
use serde_json::json;

use crate::{ApiError, TestServer, TestUser, Tokens, seconds};

/// An app that knows one secret.
#[derive(Clone)]
pub struct Authenticator {
    secret: SecretBytes,
}

impl Authenticator {
    /// The app that has read a secret.
    ///
    /// # Panics
    /// For what is no base32.
    #[must_use]
    pub fn of(secret_code: &str) -> Self {
        Self {
            secret: totp::from_base32(secret_code).expect("base32"),
        }
    }

    /// The code that it shows at a time.
    #[must_use]
    pub fn code_at(&self, now: Timestamp) -> String {
        let step = totp::step_of(now.seconds());
        totp::code(&self.secret, step).expose().to_owned()
    }

    /// The code that it shows now.
    #[must_use]
    pub fn code(&self, server: &TestServer) -> String {
        self.code_at(server.now())
    }
}

impl TestUser {
    /// AssociateSoftwareToken by access token.
    ///
    /// # Errors
    /// What it answers.
    pub async fn associate_app(&self, access_token: &str) -> Result<Authenticator, ApiError> {
        let input = json!({"AccessToken": access_token});
        let server = &self.client.pool.server;
        let answer = server.call::<op::AssociateSoftwareToken>(input).await?;
        let secret = answer.secret_code.expect("a secret");
        Ok(Authenticator::of(&secret))
    }

    /// VerifySoftwareToken by access token.
    ///
    /// # Errors
    /// What it answers.
    pub async fn verify_app(&self, access_token: &str, code: &str) -> Result<(), ApiError> {
        let input =
            json!({"AccessToken": access_token, "UserCode": code, "FriendlyDeviceName": "phone"});
        let server = &self.client.pool.server;
        let answer = server.call::<op::VerifySoftwareToken>(input).await?;
        assert_eq!(
            answer.status.map(|status| status.as_str().to_owned()),
            Some("SUCCESS".to_owned())
        );
        Ok(())
    }

    /// An app that is the user's second factor, and preferred.
    pub async fn with_app(&self, access_token: &str) -> Authenticator {
        let app = self.associate_app(access_token).await;
        let app = app.expect("an app is associated");
        let code = app.code(&self.client.pool.server);
        let verified = self.verify_app(access_token, &code).await;
        verified.expect("the code is right");
        let preference =
            json!({"SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}});
        let preferred = self.prefer(access_token, preference).await;
        preferred.expect("the app is preferred");
        app
    }

    /// A session by the password alone, of a user who has an app by then, which is asked for from
    /// now on. What came before the app does not count beside it.
    pub async fn session_beside_app(&self) -> (Authenticator, Tokens) {
        let server = &self.client.pool.server;
        let first = self.sign_in().await.expect("the user signs in");
        let app = self.associate_app(&first.access).await;
        let app = app.expect("an app is associated");
        let code = app.code(server);
        let verified = self.verify_app(&first.access, &code).await;
        verified.expect("the code is right");
        server.advance(seconds(1));
        let tokens = self.sign_in().await.expect("the user signs in again");
        let on = json!({"SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}});
        let preferred = self.prefer(&tokens.access, on).await;
        preferred.expect("the app is preferred");
        (app, tokens)
    }

    /// SetUserMFAPreference.
    ///
    /// # Errors
    /// What it answers.
    pub async fn prefer(
        &self,
        access_token: &str,
        mut preference: serde_json::Value,
    ) -> Result<(), ApiError> {
        preference["AccessToken"] = json!(access_token);
        let server = &self.client.pool.server;
        server
            .call::<op::SetUserMFAPreference>(preference)
            .await
            .map(drop)
    }

    /// RespondToAuthChallenge.
    ///
    /// # Errors
    /// What it answers.
    pub async fn respond(
        &self,
        challenge: &str,
        session: &str,
        responses: serde_json::Value,
    ) -> Result<cognate_api::idp::RespondToAuthChallengeResponse, ApiError> {
        let responses = self.client.parameters(&self.name, responses);
        let input = json!({
            "ClientId": self.client.id, "ChallengeName": challenge, "Session": session,
            "ChallengeResponses": responses,
        });
        let server = &self.client.pool.server;
        server.call::<op::RespondToAuthChallenge>(input).await
    }
}
