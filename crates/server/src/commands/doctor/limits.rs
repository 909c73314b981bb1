//! Whether the system lets the server have as many connections as it is told to take.

use std::fs;
use std::path::{Path, PathBuf};

use super::finding::{Finding, Level};
use super::patient::Patient;

const LIMITS: &str = "limits";
/// What a server holds open besides its connections: the database, the log, libraries.
const BESIDES: u64 = 256;

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let wanted = u64::try_from(patient.configuration.limits.connections).unwrap_or(u64::MAX);
    let running = listening_process(patient.configuration.listen.port())
        .and_then(|folder| files_of(&folder.join("limits")));
    match (running, files_of(Path::new("/proc/self/limits"))) {
        (Some(limit), _) => vec![judge(limit, "the server that runs here", wanted)],
        // A service has a limit of its own, so this one is no proof that anything is wrong.
        (None, Some(limit)) => {
            let mut finding = judge(limit, "this shell (a service's own may differ)", wanted);
            finding.level = finding.level.min(Level::Warning);
            vec![finding]
        }
        (None, None) => Vec::new(),
    }
}

fn judge(limit: u64, whose: &str, connections: u64) -> Finding {
    let need = connections.saturating_add(BESIDES);
    if limit >= need {
        let what = format!("{limit} open files for {whose}, {connections} connections");
        return Finding::ok(LIMITS, what);
    }
    Finding::error(
        LIMITS,
        format!(
            "{limit} open files for {whose}, and --max-connections is {connections}: connections will be refused before that"
        ),
        format!(
            "LimitNOFILE={} in the unit (ulimit -n in a shell), or a smaller --max-connections",
            need.next_power_of_two()
        ),
    )
}

/// The folder in /proc of the process that listens on a port, where that may be looked at.
fn listening_process(port: u16) -> Option<PathBuf> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let socket = tables
        .iter()
        .flatten()
        .find_map(|table| listening_socket(table, port))?;
    let processes = fs::read_dir("/proc").ok()?.filter_map(Result::ok);
    processes.map(|entry| entry.path()).find(|folder| {
        let files = fs::read_dir(folder.join("fd")).ok();
        let mut files = files.into_iter().flatten().filter_map(Result::ok);
        files.any(|file| fs::read_link(file.path()).is_ok_and(|at| at == Path::new(&socket)))
    })
}

/// What /proc/PID/fd calls the socket that listens on a port, from /proc/net/tcp (proc(5)): the
/// port is hexadecimal, 0A the state LISTEN.
fn listening_socket(table: &str, port: u16) -> Option<String> {
    let at = format!(":{port:04X}");
    table.lines().find_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let is_it = words.get(1)?.ends_with(&at) && *words.get(3)? == "0A";
        is_it.then(|| words.get(9).map(|inode| format!("socket:[{inode}]")))?
    })
}

fn files_of(limits: &Path) -> Option<u64> {
    soft_limit(&fs::read_to_string(limits).ok()?)
}

/// The soft limit in the form of /proc/PID/limits (proc(5)).
fn soft_limit(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn the_socket_that_listens_is_found() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:240D 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 11 1 0 20 0 0 10 -1
   1: 0100007F:240D 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22 1 0 100 0 0 10 0";
        assert_eq!(
            listening_socket(table, 9229).as_deref(),
            Some("socket:[22]")
        );
        assert_eq!(listening_socket(table, 9230), None);
    }

    #[test]
    fn the_soft_limit_is_read() {
        let text = "Limit                     Soft Limit           Hard Limit           Units\nMax open files            1024                 524288               files\n";
        assert_eq!(soft_limit(text), Some(1024));
        assert_eq!(
            soft_limit("Max open files  unlimited unlimited files"),
            Some(u64::MAX)
        );
        assert_eq!(soft_limit(""), None);
    }

    #[test]
    fn fewer_files_than_connections_are_an_error() {
        assert_eq!(judge(1024, "x", 4096).level, Level::Error);
        assert_eq!(judge(4096, "x", 4096).level, Level::Error);
        assert_eq!(judge(16_384, "x", 4096).level, Level::Ok);
    }
}
