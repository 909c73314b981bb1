//! A page of users, or of app clients, in each stage of a change.

use cognate_model::pool_change::{Conflict, PoolChange};
use cognate_model::{NormalName, Sub, User, UserPool, WayBack};
use cognate_store::users::{self, UpdateRefused};
use cognate_store::{Error, Tx, app_clients, ways_back};

/// So many users are looked at in one transaction.
pub(super) const USERS_AT_ONCE: i64 = 100;
/// So many app clients.
const CLIENTS_AT_ONCE: i64 = 50;

/// What became of a page.
pub(super) enum Page {
    /// There may be more.
    More,
    /// It was the last.
    Last,
    /// Somebody stands in the way, in words.
    Conflict(String),
}

/// Gives a page of users the names and attributes of the coming rule, beside their own.
pub(super) async fn reserve(
    tx: &mut Tx,
    change: &mut PoolChange,
    pool: &UserPool,
) -> Result<Page, Error> {
    let page = next(tx, change).await?;
    for user in &page {
        let mut conflicts = change.conflicts_of(pool, user);
        if conflicts.is_empty()
            && let Err(refused) = users::settle(tx, user, change).await?
        {
            conflicts = of_names(tx, change, user).await?;
            if conflicts.is_empty() {
                return Err(unforeseen(refused));
            }
        }
        if let Some(conflict) = conflicts.first() {
            return Ok(Page::Conflict(in_words(user, conflict)));
        }
    }
    if let Some(last) = page.last() {
        let after = change.after.clone().unwrap_or_default();
        for kept in kept_names(tx, change, &after, &last.sub).await? {
            if let Some(other) = kept.holder {
                let conflict = Conflict::Name {
                    name: kept.way_back.name.clone().unwrap_or_default(),
                    other: Some(other),
                };
                let words = format!("user {}: {conflict}", kept.way_back.sub);
                return Ok(Page::Conflict(words));
            }
            ways_back::keep_name(tx, &kept.id, &kept.way_back).await?;
        }
    }
    Ok(turn_over(change, &page))
}

/// Takes from a page of users what only the other rule needs.
pub(super) async fn tidy(tx: &mut Tx, change: &mut PoolChange) -> Result<Page, Error> {
    let page = next(tx, change).await?;
    for user in &page {
        for taken in users::settle_free(tx, user, change).await? {
            // Only a node of a version that knows nothing of changes can have brought that about.
            tracing::warn!(pool = %change.pool, user = %user.sub, name = taken.name.as_str(),
                "a user has lost a name, which another had taken while the pool changed");
        }
    }
    if let Some(last) = page.last() {
        let after = change.after.clone().unwrap_or_default();
        for kept in kept_names(tx, change, &after, &last.sub).await? {
            ways_back::keep_name(tx, &kept.id, &kept.way_back).await?;
        }
    }
    Ok(turn_over(change, &page))
}

/// Brings a page of app clients into the form of this stage.
pub(super) async fn clients(
    tx: &mut Tx,
    change: &mut PoolChange,
    pool: &UserPool,
) -> Result<Page, Error> {
    let after = change.after.clone();
    let page = app_clients::page(tx, &change.pool, after.as_deref(), CLIENTS_AT_ONCE).await?;
    for client in &page {
        if change.stage.is_before_the_turn()
            && let Some(conflict) = change.conflicts_of_client(pool, client).first()
        {
            return Ok(Page::Conflict(conflict.to_string()));
        }
        let mut settled = client.clone();
        if change.settle_client(&mut settled) && !app_clients::update(tx, &settled).await? {
            return Err(unforeseen(UpdateRefused::Conflict));
        }
    }
    let is_last = page.len() < usize::try_from(CLIENTS_AT_ONCE).unwrap_or(usize::MAX);
    change.after = page.last().map(|client| client.id.to_string());
    Ok(if is_last { Page::Last } else { Page::More })
}

/// The names of a user that others have, as conflicts.
pub(super) async fn of_names(
    tx: &mut Tx,
    change: &PoolChange,
    user: &User,
) -> Result<Vec<Conflict>, Error> {
    let mut settled = user.clone();
    change.settle(&mut settled);
    let names = settled.names_under(change.rules());
    let own = settled.names_under(cognate_model::name_rule::NameRules {
        beside: None,
        ..change.rules()
    });
    // What stands under the pool's own rule is the user's already.
    let new: Vec<_> = names
        .into_iter()
        .filter(|name| !own.contains(name))
        .collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let taken = users::taken_names(tx, &settled, &new).await?;
    let conflict = |taken: users::TakenName| Conflict::Name {
        name: taken.name.as_str().to_owned(),
        other: taken.holder,
    };
    Ok(taken.into_iter().map(conflict).collect())
}

/// A way back that keeps its name in another form from now on.
pub(super) struct Kept {
    pub(super) id: Vec<u8>,
    pub(super) way_back: WayBack,
    /// The other user who has that name.
    pub(super) holder: Option<Sub>,
}

/// The ways back of a page of users whose names the change gives another form.
pub(super) async fn kept_names(
    tx: &mut Tx,
    change: &PoolChange,
    after: &str,
    last: &Sub,
) -> Result<Vec<Kept>, Error> {
    let mut found = Vec::new();
    let ways = ways_back::of_users_between(tx, &change.pool, after, last.as_str()).await?;
    for (id, mut way_back) in ways {
        let name = change.kept_name(&way_back);
        if name == way_back.name {
            continue;
        }
        way_back.name = name;
        let holder = match &way_back.name {
            Some(name) => {
                let name = NormalName::with_case_rule(name, true);
                users::holder_of(tx, &change.pool, &name).await?
            }
            None => None,
        };
        let holder = holder.filter(|holder| *holder != way_back.sub);
        found.push(Kept {
            id,
            way_back,
            holder,
        });
    }
    Ok(found)
}

/// A conflict, with the user whose it is.
fn in_words(user: &User, conflict: &Conflict) -> String {
    let name = user.username.escape_debug();
    format!("user {} («{name}»): {conflict}", user.sub)
}

async fn next(tx: &mut Tx, change: &PoolChange) -> Result<Vec<User>, Error> {
    users::page(tx, &change.pool, change.after.as_deref(), USERS_AT_ONCE).await
}

fn turn_over(change: &mut PoolChange, page: &[User]) -> Page {
    change.looked_at += u64::try_from(page.len()).unwrap_or_default();
    let is_last = page.len() < usize::try_from(USERS_AT_ONCE).unwrap_or(usize::MAX);
    if let Some(last) = page.last() {
        change.after = Some(last.sub.to_string());
    }
    if is_last { Page::Last } else { Page::More }
}

/// What was read in this transaction cannot have changed in it.
fn unforeseen(refused: UpdateRefused) -> Error {
    Error::Unreadable(format!(
        "a row that changed while it was looked at: {refused:?}"
    ))
}
