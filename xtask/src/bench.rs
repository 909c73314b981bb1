//! `cargo xtask bench`: what the server's operations cost, beside the cryptography that they cannot
//! do without.
//!
//! It drives a release build over HTTP, as clients do, from a load generator of its own, and reads
//! from the system how much processor time the server spent. The server has one core and the
//! generator another, where the machine lets them be told apart; the bare cryptography is measured
//! in the same run, on the server's core, just before and after the load. docs/performance.md tells
//! what the figures mean.

mod api;
mod cores;
mod device;
mod floor;
mod groups;
mod http;
mod load;
mod operation;
mod passkey;
mod pool;
mod report;
mod rotation;
mod server;
mod srp;
mod totp;
mod turns;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum as _};
use tokio::runtime::Runtime;

use self::api::AccessKey;
use self::cores::Cores;
use self::floor::Primitives;
use self::load::Load;
use self::operation::Operation;
use self::pool::{Form, Pool};
use self::report::{Memory, Report, Row, Step};
use self::server::{Database, Nodes};
use self::turns::{Comparison, Turn};
use crate::repository::say;

/// How long the server is under load before counting begins: caches fill, pools of threads and
/// connections grow.
const WARM_UP: Duration = Duration::from_millis(700);

/// How often the server is started to find how long that takes.
const STARTS: usize = 7;

/// What to measure and how.
#[derive(Args)]
pub(crate) struct Wanted {
    /// Measure this operation only; may be given several times
    #[arg(long, value_name = "OPERATION", value_enum)]
    only: Vec<Operation>,
    /// How long each operation is driven, in seconds
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    seconds: f64,
    /// How many connections drive each operation, instead of its own number
    #[arg(long, value_name = "N")]
    connections: Option<usize>,
    /// How many users the pool has; with several rising numbers all is measured at each, and
    /// compared
    #[arg(
        long,
        value_name = "N,N",
        value_delimiter = ',',
        default_value = "1000"
    )]
    fill: Vec<usize>,
    /// Keep the data in this folder, and find there what an earlier run kept: to measure two builds
    /// on one large pool
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// An empty database, as `cognate serve` takes it [default: a new SQLite file]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// How many servers share the database, which must be PostgreSQL for more than one
    #[arg(long, value_name = "N", default_value_t = 1)]
    nodes: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write the table as markdown to this file too
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Measure this server instead of building one: to compare two
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
    /// Compare with this server, by turns, each time on an SQLite database of its own
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "database_url", "nodes"])]
    against: Option<PathBuf>,
    /// How many turns
    #[arg(long, value_name = "N", default_value_t = 6, requires = "against")]
    turns: usize,
    /// Measure what is not optimised: only to try the bench itself
    #[arg(long)]
    unoptimised: bool,
}

/// Runs the bench. What was not optimised measures nothing, so the debug build that `cargo xtask`
/// is builds itself and the server anew and lets that do the work.
pub(crate) fn run(root: &Path, wanted: &Wanted) -> Result<()> {
    check(wanted)?;
    let folder = programs()?;
    let server = wanted
        .server
        .is_none()
        .then_some("--package=cognate-server");
    if cfg!(debug_assertions) && !wanted.unoptimised {
        let mut arguments = vec!["--release", "--package=xtask"];
        // Both at once, or cargo would build what they share with other features.
        arguments.extend(server);
        build(root, &arguments)?;
        let optimised = folder.with_file_name("release").join("xtask");
        let mut command = Command::new(&optimised);
        let status = command.args(std::env::args_os().skip(1)).status();
        if !status
            .with_context(|| optimised.display().to_string())?
            .success()
        {
            bail!("the bench failed; its words stand above");
        }
        return Ok(());
    }
    if wanted.unoptimised
        && let Some(server) = server
    {
        build(root, &[server])?;
    }
    let program = wanted.server.clone();
    let program = program.unwrap_or_else(|| folder.join("cognate"));
    // The server is started in another folder.
    let program = program
        .canonicalize()
        .with_context(|| program.display().to_string())?;
    // Below target/, and so on the disk where the repository is: a temporary folder may be in
    // memory, where nothing is durable and everything is fast.
    let data = folder.with_file_name("bench");
    if let Some(other) = &wanted.against {
        let comparison = compare(wanted, other, &program, &data)?;
        let markdown = comparison.to_markdown();
        return publish(
            wanted,
            &comparison.to_text(),
            &comparison.to_json()?,
            &markdown,
        );
    }
    let report = measure(wanted, &program, &data)?;
    let markdown = report.to_markdown();
    publish(wanted, &report.to_text(), &report.to_json()?, &markdown)
}

