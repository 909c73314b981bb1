//! Users of a test.

use std::collections::BTreeMap;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use cognate_api::idp::{
    AdminInitiateAuthResponse, GetUserResponse, InitiateAuthResponse, SignUpResponse, op,
};
use serde_json::{Value, json};

use crate::{ApiError, PASSWORD, SrpExchange, TestClient, Tokens};

/// A user to be: with [`PASSWORD`] and the address `{name}@example.com`, not confirmed.
pub struct UserBuilder {
    client: TestClient,
    name: String,
    password: String,
    attributes: BTreeMap<String, String>,
    confirmed: bool,
}

/// A user who has signed up.
#[derive(Clone)]
pub struct TestUser {
    /// The app client that they use.
    pub client: TestClient,
    /// The name that they signed up with.
    pub name: String,
    /// Their password, as the test knows it.
    pub password: String,
    /// Their sub.
    pub sub: String,
    /// Where their codes go.
    pub address: String,
}

impl UserBuilder {
    pub(crate) fn new(client: &TestClient, name: &str) -> Self {
        let email = if name.contains('@') {
            name.to_owned()
        } else {
            format!("{name}@example.com")
        };
        Self {
            client: client.clone(),
            name: name.to_owned(),
            password: PASSWORD.to_owned(),
            attributes: BTreeMap::from([("email".to_owned(), email)]),
            confirmed: false,
        }
    }

    /// With a password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    /// With a mail address.
    #[must_use]
    pub fn email(self, address: &str) -> Self {
        self.attribute("email", address)
    }

    /// With a phone number and no mail address.
    #[must_use]
    pub fn phone_only(mut self, number: &str) -> Self {
        self.attributes.remove("email");
        self.attribute("phone_number", number)
    }

    /// Without an address.
    #[must_use]
    pub fn without_address(mut self) -> Self {
        self.attributes.remove("email");
        self
    }

    /// With an attribute.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Confirmed: by the code that was sent, or by an operator where none is.
    #[must_use]
    pub fn confirmed(mut self) -> Self {
        self.confirmed = true;
        self
    }

    /// What SignUp is given.
    #[must_use]
    pub fn input(&self) -> Value {
        let attributes: Vec<_> = self
            .attributes
            .iter()
            .map(|(name, value)| json!({"Name": name, "Value": value}))
            .collect();
        self.client.about(
            &self.name,
            json!({"Password": self.password, "UserAttributes": attributes}),
        )
    }

    /// Tries to sign up, and does no more.
    ///
    /// # Errors
    /// What SignUp answers.
    pub async fn sign_up(&self) -> Result<SignUpResponse, ApiError> {
        self.client
            .pool
            .server
            .call::<op::SignUp>(self.input())
            .await
    }

    async fn make(self) -> TestUser {
        let answer = self.sign_up().await.expect("the user signs up");
        let address = self
            .attributes
            .get("phone_number")
            .or_else(|| self.attributes.get("email"))
            .cloned()
            .unwrap_or_default();
        let user = TestUser {
            client: self.client,
            name: self.name,
            password: self.password,
            sub: answer.user_sub,
            address,
        };
        if self.confirmed && answer.code_delivery_details.is_some() {
            let code = user.last_code().await;
            user.confirm(&code).await.expect("the code confirms");
        } else if self.confirmed {
            let pool = &user.client.pool;
            let input = json!({"UserPoolId": pool.id, "Username": user.name});
            pool.server
                .call::<op::AdminConfirmSignUp>(input)
                .await
                .expect("an operator confirms");
        }
        user
    }
}

impl IntoFuture for UserBuilder {
    type Output = TestUser;
    type IntoFuture = Pin<Box<dyn Future<Output = TestUser> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.make())
    }
}

impl TestUser {
    /// The same user through another app client of their pool.
    #[must_use]
    pub fn at(&self, client: &TestClient) -> Self {
        Self {
            client: client.clone(),
            ..self.clone()
        }
    }

    /// The same user, who believes in another password.
    #[must_use]
    pub fn with_password(&self, password: &str) -> Self {
        Self {
            password: password.to_owned(),
            ..self.clone()
        }
    }

