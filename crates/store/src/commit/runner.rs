//! The threads on which transactions run.
//!
//! A transaction must come to its end even if its caller is dropped, so it needs a task of its own;
//! and whether the future of an `AsyncFnOnce` is `Send` can't be said in a generic function's
//! bounds, so the task can't move between threads. The function is sent to one of a few threads,
//! and its future stays there. It does little but wait for the database.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use tokio::{
    runtime,
    sync::{mpsc, oneshot},
    task::{JoinSet, LocalSet},
};

use crate::Error;

/// Whole transactions of other crates run on these threads; their futures are large in debug
/// builds.
const STACK: usize = 8 << 20;

type LocalTask = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

enum Message {
    Run(LocalTask),
    Close(oneshot::Sender<()>),
}

/// The threads; they end when this is dropped, after the tasks that run.
pub(super) struct Runners {
    inboxes: Vec<mpsc::UnboundedSender<Message>>,
    next: AtomicUsize,
}

impl Runners {
    pub(super) fn start() -> io::Result<Self> {
        let number = thread::available_parallelism().map_or(2, |cores| cores.get().clamp(1, 4));
        let inboxes = (0..number)
            .map(|_| start_one())
            .collect::<io::Result<_>>()?;
        Ok(Self {
            inboxes,
            next: AtomicUsize::new(0),
        })
    }

    /// Starts a task on one of the threads.
    pub(super) fn run<F>(&self, task: impl FnOnce() -> F + Send + 'static) -> Result<(), Error>
    where
        F: Future<Output = ()> + 'static,
    {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.inboxes.len().max(1);
        let inbox = self.inboxes.get(turn).ok_or(Error::Closed)?;
        inbox
            .send(Message::Run(Box::new(|| Box::pin(task()))))
            .map_err(|_| Error::Closed)
    }

    /// Refuses further tasks and waits for those that run.
    pub(super) async fn close(&self) {
        for inbox in &self.inboxes {
            let (done, ended) = oneshot::channel();
            if inbox.send(Message::Close(done)).is_ok() {
                let _ = ended.await;
            }
        }
    }
}

fn start_one() -> io::Result<mpsc::UnboundedSender<Message>> {
    let (sender, inbox) = mpsc::unbounded_channel();
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::Builder::new()
        .name("postgres-runner".to_owned())
        .stack_size(STACK)
        .spawn(move || LocalSet::new().block_on(&runtime, serve(inbox)))?;
    Ok(sender)
}

async fn serve(mut inbox: mpsc::UnboundedReceiver<Message>) {
    let mut tasks = JoinSet::new();
    let mut closing = None;
    loop {
        tokio::select! {
            message = inbox.recv() => match message {
                Some(Message::Run(task)) => { tasks.spawn_local(async move { task().await }); }
                Some(Message::Close(done)) => { closing = Some(done); break; }
                None => break,
            },
            // A task that panicked has told its caller by dropping the answer.
            Some(_) = tasks.join_next() => {}
        }
    }
    inbox.close();
    while tasks.join_next().await.is_some() {}
    if let Some(done) = closing {
        let _ = done.send(());
    }
}
