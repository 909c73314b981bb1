//! NEW_PASSWORD_REQUIRED on the wire (docs/protocol.md §5.8).

use std::collections::BTreeMap;

use cognate_crypto::secret::SecretString;
use cognate_model::attribute::Attributes;
use cognate_model::sign_in::{NewPassword, NewPasswordRequired};

use super::{LONGEST_PASSWORD, OnTheWire, Parameters, Shown, required};
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;
use crate::users::attributes;
use crate::{Error, Result};

impl OnTheWire for NewPasswordRequired {
    const FLOW: SignInFlow = SignInFlow::NewPassword;

    fn read(pool_client: &PoolClient, responses: &Parameters) -> Result<NewPassword> {
        let password = SecretString::from(required(responses, "NEW_PASSWORD")?);
        if password.expose().len() > LONGEST_PASSWORD {
            return Err(Error::invalid_parameter("The new password is too long."));
        }
        Ok(NewPassword {
            password,
            attributes: new_attributes(pool_client, responses)?,
        })
    }

    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        let user = shown.user;
        let user =
            user.ok_or_else(|| Error::internal().with_source("a challenge without a user"))?;
        let PoolClient { pool, entry } = shown.pool_client;
        let known: BTreeMap<&str, &str> = user
            .attributes
            .iter()
            .filter(|(name, value)| !value.is_empty() && entry.client.may_read(name))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let missing = pool.schema.missing_required(&user.attributes);
        let missing: Vec<String> = missing
            .into_iter()
            .map(|name| format!("userAttributes.{name}"))
            .collect();
        Ok(vec![
            ("USER_ID_FOR_SRP", user.username.clone()),
            ("requiredAttributes", serde_json::to_string(&missing)?),
            ("userAttributes", serde_json::to_string(&known)?),
        ])
    }
}

/// `userAttributes.email` and the like.
fn new_attributes(pool_client: &PoolClient, responses: &Parameters) -> Result<Attributes> {
    let pairs = responses.iter().filter_map(|(name, value)| {
        Some((name.strip_prefix("userAttributes.")?, Some(value.as_str())))
    });
    attributes::collect(&pool_client.pool, pairs)
}
