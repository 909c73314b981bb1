//! `cognate generate`, which help does not list: manual pages and shell completions for packages,
//! made from the command line itself, so that they say what this binary takes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::version::VERSION;

#[derive(Subcommand)]
pub(crate) enum Generated {
    /// Write the manual pages into a folder: one of the program, one of each command.
    Man {
        /// A folder that is there.
        folder: PathBuf,
    },
    /// Print the completions for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

/// Does it, for this command line.
pub(crate) fn run(generated: &Generated, mut cli: clap::Command) -> Result<()> {
    match generated {
        Generated::Man { folder } => write_pages(cli, folder),
        Generated::Completions { shell } => {
            clap_complete::generate(*shell, &mut cli, "cognate", &mut std::io::stdout());
            Ok(())
        }
    }
}

fn write_pages(cli: clap::Command, folder: &Path) -> Result<()> {
    let mut cli = cli.disable_help_subcommand(true);
    cli.build();
    write_page(&cli, folder, &program_sections())?;
    write_pages_below(&cli, folder)
}

fn write_pages_below(command: &clap::Command, folder: &Path) -> Result<()> {
    for command in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        write_page(command, folder, &see_also("cognate"))?;
        write_pages_below(command, folder)?;
    }
    Ok(())
}

/// A page: what clap knows of the command, then what only we know.
fn write_page(command: &clap::Command, folder: &Path, rest: &Roff) -> Result<()> {
    let page = Man::new(command.clone().version(None::<&str>))
        .source(format!("cognate {VERSION}"))
        .manual("Cognate");
    let mut text = Vec::new();
    page.render(&mut text)?;
    rest.to_writer(&mut text)?;
    let path = folder.join(page.get_filename());
    fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
}

/// What the page of the program tells besides its commands. Pairs of a name and what it is.
const FILES: &[(&str, &str)] = &[
    (
        "/etc/cognate/cognate.toml",
        "The settings, where the Debian package is installed: the unit names it.",
    ),
    (
        "/etc/cognate/environment",
        "Settings that are secret, for the unit alone: one variable a line.",
    ),
    (
        "./cognate.toml",
        "The settings, where --config names no other file. Each is named as its option, without the dashes in front.",
    ),
    (
        "cognate.db",
        "In the data folder: the database, unless --database-url names another. Beside it may stand cognate.db-wal and cognate.db-shm, which belong to it.",
    ),
    (
        "master.key",
        "In the data folder: what secrets in the database are sealed under, unless --master-key-file names another file. Keep a copy where neither the database nor its backups are.",
    ),
];

const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "COGNATE_…",
        "An option that is not given is taken from the variable of its name, COGNATE_ and the name in capitals: COGNATE_SMTP_URL for --smtp-url. The pages of the commands name them. An empty one counts as not given. Options come before variables, and both before the settings file.",
    ),
    (
        "COGNATE_MASTER_KEY",
        "The master key itself, instead of the file that holds it.",
    ),
    (
        "COGNATE_BACKUP_PASSPHRASE",
        "The passphrase of a backup, instead of the file that holds it.",
    ),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "The certificates of the authorities that are trusted for mail, text messages and the database, instead of the system's.",
    ),
];

const EXIT_STATUS: &[(&str, &str)] = &[
    (
        "0",
        "Done. cognate serve and cognate dev: stopped by SIGTERM or SIGINT.",
    ),
    (
        "1",
        "Not done; one line on stderr says why. cognate health: the server is not well, or not there.",
    ),
];

fn program_sections() -> Roff {
    let mut roff = Roff::new();
    for (heading, entries) in [
        ("FILES", FILES),
        ("ENVIRONMENT", ENVIRONMENT),
        ("EXIT STATUS", EXIT_STATUS),
    ] {
        roff.control("SH", [heading]);
        for (name, meaning) in entries {
            roff.control("TP", []);
            roff.text([bold(*name)]);
            roff.text([roman(*meaning)]);
        }
    }
    roff
}

fn see_also(page: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    roff.text([bold(page), roman("(1)")]);
    roff
}