    /// The same user under another of their names.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self.clone()
        }
    }

    /// The newest code that was sent to them.
    pub async fn last_code(&self) -> String {
        self.client
            .pool
            .server
            .mailbox(&self.address)
            .await
            .last_code()
    }

    /// Confirms the sign-up.
    ///
    /// # Errors
    /// What ConfirmSignUp answers.
    pub async fn confirm(&self, code: &str) -> Result<(), ApiError> {
        let input = self.about(json!({"ConfirmationCode": code}));
        self.client
            .pool
            .server
            .call::<op::ConfirmSignUp>(input)
            .await
            .map(drop)
    }

    /// Asks for another code to confirm the sign-up.
    ///
    /// # Errors
    /// What ResendConfirmationCode answers.
    pub async fn resend(&self) -> Result<(), ApiError> {
        self.client
            .pool
            .server
            .call::<op::ResendConfirmationCode>(self.about(json!({})))
            .await
            .map(drop)
    }

    /// Signs in by SRP.
    ///
    /// # Errors
    /// What either call answers.
    pub async fn sign_in_srp(&self) -> Result<Tokens, ApiError> {
        self.begin_srp()
            .await?
            .answer(&self.password)
            .tokens()
            .await
    }

    /// Begins an SRP sign-in.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn begin_srp(&self) -> Result<SrpExchange, ApiError> {
        self.client.begin_srp(&self.name).await
    }

    /// USER_PASSWORD_AUTH, whatever it answers.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn initiate_with_password(&self) -> Result<InitiateAuthResponse, ApiError> {
        let parameters = self
            .client
            .parameters(&self.name, json!({"PASSWORD": self.password}));
        let input = self.client.initiation("USER_PASSWORD_AUTH", &parameters);
        self.client
            .pool
            .server
            .call::<op::InitiateAuth>(input)
            .await
    }

    /// Signs in by USER_PASSWORD_AUTH.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn sign_in(&self) -> Result<Tokens, ApiError> {
        Ok(Tokens::of(
            self.initiate_with_password()
                .await?
                .authentication_result
                .expect("tokens, not a challenge"),
        ))
    }

    /// ADMIN_USER_PASSWORD_AUTH, whatever it answers.
    ///
    /// # Errors
    /// What AdminInitiateAuth answers.
    pub async fn initiate_by_operator(&self) -> Result<AdminInitiateAuthResponse, ApiError> {
        let pool = &self.client.pool;
        let parameters = self
            .client
            .parameters(&self.name, json!({"PASSWORD": self.password}));
        let input = json!({"UserPoolId": pool.id, "ClientId": self.client.id, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters});
        pool.server.call::<op::AdminInitiateAuth>(input).await
    }

    /// Refreshes by REFRESH_TOKEN_AUTH.
    ///
    /// # Errors
    /// What InitiateAuth answers.
    pub async fn refresh(&self, token: &str) -> Result<Tokens, ApiError> {
        let mut parameters = json!({"REFRESH_TOKEN": token});
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

    /// Refreshes by GetTokensFromRefreshToken.
    ///
    /// # Errors
    /// What it answers.
    pub async fn rotate(&self, token: &str) -> Result<Tokens, ApiError> {
        let input = json!({"ClientId": self.client.id, "ClientSecret": self.client.secret, "RefreshToken": token});
        let answer = self
            .client
            .pool
            .server
            .call::<op::GetTokensFromRefreshToken>(input)
            .await?;
        Ok(Tokens::of(
            answer
                .authentication_result
                .expect("a refresh gives tokens"),
        ))
    }

    /// RevokeToken.
    ///
    /// # Errors
    /// What it answers.
    pub async fn revoke(&self, token: &str) -> Result<(), ApiError> {
        let input =
            json!({"ClientId": self.client.id, "ClientSecret": self.client.secret, "Token": token});
        self.client
            .pool
            .server
            .call::<op::RevokeToken>(input)
            .await
            .map(drop)
    }

    /// GetUser.
    ///
    /// # Errors
    /// What it answers.
    pub async fn get_user(&self, access_token: &str) -> Result<GetUserResponse, ApiError> {
        self.client
            .pool
            .server
            .call::<op::GetUser>(json!({"AccessToken": access_token}))
            .await
    }

    /// GlobalSignOut.
    ///
    /// # Errors
    /// What it answers.
    pub async fn sign_out_everywhere(&self, access_token: &str) -> Result<(), ApiError> {
        self.client
            .pool
            .server
            .call::<op::GlobalSignOut>(json!({"AccessToken": access_token}))
            .await
            .map(drop)
    }

    /// ChangePassword, from the one that the test knows.
    ///
    /// # Errors
    /// What it answers.
    pub async fn change_password(&self, access_token: &str, to: &str) -> Result<(), ApiError> {
        let input = json!({"AccessToken": access_token, "PreviousPassword": self.password, "ProposedPassword": to});
        self.client
            .pool
            .server
            .call::<op::ChangePassword>(input)
            .await
            .map(drop)
    }

    /// ForgotPassword.
    ///
    /// # Errors
    /// What it answers.
    pub async fn forgot_password(&self) -> Result<(), ApiError> {
        self.client
            .pool
            .server
            .call::<op::ForgotPassword>(self.about(json!({})))
            .await
            .map(drop)
    }

    /// ConfirmForgotPassword.
    ///
    /// # Errors
    /// What it answers.
    pub async fn reset_password(&self, code: &str, to: &str) -> Result<(), ApiError> {
        let input = self.about(json!({"ConfirmationCode": code, "Password": to}));
        self.client
            .pool
            .server
            .call::<op::ConfirmForgotPassword>(input)
            .await
            .map(drop)
    }

    /// UpdateUserAttributes.
    ///
    /// # Errors
    /// What it answers.
    pub async fn update(
        &self,
        access_token: &str,
        attributes: &[(&str, &str)],
    ) -> Result<(), ApiError> {
        let input = json!({"AccessToken": access_token, "UserAttributes": crate::attribute_list(attributes)});
        self.client
            .pool
            .server
            .call::<op::UpdateUserAttributes>(input)
            .await
            .map(drop)
    }

    /// VerifyUserAttribute for the mail address.
    ///
    /// # Errors
    /// What it answers.
    pub async fn verify_email(&self, access_token: &str, code: &str) -> Result<(), ApiError> {
        let input = json!({"AccessToken": access_token, "AttributeName": "email", "Code": code});
        self.client
            .pool
            .server
            .call::<op::VerifyUserAttribute>(input)
            .await
            .map(drop)
    }

    fn about(&self, own: Value) -> Value {
        self.client.about(&self.name, own)
    }
}
