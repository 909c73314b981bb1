//! kill -9: a process of its own writes, is killed at a moment nobody chose, and all that it had
//! heard acknowledged is there.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::Duration,
};

use crate::place::{Place, on_lasting_places, put, value_of};

const CHILD: &str = "COGNATE_STORE_TEST_CHILD";

#[test]
fn what_was_acknowledged_survives_kill_9() {
    on_lasting_places(async |place: &Place| {
        let mut acknowledged: Vec<String> = Vec::new();
        for round in 0..4u64 {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "killed::child_that_writes",
                    "--nocapture",
                    "--test-threads=1",
                ])
                .env(CHILD, format!("{round} {}", place.url))
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let heard: Vec<String> = lines
                .by_ref()
                .map_while(Result::ok)
                .filter_map(key)
                .take(150 + 40 * round as usize)
                .collect();
            child.kill().unwrap();
            acknowledged.extend(heard);
            // What was said before the kill and read after it counts too; the last line may be
            // torn.
            let mut rest: Vec<String> = lines.map_while(Result::ok).collect();
            rest.pop();
            acknowledged.extend(rest.into_iter().filter_map(key));
            child.wait().unwrap();
            let db = place.open().await;
            for name in &acknowledged {
                assert!(
                    value_of(&db, name).await.is_some(),
                    "{name} was acknowledged and is lost"
                );
            }
            db.close().await;
        }
        assert!(acknowledged.len() > 800, "{}", acknowledged.len());
    });
}

fn key(line: String) -> Option<String> {
    line.strip_prefix("ack ").map(str::to_owned)
}

/// Not a test of its own: the process that is killed.
#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "how the killing test speaks to its child"
)]
fn child_that_writes() {
    let Ok(order) = std::env::var(CHILD) else {
        return;
    };
    let (round, url) = order.split_once(' ').unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let options = cognate_store::DbOptions::new(
            url,
            crate::place::master_key(1),
            crate::place::fresh_random(),
        );
        let db = cognate_store::Db::open(options).await.unwrap();
        for task in 0..8 {
            let (db, round) = (db.clone(), round.to_owned());
            tokio::spawn(async move {
                for number in 0.. {
                    let name = format!("{round}-{task}-{number}");
                    put(&db, &name, b"x").await.unwrap();
                    let mut out = std::io::stdout().lock();
                    out.write_all(format!("ack {name}\n").as_bytes()).unwrap();
                    out.flush().unwrap();
                }
            });
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
}
