#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use super::*;

/// A folder with a certificate for a name.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(name);
        folder
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn write(&self, name: &str) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        fs::write(self.path("cert.pem"), made.cert.pem()).unwrap();
        fs::write(self.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    }

    fn load(&self) -> Result<Certificate> {
        Certificate::load(&self.path("cert.pem"), &self.path("key.pem"))
    }
}

fn served(certificate: &Certificate) -> Vec<u8> {
    let current = certificate.current.0.lock().unwrap();
    current.cert.first().unwrap().to_vec()
}

/// Lets the watcher have its look, without waiting for it.
async fn looked_at() {
    for _ in 0..3 {
        tokio::time::sleep(INTERVAL).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_certificate_is_served_without_a_restart() {
    let folder = Folder::new("old.example");
    let certificate = folder.load().unwrap();
    let old = served(&certificate);
    let following = tokio::spawn(certificate.clone().follow());
    tokio::task::yield_now().await;
    folder.write("new.example.with.a.longer.name");
    looked_at().await;
    assert_ne!(served(&certificate), old);
    following.abort();
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_cannot_be_used_leaves_the_old_one() {
    let folder = Folder::new("old.example");
    let certificate = folder.load().unwrap();
    let old = served(&certificate);
    let following = tokio::spawn(certificate.clone().follow());
    tokio::task::yield_now().await;
    fs::write(folder.path("cert.pem"), "half a certificate").unwrap();
    looked_at().await;
    assert_eq!(served(&certificate), old);
    folder.write("new.example.with.a.longer.name");
    looked_at().await;
    assert_ne!(served(&certificate), old);
    following.abort();
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let (one, other) = (Folder::new("one.example"), Folder::new("other.example"));
    fs::copy(other.path("key.pem"), one.path("key.pem")).unwrap();
    assert!(format!("{:#}", one.load().unwrap_err()).contains("cannot be used together"));
}

#[test]
fn files_that_are_missing_or_empty_are_told() {
    let folder = Folder::new("a.example");
    fs::write(folder.path("cert.pem"), "").unwrap();
    assert!(format!("{:#}", folder.load().unwrap_err()).contains("cert.pem cannot be read"));
    fs::remove_file(folder.path("cert.pem")).unwrap();
    assert!(format!("{:#}", folder.load().unwrap_err()).contains("cert.pem cannot be read"));
}
