//! `cognate unconfirmed-users`: what a flood of sign-ups leaves, found and cleared. It works beside
//! running servers.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use cognate_crypto::sigv4;
use cognate_service::unconfirmed_users::UnconfirmedUsers;
use cognate_service::{Clock, Entropy};

use super::listing::{Column, Listing};
use super::{block_on, store_configuration};
use crate::database;
use crate::options::StoreOptions;
use crate::terminal::say;

/// How long it rests between two steps at least; as long as a step has taken, so that what else is
/// written has half of the time.
const BETWEEN_STEPS: Duration = Duration::from_millis(50);

#[derive(Subcommand)]
pub(crate) enum Action {
    /// List them, the oldest first: when they signed up, their sub, their user name.
    List {
        #[command(flatten)]
        which: Which,
        /// One JSON object a line, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Delete them, with all that is theirs.
    Delete {
        #[command(flatten)]
        which: Which,
        /// Do it. Without, it only tells how many they are.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
pub(crate) struct Which {
    /// The user pool.
    #[arg(long, value_name = "ID")]
    user_pool_id: String,
    /// Those who signed up longer ago than this: a number of minutes, hours or days, as 30m, 12h or
    /// 7d.
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    older_than: Duration,
    #[command(flatten)]
    store: StoreOptions,
}

/// Does it.
pub(crate) fn run(action: Action) -> Result<()> {
    match action {
        Action::List { which, json } => with(which, async move |users| {
            let column = |name, width| Column { name, width };
            let columns = [
                column("signed_up_at", 16),
                column("sub", 36),
                column("username", 0),
            ];
            let listing = Listing::begin(columns, json);
            each(&users, |row| listing.say(row)).await.map(drop)
        }),
        Action::Delete { which, yes: false } => with(which, async |users| {
            let number = each(&users, |_| ()).await?;
            say(&format!("{number} to delete; add --yes to delete them"));
            Ok(())
        }),
        Action::Delete { which, yes: true } => with(which, async |users| delete(&users).await),
    }
}

/// A database that has this user pool is there already; none is made.
fn with(which: Which, work: impl AsyncFnOnce(UnconfirmedUsers<'_>) -> Result<()>) -> Result<()> {
    let configuration = store_configuration(which.store)?;
    block_on(async {
        let (db, _) = database::open_existing(&configuration, &Entropy::System).await?;
        let clock = Clock::system();
        let users = UnconfirmedUsers::of(&db, &clock, &which.user_pool_id, which.older_than).await;
        let outcome = match users {
            Ok(users) => work(users).await,
            Err(error) => Err(error.into()),
        };
        db.close().await;
        outcome
    })
}

/// Goes through all of them, with the values of the listing's columns; gives how many there were.
async fn each(users: &UnconfirmedUsers<'_>, row: impl Fn([&str; 3])) -> Result<usize> {
    let (mut last, mut number) = (None, 0);
    loop {
        let page = users.page(last.as_ref()).await?;
        number += page.len();
        for user in &page {
            let at = sigv4::timestamp(user.created_at.0);
            row([&at, user.sub.as_str(), &user.username]);
        }
        match page.into_iter().last() {
            Some(user) => last = Some(user),
            None => return Ok(number),
        }
    }
}

async fn delete(users: &UnconfirmedUsers<'_>) -> Result<()> {
    let mut number = 0;
    loop {
        let started = Instant::now();
        let deleted = users.delete_some().await;
        match deleted.with_context(|| format!("{number} were deleted"))? {
            0 => break,
            more => number += more,
        }
        tokio::time::sleep(started.elapsed().max(BETWEEN_STEPS)).await;
    }
    say(&format!("{number} deleted"));
    Ok(())
}

fn parse_age(text: &str) -> Result<Duration, String> {
    read_age(text).ok_or_else(|| {
        "it must be a number of minutes, hours or days, as 30m, 12h or 7d".to_owned()
    })
}

fn read_age(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|last: char| last.is_ascii_lowercase());
    let unit = match text.get(digits.len()..)? {
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return None,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = digits.parse().ok().filter(|_| is_number)?;
    Some(Duration::from_secs(u64::from(number) * unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_of_minutes_hours_or_days() {
        for (text, seconds) in [("30m", 1800), ("12h", 43_200), ("7d", 604_800), ("0d", 0)] {
            assert_eq!(parse_age(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "7",
            "d",
            "-7d",
            "+7d",
            "7 d",
            "7D",
            "7w",
            "7dd",
            "99999999999d",
        ] {
            assert!(parse_age(text).is_err(), "{text}");
        }
    }
}
