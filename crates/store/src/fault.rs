//! Faults on order, for tests: the plan sits where every statement and every commit passes, and
//! makes one of them fail. It can also let something happen between what an operation reads and
//! what it writes.
//!
//! A fault fires once and disarms itself. What it makes fail is not retried by `Db::write`: a test
//! wants to see the operation fail there and then repeat it by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;

use crate::Error;

/// Where to fail. The counting starts at 1 with the arming and runs over all write transactions
/// that the plan looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The nth statement fails and does nothing.
    Statement(u32),
    /// The nth commit is refused: the transaction is rolled back.
    BeforeCommit(u32),
    /// The nth commit is done, and its answer is lost: [`Error::OutcomeUnknown`].
    AfterCommit(u32),
}

/// A handle to the plan, given to `DbOptions`; the default never fails anything and costs a null
/// check.
#[derive(Clone, Default)]
pub struct FaultPlan(Option<Arc<Plan>>);

#[derive(Default)]
struct Plan {
    armed: Mutex<Armed>,
    meanwhile: Mutex<Option<BoxFuture<'static, ()>>>,
}

#[derive(Debug, Default)]
struct Armed {
    fault: Option<Fault>,
    transaction: Option<String>,
    statements: u32,
    commits: u32,
    fired: bool,
}

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommitFate {
    Commit,
    Refuse,
    LoseAnswer,
}

impl FaultPlan {
    /// A plan that can be armed. Nothing fails before that.
    #[must_use]
    pub fn armable() -> Self {
        Self(Some(Arc::default()))
    }

    /// Makes the next matching point fail, once: in any write transaction, or only in those of one
    /// name.
    pub fn arm(&self, transaction: Option<&str>, fault: Fault) {
        if let Some(plan) = &self.0 {
            *plan.lock() = Armed {
                fault: Some(fault),
                transaction: transaction.map(str::to_owned),
                ..Armed::default()
            };
        }
    }

    /// Disarms the plan and tells whether it had fired since it was armed.
    pub fn disarm(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|plan| std::mem::take(&mut *plan.lock()).fired)
    }

    /// Lets something happen, once, right before the next write transaction begins: after all that
    /// its operation has read, at the moment that a race would have to hit.
    pub fn meanwhile(&self, deed: impl Future<Output = ()> + Send + 'static) {
        if let Some(plan) = &self.0 {
            *plan.meanwhile() = Some(Box::pin(deed));
        }
    }

    /// Asked before each write transaction.
    pub(crate) async fn before_write(&self) {
        let deed = self.0.as_ref().and_then(|plan| plan.meanwhile().take());
        if let Some(deed) = deed {
            deed.await;
        }
    }

    /// Asked before each statement of a write transaction.
    pub(crate) fn before_statement(&self, transaction: &str) -> Result<(), Error> {
        let Some(plan) = &self.0 else { return Ok(()) };
        let mut armed = plan.lock();
        if !armed.concerns(transaction) {
            return Ok(());
        }
        armed.statements += 1;
        if armed.fault != Some(Fault::Statement(armed.statements)) {
            return Ok(());
        }
        armed.fire();
        Err(Error::Unavailable(format!(
            "fault plan: statement {} of {transaction}",
            armed.statements
        )))
    }

    /// Asked when a write transaction is about to commit.
    pub(crate) fn at_commit(&self, transaction: &str) -> CommitFate {
        let Some(plan) = &self.0 else {
            return CommitFate::Commit;
        };
        let mut armed = plan.lock();
        if !armed.concerns(transaction) {
            return CommitFate::Commit;
        }
        armed.commits += 1;
        let fate = match armed.fault {
            Some(Fault::BeforeCommit(n)) if n == armed.commits => CommitFate::Refuse,
            Some(Fault::AfterCommit(n)) if n == armed.commits => CommitFate::LoseAnswer,
            _ => return CommitFate::Commit,
        };
        armed.fire();
        fate
    }
}

impl Armed {
    fn concerns(&self, transaction: &str) -> bool {
        self.fault.is_some()
            && self
                .transaction
                .as_deref()
                .is_none_or(|wanted| wanted == transaction)
    }

    fn fire(&mut self) {
        self.fault = None;
        self.fired = true;
    }
}

impl Plan {
    fn lock(&self) -> MutexGuard<'_, Armed> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn meanwhile(&self) -> MutexGuard<'_, Option<BoxFuture<'static, ()>>> {
        self.meanwhile
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
