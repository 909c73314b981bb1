//! What a database says of itself, for an operator who looks for trouble. It is read, never
//! written.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::{
    Db, Error, Row,
    core::{Core, Driver},
    migrations,
};

/// A database as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The version of the schema.
    pub schema: i64,
    /// What runs it.
    pub engine: Engine,
}

/// What runs a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// The library in this process, on a file.
    Sqlite {
        /// Its version.
        version: String,
        /// The file.
        file: PathBuf,
    },
    /// A server that speaks PostgreSQL's protocol.
    Postgres(Postgres),
}

/// What a PostgreSQL server says of itself. None is what it doesn't tell: not every database that
/// speaks its protocol knows every setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postgres {
    /// Its version, in its own words.
    pub version: String,
    /// `synchronous_commit`.
    pub synchronous_commit: Option<String>,
    /// `fsync`.
    pub fsync: Option<String>,
    /// `full_page_writes`.
    pub full_page_writes: Option<String>,
    /// Whether it follows another server.
    pub is_standby: bool,
    /// How many standbys stream from it, and how many of those it waits for.
    pub standbys: Option<(i64, i64)>,
    /// Whether a pooler shares its connections between transactions.
    pub is_behind_a_pooler: bool,
    /// How far its clock is ahead of this machine's; behind where it is negative.
    pub clock_ahead_ms: Option<i64>,
}

/// A setting, or NULL from a server that has none of this name.
const SETTINGS: &str =
    "SELECT current_setting('server_version'), current_setting('synchronous_commit', true),
    current_setting('fsync', true), current_setting('full_page_writes', true)";
const VERSION: &str = "SELECT version()";
const STANDBY: &str = "SELECT pg_is_in_recovery()";
/// Who may not see a standby's state is told that there is one all the same.
const STANDBYS: &str = "SELECT count(*), count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) FROM pg_stat_replication";
const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// Asks a database how it is. `wall_clock_ms` reads this machine's clock.
///
/// # Errors
/// [`Error`] when it does not answer.
pub async fn find(db: &Db, wall_clock_ms: impl Fn() -> i64) -> Result<Condition, Error> {
    let core = db.core();
    let schema = migrations::version(core, &mut core.read()).await?;
    let engine = match &core.driver {
        Driver::Sqlite { readers, .. } => Engine::Sqlite {
            version: first(core, "SELECT sqlite_version()")
                .await?
                .text(0)?
                .to_owned(),
            file: readers.file().to_owned(),
        },
        Driver::Postgres(retrier) => {
            let is_behind_a_pooler = retrier.pool().is_behind_a_pooler().await?;
            Engine::Postgres(of_postgres(core, is_behind_a_pooler, wall_clock_ms).await?)
        }
    };
    Ok(Condition { schema, engine })
}

async fn of_postgres(
    core: &Core,
    is_behind_a_pooler: bool,
    wall_clock_ms: impl Fn() -> i64,
) -> Result<Postgres, Error> {
    let settings = known(first(core, SETTINGS).await)?;
    let setting = |column: usize| match &settings {
        Some(row) => Ok::<_, Error>(row.opt_text(column)?.map(str::to_owned)),
        None => Ok(None),
    };
    let version = match setting(0)? {
        Some(number) => format!("PostgreSQL {number}"),
        None => first(core, VERSION).await?.text(0)?.to_owned(),
    };
    let standbys = known(first(core, STANDBYS).await)?;
    let standby = known(first(core, STANDBY).await)?;
    Ok(Postgres {
        version,
        synchronous_commit: setting(1)?,
        fsync: setting(2)?,
        full_page_writes: setting(3)?,
        is_standby: standby.is_some_and(|row| row.bool(0) == Ok(true)),
        standbys: standbys.and_then(|row| Some((row.int(0).ok()?, row.int(1).ok()?))),
        is_behind_a_pooler,
        clock_ahead_ms: clock_ahead(core, wall_clock_ms).await?,
    })
}

/// The difference of the clocks. The answer is from some moment of the question's way there and
/// back, and counts as from its middle.
async fn clock_ahead(core: &Core, wall_clock_ms: impl Fn() -> i64) -> Result<Option<i64>, Error> {
    // The first question on a connection is prepared before it is asked.
    known(first(core, CLOCK).await)?;
    let asked = Instant::now();
    let Some(row) = known(first(core, CLOCK).await)? else {
        return Ok(None);
    };
    let half: Duration = asked.elapsed() / 2;
    let half = i64::try_from(half.as_millis()).unwrap_or(i64::MAX);
    Ok(Some(row.int(0)?.saturating_add(half) - wall_clock_ms()))
}

async fn first(core: &Core, sql: &'static str) -> Result<Row, Error> {
    core.read().query_one(sql, &[]).await
}

/// None where the database does not have what was asked for.
fn known(row: Result<Row, Error>) -> Result<Option<Row>, Error> {
    match row {
        Ok(row) => Ok(Some(row)),
        Err(Error::Statement(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
