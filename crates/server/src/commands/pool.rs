//! `cognate pool`: changes of what Cognito fixes when a pool is made. It works beside running
//! servers.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use cognate_model::pool_change::{Allowance, PoolChange, Stage};
use cognate_service::pool_changes::{self, Found, Step};
use cognate_service::{Clock, Entropy};
use cognate_store::Db;
use serde_json::json;

use super::{block_on, store_configuration, with_existing, with_existing_to_read};
use crate::database;
use crate::options::StoreOptions;
use crate::terminal::{say, tell};

/// The most bytes of a document: fifty attributes need some 10,000.
const MAX_DOCUMENT: u64 = 1 << 20;
/// How long it rests between two steps at least; as long as a step has taken, so that what else is
/// written has half of the time.
const BETWEEN_STEPS: Duration = Duration::from_millis(10);
/// How long it waits for nodes at once, or for whoever carries the change on.
const A_WHILE: Duration = Duration::from_secs(1);

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Tell who stands in the way of a change. Changes nothing; fails where somebody does.
    Plan {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        change: Asked,
        /// One JSON object a line, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Make a change, while people sign in. Where it was broken off, it goes on, also on a server.
    Apply {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        change: Asked,
    },
    /// Tell how far a change is.
    Status {
        #[command(flatten)]
        which: Which,
        /// One JSON object, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Call a change off, before the pool has its new rules.
    Cancel {
        #[command(flatten)]
        which: Which,
    },
}

#[derive(Args)]
pub(crate) struct Which {
    /// The user pool's id.
    #[arg(value_name = "POOL")]
    pool: String,
    #[command(flatten)]
    store: StoreOptions,
}

#[derive(Args)]
pub(crate) struct Asked {
    /// What is to change: a JSON file with members of CreateUserPool (AliasAttributes,
    /// UsernameAttributes, UsernameConfiguration, Schema) and RemoveAttributes.
    #[arg(long, value_name = "FILE")]
    change: PathBuf,
    /// Go on in spite of this kind of conflict: lost-names, missing-required, broken-values or
    /// lost-values. May be given several times.
    #[arg(long, value_name = "KIND", value_parser = parse_allowance)]
    allow: Vec<Allowance>,
}

/// Does it.
pub(crate) fn run(action: Action) -> Result<()> {
    match action {
        Action::Plan {
            which,
            change,
            json,
        } => {
            let (document, allowed) = change.read()?;
            with_existing_to_read(which.store, async move |db| {
                plan(db, &which.pool, &document, &allowed, json).await
            })
        }
        Action::Apply { which, change } => {
            let (document, allowed) = change.read()?;
            apply(which, &document, &allowed)
        }
        Action::Status { which, json } => with_existing_to_read(which.store, async move |db| {
            status(db, &which.pool, json).await
        }),
        Action::Cancel { which } => with_existing(which.store, async move |db| {
            let change = pool_changes::cancel(db, &Clock::system(), &which.pool).await?;
            say(&format!("{}: {}", change.pool, change.stage.as_str()));
            carry_on(db, &Entropy::System, &change).await.map(drop)
        }),
    }
}

async fn plan(
    db: &Db,
    pool: &str,
    document: &str,
    allowed: &BTreeSet<Allowance>,
    json: bool,
) -> Result<()> {
    let tell_of = |found: Found| {
        say(&if json {
            in_json(&found)
        } else {
            in_words(&found)
        });
    };
    let planned =
        pool_changes::plan(db, &Clock::system(), pool, document, allowed, tell_of).await?;
    match planned.conflicts {
        0 => {
            if !json {
                say(&format!(
                    "{} users, and nobody stands in the way",
                    planned.users
                ));
            }
            Ok(())
        }
        conflicts => bail!("{conflicts} conflicts among {} users", planned.users),
    }
}

fn in_words(found: &Found) -> String {
    match found {
        Found::User {
            sub,
            username,
            conflict,
        } => format!(
            "{sub}  {}  {}: {}",
            username.escape_debug(),
            conflict.kind(),
            conflict.to_string().escape_debug()
        ),
        Found::Client(conflict) => conflict.to_string(),
    }
}

fn in_json(found: &Found) -> String {
    let object = match found {
        Found::User {
            sub,
            username,
            conflict,
        } => json!({
            "sub": sub.as_str(),
            "username": username,
            "conflict": conflict.kind(),
            "why": conflict.to_string(),
        }),
        Found::Client(conflict) => json!({
            "client": conflict.client().as_str(),
            "conflict": "app-client",
            "why": conflict.to_string(),
        }),
    };
    object.to_string()
}

fn apply(which: Which, document: &str, allowed: &BTreeSet<Allowance>) -> Result<()> {
    let configuration = store_configuration(which.store)?;
    block_on(async {
        let entropy = Entropy::System;
        let (db, _) = database::open_existing(&configuration, &entropy).await?;
        let outcome = begin_and_carry_on(&db, &entropy, &which.pool, document, allowed).await;
        db.close().await;
        outcome
    })
}

async fn begin_and_carry_on(
    db: &Db,
    entropy: &Entropy,
    pool: &str,
    document: &str,
    allowed: &BTreeSet<Allowance>,
) -> Result<()> {
    let clock = Clock::system();
    let change = pool_changes::begin(db, &clock, entropy, pool, document, allowed).await?;
    let ended = carry_on(db, entropy, &change).await?;
    let ended = ended.context("the user pool was deleted")?;
    if ended.stage == Stage::Done {
        say(&format!("{pool} is changed"));
        return Ok(());
    }
    let why = ended.failure.as_deref().unwrap_or("it was called off");
    bail!("nothing is changed: {why}")
}

/// Takes the steps of a change until it has ended, or looks on while somebody else takes them.
async fn carry_on(
    db: &Db,
    entropy: &Entropy,
    change: &PoolChange,
) -> Result<Option<Box<PoolChange>>> {
    let (clock, holder) = (Clock::system(), entropy.generator().uuid_v4());
    let mut stage = change.stage;
    tell(stage.as_str());
    loop {
        let started = Instant::now();
        let pause = match pool_changes::step(db, &clock, &holder, &change.pool).await? {
            Step::Ended(ended) => return Ok(ended.filter(|ended| ended.id == change.id)),
            Step::Moved(moved) => {
                if moved.stage != stage {
                    stage = moved.stage;
                    tell(stage.as_str());
                }
                started.elapsed().max(BETWEEN_STEPS)
            }
            Step::WaitsUntil(_) | Step::IsAnothers => A_WHILE,
        };
        tokio::time::sleep(pause).await;
    }
}

async fn status(db: &Db, pool: &str, json: bool) -> Result<()> {
    let change = pool_changes::status(db, pool).await?;
    let Some(change) = change else {
        say(if json {
            "{}"
        } else {
            "the pool was never changed"
        });
        return Ok(());
    };
    if json {
        let object = json!({
            "stage": change.stage.as_str(),
            "begun_at": change.begun_at.in_words(),
            "ended_at": change.ended_at.map(cognate_model::Timestamp::in_words),
            "looked_at": change.looked_at,
            "failure": change.failure,
        });
        say(&object.to_string());
        return Ok(());
    }
    let (word, at) = match change.ended_at {
        Some(ended_at) => ("at", ended_at),
        None => ("since", change.begun_at),
    };
    let mut line = format!("{} {word} {}", change.stage.as_str(), at.in_words());
    if change.looked_at > 0 && change.ended_at.is_none() {
        line += &format!(", {} users looked at in this stage", change.looked_at);
    }
    if let Some(failure) = &change.failure {
        line += &format!(": {}", failure.escape_debug());
    }
    say(&line);
    Ok(())
}

impl Asked {
    fn read(self) -> Result<(String, BTreeSet<Allowance>)> {
        let document = read(&self.change)
            .with_context(|| format!("«{}» cannot be read", self.change.display()))?;
        Ok((document, self.allow.into_iter().collect()))
    }
}

fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = File::open(path)?
        .take(MAX_DOCUMENT + 1)
        .read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read > MAX_DOCUMENT) {
        bail!("it is too long");
    }
    Ok(text)
}

fn parse_allowance(text: &str) -> Result<Allowance, String> {
    let found = Allowance::ALL
        .into_iter()
        .find(|kind| kind.as_str() == text);
    found.ok_or_else(|| {
        let names = Allowance::ALL.map(Allowance::as_str);
        format!("it must be one of {}", names.join(", "))
    })
}
