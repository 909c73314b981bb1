//! Who may read what: the data folder, the database's file, the master key, the settings file; and
//! whether they belong to one user.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::finding::Finding;
use super::patient::Patient;
use crate::configuration::MasterKeySource;

const FILES: &str = "files";
const MASTER_KEY: &str = "master key";

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let store = &patient.configuration.store;
    let mut findings = Vec::new();
    let data_dir = Some(store.data_dir.as_path()).filter(|folder| folder.exists());
    findings.extend(data_dir.and_then(|folder| open_to_others(folder, "700")));
    let database = store.sqlite_file().filter(|file| file.exists());
    findings.extend(database.and_then(|file| open_to_others(file, "600")));
    findings.extend(settings_file(patient));
    if let MasterKeySource::File(key) = &store.master_key {
        findings.extend(of_several_owners(database, key));
        findings.extend(beside_the_database(database, key));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(FILES, "nobody else may read them"));
    }
    findings
}

/// A folder or file that others than its owner may enter or read.
fn open_to_others(path: &Path, right_mode: &str) -> Option<Finding> {
    let mode = fs::metadata(path).ok()?.mode() & 0o777;
    let path = path.display();
    (mode & 0o077 != 0).then(|| {
        Finding::warning(
            FILES,
            format!("{path} is open to others than its owner (mode {mode:03o})"),
            format!("chmod {right_mode} {path}"),
        )
    })
}

/// Settings that hold a password, when the URL names one.
const SECRET_SETTINGS: [&str; 4] = ["database-url", "smtp-url", "sms-url", "lambda-endpoint"];

fn settings_file(patient: &Patient) -> Option<Finding> {
    let name = patient.file.name()?;
    let mode = fs::metadata(name).ok()?.mode() & 0o777;
    let setting = SECRET_SETTINGS.into_iter().find(|key| {
        let value = patient.file.text(key).ok().flatten();
        value.is_some_and(|url| holds_a_password(&url))
    })?;
    (mode & 0o044 != 0).then(|| {
        Finding::error(
            FILES,
            format!("{name} holds a password ({setting}) and can be read by others (mode {mode:03o})"),
            format!("chmod 600 {name}, owned by the user that the server runs as; then change that password"),
        )
    })
}

/// Whether a URL has a user part with a password, or a password among its parameters.
pub(super) fn holds_a_password(url: &str) -> bool {
    let (_, parameters) = url.split_once('?').unwrap_or_default();
    if parameters
        .split('&')
        .any(|one| one.starts_with("password="))
    {
        return true;
    }
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    authority
        .rsplit_once('@')
        .is_some_and(|(user, _)| user.contains(':'))
}

/// A command that ran as root once leaves files that the server's user cannot write.
fn of_several_owners(database: Option<&Path>, key: &Path) -> Option<Finding> {
    let owner = |path: &Path| {
        fs::metadata(path)
            .ok()
            .map(|metadata: Metadata| metadata.uid())
    };
    let database = database?;
    let (of_database, of_key) = (owner(database)?, owner(key)?);
    let folder = database
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let of_folder = owner(folder.unwrap_or(Path::new(".")))?;
    (of_database != of_key || of_database != of_folder).then(|| {
        Finding::error(
            FILES,
            format!(
                "{} belongs to the user {of_database}, the master key to {of_key}, the folder to {of_folder}",
                database.display()
            ),
            "give all of them to the user that the server runs as (chown -R), and run every command as that user",
        )
    })
}

/// Whoever copies the folder has the lock and the key.
fn beside_the_database(database: Option<&Path>, key: &Path) -> Option<Finding> {
    let canonical = |path: &Path| {
        path.parent().and_then(|folder| {
            fs::canonicalize(match folder {
                empty if empty.as_os_str().is_empty() => Path::new("."),
                folder => folder,
            })
            .ok()
        })
    };
    let (of_database, of_key) = (canonical(database?)?, canonical(key)?);
    (of_database == of_key && key.exists()).then(|| {
        Finding::warning(
            MASTER_KEY,
            format!(
                "{} lies beside the database: a copy of the folder opens everything, and its loss takes both",
                key.display()
            ),
            "keep a copy of the key where the backups are not; better, move it elsewhere and name it with --master-key-file",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_noticed() {
        for url in [
            "postgres://ana:secret@db/x",
            "smtps://a:b@mail",
            "https://k:s@sms.example/v1?x",
            "postgres://db/x?user=ana&password=secret",
        ] {
            assert!(holds_a_password(url), "{url}");
        }
        for url in [
            "postgres://db/x",
            "postgres://ana@db/x",
            "smtp://mail:587",
            "http://sms/a:b@c",
            "sqlite:/x",
        ] {
            assert!(!holds_a_password(url), "{url}");
        }
    }
}
