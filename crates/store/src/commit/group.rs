//! The one thread that writes to SQLite, and group commit.
//!
//! Transactions wait in a queue. The thread takes what waits, up to [`GROUP`] of them or
//! [`GROUP_TIME`], runs each in a savepoint under one BEGIN IMMEDIATE … COMMIT and answers them
//! only after the commit: one wait for the disk serves them all. A transaction that fails or panics
//! goes back to its own savepoint and harms no neighbour. When the commit itself fails, all of the
//! group fail.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError},
    },
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{Error, OpenError, Tx, fault::CommitFate, gate::Gate, link::Link, sqlite::Connection};

/// Transactions in one commit, at most.
const GROUP: usize = 64;
/// No further transaction joins a group that has taken this long.
const GROUP_TIME: Duration = Duration::from_millis(2);
/// After this time without work the log is copied into the database.
const IDLE: Duration = Duration::from_secs(2);

/// Whole transactions of other crates run on this thread; their futures are large in debug builds.
const STACK: usize = 8 << 20;

/// Runs in a group and gives what is to be called with the outcome of the group's commit. It gets
/// an error in place of a transaction when the group can't begin.
type Job = Box<dyn FnOnce(Result<&mut Tx, Error>) -> Acknowledge + Send>;
/// Tells the waiting caller.
type Acknowledge = Box<dyn FnOnce(Result<(), Error>)>;

enum Message {
    /// With the name of its transaction.
    Job(&'static str, Job),
    Close(oneshot::Sender<()>),
}

/// The sending end of the queue.
pub(crate) struct GroupWriter {
    queue: Sender<Message>,
    gate: Arc<Gate>,
}

/// The receiving end of the queue.
struct Inbox {
    queue: Receiver<Message>,
    gate: Arc<Gate>,
}

impl GroupWriter {
    /// Starts the thread, which ends when the last sender is gone or after `close`.
    pub(crate) fn start(connection: Connection, gate: Arc<Gate>) -> Result<Self, OpenError> {
        let (queue, receiver) = mpsc::channel();
        let inbox = Inbox {
            queue: receiver,
            gate: Arc::clone(&gate),
        };
        let tx = Tx::new(Link::SqliteWriter(connection), "start", Arc::clone(&gate));
        thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .stack_size(STACK)
            .spawn(move || serve(tx, &inbox))
            .map_err(|source| OpenError::File {
                what: "starting the writer thread".to_owned(),
                source,
            })?;
        Ok(Self { queue, gate })
    }

    /// Runs a function as one transaction, on the writer's thread, to its end, even if the caller
    /// stops waiting.
    pub(crate) async fn write<T, E, F>(&self, name: &'static str, function: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T, E> + Send + 'static,
        E: From<Error> + Send + 'static,
        T: Send + 'static,
    {
        let (answer, waiting) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            let ended = match tx {
                Ok(tx) => run(tx, name, function),
                Err(error) => Ended {
                    outcome: Err(error.into()),
                    lose_answer: false,
                },
            };
            Box::new(move |committed| {
                // The caller may have gone; the work is done all the same.
                let _ = answer.send(ended.after(committed));
            })
        });
        self.gate.counters.queued();
        self.queue.send(Message::Job(name, job)).map_err(|_| {
            self.gate.counters.taken();
            Error::Closed
        })?;
        // The sender is dropped without an answer only if the thread ends, which it does after
        // `close`.
        waiting.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// Ends the thread after the work that waits. What is sent later is refused.
    pub(crate) async fn close(&self) {
        let (done, ended) = oneshot::channel();
        if self.queue.send(Message::Close(done)).is_ok() {
            let _ = ended.await;
        }
    }
}

/// How a transaction ended, before the commit of its group.
struct Ended<T, E> {
    outcome: Result<T, E>,
    lose_answer: bool,
}

impl<T, E: From<Error>> Ended<T, E> {
    /// What the caller is told. A refusal waits for the commit too: it may rest on what a neighbour
    /// wrote.
    fn after(self, committed: Result<(), Error>) -> Result<T, E> {
        committed?;
        if self.lose_answer {
            return Err(Error::OutcomeUnknown("fault plan: after the commit".to_owned()).into());
        }
        self.outcome
    }
}

/// Runs one transaction in its savepoint.
fn run<T, E, F>(tx: &mut Tx, name: &'static str, function: F) -> Ended<T, E>
where
    F: AsyncFnOnce(&mut Tx) -> Result<T, E>,
    E: From<Error>,
{
    tx.start(name);
    let outcome = control(tx, "SAVEPOINT job")
        .map_err(E::from)
        .and_then(|()| poll_once(tx, function))
        // A function may have swallowed the error of a statement; what is left of its work must not
        // be kept.
        .and_then(|value| {
            tx.failure()
                .map_or(Ok(value), |error| Err(error.clone().into()))
        });
    let fate = if outcome.is_ok() {
        tx.faults().at_commit(name)
    } else {
        CommitFate::Refuse
    };
    let outcome = match (outcome, fate) {
        (Ok(_), CommitFate::Refuse) => {
            Err(Error::Unavailable("fault plan: before the commit".to_owned()).into())
        }
        (outcome, _) => outcome,
    };
    let ended = match &outcome {
        Ok(_) => control(tx, "RELEASE job"),
        Err(_) => control(tx, "ROLLBACK TO job").and_then(|()| control(tx, "RELEASE job")),
    };
    if let Err(error) = ended {
        // The savepoint can't be left in order, so the group can't be kept: `commit_group` sees the
        // transaction gone.
        let _ = control(tx, "ROLLBACK");
        return Ended {
            outcome: Err(error.into()),
            lose_answer: false,
        };
    }
    Ended {
        outcome,
        lose_answer: fate == CommitFate::LoseAnswer,
    }
}

/// Runs the function. All that it awaits is the database, which answers at once on this thread; so
/// one poll ends it.
fn poll_once<T, E, F>(tx: &mut Tx, function: F) -> Result<T, E>
where
    F: AsyncFnOnce(&mut Tx) -> Result<T, E>,
    E: From<Error>,
{
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let future = pin!(function(tx));
        future.poll(&mut Context::from_waker(Waker::noop()))
    }));
    match polled {
        Ok(Poll::Ready(outcome)) => outcome,
        Ok(Poll::Pending) => Err(Error::AwaitedElsewhere.into()),
        Err(_) => Err(Error::Panicked.into()),
    }
}

