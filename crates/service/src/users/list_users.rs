//! ListUsers: the users of a pool, and those who match a filter, in pages.

use cognate_api::idp::{ListUsersRequest, ListUsersResponse};
use cognate_model::user_filter::{Lookup, UserFilter};
use cognate_model::{User, UserPool};
use cognate_store::user_search::{self, After};
use serde::{Deserialize, Serialize};

use super::search_index;
use super::searches;
use super::shown_user::user_type;
use crate::{Cx, Error, Result, page_token};

/// A page has no more users.
const LONGEST_PAGE: i32 = 60;

/// The users of a pool, 60 at most a page. Without a filter they come in the order of their subs;
/// with one in the order of the key that it is looked up by.
pub(crate) async fn list_users(cx: Cx, input: ListUsersRequest) -> Result<ListUsersResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let text = input.filter.as_deref().unwrap_or_default();
    let filter = UserFilter::parse(text);
    let wanted = input.attributes_to_get.filter(|names| !names.is_empty());
    check_wanted(&pool, wanted.as_deref().unwrap_or_default())?;
    let limit = match input.limit {
        None | Some(0) => LONGEST_PAGE,
        Some(limit) => limit.clamp(1, LONGEST_PAGE),
    };
    let token = input.pagination_token.as_deref();
    let (page, pagination_token) = match filter {
        Ok(filter) => page(&cx, &pool, filter.as_ref(), token, limit).await?,
        // Beyond Cognito: see docs/differences.md.
        Err(_) if searches::are_on(&cx, &pool).await? => {
            searches::page(&cx, &pool, text, token, usize::try_from(limit)?).await?
        }
        Err(error) => return Err(Error::invalid_parameter(error)),
    };
    let passes = |name: &str| {
        let mut wanted = wanted.iter().flatten().peekable();
        wanted.peek().is_none() || wanted.any(|wanted| wanted == name)
    };
    Ok(ListUsersResponse {
        users: Some(
            page.iter()
                .map(|user| user_type(&pool, user, passes))
                .collect(),
        ),
        pagination_token,
    })
}

/// Attributes that the pool does not have cannot be asked for. Those that some users lack can: on
/// purpose, see docs/differences.md.
fn check_wanted(pool: &UserPool, names: &[String]) -> Result<()> {
    if names.iter().any(|name| pool.schema.find(name).is_none()) {
        return Err(Error::requested_attributes_do_not_exist());
    }
    Ok(())
}

/// Where a page of a filter ended: the key that the filter is looked up by, and the sub.
#[derive(Serialize, Deserialize)]
struct Place(String, String);

async fn page(
    cx: &Cx,
    pool: &UserPool,
    filter: Option<&UserFilter>,
    token: Option<&str>,
    limit: i32,
) -> Result<(Vec<User>, Option<String>)> {
    let query = match filter {
        None => format!("ListUsers {}", pool.id),
        Some(filter) => format!("ListUsers {} {filter}", pool.id),
    };
    let after = token.map(|token| match filter {
        None => Ok(Place(
            String::new(),
            page_token::open(&cx.app, &query, token)?,
        )),
        Some(_) => page_token::open(&cx.app, &query, token),
    });
    let after = after.transpose()?;
    let after = after.as_ref().map(|Place(key, sub)| After { key, sub });
    let lookup = filter.map_or(Lookup::Everyone, UserFilter::lookup);
    if let Lookup::Key(..) = lookup {
        search_index::check_complete(cx, &pool.id).await?;
    }
    let mut reader = cx.app.db.read().await?;
    let more = i64::from(limit) + 1;
    let mut page = user_search::page(&mut reader, &pool.id, &lookup, after, more).await?;
    let limit = usize::try_from(limit)?;
    let Some(filter) = filter else {
        let key = |user: &User| user.sub.clone();
        let token = page_token::cut(&cx.app, &query, &mut page, limit, key)?;
        return Ok((page, token));
    };
    let key = |user: &User| Place(filter.key_of(user), user.sub.as_str().to_owned());
    let token = page_token::cut(&cx.app, &query, &mut page, limit, key)?;
    page.retain(|user| filter.matches(user, pool.case_sensitive));
    Ok((page, token))
}
