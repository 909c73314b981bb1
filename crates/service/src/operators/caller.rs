//! Who calls an operation, and whether they may.

use cognate_api::{Auth, OperationInfo, Resource};
use cognate_model::UserPoolId;
use cognate_model::policy::{Context, Decision, Policy, Request, decide};
use serde_json::Value;

use crate::{App, Config, Error, ErrorCode, Result, failure};

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

/// What every call is about that names nothing in particular.
const ANYTHING: &str = "*";

impl Caller {
    /// Whether this caller may call an operation on a resource, as [`resource_of`] tells it; `None`
    /// where that is not known.
    ///
    /// # Errors
    /// `AccessDeniedException`.
    pub fn authorize(
        &self,
        operation: &OperationInfo,
        resource: Option<&str>,
        config: &Config,
    ) -> Result<(), AuthorizeError> {
        match (operation.auth, self) {
            (Auth::Public, _) | (Auth::OptionallySigned, Self::Public) => return Ok(()),
            (Auth::Signed | Auth::OptionallySigned, _) => {}
        }
        let (name, policy) = match self {
            Self::Development => return Ok(()),
            Self::AccessKey { name, policy } => (name.as_str(), Some(policy)),
            Self::Public => ("anonymous", None),
        };
        let action = format!("{}:{}", operation.service.signing_name(), operation.name);
        let decision = match (policy, resource) {
            (Some(policy), Some(resource)) => decide(
                [policy],
                Request {
                    action: &action,
                    resource,
                    // Nothing that a condition could ask for: `access_keys::parse_policy` takes
                    // none.
                    context: &Context::new(),
                },
            ),
            // A policy that denies something might deny this.
            _ => Decision::NotAllowed,
        };
        let user = format!("arn:aws:iam::{}:user/{name}", config.account_id);
        let resource = resource.unwrap_or(ANYTHING);
        match decision {
            Decision::Allowed(_) => Ok(()),
            Decision::NotAllowed => Err(Error::access_not_allowed(user, action, resource)),
            Decision::Denied(_) => Err(Error::access_denied(user, action, resource)),
        }
    }
}

/// What a call of a signed operation is about, as policies name it: an ARN, or `*` for what names
/// nothing in particular. `None` when the (validated) input does not tell.
///
/// However the input names a pool (by its id, in an ARN, by one of its app clients), the resource
/// is the pool's one ARN: a Deny on it meets every call. Ids name the same row here and in the
/// database: they are compared byte for byte.
///
/// # Errors
/// The database's, where an app client has to be looked up.
pub async fn resource_of(
    app: &App,
    operation: &OperationInfo,
    input: &Value,
) -> Result<Option<String>> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let pool = |id: &str| UserPoolId::parse(id).ok();
    Ok(match operation.resource {
        Resource::Account => Some(ANYTHING.to_owned()),
        Resource::UserPool(member) => text(member).map(|id| {
            // What has not the form of an id names no pool, and so none that is denied.
            pool(id).map_or_else(|| ANYTHING.to_owned(), |pool| app.config.arn_of(&pool))
        }),
        Resource::AppClient(member) => match text(member) {
            Some(id) => Some(of_client(app, id).await?),
            None => None,
        },
        Resource::IdentityPool(member) => text(member).map(|id| identity_pool_arn(&app.config, id)),
        Resource::Arn(member) => text(member).map(|arn| {
            let pool = arn.rsplit_once(":userpool/").and_then(|(_, id)| pool(id));
            pool.map_or_else(|| arn.to_owned(), |pool| app.config.arn_of(&pool))
        }),
        Resource::Elsewhere => None,
    })
}

/// The pool of an app client; what is no client's id belongs to none.
async fn of_client(app: &App, id: &str) -> Result<String> {
    match app.client_named(id).await {
        Ok(entry) => Ok(app.config.arn_of(&entry.client.pool)),
        Err(error) if error.code == ErrorCode::ResourceNotFound => Ok(ANYTHING.to_owned()),
        Err(error) => Err(failure::for_callers(error)),
    }
}

/// An identity pool's id is its region and a UUID.
fn identity_pool_arn(config: &Config, id: &str) -> String {
    let region = id
        .split_once(':')
        .map_or(config.region.as_str(), |(region, _)| region);
    format!(
        "arn:aws:cognito-identity:{region}:{}:identitypool/{id}",
        config.account_id
    )
}

#[cfg(test)]
mod tests;
