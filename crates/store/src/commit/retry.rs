//! Transactions on PostgreSQL, and what speaks its wire: serializable, and run again whole.
//!
//! A transaction runs on a runner thread (see `runner`), so that it comes to its end even if its
//! caller stops waiting. It is run again, from its first statement, when the database reports a
//! conflict or takes no writes, or the connection breaks before COMMIT was sent. When the answer to
//! COMMIT is lost, nobody knows the outcome, and the caller is told so.

use std::{sync::Arc, time::Duration};

use cognate_crypto::random::Random;
use tokio::sync::oneshot;

use super::runner::Runners;
use crate::{
    Error, OpenError, Tx,
    fault::CommitFate,
    gate::Gate,
    link::Link,
    postgres::{Pool, Session},
};

/// How often a transaction is run, at most.
const ATTEMPTS: u32 = 10;
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Runs transactions on one PostgreSQL database.
pub(crate) struct Retrier {
    pool: Pool,
    runners: Runners,
    gate: Arc<Gate>,
}

impl Retrier {
    /// Starts the threads.
    pub(crate) fn start(pool: Pool, gate: Arc<Gate>) -> Result<Self, OpenError> {
        let runners = Runners::start().map_err(|source| OpenError::File {
            what: "starting the database threads".to_owned(),
            source,
        })?;
        Ok(Self {
            pool,
            runners,
            gate,
        })
    }

    /// The connections, for what only reads.
    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Runs a function as one transaction, to its end, even if the caller stops waiting. `jitter`
    /// decides the pauses between attempts.
    pub(crate) async fn write<T, E, F>(
        &self,
        name: &'static str,
        function: F,
        jitter: Random,
    ) -> Result<T, E>
    where
        F: Clone + Send + 'static + AsyncFnOnce(&mut Tx) -> Result<T, E>,
        E: From<Error> + Send + 'static,
        T: Send + 'static,
    {
        let (answer, waiting) = oneshot::channel();
        let (pool, gate) = (self.pool.clone(), Arc::clone(&self.gate));
        self.runners.run(move || async move {
            let outcome = attempts(&pool, &gate, name, function, jitter).await;
            // The caller may have gone; the work is done all the same.
            let _ = answer.send(outcome);
        })?;
        // No answer: the task has panicked, and the transaction went back with its connection.
        waiting
            .await
            .unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    /// Waits for the transactions that run, then closes the connections.
    pub(crate) async fn close(&self) {
        self.runners.close().await;
        self.pool.close();
    }
}

/// Runs the transaction until it is committed or refused, or has met too many conflicts.
async fn attempts<T, E, F>(
    pool: &Pool,
    gate: &Arc<Gate>,
    name: &'static str,
    function: F,
    mut jitter: Random,
) -> Result<T, E>
where
    F: Clone + AsyncFnOnce(&mut Tx) -> Result<T, E>,
    E: From<Error>,
{
    let counters = &gate.counters;
    let mut last = Error::Conflict;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            counters.retry(name);
            tracing::debug!(transaction = name, attempt, error = %last, "a transaction is run again");
            tokio::time::sleep(pause(attempt, &mut jitter)).await;
        }
        match one_attempt(pool, gate, name, function.clone()).await {
            Attempt::Over(outcome) => return outcome,
            Attempt::Again(error) => {
                if error == Error::Conflict {
                    counters.conflict(name);
                }
                last = error;
            }
        }
    }
    counters.given_up(name);
    tracing::warn!(transaction = name, error = %last, "a transaction was given up after {ATTEMPTS} attempts");
    Err(last.into())
}

enum Attempt<T, E> {
    Over(Result<T, E>),
    Again(Error),
}

async fn one_attempt<T, E, F>(
    pool: &Pool,
    gate: &Arc<Gate>,
    name: &'static str,
    function: F,
) -> Attempt<T, E>
where
    F: AsyncFnOnce(&mut Tx) -> Result<T, E>,
    E: From<Error>,
{
    let session = match pool.begin("BEGIN ISOLATION LEVEL SERIALIZABLE").await {
        Ok(session) => session,
        Err(error) if error.is_retryable() => return Attempt::Again(error),
        Err(error) => return Attempt::Over(Err(error.into())),
    };
    let mut tx = Tx::new(Link::PostgresTransaction(session), name, Arc::clone(gate));
    let outcome = function(&mut tx).await;
    let failure = tx.failure().cloned();
    let Some(session) = tx.into_link().into_session() else {
        return Attempt::Over(Err(Error::Closed.into()));
    };
    match (outcome, failure) {
        // Whatever the function made of the error, its cause says whether to run it again.
        (_, Some(error)) => {
            session.rollback(Some(&error)).await;
            if error.is_retryable() {
                Attempt::Again(error)
            } else {
                Attempt::Over(Err(error.into()))
            }
        }
        (Err(refusal), None) => {
            session.rollback(None).await;
            Attempt::Over(Err(refusal))
        }
        (Ok(value), None) => commit(session, gate.faults.at_commit(name), value).await,
    }
}

async fn commit<T, E: From<Error>>(session: Session, fate: CommitFate, value: T) -> Attempt<T, E> {
    if fate == CommitFate::Refuse {
        session.rollback(None).await;
        return Attempt::Over(Err(Error::Unavailable(
            "fault plan: before the commit".to_owned(),
        )
        .into()));
    }
    match session.commit().await {
        Ok(()) if fate == CommitFate::LoseAnswer => Attempt::Over(Err(Error::OutcomeUnknown(
            "fault plan: after the commit".to_owned(),
        )
        .into())),
        Ok(()) => Attempt::Over(Ok(value)),
        Err(error) if error.is_retryable() => Attempt::Again(error),
        Err(error) => Attempt::Over(Err(error.into())),
    }
}

/// Doubling from 2 ms, each between half and one and a half of that, so that two that met don't
/// meet again.
fn pause(attempt: u32, jitter: &mut Random) -> Duration {
    let base = Duration::from_millis(1 << attempt.min(8)).min(LONGEST_PAUSE);
    base.mul_f64(0.5 + f64::from(jitter.below(1000)) / 1000.0)
}
