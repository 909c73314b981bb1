//! What a call must pass between its caller's rights and its work: its operation is not switched
//! off, and the rates of what it is about are not used up.

use cognate_api::{Auth, OperationInfo, Service};
use cognate_model::request_rates::{Category, PER_POOL, PER_USER};
use cognate_model::server_settings::AtMost;
use cognate_model::{ClientId, Timestamp, UserPoolId};
use serde_json::Value;

use super::request_rates::{Counted, Narrow};
use super::switched_off::check_enabled;
use crate::counts::Limit;
use crate::tokens::access_token;
use crate::{App, ErrorCode, Result, failure};

/// What a call is about, as far as its input tells without costly work.
#[derive(Default)]
struct Subjects {
    pool: Option<UserPoolId>,
    client: Option<ClientId>,
    /// Only where no stranger can choose it: a signed call names the user, or a token that this
    /// node has checked before. Of what strangers try with names there are other limits.
    user: Option<String>,
}

/// Lets a call with validated input through, or refuses it.
///
/// # Errors
/// As [`check_enabled`]; `TooManyRequestsException`; what the database gives, where settings have
/// to be read.
pub async fn admit(
    app: &App,
    operation: &OperationInfo,
    input: &Value,
    now: Timestamp,
) -> Result<()> {
    check_enabled(app, operation)?;
    let Some(rates) = app.request_rates.enforced() else {
        return Ok(());
    };
    if operation.service != Service::CognitoIdp {
        return Ok(());
    }
    let counted = counted(app, operation, input).await;
    let Some(counted) = counted.map_err(failure::for_callers)? else {
        return Ok(());
    };
    let admitted = rates.let_through(counted, now);
    if admitted.is_err() {
        app.counts.meet(Limit::RequestRate);
    }
    admitted
}

/// What a call is counted under.
async fn counted(app: &App, operation: &OperationInfo, input: &Value) -> Result<Option<Counted>> {
    let Some(category) = Category::of(operation.name) else {
        return Ok(None);
    };
    let subjects = subjects(app, operation, input).await?;
    let is_answer = operation.name.ends_with("RespondToAuthChallenge");
    let is_new_password = text(input, "ChallengeName") == Some("NEW_PASSWORD_REQUIRED");
    let (category, is_answer) = if is_answer && is_new_password {
        (Category::UserAccountRecovery, false)
    } else {
        (category, is_answer)
    };
    Ok(Some(Counted {
        narrow: narrow(app, operation.name, category, subjects).await?,
        category,
        is_answer,
    }))
}

/// The rates of what a call is about, from the nearest on.
async fn narrow(
    app: &App,
    operation: &'static str,
    category: Category,
    subjects: Subjects,
) -> Result<Vec<(Narrow, u32)>> {
    let Subjects { pool, client, user } = subjects;
    let mut narrow = Vec::new();
    let Some(pool) = pool else {
        return Ok(narrow);
    };
    if let (Some(user), Some(access)) = (user, category.access()) {
        narrow.push((Narrow::User(pool.clone(), user, access), PER_USER));
    }
    if let Some(client) = client {
        let settings = app.client_server_settings(&pool, &client).await?;
        let rate = settings.requests_per_second.and_then(AtMost::number);
        narrow.extend(rate.map(|rate| (Narrow::Client(client), rate)));
    }
    if category.is_counted_per_pool() {
        narrow.push((Narrow::Operation(pool.clone(), operation), PER_POOL));
    }
    let settings = app.pool_server_settings(&pool).await?;
    let rate = settings.requests_per_second.and_then(AtMost::number);
    narrow.extend(rate.map(|rate| (Narrow::Pool(pool), rate)));
    Ok(narrow)
}

async fn subjects(app: &App, operation: &OperationInfo, input: &Value) -> Result<Subjects> {
    let bearer = text(input, "AccessToken").and_then(|token| access_token::known(app, token));
    if let Some((pool, client, sub)) = bearer {
        return Ok(Subjects {
            pool: Some(pool),
            client: Some(client),
            user: Some(sub),
        });
    }
    let mut subjects = Subjects::default();
    if let Some(id) = text(input, "UserPoolId") {
        subjects.pool = UserPoolId::parse(id).ok();
    } else if let Some(arn) = text(input, "ResourceArn") {
        subjects.pool = app.config.pool_of_arn(arn);
    }
    if let Some(id) = text(input, "ClientId") {
        match app.client_named(id).await {
            // Of another pool's client the operation says that there is none.
            Ok(entry) => {
                let pool = &entry.client.pool;
                if subjects.pool.as_ref().is_none_or(|named| named == pool) {
                    subjects.pool = Some(pool.clone());
                    subjects.client = Some(entry.client.id.clone());
                }
            }
            Err(error) if error.code == ErrorCode::ResourceNotFound => {}
            Err(error) => return Err(error),
        }
    }
    if operation.auth == Auth::Signed {
        let named = text(input, "Username")
            .or_else(|| text(input.get("AuthParameters")?, "USERNAME"))
            .or_else(|| text(input.get("ChallengeResponses")?, "USERNAME"));
        subjects.user = named.map(str::to_owned);
    }
    Ok(subjects)
}

fn text<'a>(input: &'a Value, member: &str) -> Option<&'a str> {
    input.get(member).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_of_user_pools_has_a_category_and_no_other_name_has() {
        let operations = Service::CognitoIdp.operations().iter();
        let names: BTreeSet<_> = operations.map(|info| info.name).collect();
        for name in &names {
            assert!(Category::of(name).is_some(), "{name} has no category");
        }
        assert_eq!(Category::operations().collect::<BTreeSet<_>>(), names);
    }
}
