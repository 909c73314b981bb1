//! Who calls an operation, and whether they may.

use cognate_api::{Auth, OperationInfo};
use cognate_model::UserPoolId;
use cognate_model::policy::{Decision, Policy};
use serde_json::Value;

use crate::{Config, Error, ErrorCode};

/// Who calls.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Anybody: the request itself carries what counts.
    Public,
    /// The holder of an access key, proved by signature.
    AccessKey {
        /// The key's name.
        name: String,
        /// What it may do.
        policy: Policy,
    },
    /// Anybody with any credentials, in development mode.
    Development,
}

/// A caller who may not do what they ask for, in AWS's sentence.
pub type AuthorizeError = Error;

impl Caller {
    /// Whether this caller may call an operation with this (validated) input.
    ///
    /// The resource is built from the pool id of the input, or the ARN of a pool in its place, which names the same row here and in the
    /// database: both are compared byte for byte. Operations without a pool have the resource `*`.
    ///
    /// # Errors
    /// `AccessDeniedException`.
    pub fn authorize(
        &self,
        operation: &OperationInfo,
        input: &Value,
        config: &Config,
    ) -> Result<(), AuthorizeError> {
        if operation.auth == Auth::Public {
            return Ok(());
        }
        let (name, policy) = match self {
            Self::Development => return Ok(()),
            Self::AccessKey { name, policy } => (name.as_str(), Some(policy)),
            Self::Public => ("anonymous", None),
        };
        let action = format!("{}:{}", operation.service.signing_name(), operation.name);
        let text = |member: &str| input.get(member).and_then(Value::as_str);
        let pool = text("UserPoolId")
            .and_then(|id| UserPoolId::parse(id).ok())
            .or_else(|| text("ResourceArn").and_then(|arn| config.pool_of_arn(arn)));
        let resource = pool.map_or_else(|| "*".to_owned(), |pool| config.arn_of(&pool));
        let because = match policy.map_or(Decision::NotAllowed, |policy| {
            policy.decide(&action, &resource)
        }) {
            Decision::Allowed => return Ok(()),
            Decision::NotAllowed => {
                format!("because no identity-based policy allows the {action} action")
            }
            Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
        };
        let user = format!("arn:aws:iam::{}:user/{name}", config.account_id);
        Err(Error::new(
            ErrorCode::AccessDenied,
            format!(
                "User: {user} is not authorized to perform: {action} on resource: {resource} {because}"
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;
    use crate::operations;
    use crate::user_pools::tests::new_cx;

    #[tokio::test]
    async fn a_denied_pool_stays_denied_when_the_servers_region_changes() {
        let mut config = new_cx().await.app.config.clone();
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Denied123"},
        ]});
        let caller = Caller::AccessKey {
            name: "robot".to_owned(),
            policy: Policy::parse(&policy.to_string()).unwrap(),
        };
        let operations = operations();
        let operation = operations
            .iter()
            .find(|operation| operation.name == "AdminGetUser")
            .unwrap();
        for region in ["us-east-1", "eu-central-1"] {
            config.region = region.to_owned();
            let may =
                |pool: &str| caller.authorize(operation, &json!({"UserPoolId": pool}), &config);
            assert!(may("us-east-1_Denied123").is_err(), "{region}");
            assert!(may("us-east-1_Other1234").is_ok(), "{region}");
        }
    }
}
