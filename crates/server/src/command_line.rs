//! The command line: which command, and how its failure is told.

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    access_key, backup, dev, doctor, master_key, restore, serve, setting, signing_key,
    unconfirmed_users,
};
use crate::terminal;

/// An identity service that speaks Amazon Cognito's APIs. Not affiliated with Amazon.
#[derive(Parser)]
#[command(
    name = "cognate",
    version,
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
    /// List and delete the users of a pool who have never confirmed their sign-up.
    #[command(subcommand)]
    UnconfirmedUsers(unconfirmed_users::Action),
    /// Write all that the database holds into one sealed file, also while it is served; or check
    /// such a file.
    Backup(backup::Arguments),
    /// Put a backup into an empty database, of either kind.
    Restore(restore::Arguments),
    /// Change the master key, also while the database is served.
    #[command(subcommand)]
    MasterKey(master_key::Action),
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
            Self::UnconfirmedUsers(action) => unconfirmed_users::run(action),
            Self::Backup(arguments) => backup::run(arguments),
            Self::Restore(arguments) => restore::run(arguments),
            Self::MasterKey(action) => master_key::run(action),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        cli().debug_assert();
    }
}
