//! A primary and its standby, of which a test makes another primary.

use crate::cluster::{PASSWORD, url_at};
use crate::keeper::{Keeper, free_port, postgres_programs};

/// Both of them running; they end when this is dropped.
pub(crate) struct Pair {
    pub(crate) first: String,
    pub(crate) second: String,
    keeper: Keeper,
}

impl Pair {
    /// Makes and starts them. None, in words, where PostgreSQL's programs are not installed.
    pub(crate) fn start() -> Option<Self> {
        let programs = postgres_programs()?;
        let (first, second) = (free_port(), free_port());
        let (one, two) = (first.to_string(), second.to_string());
        let arguments = [programs.to_str().unwrap(), &one, &two, PASSWORD];
        Some(Self {
            first: url_at(first),
            second: url_at(second),
            keeper: Keeper::start("pair.sh", include_str!("pair.sh"), &arguments),
        })
    }

    /// Makes a primary of the standby, once it has all that the first one has. The first one lives
    /// on.
    pub(crate) fn promote(&mut self) {
        self.keeper.order("promote");
    }

    /// Ends the first one as a crash would.
    pub(crate) fn crash(&mut self) {
        self.keeper.order("crash");
    }

    /// Lets the first one take no more writes; its connections stay.
    pub(crate) fn only_read(&mut self) {
        self.keeper.order("only-read");
    }

    /// Lets it take writes again.
    pub(crate) fn write(&mut self) {
        self.keeper.order("write");
    }
}
