//! Operations, called from within by their names on the wire.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use cognate_api::{Service, json};
use cognate_service::{App, Caller, Cx, Operations};
use serde_json::{Value, json};

/// Calls operations with the rights of a development server's operator.
pub(super) struct Operator<'a> {
    pub(super) app: &'a Arc<App>,
    pub(super) operations: &'a Operations,
}

impl Operator<'_> {
    /// The answer of an operation.
    ///
    /// # Errors
    /// The operation's own, in words.
    pub(super) async fn call(&self, operation: &'static str, input: Value) -> Result<Value> {
        let entry = self
            .operations
            .find(Service::CognitoIdp, operation)
            .ok_or_else(|| anyhow!("{operation} is not built"))?;
        let failed = |error: cognate_service::Error| {
            let cause = error
                .source
                .as_ref()
                .map(|source| format!(" ({source})"))
                .unwrap_or_default();
            anyhow!("{operation}: {error}{cause}")
        };
        let input =
            json::parse_input(entry.info.input, input.to_string().as_bytes()).map_err(failed)?;
        let output = entry
            .call(Cx::new(self.app, Caller::Development, None), input)
            .await
            .map_err(failed)?;
        serde_json::from_slice(&output).with_context(|| format!("the answer of {operation}"))
    }

    /// The pool as DescribeUserPool shows it.
    pub(super) async fn pool(&self, user_pool_id: &str) -> Result<Value> {
        let input = json!({"UserPoolId": user_pool_id});
        let mut answer = self.call("DescribeUserPool", input).await?;
        Ok(answer["UserPool"].take())
    }

    /// The app client as DescribeUserPoolClient shows it.
    pub(super) async fn client(&self, user_pool_id: &str, client_id: &str) -> Result<Value> {
        let input = json!({"UserPoolId": user_pool_id, "ClientId": client_id});
        let mut answer = self.call("DescribeUserPoolClient", input).await?;
        Ok(answer["UserPoolClient"].take())
    }

    /// The pool's second factors and passkeys as GetUserPoolMfaConfig shows them.
    pub(super) async fn mfa(&self, user_pool_id: &str) -> Result<Value> {
        let input = json!({"UserPoolId": user_pool_id});
        self.call("GetUserPoolMfaConfig", input).await
    }

    /// What GetUserPoolSessionConfiguration shows.
    pub(super) async fn sessions(&self, user_pool_id: &str) -> Result<Value> {
        let input = json!({"UserPoolId": user_pool_id});
        self.call("GetUserPoolSessionConfiguration", input).await
    }

    /// The id of the object with this name in a paged list, if the id begins with `begins`: a
    /// pool's id begins with its region.
    pub(super) async fn find(
        &self,
        operation: &'static str,
        mut input: Value,
        list: &str,
        (name, wanted): (&str, &str),
        (id, begins): (&str, &str),
    ) -> Result<Option<String>> {
        loop {
            let page = self.call(operation, input.clone()).await?;
            let entries = page[list].as_array().map(Vec::as_slice).unwrap_or_default();
            let ids = entries
                .iter()
                .filter(|entry| entry[name] == wanted)
                .filter_map(|entry| entry[id].as_str());
            if let Some(id) = ids.into_iter().find(|id| id.starts_with(begins)) {
                return Ok(Some(id.to_owned()));
            }
            match page.get("NextToken") {
                Some(next) if !next.is_null() => input["NextToken"] = next.clone(),
                _ => return Ok(None),
            }
        }
    }
}
