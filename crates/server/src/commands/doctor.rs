//! `cognate doctor`: looks for the troubles that people have, each with its mend. It reads the
//! configuration that `serve` would read, asks the database, the public URL and the mail server,
//! and changes nothing.

mod access;
mod clock;
mod database;
mod files;
mod finding;
mod limits;
mod mail;
mod patient;
mod proxy;
mod public_url;
mod sms;
mod storage;
mod tls;

use anyhow::{Result, bail};

use self::finding::{Finding, Findings};
use self::patient::{Patient, now};
use super::{block_on, master_key_variable};
use crate::config_file::ConfigFile;
use crate::configuration::{ServerConfiguration, StoreConfiguration};
use crate::node::app_config;
use crate::options::ServerOptions;
use crate::terminal::say;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: ServerOptions,
    /// The findings as one JSON document, for programs.
    #[arg(long)]
    json: bool,
}

/// Does it. Errors that were found make it fail; warnings don't.
pub(crate) fn run(Arguments { server, json }: Arguments) -> Result<()> {
    let findings = block_on(async { Ok(examine(server).await) })?;
    say(&match json {
        true => findings.as_json(),
        false => findings.as_text(),
    });
    match findings.errors() {
        0 => Ok(()),
        1 => bail!("doctor has found an error"),
        errors => bail!("doctor has found {errors} errors"),
    }
}

/// All checks, one after the other.
async fn examine(options: ServerOptions) -> Findings {
    let mut findings = Findings::default();
    let patient = match admit(options, &mut findings).await {
        Ok(patient) => patient,
        Err(error) => {
            findings.add([Finding::error(
                "settings",
                format!("{error:#}"),
                "serve refuses these settings too; docs/configuration.md has them all",
            )]);
            return findings;
        }
    };
    findings.add(files::check(&patient));
    findings.add(storage::check(&patient));
    findings.add(database::check(&patient).await);
    findings.add(access::check(&patient).await);
    findings.add(tls::check(&patient));
    let (of_url, date) = public_url::check(&patient).await;
    findings.add(of_url);
    findings.add(clock::check(&patient, date).await);
    findings.add(mail::check(&patient).await);
    findings.add(sms::check(&patient).await);
    findings.add(limits::check(&patient));
    if let Some(db) = patient.db {
        db.close().await;
    }
    findings
}

/// Reads the configuration and opens the database; tells how that went.
async fn admit(options: ServerOptions, findings: &mut Findings) -> Result<Patient> {
    let file = ConfigFile::load(options.store.config.as_deref())?;
    let master_key = master_key_variable();
    let (_, kind) = StoreConfiguration::of_existing(&options.store, &file, master_key.as_deref())?;
    let configuration = ServerConfiguration::resolve(options, &file, kind, master_key)?;
    let is_tls = configuration.tls.is_some();
    let config = app_config(&configuration, kind, configuration.listen, is_tls)?;
    let source = match file.name() {
        Some(name) => format!("read from {name}, the environment and flags"),
        None => "read from the environment and flags; there is no settings file".to_owned(),
    };
    findings.add([Finding::ok("settings", source)]);
    let (db, opened) = database::open(&configuration.store).await;
    findings.add(opened);
    Ok(Patient {
        file,
        configuration,
        config,
        kind,
        db,
        now: now(),
    })
}
