//! `cargo xtask bench`: what the server's operations cost, beside the cryptography that they cannot do without.
//!
//! It drives a release build over HTTP, as clients do, from a load generator of its own, and reads from the system how much
//! processor time the server spent. The server has one core and the generator another, where the machine lets them be told
//! apart; the bare cryptography is measured in the same run, on the server's core, just before and after the load.
//! docs/performance.md tells what the figures mean.

mod api;
mod cores;
mod floor;
mod http;
mod load;
mod operation;
mod pool;
mod report;
mod server;
mod srp;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum as _};
use tokio::runtime::Runtime;

use self::cores::Cores;
use self::floor::Primitives;
use self::load::Load;
use self::operation::Operation;
use self::pool::Pool;
use self::report::{Memory, Report, Row};
use self::server::{Database, Nodes};
use crate::repository::say;

/// How long the server is under load before counting begins: caches fill, pools of threads and connections grow.
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
    /// How many users the pool has
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    fill: usize,
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
    /// Measure what is not optimised: only to try the bench itself
    #[arg(long)]
    unoptimised: bool,
}

/// Runs the bench. What was not optimised measures nothing, so the debug build that `cargo xtask` is builds itself and the
/// server anew and lets that do the work.
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
    // Below target/, and so on the disk where the repository is: a temporary folder may be in memory, where nothing is durable
    // and everything is fast.
    let data = folder.with_file_name("bench");
    let report = measure(wanted, &program, &data)?;
    say(&match wanted.json {
        true => report.to_json()?,
        false => report.to_text(),
    });
    if let Some(file) = &wanted.markdown {
        std::fs::write(file, report.to_markdown()).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

fn check(wanted: &Wanted) -> Result<()> {
    if !wanted.seconds.is_finite() || wanted.seconds < 0.1 || wanted.seconds > 600.0 {
        bail!("--seconds must be 0.1 to 600");
    }
    if wanted.fill == 0 || wanted.nodes == 0 || wanted.connections == Some(0) {
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
    let cores = Cores::share(wanted.nodes);
    let database = Database::prepare(data, wanted.database_url.clone())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let key = server::create_access_key(program, &database)?;

    // The pool is made with all cores at work; what follows is measured on servers that find it.
    let nodes = Nodes::start(program, &database, &Cores::none(), wanted.nodes)?;
    say(&format!("filling a pool with {} users", wanted.fill));
    let mut pool = runtime.block_on(Pool::fill(nodes.addresses(), key, wanted.fill))?;
    say(&format!(
        "filled in {:.1} s: {:.0} users/s",
        pool.filled_in.as_secs_f64(),
        wanted.fill as f64 / pool.filled_in.as_secs_f64()
    ));
    nodes.stop()?;

    let (nodes, start) = start_often(program, &database, &cores, wanted.nodes, &pool, &runtime)?;
    let idle = nodes.memory()?;
    runtime.block_on(pool.move_to(nodes.addresses()))?;
    let bench = Bench {
        wanted,
        cores,
        nodes,
        pool,
        primitives: Primitives::new()?,
        runtime,
    };
    let mut rows = Vec::new();
    for operation in bench.operations() {
        say(&format!("measuring {}", operation.title()));
        let row = bench.row(*operation);
        rows.push(row.with_context(|| operation.title())?);
    }
    let report = Report {
        machine: bench.cores.machine(),
        database: database.describe(),
        nodes: wanted.nodes,
        users: wanted.fill,
        fill_seconds: bench.pool.filled_in.as_secs_f64(),
        seconds: wanted.seconds,
        start_ms: start.as_secs_f64() * 1e3,
        memory: Memory {
            idle,
            after_load: bench.nodes.memory()?,
        },
        database_bytes: database.bytes(),
        rows,
    };
    bench.nodes.stop()?;
    Ok(report)
}

/// Starts the servers several times on the data that is there; gives the last ones and the median time to the first answer.
fn start_often(
    program: &Path,
    database: &Database,
    cores: &Cores,
    count: usize,
    pool: &Pool,
    runtime: &Runtime,
) -> Result<(Nodes, Duration)> {
    let mut times = Vec::new();
    loop {
        let nodes = Nodes::start(program, database, cores, count)?;
        times.push(nodes.first_answer(pool, runtime)?);
        if times.len() < STARTS {
            nodes.stop()?;
            continue;
        }
        times.sort_unstable();
        let median = times.get(STARTS / 2).copied().unwrap_or_default();
        // Time for what a start leaves to be done in the background, before memory is read.
        runtime.block_on(async { tokio::time::sleep(Duration::from_secs(1)).await });
        return Ok((nodes, median));
    }
}

/// Servers under load, and what they are compared with.
struct Bench<'a> {
    wanted: &'a Wanted,
    cores: Cores,
    nodes: Nodes,
    pool: Pool,
    primitives: Primitives,
    runtime: Runtime,
}

impl Bench<'_> {
    fn operations(&self) -> &[Operation] {
        match self.wanted.only.as_slice() {
            [] => Operation::value_variants(),
            some => some,
        }
    }

    /// Measures one operation, and its bare cryptography before and after it.
    fn row(&self, operation: Operation) -> Result<Row> {
        let span = Duration::from_secs_f64(self.wanted.seconds);
        let floor = || self.primitives.measure(operation, span / 8, &self.cores);
        let load = Load {
            connections: self.wanted.connections.unwrap_or(operation.connections()),
            warm_up: WARM_UP.min(span),
            span,
        };
        let before = floor()?;
        self.cores.move_to_generators()?;
        let work = self.runtime.block_on(operation.prepare(&self.pool))?;
        let driven = load.drive(&self.pool, &work, &self.nodes);
        let outcome = self.runtime.block_on(driven)?;
        let floor = before.zip(floor()?).map(|(a, b)| (a + b) / 2);
        Ok(Row::new(operation, load.connections, &outcome, floor))
    }
}
