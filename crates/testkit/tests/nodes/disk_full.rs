//! The disk under SQLite is full: clear failures, reads go on, and when there is room again service
//! is back without a restart.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use cognate_testkit::{TestServer, TestUser, Tokens};

/// A file system of four megabytes, gone when this is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// None, in words, where this process may not mount one.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs"])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self(folder));
        }
        eprintln!(
            "SKIPPED: a small file system cannot be mounted here (root only), so no disk can be filled"
        );
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills it but for so many bytes.
    fn fill(&self, but: u64) {
        let ballast = self.ballast();
        let mut file = File::create(&ballast).unwrap();
        let block = [7; 4096];
        while file.write_all(&block).is_ok() {}
        let size = file.metadata().unwrap().len();
        file.set_len(size.saturating_sub(but)).unwrap();
    }

    fn make_room(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_leaves_reads_alone_and_is_forgotten_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let url = format!("sqlite:{}", disk.path().join("cognate.db").display());
    let server = TestServer::builder().on(&url).start().await;
    let ana = server.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    // The writer meets the end of the room at another place each time.
    for (round, room) in [0, 4096, 12_288, 40_960, 122_880].into_iter().enumerate() {
        disk.fill(room);
        let acknowledged = sign_up_until_it_fails(&ana, round).await;
        reads_go_on(&ana, &tokens).await;
        disk.make_room();
        ana.sign_in().await.unwrap();
        for (number, sub) in acknowledged.iter().enumerate() {
            assert_eq!(
                ana.client
                    .pool
                    .attribute(&format!("user{round}x{number}"), "sub")
                    .await
                    .as_ref(),
                Some(sub)
            );
        }
        // The one that failed is not there at all, and may be there now.
        ana.client
            .user(&format!("user{round}x{}", acknowledged.len()))
            .confirmed()
            .await
            .sign_in()
            .await
            .unwrap();
    }
    server.app().db.close().await;
}

/// Gives the subs of those that were acknowledged before the first failure.
async fn sign_up_until_it_fails(ana: &TestUser, round: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    loop {
        match ana
            .client
            .user(&format!("user{round}x{}", acknowledged.len()))
            .sign_up()
            .await
        {
            Ok(answer) => acknowledged.push(answer.user_sub),
            Err(error) => {
                assert_eq!(
                    (error.status, error.code.as_str()),
                    (503, "ServiceUnavailableException")
                );
                return acknowledged;
            }
        }
        assert!(acknowledged.len() < 10_000, "the disk is not full");
    }
}

async fn reads_go_on(ana: &TestUser, tokens: &Tokens) {
    ana.get_user(&tokens.access).await.unwrap();
    ana.refresh(tokens.refresh()).await.unwrap();
    ana.client.pool.user("ana").await.unwrap();
    assert_eq!(ana.client.pool.server.get("/readyz").await.0, 200);
}
