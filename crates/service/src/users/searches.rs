//! Searches beyond Cognito, in pools that have them switched on: a query of the language of
//! `model/user_query`, answered from the index of terms.
//!
//! One call reads a bounded part of the index and looks at a bounded number of users. A page may so
//! have fewer users than there is room for, and a token all the same.

use std::collections::BTreeMap;

use cognate_model::user_query::{Order, Place, Places, QueryError, Source, UserQuery, place};
use cognate_model::{User, UserPool};
use cognate_store::Tx;
use cognate_store::user_terms::{self, Phase};

use super::search_index;
use crate::{Cx, Error, Result, page_token};

/// How much of the list of each term is read at once.
const OF_A_LIST: usize = 256;
/// After so many reads of the lists a page ends.
const ROUNDS: usize = 4;
/// After a look at so many users a page ends.
const LOOKED_AT: usize = 300;
/// So many users at most are put in an order.
const ORDERED: usize = 1000;
/// How many are looked at before the next decision.
const AT_ONCE: usize = 48;

/// Whether the pool has them switched on.
///
/// # Errors
/// What the database gives.
pub(crate) async fn are_on(cx: &Cx, pool: &UserPool) -> Result<bool> {
    let settings = cx.app.pool_server_settings(&pool.id).await?;
    Ok(settings.search == Some(true))
}

/// A page of those who match a query, and the token of the next.
///
/// # Errors
/// `InvalidParameterException` for what is no query, what no index answers, and a token of another
/// query; `ServiceUnavailableException` while the index is being built.
pub(crate) async fn page(
    cx: &Cx,
    pool: &UserPool,
    text: &str,
    token: Option<&str>,
    limit: usize,
) -> Result<(Vec<User>, Option<String>)> {
    let is_known = |name: &str| pool.schema.find(name).is_some();
    let query = UserQuery::parse(text, is_known).map_err(Error::invalid_parameter)?;
    let source = query.source().map_err(Error::invalid_parameter)?;
    let bound_to = format!("ListUsers {} {query}", pool.id);
    let after = token.map(|token| page_token::open::<(i64, Place)>(&cx.app, &bound_to, token));
    let after = after.transpose()?;
    search_index::check_complete(cx, &pool.id).await?;
    let mut reader = cx.app.db.read().await?;
    if user_terms::phase(&mut reader, &pool.id).await? != Some(Phase::Ready) {
        return Err(Error::index_is_being_built());
    }
    let mut search = Search {
        reader,
        pool,
        query: &query,
        limit,
    };
    let (users, next) = match (source, query.order) {
        (None, order) => {
            let order = order.ok_or_else(|| Error::invalid_parameter(QueryError::Form))?;
            search.all_in_order(order, after).await?
        }
        (Some(source), None) => search.matching(&source, after).await?,
        (Some(source), Some(order)) => search.matching_in_order(&source, order, after).await?,
    };
    let token = next.map(|next| page_token::seal(&cx.app, &bound_to, &next));
    Ok((users, token.transpose()?))
}

/// Where the next page begins: behind this time and place. Without an order the time counts for
/// nothing.
type Next = Option<(i64, Place)>;

struct Search<'a> {
    reader: Tx,
    pool: &'a UserPool,
    query: &'a UserQuery,
    limit: usize,
}

impl Search<'_> {
    /// All users of the pool in an order, along an index of its own.
    async fn all_in_order(&mut self, order: Order, after: Next) -> Result<(Vec<User>, Next)> {
        let more = i64::try_from(self.limit + 1)?;
        let read = user_terms::ordered(&mut self.reader, &self.pool.id, order, after, more);
        let mut users = read.await?;
        let next = self.cut(&mut users, order);
        Ok((users, next))
    }

    /// Those who match, in the order of their places.
    async fn matching(&mut self, source: &Source, after: Next) -> Result<(Vec<User>, Next)> {
        let mut after = after.map_or(Place::MIN, |(_, place)| place);
        let (mut found, mut looked_at) = (Vec::new(), 0);
        for _ in 0..ROUNDS {
            let candidates = self.candidates(source, after).await?;
            for batch in candidates.places.chunks(AT_ONCE) {
                let users = user_terms::users_at(&mut self.reader, &self.pool.id, batch).await?;
                looked_at += batch.len();
                for user in users.into_iter().filter(|user| self.query.matches(user)) {
                    let at = place(&user.sub);
                    found.push(user);
                    if found.len() == self.limit {
                        return Ok((found, Some((0, at))));
                    }
                }
                if looked_at >= LOOKED_AT {
                    return Ok((found, batch.last().map(|last| (0, *last))));
                }
            }
            match candidates.until {
                Some(until) => after = until,
                None => return Ok((found, None)),
            }
        }
        Ok((found, Some((0, after))))
    }

    /// Those who match, in an order. All of them are looked at for each page, so that they may not
    /// be many.
    async fn matching_in_order(
        &mut self,
        source: &Source,
        order: Order,
        after: Next,
    ) -> Result<(Vec<User>, Next)> {
        let too_many = || Error::invalid_parameter(QueryError::TooManyToSort(ORDERED));
        let (mut all, mut looked_at, mut reached) = (Vec::new(), 0, Place::MIN);
        for _ in 0..ROUNDS {
            let candidates = self.candidates(source, reached).await?;
            looked_at += candidates.places.len();
            if looked_at > ORDERED {
                return Err(too_many());
            }
            let users = user_terms::users_at(&mut self.reader, &self.pool.id, &candidates.places);
            let users = users.await?.into_iter();
            all.extend(users.filter(|user| self.query.matches(user)));
            let Some(until) = candidates.until else {
                return Ok(self.page_of(all, order, after));
            };
            reached = until;
        }
        Err(too_many())
    }

    fn page_of(&self, all: Vec<User>, order: Order, after: Next) -> (Vec<User>, Next) {
        let key = |user: &User| (order.by.time(user), place(&user.sub));
        let is_behind = |user: &User| match after {
            None => true,
            Some(after) if order.descending => key(user) < after,
            Some(after) => key(user) > after,
        };
        let mut page: Vec<User> = all.into_iter().filter(is_behind).collect();
        page.sort_by_key(key);
        if order.descending {
            page.reverse();
        }
        let next = self.cut(&mut page, order);
        (page, next)
    }

    /// Cuts a page that may be too long.
    fn cut(&self, users: &mut Vec<User>, order: Order) -> Next {
        if users.len() <= self.limit {
            return None;
        }
        users.truncate(self.limit);
        let last = users.last()?;
        Some((order.by.time(last), place(&last.sub)))
    }

    async fn candidates(&mut self, source: &Source, after: Place) -> Result<Places> {
        let mut lists = BTreeMap::new();
        for term in source.terms() {
            let list = user_terms::list(&mut self.reader, &self.pool.id, term, after, OF_A_LIST);
            lists.insert(term, list.await?);
        }
        Ok(source.candidates(&lists))
    }
}