fn control(tx: &mut Tx, sql: &'static str) -> Result<(), Error> {
    tx.link_mut()
        .sqlite_writer()
        .ok_or(Error::Closed)?
        .control(sql)
}

/// The thread.
fn serve(mut tx: Tx, inbox: &Inbox) {
    let mut log_has_grown = false;
    loop {
        let message = if log_has_grown {
            inbox.queue.recv_timeout(IDLE)
        } else {
            let message = inbox.queue.recv();
            message.map_err(|_| RecvTimeoutError::Disconnected)
        };
        let closing = match message {
            Ok(Message::Job(name, job)) => {
                log_has_grown = true;
                commit_group(&mut tx, name, job, inbox)
            }
            Ok(Message::Close(done)) => Some(done),
            Err(RecvTimeoutError::Timeout) => {
                checkpoint(&mut tx);
                log_has_grown = false;
                None
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if let Some(done) = closing {
            checkpoint(&mut tx);
            drop(tx);
            let _ = done.send(());
            return;
        }
    }
}

/// Runs the first job and those that wait behind it under one commit. Gives a request to close that
/// it met in the queue.
fn commit_group(
    tx: &mut Tx,
    name: &'static str,
    first: Job,
    inbox: &Inbox,
) -> Option<oneshot::Sender<()>> {
    inbox.gate.counters.taken();
    if let Err(error) = begin(tx) {
        if error == Error::Conflict {
            inbox.gate.counters.conflict(name);
            inbox.gate.counters.given_up(name);
        }
        tracing::error!(%error, "a write transaction could not begin");
        first(Err(error.clone()))(Err(error));
        return None;
    }
    let started = Instant::now();
    let mut group = Vec::new();
    let mut closing = None;
    let mut next = Some(first);
    while let Some(job) = next.take() {
        group.push(job(Ok(tx)));
        if !in_transaction(tx) || group.len() >= GROUP || started.elapsed() >= GROUP_TIME {
            break;
        }
        match inbox.queue.try_recv() {
            Ok(Message::Job(_, job)) => {
                inbox.gate.counters.taken();
                next = Some(job);
            }
            Ok(Message::Close(done)) => closing = Some(done),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
        }
    }
    let outcome = commit(tx);
    inbox.gate.counters.group(group.len());
    if let Err(error) = &outcome {
        tracing::error!(%error, transactions = group.len(), last = tx.name(), "a group of transactions was not committed");
    }
    for acknowledge in group {
        acknowledge(outcome.clone());
    }
    closing
}

fn begin(tx: &mut Tx) -> Result<(), Error> {
    if in_transaction(tx) {
        control(tx, "ROLLBACK")?;
    }
    control(tx, "BEGIN IMMEDIATE")
}

fn commit(tx: &mut Tx) -> Result<(), Error> {
    if !in_transaction(tx) {
        // SQLite has rolled back by itself, as it does when the disk is full or fails under a
        // statement.
        let cause = tx.failure().cloned();
        return Err(
            cause.unwrap_or_else(|| Error::Unavailable("the group was rolled back".to_owned()))
        );
    }
    let outcome = tx.link_mut().sqlite_writer().ok_or(Error::Closed)?.commit();
    if outcome.is_err() && in_transaction(tx) {
        // Also after a failed COMMIT nothing is kept: a later group must not carry this one's work.
        let _ = control(tx, "ROLLBACK");
    }
    outcome
}

fn in_transaction(tx: &mut Tx) -> bool {
    tx.link_mut()
        .sqlite_writer()
        .is_some_and(|connection| connection.in_transaction())
}

fn checkpoint(tx: &mut Tx) {
    if let Some(connection) = tx.link_mut().sqlite_writer()
        && let Err(error) = connection.checkpoint()
    {
        tracing::debug!(%error, "the write-ahead log was not cut");
    }
}
