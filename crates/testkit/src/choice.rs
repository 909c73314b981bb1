//! The client's side of choice-based sign-in (USER_AUTH).

use cognate_api::idp::{
    AdminInitiateAuthResponse, AdminRespondToAuthChallengeResponse, AuthenticationResultType,
    InitiateAuthResponse, RespondToAuthChallengeResponse, op,
};
use cognate_crypto::srp::client::ClientKey;
use serde_json::{Value, json};

use crate::{ApiError, SrpExchange, TestUser, Tokens};

/// A challenge that a sign-in has come to, whichever operation answered it.
#[derive(Clone, Debug)]
pub struct Challenged {
    /// ChallengeName.
    pub name: String,
    /// Session.
    pub session: String,
    /// ChallengeParameters.
    pub parameters: std::collections::BTreeMap<String, String>,
    /// AvailableChallenges, where a choice is offered.
    pub available: Option<Vec<String>>,
}

impl TestUser {
    /// USER_AUTH with what the client prefers and sends along; it must not sign in at once.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn challenged(
        &self,
        preferred: Option<&str>,
        own: Value,
    ) -> Result<Challenged, ApiError> {
        Ok(self.begin_choice_with(preferred, own).await?.into())
    }

    /// USER_AUTH, whatever it answers.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn begin_choice_with(
        &self,
        preferred: Option<&str>,
        mut own: Value,
    ) -> Result<InitiateAuthResponse, ApiError> {
        if let Some(name) = preferred {
            own["PREFERRED_CHALLENGE"] = name.into();
        }
        let parameters = self.client.parameters(&self.name, own);
        let input = self.client.initiation("USER_AUTH", &parameters);
        let server = &self.client.pool.server;
        server.call::<op::InitiateAuth>(input).await
    }

    /// USER_AUTH with the session of ConfirmSignUp.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn go_on_from_sign_up(
        &self,
        session: &str,
    ) -> Result<InitiateAuthResponse, ApiError> {
        let parameters = self.client.parameters(&self.name, json!({}));
        let mut input = self.client.initiation("USER_AUTH", &parameters);
        input["Session"] = session.into();
        let server = &self.client.pool.server;
        server.call::<op::InitiateAuth>(input).await
    }

    /// Confirms the sign-up; gives the session that goes on from there, if there is one.
    ///
    /// # Errors
    /// What ConfirmSignUp answers.
    pub async fn confirm_for_session(&self, code: &str) -> Result<Option<String>, ApiError> {
        let input = self
            .client
            .about(&self.name, json!({"ConfirmationCode": code}));
        let server = &self.client.pool.server;
        let confirmed = server.call::<op::ConfirmSignUp>(input).await?;
        Ok(confirmed.session)
    }

    /// Answers SELECT_CHALLENGE.
    ///
    /// # Errors
    /// What RespondToAuthChallenge answers.
    pub async fn choose(
        &self,
        session: &str,
        choice: &str,
        mut own: Value,
    ) -> Result<RespondToAuthChallengeResponse, ApiError> {
        own["ANSWER"] = choice.into();
        self.respond("SELECT_CHALLENGE", session, own).await
    }

    /// USER_AUTH with PASSWORD_SRP and SRP_A.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn prefer_srp(&self) -> Result<SrpExchange, ApiError> {
        let (key, own) = self.srp_a();
        let challenge = self.challenged(Some("PASSWORD_SRP"), own).await?;
        Ok(self.exchange(key, challenge))
    }

    /// Answers a challenge with SRP_A, which begins an SRP exchange.
    ///
    /// # Errors
    /// What RespondToAuthChallenge answers.
    pub async fn answer_srp_a(
        &self,
        challenge: &str,
        session: &str,
    ) -> Result<SrpExchange, ApiError> {
        let (key, mut own) = self.srp_a();
        own["ANSWER"] = "PASSWORD_SRP".into();
        let challenge = self.respond(challenge, session, own).await?;
        Ok(self.exchange(key, challenge.into()))
    }

    fn srp_a(&self) -> (ClientKey, Value) {
        let key = ClientKey::generate(&mut self.client.pool.server.random());
        let own = json!({"SRP_A": key.public_value().to_hex()});
        (key, own)
    }

    fn exchange(&self, key: ClientKey, challenge: Challenged) -> SrpExchange {
        assert_eq!(challenge.name, "PASSWORD_VERIFIER");
        SrpExchange::of(self, key, challenge)
    }
}

impl Challenged {
    /// A parameter, which must be there.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        &self.parameters[name]
    }
}

/// The answers of sign-in operations have the same members under four names.
macro_rules! challenged {
    ($($response:ident),*) => {$(
        impl From<$response> for Challenged {
            fn from(response: $response) -> Self {
                assert!(response.authentication_result.is_none(), "tokens");
                let name = response.challenge_name.expect("a challenge");
                let available = response.available_challenges;
                let names = |names: Vec<_>| {
                    names
                        .into_iter()
                        .map(|name: cognate_api::idp::ChallengeNameType| name.as_str().to_owned())
                        .collect()
                };
                Self {
                    name: name.as_str().to_owned(),
                    session: response.session.expect("a challenge has a session"),
                    parameters: response.challenge_parameters.expect("parameters"),
                    available: available.map(names),
                }
            }
        }
    )*};
}

challenged!(
    InitiateAuthResponse,
    RespondToAuthChallengeResponse,
    AdminInitiateAuthResponse,
    AdminRespondToAuthChallengeResponse
);

impl Tokens {
    /// The tokens of an answer, which must have some.
    #[must_use]
    pub fn given(result: Option<AuthenticationResultType>) -> Self {
        Self::of(result.expect("tokens, not a challenge"))
    }
}
