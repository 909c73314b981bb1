//! What an open database counts of itself, for whoever watches over it: how long the queue of its
//! writer is, and which transactions met others. Plain numbers since it was opened; nothing is
//! reset.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The sizes of groups that are counted apart: up to 1, 2, 4 … transactions in one commit.
const GROUP_SIZES: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];

/// The numbers of an open database, as they stood when [`crate::Db::stats`] was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// The one writer of SQLite; None on PostgreSQL.
    pub writer: Option<WriterStats>,
    /// The transactions that met another one, by the name that `Db::write` was given, in the order
    /// of the names. A name without any such meeting is not in it.
    pub transactions: Vec<(&'static str, TransactionStats)>,
}

/// The queue and the groups of SQLite's writer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriterStats {
    /// Transactions that wait for their turn now.
    pub waiting: u64,
    /// Groups that were committed, or failed together.
    pub groups: u64,
    /// Transactions in all these groups.
    pub transactions: u64,
    /// How many groups had how many transactions: the largest size of its kind, and the groups that
    /// are larger than the kind before and not larger than this. The sum of them is `groups`.
    pub group_sizes: [(u64, u64); GROUP_SIZES.len()],
}

/// How often the transactions of one name met others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TransactionStats {
    /// Runs that the database refused because of another transaction. On SQLite: another process
    /// held the file for too long.
    pub conflicts: u64,
    /// Runs after the first one, after a conflict or a connection that broke. SQLite has none.
    pub retries: u64,
    /// Transactions that failed because their last run did too.
    pub given_up: u64,
}

/// The counters behind [`Stats`]. A transaction that meets nobody costs a few additions.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    waiting: AtomicU64,
    groups: [AtomicU64; GROUP_SIZES.len()],
    transactions: AtomicU64,
    by_name: Mutex<BTreeMap<&'static str, TransactionStats>>,
}

impl Counters {
    /// A transaction waits for the writer.
    pub(crate) fn queued(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// A transaction waits no longer: its turn has come, or the writer is gone.
    pub(crate) fn taken(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// A group of so many transactions has come to its end.
    pub(crate) fn group(&self, size: usize) {
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        let kind = GROUP_SIZES.partition_point(|largest| *largest < size);
        // A group is never larger than the last kind.
        if let Some(groups) = self.groups.get(kind) {
            groups.fetch_add(1, Ordering::Relaxed);
        }
        self.transactions.fetch_add(size, Ordering::Relaxed);
    }

    /// A run met another transaction.
    pub(crate) fn conflict(&self, name: &'static str) {
        self.count(name, |stats| stats.conflicts += 1);
    }

    /// A transaction is run again.
    pub(crate) fn retry(&self, name: &'static str) {
        self.count(name, |stats| stats.retries += 1);
    }

    /// A transaction is not run again, though it might succeed.
    pub(crate) fn given_up(&self, name: &'static str) {
        self.count(name, |stats| stats.given_up += 1);
    }

    fn count(&self, name: &'static str, change: impl FnOnce(&mut TransactionStats)) {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        change(by_name.entry(name).or_default());
    }

    /// The numbers of the writer.
    pub(crate) fn writer(&self) -> WriterStats {
        let mut group_sizes = GROUP_SIZES.map(|largest| (largest, 0));
        for ((_, number), groups) in group_sizes.iter_mut().zip(&self.groups) {
            *number = groups.load(Ordering::Relaxed);
        }
        WriterStats {
            waiting: self.waiting.load(Ordering::Relaxed),
            groups: group_sizes.iter().map(|(_, groups)| groups).sum(),
            transactions: self.transactions.load(Ordering::Relaxed),
            group_sizes,
        }
    }

    /// The numbers of the transactions.
    pub(crate) fn transactions(&self) -> Vec<(&'static str, TransactionStats)> {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        by_name
            .iter()
            .map(|(name, stats)| (*name, *stats))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_counted_by_the_smallest_kind_that_holds_them() {
        let counters = Counters::default();
        for size in [1, 2, 3, 4, 5, 64] {
            counters.group(size);
        }
        let writer = counters.writer();
        let expected = [(1, 1), (2, 1), (4, 2), (8, 1), (16, 0), (32, 0), (64, 1)];
        assert_eq!(writer.group_sizes, expected);
        assert_eq!((writer.groups, writer.transactions), (6, 79));
    }
}
