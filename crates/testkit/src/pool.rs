//! User pools of a test.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use cognate_api::idp::{AdminGetUserResponse, AttributeType, op};
use serde_json::{Map, Value, json};

use crate::{ApiError, ClientBuilder, TestServer};

/// A user pool to be: with mail verified at sign-up, and all else as AWS's defaults have it.
pub struct PoolBuilder {
    server: TestServer,
    members: Map<String, Value>,
}

/// A user pool.
#[derive(Clone)]
pub struct TestPool {
    /// Its server.
    pub server: TestServer,
    /// Its id.
    pub id: String,
}

impl PoolBuilder {
    pub(crate) fn new(server: &TestServer) -> Self {
        let builder = Self {
            server: server.clone(),
            members: Map::new(),
        };
        builder
            .with("PoolName", "pool")
            .with("AutoVerifiedAttributes", json!(["email"]))
    }

    /// With a member of CreateUserPool.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// With attributes to sign in with beside the user name.
    #[must_use]
    pub fn aliases<const N: usize>(self, aliases: [&str; N]) -> Self {
        self.with("AliasAttributes", json!(aliases.as_slice()))
    }

    /// With mail addresses in place of user names.
    #[must_use]
    pub fn email_as_username(self) -> Self {
        self.with("UsernameAttributes", json!(["email"]))
    }

    /// With attributes of a schema.
    #[must_use]
    pub fn schema(self, attributes: Value) -> Self {
        self.with("Schema", attributes)
    }

    /// With a password policy.
    #[must_use]
    pub fn policy(self, policy: Value) -> Self {
        self.with("Policies", json!({ "PasswordPolicy": policy }))
    }

    /// With links in place of codes in the mails of sign-up.
    #[must_use]
    pub fn link(self) -> Self {
        self.with(
            "VerificationMessageTemplate",
            json!({"DefaultEmailOption": "CONFIRM_WITH_LINK"}),
        )
    }

    /// With these contact attributes verified at sign-up.
    #[must_use]
    pub fn verifies<const N: usize>(self, contacts: [&str; N]) -> Self {
        self.with("AutoVerifiedAttributes", json!(contacts.as_slice()))
    }

    /// With mail addresses that change only once they are verified.
    #[must_use]
    pub fn verified_before_update(self) -> Self {
        self.with(
            "UserAttributeUpdateSettings",
            json!({"AttributesRequireVerificationBeforeUpdate": ["email"]}),
        )
    }

    /// With users made by operators only.
    #[must_use]
    pub fn operators_only(self) -> Self {
        self.with(
            "AdminCreateUserConfig",
            json!({"AllowAdminCreateUserOnly": true}),
        )
    }

    /// With names of which `Ana` and `ana` are two.
    #[must_use]
    pub fn case_sensitive(self) -> Self {
        self.with("UsernameConfiguration", json!({"CaseSensitive": true}))
    }

    /// With passkeys among what its users may begin a sign-in with.
    #[must_use]
    pub fn passkeys(self) -> Self {
        let factors = json!({"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]});
        self.with("Policies", json!({ "SignInPolicy": factors }))
    }

    /// With devices that are remembered.
    #[must_use]
    pub fn devices(self, stand_in_for_mfa: bool, on_user_prompt: bool) -> Self {
        let configuration = json!({
            "ChallengeRequiredOnNewDevice": stand_in_for_mfa,
            "DeviceOnlyRememberedOnUserPrompt": on_user_prompt,
        });
        self.with("DeviceConfiguration", configuration)
    }

    /// Tries to create it.
    ///
    /// # Errors
    /// What CreateUserPool answers.
    pub async fn create(self) -> Result<TestPool, ApiError> {
        let pool = self
            .server
            .call::<op::CreateUserPool>(self.members)
            .await?
            .user_pool
            .expect("CreateUserPool tells the pool");
        Ok(TestPool {
            server: self.server,
            id: pool.id.expect("a user pool has an id"),
        })
    }
}

impl IntoFuture for PoolBuilder {
    type Output = TestPool;
    type IntoFuture = Pin<Box<dyn Future<Output = TestPool> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.create().await.expect("the pool is created") })
    }
}