/// Prints figures as the caller wants them, and writes them down.
fn publish(wanted: &Wanted, text: &str, json: &str, markdown: &str) -> Result<()> {
    say(if wanted.json { json } else { text });
    if let Some(file) = &wanted.markdown {
        std::fs::write(file, markdown).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// Measures two servers by turns.
fn compare(wanted: &Wanted, before: &Path, after: &Path, data: &Path) -> Result<Comparison> {
    let before = before
        .canonicalize()
        .with_context(|| before.display().to_string())?;
    let mut machine = String::new();
    let mut turns = Vec::new();
    for number in 1..=wanted.turns {
        say(&format!("turn {number} of {}", wanted.turns));
        let mut rows = |program: &Path| -> Result<Vec<Row>> {
            let report = measure(wanted, program, data)?;
            machine = report.machine;
            Ok(report
                .steps
                .into_iter()
                .flat_map(|step| step.rows)
                .collect())
        };
        turns.push(Turn {
            before: rows(&before)?,
            after: rows(after)?,
        });
    }
    Comparison::of(machine, &before, after, &turns)
}

fn check(wanted: &Wanted) -> Result<()> {
    if !wanted.seconds.is_finite() || wanted.seconds < 0.1 || wanted.seconds > 600.0 {
        bail!("--seconds must be 0.1 to 600");
    }
    if !wanted.fill.is_sorted_by(|a, b| a < b) {
        bail!("--fill takes rising numbers");
    }
    if wanted.against.is_some() && (wanted.fill.len() > 1 || wanted.turns == 0) {
        bail!("--against takes one number in --fill, and one turn or more");
    }
    if wanted.fill.contains(&0) || wanted.nodes == 0 || wanted.connections == Some(0) {
        bail!("--fill, --nodes and --connections must be 1 or more");
    }
    let url = wanted.database_url.as_deref().unwrap_or_default();
    if wanted.nodes > 1 && !url.starts_with("postgres") {
        bail!("several nodes need PostgreSQL: --database-url postgres://…");
    }
    Ok(())
}

/// The folder that cargo put this program into, and the server beside it.
fn programs() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let folder = this.parent().context("this program lies in no folder")?;
    Ok(folder.to_path_buf())
}

fn build(root: &Path, arguments: &[&str]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    let status = cargo.arg("build").args(arguments).current_dir(root);
    if !status.status().context("start cargo")?.success() {
        bail!("cargo build {} failed", arguments.join(" "));
    }
    Ok(())
}

fn measure(wanted: &Wanted, program: &Path, data: &Path) -> Result<Report> {
    let database = Database::prepare(data, wanted.data.as_deref(), wanted.database_url.clone())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let key = server::create_access_key(program, &database)?;
    let kept = database.kept_pool()?;
    let bench = Bench {
        wanted,
        program,
        cores: Cores::share(wanted.nodes),
        database,
        primitives: Primitives::new()?,
        runtime,
    };
    let mut pool = kept.map(|kept| Pool::of(kept, key.clone()));
    let mut steps = Vec::new();
    for &users in &wanted.fill {
        let (grown, filled_per_second) = bench.grow(pool.take(), &key, users)?;
        let pool = pool.insert(grown);
        steps.push(bench.step(pool, filled_per_second)?);
    }
    // The next measurement of this process counts the cores anew.
    bench.cores.move_everywhere()?;
    Ok(Report {
        machine: bench.cores.machine(),
        database: bench.database.describe(),
        nodes: wanted.nodes,
        seconds: wanted.seconds,
        steps,
    })
}

/// What all steps of a run share.
struct Bench<'a> {
    wanted: &'a Wanted,
    program: &'a Path,
    cores: Cores,
    database: Database,
    primitives: Primitives,
    runtime: Runtime,
}

