//! The database: whether it opens, takes writes and keeps what it acknowledges.

use cognate_service::Entropy;
use cognate_store::condition::{self, Condition, Engine, Postgres};
use cognate_store::{Db, Error, OpenError};

use super::finding::Finding;
use super::patient::{Patient, now};
use crate::configuration::StoreConfiguration;
use crate::{database, master_key, rotation};

const DATABASE: &str = "database";
const MASTER_KEY: &str = "master key";

/// Opens it to read, and neither makes, migrates nor mends anything.
pub(super) async fn open(store: &StoreConfiguration) -> (Option<Db>, Vec<Finding>) {
    let key = match master_key::find(&store.master_key) {
        Ok(Some(key)) => key,
        Ok(None) => {
            let found = Finding::error(
                MASTER_KEY,
                format!("{:#}", database::no_master_key(store)),
                "name the right place with --data-dir or --master-key-file; for a new installation begin with cognate access-key create",
            );
            return (None, vec![found]);
        }
        Err(error) => {
            let mend = "only the user that the server runs as may read it (chmod 600), and nothing but the key stands in it";
            return (
                None,
                vec![Finding::error(MASTER_KEY, format!("{error:#}"), mend)],
            );
        }
    };
    let mut options = database::options(store, &key, &Entropy::System);
    options.must_exist = true;
    options.only_reads = true;
    options.wants_the_primary = true;
    match Db::open(options).await {
        Ok(db) => (Some(db), Vec::new()),
        Err(error) => (None, vec![closed(store, &error)]),
    }
}

/// Why the database stays closed, and what to do about it.
fn closed(store: &StoreConfiguration, error: &OpenError) -> Finding {
    let waiting = rotation::waiting_key(store);
    let mend = match error {
        OpenError::WrongMasterKey if waiting.exists() => format!(
            "a rotation of the master key was cut: {} is the key, and the next start of the server puts it in place",
            waiting.display()
        ),
        OpenError::WrongMasterKey => {
            "find the key that the database was made with or last rotated to; the old ones are kept beside it as master.key.ID".to_owned()
        }
        OpenError::OlderDatabase { .. } => {
            "make a backup with the version that runs, then start the new one (docs/upgrades.md)".to_owned()
        }
        OpenError::NewerDatabase { .. } => {
            "use the newer version, or restore the backup from before the upgrade (docs/upgrades.md)".to_owned()
        }
        OpenError::NoDatabase => {
            "name the right database with --data-dir or --database-url; for a new installation begin with cognate access-key create".to_owned()
        }
        OpenError::UnfinishedRestore => "restore again (docs/backup.md)".to_owned(),
        OpenError::Url(_) | OpenError::Tls(_) => {
            "mend --database-url (docs/configuration.md)".to_owned()
        }
        _ => "see whether it runs, whether this machine reaches it, and whether user and password are right".to_owned(),
    };
    Finding::error(DATABASE, error.to_string(), mend)
}

pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    let Some(db) = &patient.db else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    match condition::find(db, || now().0).await {
        Ok(condition) => findings.extend(of(&condition)),
        Err(error) => findings.push(silent(&error)),
    }
    match db.check_writable().await {
        Ok(()) => {}
        Err(error @ Error::ReadOnly(_)) => findings.push(Finding::error(
            DATABASE,
            error.to_string(),
            "lead --database-url to the primary, or promote this server",
        )),
        Err(error) => findings.push(silent(&error)),
    }
    findings
}

fn silent(error: &Error) -> Finding {
    Finding::error(
        DATABASE,
        error.to_string(),
        "see whether it runs and whether this machine reaches it",
    )
}

fn of(condition: &Condition) -> Vec<Finding> {
    let schema = condition.schema;
    match &condition.engine {
        Engine::Sqlite { version, .. } => vec![Finding::ok(
            DATABASE,
            format!("SQLite {version}, schema version {schema}, up to date"),
        )],
        Engine::Postgres(server) => {
            let ok = format!(
                "{}, schema version {schema}, up to date, {}, {}",
                server.version,
                standbys(server),
                match server.is_behind_a_pooler {
                    true => "behind a pooler that shares connections by transaction",
                    false => "no pooler, or one by session",
                }
            );
            let mut findings = vec![Finding::ok(DATABASE, ok)];
            findings.extend(durability(server));
            findings
        }
    }
}

fn standbys(server: &Postgres) -> String {
    match server.standbys {
        _ if server.is_standby => "a standby".to_owned(),
        Some((0, _)) => "no standby".to_owned(),
        Some((all, awaited)) => format!("standbys: {all}, of which commits wait for {awaited}"),
        None => "tells nothing of standbys".to_owned(),
    }
}

/// What an acknowledged change is worth when the server loses power.
fn durability(server: &Postgres) -> Vec<Finding> {
    let is_off = |setting: &Option<String>| setting.as_deref() == Some("off");
    let settings = [
        (
            is_off(&server.synchronous_commit),
            "synchronous_commit is off: what was acknowledged in the last moments is lost when the server crashes",
            "ALTER SYSTEM SET synchronous_commit = on, or for the role or database if it is set there",
        ),
        (
            is_off(&server.fsync),
            "fsync is off: a crash of its machine may destroy the database",
            "ALTER SYSTEM SET fsync = on, and reload",
        ),
        (
            is_off(&server.full_page_writes),
            "full_page_writes is off: a crash of its machine may tear pages, unless the file system writes them whole",
            "ALTER SYSTEM SET full_page_writes = on, and reload",
        ),
    ];
    let found = settings.into_iter().filter(|(is_so, ..)| *is_so);
    found
        .map(|(_, what, mend)| Finding::error(DATABASE, what, mend))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn server() -> Postgres {
        let on = || Some("on".to_owned());
        Postgres {
            version: "PostgreSQL 17.1".to_owned(),
            synchronous_commit: on(),
            fsync: on(),
            full_page_writes: on(),
            is_standby: false,
            standbys: Some((2, 1)),
            is_behind_a_pooler: false,
            clock_ahead_ms: None,
        }
    }

    #[test]
    fn what_an_acknowledgement_is_worth_is_told() {
        assert_eq!(durability(&server()), []);
        for spoil in [
            |server: &mut Postgres| server.synchronous_commit = Some("off".to_owned()),
            |server: &mut Postgres| server.fsync = Some("off".to_owned()),
            |server: &mut Postgres| server.full_page_writes = Some("off".to_owned()),
        ] {
            let mut server = server();
            spoil(&mut server);
            let found = durability(&server);
            assert_eq!(found.len(), 1);
            assert!(found.iter().all(|found| found.level == Level::Error));
        }
        assert_eq!(
            standbys(&server()),
            "standbys: 2, of which commits wait for 1"
        );
    }
}
