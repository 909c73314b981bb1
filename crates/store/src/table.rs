//! What must be said of every table, once: whose rows it has, when they run out, what a backup does
//! with them, who may write them and whether their changes will be recorded.
//!
//! No field has a default, so that a new table that leaves one out does not compile. A declaration
//! stands in the file of its resource, and `tables` gathers them; what follows from them is in
//! `derived`. The columns themselves are in the migrations. Where a field takes a reason, it is for
//! whoever asks later.

use std::time::Duration;

use crate::statements::interned;

/// The declaration of a table.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name in the migrations.
    pub name: &'static str,
    /// The columns of its primary key, in their order.
    pub key: &'static [&'static str],
    /// How many rows there may be.
    pub rows: Rows,
    /// Whose rows they are. A row goes with the first of its owners that is deleted.
    pub owners: &'static [Owner],
    /// When a row has run out and is deleted.
    pub expiry: Expiry,
    /// What a backup does with it.
    pub backup: Backup,
    /// What the export of one user pool does with it.
    pub export: Export,
    /// Which node may write it.
    pub writers: Writers,
    /// Whether its changes will be recorded, so that a database can be brought back to any moment
    /// (nothing is recorded yet).
    pub history: History,
}

/// How many rows a table may have. No statement may scan one that is not [`Rows::Few`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// As many as operators make by hand.
    Few,
    /// A few of each pool, and pools may be many: all of one pool may be read at once.
    FewOfEachPool,
    /// They grow with the users.
    Many,
}

/// Whose rows a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The installation's: no deletion of a pool, user or app client takes them.
    Installation,
    /// Nobody's, though they may name a pool or a user, for this reason.
    Nobody(&'static str),
    /// A user pool's, whose id is in this column.
    Pool {
        /// The column of the pool's id.
        pool: &'static str,
        /// When they go after the pool's deletion.
        goes: Goes,
    },
    /// A user's, of a pool.
    User {
        /// The column of the pool's id.
        pool: &'static str,
        /// The column of the user's sub.
        user: &'static str,
        /// When they go after the user's deletion: never afterwards.
        goes: Goes,
    },
    /// An app client's, of a pool.
    Client {
        /// The column of the pool's id.
        pool: &'static str,
        /// The column of the client's id.
        client: &'static str,
        /// When they go after the client's deletion.
        goes: Goes,
    },
}

impl Owner {
    /// The owners of what users have, in the columns `pool` and `sub`: it goes with the user at
    /// once, and after the pool.
    pub const POOL_AND_USER: &[Self] = &[
        Self::Pool {
            pool: "pool",
            goes: Goes::Afterwards,
        },
        Self::User {
            pool: "pool",
            user: "sub",
            goes: Goes::AtOnce,
        },
    ];
}

/// When rows go that belong to what is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// The row is the pool, user or app client itself; it goes last in the transaction of the
    /// deletion.
    Itself,
    /// In the transaction of the deletion: a few rows, or what would still work.
    AtOnce,
    /// Afterwards, a few rows at a time, because there may be millions. They must be worth nothing
    /// without their owner.
    Afterwards,
    /// When they run out, in minutes. They must be worth nothing without their owner.
    ByExpiry,
}

/// When a row has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Never.
    Never,
    /// At the time in a column, in milliseconds since the epoch; NULL is never.
    At {
        /// The column.
        column: &'static str,
        /// The index whose first column it is.
        index: &'static str,
        /// So long after that time the row is still worth something.
        grace: Duration,
    },
    /// By a rule of its own, which this says in words.
    OwnRule(&'static str),
}

/// What a backup does with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backup {
    /// It holds all rows.
    Whole,
    /// It holds all rows, the data keys in them unwrapped; a restore brings them last, wrapped
    /// under the target's own master key.
    DataKeysUnwrapped,
    /// It leaves the table out, for this reason.
    LeftOut(&'static str),
}

/// What the export of one user pool does with a table. Rows of a pool have its id in the first
/// column of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// It holds the pool's rows, with these columns opened; an import seals them anew.
    OfPool(&'static [Sealed]),
    /// The same, where signing keys were asked for.
    OnDemand(&'static [Sealed]),
    /// It leaves the table out, for this reason.
    LeftOut(&'static str),
}

impl Export {
    /// The installation's own: of no pool.
    pub const OF_NO_POOL: Self = Self::LeftOut("it is the installation's, not a pool's");
}

/// A column whose values are sealed, and what binds them to their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// The table's name and the columns of the key.
    ByKey(&'static str),
    /// These, and the column's name.
    ByKeyAndColumn(&'static str),
}

impl Sealed {
    /// The column.
    #[must_use]
    pub fn column(&self) -> &'static str {
        match self {
            Self::ByKey(column) | Self::ByKeyAndColumn(column) => column,
        }
    }
}

/// Which node may write a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writers {
    /// Any, at any time.
    AnyNode,
    /// The holder of the lease of this name, which it takes or renews in the same transaction. Held
    /// in debug builds, and so in tests.
    HolderOf(&'static str),
}

/// Whether the changes of a table will be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// They will.
    Recorded,
    /// They won't, for this reason.
    NotRecorded(&'static str),
}

impl Table {
    /// The statement that reads all rows. For tests, whose tables are small.
    #[must_use]
    pub fn all_rows(&self) -> &'static str {
        interned(format!("SELECT * FROM {}", self.name))
    }
}
