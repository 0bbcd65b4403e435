//! Group commit: while one batch is on its way to the disk, the next gathers.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mmcos_core::mmcos::Record;
use mmcos_core::seam::CommitSeq;

use super::StoreError;

/// Something that can make records durable: the [`Store`](super::Store), or a stand-in that fails.
pub trait Commit {
    /// Makes all of them durable, or none. After an error it is not called again.
    fn commit(&mut self, records: &[Record]) -> Result<(), StoreError>;
}

/// Commit times that are kept for who may ask.
const MOST_TIMES: usize = 1024;

/// Commits on a thread of its own whatever was submitted since the last commit began, all at once. It fails once and for
/// all: after an error nothing becomes durable any more.
///
/// A thread that serves one client waits for its ticket with [`wait`](Self::wait); an event loop lets
/// [`poll`](Self::poll) wake it when more is durable.
///
/// ```
/// # use mmcos_core::mmcos::{Record, ids::SessionId};
/// # use mmcos_std::store::{Commit, Committer, StoreError};
/// struct Nowhere;
/// impl Commit for Nowhere {
///     fn commit(&mut self, _: &[Record]) -> Result<(), StoreError> {
///         Ok(())
///     }
/// }
/// let committer = Committer::start(Nowhere)?;
/// let ticket = committer.submit([Record::RaceForgotten(SessionId(1))]);
/// committer.wait(ticket)?;
/// assert!(committer.durable()? >= ticket);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Committer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// There is something to do.
    work: Condvar,
    /// Something was done.
    done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: Vec<Record>,
    submitted: CommitSeq,
    durable: CommitSeq,
    failure: Option<Arc<StoreError>>,
    /// How long the commits took that nobody has asked for yet.
    times: VecDeque<Duration>,
    closing: bool,
    waker: Option<Waker>,
}

impl Committer {
    /// Starts the thread.
    pub fn start(store: impl Commit + Send + 'static) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::default());
        let run = {
            let shared = Arc::clone(&shared);
            move || shared.run(store)
        };
        let thread: io::Result<_> = thread::Builder::new().name("store".to_owned()).spawn(run);
        Ok(Self { shared, thread: Some(thread.map_err(StoreError::Thread)?) })
    }

    /// Takes records that are to become durable together. Never blocks on the disk.
    pub fn submit(&self, records: impl IntoIterator<Item = Record>) -> CommitSeq {
        let mut state = self.shared.lock();
        state.queue.extend(records);
        state.submitted = state.submitted.next();
        self.shared.work.notify_one();
        state.submitted
    }

    /// What is durable by now.
    pub fn durable(&self) -> Result<CommitSeq, Arc<StoreError>> {
        self.shared.lock().outcome()
    }

    /// Ready when more is durable than `seen`, or when nothing will be. Wakes the last task that asked.
    pub fn poll(&self, seen: CommitSeq, cx: &Context<'_>) -> Poll<Result<CommitSeq, Arc<StoreError>>> {
        let mut state = self.shared.lock();
        match state.outcome() {
            Ok(durable) if durable <= seen => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            outcome => Poll::Ready(outcome),
        }
    }

    /// Takes out how long commits took, those since it was asked last (the latest of them, if there were very many).
    pub fn times(&self) -> Vec<Duration> {
        self.shared.lock().times.drain(..).collect()
    }

    /// Blocks until `ticket` is durable.
    pub fn wait(&self, ticket: CommitSeq) -> Result<(), Arc<StoreError>> {
        let mut state = self.shared.lock();
        while state.outcome()? < ticket {
            state = self.shared.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// Commits what was submitted, and ends.
    pub fn finish(mut self) -> Result<(), Arc<StoreError>> {
        self.end();
        self.durable().map(drop)
    }

    fn end(&mut self) {
        self.shared.lock().closing = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.end();
    }
}

impl State {
    fn committed(&mut self, ticket: CommitSeq, took: Duration) {
        self.durable = ticket;
        if self.times.len() >= MOST_TIMES {
            self.times.pop_front();
        }
        self.times.push_back(took);
    }

    fn outcome(&self) -> Result<CommitSeq, Arc<StoreError>> {
        self.failure.clone().map_or(Ok(self.durable), Err)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // What a thread that panicked left is whole: every change is a single assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut store: impl Commit) {
        let mut batch = Vec::new();
        while let Some(ticket) = self.next(&mut batch) {
            let start = Instant::now();
            let result = store.commit(&batch);
            let took = start.elapsed();
            batch.clear();
            let failed = result.is_err();
            let mut state = self.lock();
            match result {
                Ok(()) => state.committed(ticket, took),
                Err(error) => state.failure = Some(Arc::new(error)),
            }
            self.done.notify_all();
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
            if failed {
                return;
            }
        }
    }

    /// Waits for records and takes them all. `None` if there will be no more.
    fn next(&self, batch: &mut Vec<Record>) -> Option<CommitSeq> {
        let mut state = self.lock();
        while state.queue.is_empty() && !state.closing {
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut state.queue, batch);
        (!batch.is_empty()).then_some(state.submitted)
    }
}