impl Bench<'_> {
    /// Brings the pool to a size, with all cores at work: what follows is measured on servers that
    /// find it. Gives how many users a second were added, if any were.
    fn grow(
        &self,
        pool: Option<Pool>,
        key: &AccessKey,
        users: usize,
    ) -> Result<(Pool, Option<f64>)> {
        self.cores.move_everywhere()?;
        let nodes = Nodes::start(
            self.program,
            &self.database,
            &Cores::none(),
            self.wanted.nodes,
        )?;
        let mut pool = match pool {
            Some(pool) => pool,
            None => {
                let (addresses, form) = (nodes.addresses(), Form::usual());
                let made = Pool::create(&addresses, key.clone(), &form);
                self.runtime.block_on(made)?
            }
        };
        let missing = users
            .checked_sub(pool.size)
            .with_context(|| format!("the pool in the folder has {} users already", pool.size))?;
        say(&format!("adding {missing} users to {}", pool.size));
        let took = self.runtime.block_on(pool.fill(nodes.addresses(), users))?;
        nodes.stop()?;
        self.database.keep(&pool)?;
        // What the system has yet to write would be written while the first operations are
        // measured.
        Command::new("sync").status().context("sync")?;
        let rate = (missing > 0).then(|| missing as f64 / took.as_secs_f64());
        if let Some(rate) = rate {
            say(&format!(
                "added in {:.1} s: {rate:.0} users/s",
                took.as_secs_f64()
            ));
        }
        Ok((pool, rate))
    }

    /// Measures the operations on a pool of one size.
    fn step(&self, pool: &mut Pool, filled_per_second: Option<f64>) -> Result<Step> {
        let (nodes, start) = self.start_often(pool)?;
        let idle = nodes.memory()?;
        let database_bytes = self.database.bytes();
        self.runtime.block_on(pool.move_to(nodes.addresses()))?;
        let mut rows = Vec::new();
        for operation in self.operations() {
            say(&format!("measuring {}", operation.title()));
            let row = self.row(*operation, pool, &nodes);
            rows.push(row.with_context(|| operation.title())?);
        }
        let step = Step {
            users: pool.size,
            filled_per_second,
            start_ms: start.as_secs_f64() * 1e3,
            memory: Memory {
                idle,
                after_load: nodes.memory()?,
            },
            database_bytes,
            rows,
        };
        nodes.stop()?;
        Ok(step)
    }

    /// Starts the servers several times on the data that is there; gives the last ones and the
    /// median time to the first answer.
    fn start_often(&self, pool: &Pool) -> Result<(Nodes, Duration)> {
        let mut times = Vec::new();
        loop {
            let nodes = Nodes::start(self.program, &self.database, &self.cores, self.wanted.nodes)?;
            times.push(nodes.first_answer(pool, &self.runtime)?);
            if times.len() < STARTS {
                nodes.stop()?;
                continue;
            }
            times.sort_unstable();
            let median = times.get(STARTS / 2).copied().unwrap_or_default();
            // Time for what a start leaves to be done in the background, before memory is read.
            self.runtime
                .block_on(async { tokio::time::sleep(Duration::from_secs(1)).await });
            return Ok((nodes, median));
        }
    }

    fn operations(&self) -> &[Operation] {
        match self.wanted.only.as_slice() {
            [] => Operation::value_variants(),
            some => some,
        }
    }

    /// Measures one operation, and its bare cryptography before and after it.
    fn row(&self, operation: Operation, pool: &Pool, nodes: &Nodes) -> Result<Row> {
        let span = Duration::from_secs_f64(self.wanted.seconds);
        let floor = || self.primitives.measure(operation, span / 8, &self.cores);
        let load = Load {
            connections: self.wanted.connections.unwrap_or(operation.connections()),
            warm_up: WARM_UP.min(span),
            span,
        };
        let before = floor()?;
        self.cores.move_to_generators()?;
        let work = self.runtime.block_on(operation.prepare(pool))?;
        let driven = load.drive(pool, &work, nodes, &self.database);
        let outcome = self.runtime.block_on(driven)?;
        let floor = before.zip(floor()?).map(|(a, b)| (a + b) / 2);
        Ok(Row::new(operation, load.connections, &outcome, floor))
    }
}