impl TestPool {
    /// A new app client; await it, or say more first.
    #[must_use]
    pub fn client(&self) -> ClientBuilder {
        ClientBuilder::new(self)
    }

    /// Sets WebAuthnConfiguration, and no second factor.
    pub async fn set_passkeys(&self, configuration: Value) {
        let input = json!({"UserPoolId": self.id, "WebAuthnConfiguration": configuration});
        self.server
            .call::<op::SetUserPoolMfaConfig>(input)
            .await
            .expect("passkeys are configured");
    }

    /// SetUserPoolMfaConfig.
    ///
    /// # Errors
    /// What it answers.
    pub async fn set_mfa(&self, mut members: Value) -> Result<(), ApiError> {
        members["UserPoolId"] = json!(self.id);
        self.server
            .call::<op::SetUserPoolMfaConfig>(members)
            .await
            .map(drop)
    }

    /// The pool, with second factors as SetUserPoolMfaConfig says them.
    ///
    /// # Panics
    /// When it is refused.
    #[must_use]
    pub async fn mfa(self, members: Value) -> Self {
        let set = self.set_mfa(members).await;
        set.expect("the pool's second factors are set");
        self
    }

    /// What AdminGetUser tells of a user.
    ///
    /// # Errors
    /// What it answers.
    pub async fn user(&self, username: &str) -> Result<AdminGetUserResponse, ApiError> {
        self.server
            .call::<op::AdminGetUser>(json!({"UserPoolId": self.id, "Username": username}))
            .await
    }

    /// The status of a user.
    pub async fn status(&self, username: &str) -> String {
        self.user(username)
            .await
            .expect("the user is there")
            .user_status
            .expect("a user has a status")
            .as_str()
            .to_owned()
    }

    /// An attribute of a user.
    pub async fn attribute(&self, username: &str, name: &str) -> Option<String> {
        let attributes = self
            .user(username)
            .await
            .expect("the user is there")
            .user_attributes
            .unwrap_or_default();
        attributes
            .into_iter()
            .find(|attribute: &AttributeType| attribute.name == name)
            .and_then(|attribute| attribute.value)
    }

    /// Makes a user by AdminCreateUser, with a temporary password and no invitation.
    pub async fn invite(&self, username: &str, password: &str, attributes: &[(&str, &str)]) {
        let input = json!({
            "UserPoolId": self.id, "Username": username, "TemporaryPassword": password, "MessageAction": "SUPPRESS",
            "UserAttributes": attribute_list(attributes),
        });
        self.server
            .call::<op::AdminCreateUser>(input)
            .await
            .expect("the user is created");
    }

    /// Switches a user off.
    pub async fn disable(&self, username: &str) {
        self.server
            .call::<op::AdminDisableUser>(json!({"UserPoolId": self.id, "Username": username}))
            .await
            .expect("the user is switched off");
    }

    /// Deletes a user.
    pub async fn delete_user(&self, username: &str) {
        self.server
            .call::<op::AdminDeleteUser>(json!({"UserPoolId": self.id, "Username": username}))
            .await
            .expect("the user is deleted");
    }

    /// Its ARN, in the account of the tests.
    #[must_use]
    pub fn arn(&self) -> String {
        format!(
            "arn:aws:cognito-idp:us-east-1:123456789012:userpool/{}",
            self.id
        )
    }

    /// The issuer of its tokens, where the server names none.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://cognate.test/{}", self.id)
    }
}

/// Pairs as the wire has them.
#[must_use]
pub fn attribute_list(attributes: &[(&str, &str)]) -> Value {
    attributes
        .iter()
        .map(|(name, value)| json!({"Name": name, "Value": value}))
        .collect()
}
