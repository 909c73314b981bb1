//! Refreshes with rotation: each spends the token that the one before gave.

use std::cell::RefCell;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::api;
use super::http::Connection;
use super::pool::{Pool, text};

/// The refresh token of each member that has not been spent.
pub(super) struct Rotation {
    client: String,
    tokens: RefCell<Vec<String>>,
}

impl Rotation {
    /// Signs the members in by an app client that rotates.
    pub(super) async fn prepare(pool: &Pool) -> Result<Self> {
        let mut connection = pool.connect().await?;
        let input = json!({
            "UserPoolId": pool.id,
            "ClientName": "rotating",
            "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
            "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 0 },
        });
        let made = api::signed(&pool.key, "CreateUserPoolClient", &input)?;
        let made = connection.call(&made).await?.json()?;
        let client = text(&made, "/UserPoolClient/ClientId")?;
        let mut tokens = Vec::new();
        for member in &pool.members {
            let request = api::password_sign_in(&client, &member.name);
            let answer = connection.call(&request).await?.json()?;
            tokens.push(text(&answer, "/AuthenticationResult/RefreshToken")?);
        }
        let tokens = RefCell::new(tokens);
        Ok(Self { client, tokens })
    }

    /// Refreshes once.
    pub(super) async fn once(&self, connection: &mut Connection, turn: usize) -> Result<()> {
        let at = turn % self.tokens.borrow().len().max(1);
        let spent = self.tokens.borrow().get(at).cloned().context("no member")?;
        let input = json!({ "ClientId": self.client, "RefreshToken": spent });
        let request = api::public("GetTokensFromRefreshToken", &input);
        let answer = connection.call(&request).await?.json()?;
        let next = text(&answer, "/AuthenticationResult/RefreshToken")?;
        if let Some(token) = self.tokens.borrow_mut().get_mut(at) {
            *token = next;
        }
        Ok(())
    }
}
