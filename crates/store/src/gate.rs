//! What every transaction and every reader of one database passes or uses: the fault plan, the log
//! of statements, the counters, what the tables declare, and the keyring once it is open.

use std::sync::{Arc, OnceLock};

use crate::{Error, FaultPlan, StatementLog, derived::Derived, keyring::Vault, stats::Counters};

pub(crate) struct Gate {
    pub(crate) faults: FaultPlan,
    pub(crate) log: Option<StatementLog>,
    pub(crate) counters: Counters,
    /// What follows from the declarations of the tables.
    pub(crate) derived: &'static Derived,
    /// Set once the database is open; nothing is sealed before that.
    vault: OnceLock<Arc<Vault>>,
}

impl Gate {
    pub(crate) fn new(
        faults: FaultPlan,
        log: Option<StatementLog>,
        derived: &'static Derived,
    ) -> Self {
        Self {
            faults,
            log,
            counters: Counters::default(),
            derived,
            vault: OnceLock::new(),
        }
    }

    /// Opens the keyring to transactions.
    pub(crate) fn give_vault(&self, vault: &Arc<Vault>) {
        // It was empty: a database is opened once.
        let _ = self.vault.set(Arc::clone(vault));
    }

    /// The open keyring; [`Error::Sealed`] before the database is open.
    pub(crate) fn vault(&self) -> Result<&Vault, Error> {
        self.vault.get().map(Arc::as_ref).ok_or(Error::Sealed)
    }
}
