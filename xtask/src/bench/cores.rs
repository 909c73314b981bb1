//! The machine's cores, and what a process used of them and of memory. Linux only: it reads /proc
//! and calls taskset.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use crate::repository::say;

/// Who runs where: the servers on all cores but the last, the load generator on that one.
pub(super) struct Cores {
    count: usize,
    lists: Option<Lists>,
}

/// As taskset takes them: `0` or `0-2`.
struct Lists {
    servers: String,
    generator: String,
}

impl Cores {
    /// Parts the cores. One server has one core, several share all but one.
    pub(super) fn share(nodes: usize) -> Self {
        let Self { count, .. } = Self::none();
        let has_taskset = Command::new("taskset")
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if count < 2 || !has_taskset {
            say("server and load generator share cores: there is one core, or no taskset");
            return Self::none();
        }
        let last = count - 1;
        let servers = match nodes.min(last) {
            1 => "0".to_owned(),
            used => format!("0-{}", used - 1),
        };
        Self {
            count,
            lists: Some(Lists {
                servers,
                generator: last.to_string(),
            }),
        }
    }

    /// Everybody everywhere.
    pub(super) fn none() -> Self {
        // Read before this process is moved to one of them.
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { count, lists: None }
    }

    /// A command for a program on the servers' cores; it keeps the process id that it is started
    /// with.
    pub(super) fn command(&self, program: &Path) -> Command {
        match &self.lists {
            None => Command::new(program),
            Some(lists) => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", &lists.servers]).arg(program);
                command
            }
        }
    }

    /// Moves this thread, which must be the main one, to the servers' cores: what it measures there
    /// compares with them.
    pub(super) fn move_to_servers(&self) -> Result<()> {
        self.lists
            .as_ref()
            .map_or(Ok(()), |lists| move_this_to(&lists.servers))
    }

    /// Moves this thread, which must be the main one, away from the servers.
    pub(super) fn move_to_generators(&self) -> Result<()> {
        self.lists
            .as_ref()
            .map_or(Ok(()), |lists| move_this_to(&lists.generator))
    }

    /// Lets this thread, which must be the main one, and what it starts from now on run on every
    /// core again.
    pub(super) fn move_everywhere(&self) -> Result<()> {
        let everywhere = format!("0-{}", self.count.saturating_sub(1));
        self.lists
            .as_ref()
            .map_or(Ok(()), |_| move_this_to(&everywhere))
    }

    /// The machine in words.
    pub(super) fn machine(&self) -> String {
        let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line = information.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(": "))
                .map_or("?", |(_, value)| value)
                .to_owned()
        };
        let pinned = match &self.lists {
            Some(lists) => format!(
                "servers on core {}, load generator on core {}",
                lists.servers, lists.generator
            ),
            None => "servers and load generator share the cores".to_owned(),
        };
        let (name, family, model) = (field("model name"), field("cpu family"), field("model\t"));
        format!(
            "{name} (family {family}, model {model}), {} cores; {pinned}",
            self.count
        )
    }
}

/// The process id of a program is the thread id of its main thread, which is all that taskset
/// moves.
fn move_this_to(list: &str) -> Result<()> {
    let output = Command::new("taskset")
        .args(["--cpu-list", "--pid", list, &std::process::id().to_string()])
        .output()?;
    if !output.status.success() {
        bail!("taskset: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Processor time that a process has used so far, in all its threads, in user and system mode.
pub(super) fn processor_time(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).context(path)?;
    let Account { own, .. } = Account::parse(&text)?;
    Ok(tick()? * own)
}

/// Processor time so far of all processes with a name, and of their children that have ended; none
/// where there is no such process.
pub(super) fn processor_time_of_all(name: &str) -> Result<Option<Duration>> {
    let mut ticks = None;
    for entry in fs::read_dir("/proc")? {
        // A process may end while it is looked at.
        let Ok(text) = fs::read_to_string(entry?.path().join("stat")) else {
            continue;
        };
        let account = Account::parse(&text)?;
        if account.name == name {
            *ticks.get_or_insert(0) += account.own + account.of_ended_children;
        }
    }
    ticks.map(|ticks| Ok(tick()? * ticks)).transpose()
}

/// What /proc/PID/stat tells of a process (proc(5)): its name, and processor time in [`tick`]s.
struct Account<'a> {
    name: &'a str,
    own: u32,
    of_ended_children: u32,
}

impl<'a> Account<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        // The second field is the program's name in brackets, which may hold anything.
        let (head, fields) = text
            .rsplit_once(')')
            .context("a stat file without a name")?;
        let (_, name) = head.split_once('(').context("a stat file without a name")?;
        let times: Vec<u32> = fields
            .split_whitespace()
            .skip(11)
            .take(4)
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let [user, system, user_of_children, system_of_children] = times[..] else {
            bail!("a stat file without times");
        };
        Ok(Self {
            name,
            own: user + system,
            of_ended_children: user_of_children + system_of_children,
        })
    }
}

/// The unit of the system's accounts.
fn tick() -> Result<Duration> {
    let output = Command::new("getconf").arg("CLK_TCK").output()?;
    let per_second: u32 = String::from_utf8(output.stdout)?
        .trim()
        .parse()
        .context("getconf CLK_TCK")?;
    if per_second == 0 {
        bail!("getconf CLK_TCK gives 0");
    }
    Ok(Duration::from_secs(1) / per_second)
}

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Resident {
    /// All of it (`VmRSS`).
    pub(super) all: u64,
    /// Its own, without the pages of mapped files, the program's and a database's, which the system
    /// keeps for all and takes back when it likes (`RssAnon`).
    pub(super) own: u64,
}

/// Resident memory of a process.
pub(super) fn resident(pid: u32) -> Result<Resident> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).context(path)?;
    let field = |name: &str| -> Result<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB"));
        let kibibytes = kibibytes.with_context(|| format!("a status file without {name}"))?;
        Ok(kibibytes.trim().parse::<u64>()? * 1024)
    };
    Ok(Resident {
        all: field("VmRSS:")?,
        own: field("RssAnon:")?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_process_has_used_processor_time_and_memory() {
        let used = || processor_time(std::process::id()).unwrap();
        let before = used();
        // The clock of the kernel ticks every ten milliseconds, and on a busy machine this process
        // may not run in each of them: it works until it is seen to have worked.
        while used() == before {
            std::hint::spin_loop();
        }
        assert!(used() > before);
        let memory = resident(std::process::id()).unwrap();
        assert!(memory.own > 100_000 && memory.all > memory.own);
    }
}
