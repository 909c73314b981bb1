//! The command line: which command, and how its failure is told.

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    access_key, backup, dev, doctor, export, generate, health, import_log, import_pool, master_key,
    pool, recovery_codes, restore, serve, setting, signing_key, unconfirmed_users,
};
use crate::{terminal, version};

/// An identity service that speaks Amazon Cognito's APIs. Not affiliated with Amazon.
#[derive(Parser)]
#[command(
    name = "cognate",
    version = version::line(),
    arg_required_else_help = true,
    infer_long_args = false
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve, for real: administrators prove themselves by access keys.
    Serve(serve::Arguments),
    /// Serve for development: any credentials are good, mail stays in a local inbox, a demo pool
    /// and site are there.
    Dev(dev::Arguments),
    /// Look for the troubles that people have, each with its mend: files, database, certificate,
    /// public URL, proxy, clock, mail. Changes nothing; fails where it finds an error.
    Doctor(doctor::Arguments),
    /// Make, list and delete the access keys that sign administrators' requests.
    #[command(subcommand)]
    AccessKey(access_key::Action),
    /// Replace and list the keys that sign a user pool's tokens.
    #[command(subcommand)]
    SigningKey(signing_key::Action),
    /// Show and change what Cognito has no member for, for one user pool or app client.
    #[command(subcommand)]
    Setting(setting::Action),
    /// Change what Cognito fixes when a pool is made: what users sign in with, the case rule, the
    /// schema. First plan, then apply.
    #[command(subcommand)]
    Pool(pool::Action),
    /// List and delete the users of a pool who have never confirmed their sign-up.
    #[command(subcommand)]
    UnconfirmedUsers(unconfirmed_users::Action),
    /// Tell what became of each row of a file that an import job has read.
    ImportLog(import_log::Arguments),
    /// Take away the recovery codes of a user.
    #[command(subcommand)]
    RecoveryCodes(recovery_codes::Action),
    /// Write all that the database holds into one sealed file, also while it is served; or check
    /// such a file.
    Backup(backup::Arguments),
    /// Put a backup into an empty database, of either kind.
    Restore(restore::Arguments),
    /// Write one user pool into a sealed file that another server takes, or its users in clear.
    Export(export::Arguments),
    /// Bring in a user pool that another server has exported, also while this one is served.
    ImportPool(import_pool::Arguments),
    /// Change the master key, also while the database is served.
    #[command(subcommand)]
    MasterKey(master_key::Action),
    /// Ask a server on this machine whether it is well: status 0 or 1.
    Health(health::Arguments),
    /// Generate what a package holds besides the program.
    #[command(subcommand, hide = true)]
    Generate(generate::Generated),
}

/// The command line as clap knows it.
#[must_use]
pub fn cli() -> clap::Command {
    Cli::command()
}

/// The program: reads the command line and the environment, does what they say, and tells a failure
/// in one line.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come here too, and are no failures. A terminal that is gone is no
            // reason to panic.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match cli.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

impl Command {
    fn run(self) -> Result<()> {
        match self {
            Self::Serve(arguments) => serve::run(arguments),
            Self::Dev(arguments) => dev::run(arguments),
            Self::Doctor(arguments) => doctor::run(arguments),
            Self::AccessKey(action) => access_key::run(action),
            Self::SigningKey(action) => signing_key::run(action),
            Self::Setting(action) => setting::run(action),
            Self::Pool(action) => pool::run(action),
            Self::UnconfirmedUsers(action) => unconfirmed_users::run(action),
            Self::ImportLog(arguments) => import_log::run(arguments),
            Self::RecoveryCodes(action) => recovery_codes::run(action),
            Self::Backup(arguments) => backup::run(arguments),
            Self::Restore(arguments) => restore::run(arguments),
            Self::Export(arguments) => export::run(arguments),
            Self::ImportPool(arguments) => import_pool::run(arguments),
            Self::MasterKey(action) => master_key::run(action),
            Self::Health(arguments) => health::run(arguments),
            Self::Generate(generated) => generate::run(&generated, cli()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::fs;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        cli().debug_assert();
    }

    /// The folder of the manual pages.
    fn manual() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let pages = generate::Generated::Man {
            folder: folder.path().to_owned(),
        };
        generate::run(&pages, cli()).unwrap();
        folder
    }

    #[test]
    fn each_command_has_a_page_and_hidden_ones_have_none() {
        let manual = manual();
        let is_there = |name: &str| manual.path().join(name).exists();
        for command in cli().get_subcommands() {
            let page = format!("cognate-{}.1", command.get_name());
            assert_eq!(is_there(&page), command.get_name() != "generate", "{page}");
        }
        assert!(is_there("cognate-access-key-create.1") && !is_there("cognate-help.1"));
    }

    #[test]
    fn the_page_of_the_program_tells_files_environment_and_exit_status() {
        let manual = manual();
        let page = fs::read_to_string(manual.path().join("cognate.1")).unwrap();
        for heading in ["FILES", "ENVIRONMENT", "\"EXIT STATUS\"", "SUBCOMMANDS"] {
            assert!(page.contains(&format!(".SH {heading}\n")), "{heading}");
        }
        let serve = fs::read_to_string(manual.path().join("cognate-serve.1")).unwrap();
        assert!(
            serve.contains("COGNATE_SMTP_URL"),
            "the page of serve names no variable"
        );
    }
}
