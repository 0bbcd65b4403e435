//! Group commit: while one batch is on its way to the disk, the next gathers.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mmcos_core::seam::{CommitSeq, Storage, StorageTrouble};

use super::StoreError;
use super::journal::{Batch, Journal, Resumed};

/// Something that can make records of a game durable: the [`Store`](super::Store), one in memory, or a stand-in that
/// fails.
pub trait Commit<R> {
    /// Makes all records durable, or none. After an error it is called again with the same records, and those that came
    /// later, until it succeeds: what an error left of them must do no harm.
    fn commit(&mut self, records: &[R]) -> Result<(), StoreError>;
}

/// Maximum number of commit times kept for [`Committer::status`].
const MOST_TIMES: usize = 1024;
/// Time that [`Committer::finish`] waits for a trouble to end. (Our choice: the packaged unit gives the server 10 s to
/// stop, of which connections take up to 4.5 s.)
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);

/// Commits on a thread of its own whatever was submitted since the last commit began, all at once. A commit that fails
/// is retried until it succeeds; only an error that cannot pass, such as a damaged file, ends that.
///
/// A thread that serves one client waits for its ticket with [`wait`](Self::wait); an event loop lets
/// [`poll`](Self::poll) wake it when more is durable.
///
/// ```
/// # use mmcos_std::store::{Commit, Committer, StoreError};
/// struct Nowhere;
/// impl Commit<String> for Nowhere {
///     fn commit(&mut self, _: &[String]) -> Result<(), StoreError> {
///         Ok(())
///     }
/// }
/// let committer = Committer::start(Nowhere)?;
/// let ticket = committer.submit(["ann has won".to_owned()]);
/// committer.wait(ticket)?;
/// assert!(committer.durable()? >= ticket);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Committer<R> {
    shared: Arc<Shared<R>>,
    thread: Option<JoinHandle<()>>,
}

/// What has changed in a store since it was last asked.
#[derive(Debug)]
pub struct Status {
    /// The time that each commit took (of the latest, if there were very many).
    pub times: Vec<Duration>,
    /// The state of the storage.
    pub storage: Storage,
    /// The position up to which everything is durable.
    pub durable: CommitSeq,
}

#[derive(Debug)]
struct Shared<R> {
    start: Instant,
    state: Mutex<State<R>>,
    /// There is something to do.
    work: Condvar,
    /// Something was done.
    done: Condvar,
}

#[derive(Debug)]
struct State<R> {
    journal: Journal<R>,
    /// The error of the last attempt, while it lasts.
    last_error: Option<StoreError>,
    failure: Option<Arc<StoreError>>,
    /// How long the commits took that nobody has asked for yet.
    times: VecDeque<Duration>,
    /// The time at which the thread gives up; set when the store is to be closed.
    end: Option<Duration>,
    waker: Option<Waker>,
}

impl<R: Send + 'static> Committer<R> {
    /// Starts the thread.
    pub fn start(store: impl Commit<R> + Send + 'static) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            start: Instant::now(),
            state: Mutex::default(),
            work: Condvar::new(),
            done: Condvar::new(),
        });
        let run = {
            let shared = Arc::clone(&shared);
            move || shared.run(store)
        };
        let thread: io::Result<_> = thread::Builder::new().name("store".to_owned()).spawn(run);
        Ok(Self { shared, thread: Some(thread.map_err(StoreError::Thread)?) })
    }
}

impl<R> Committer<R> {
    /// Takes records that are to become durable together. Never blocks on the disk.
    pub fn submit(&self, records: impl IntoIterator<Item = R>) -> CommitSeq {
        let ticket = self.shared.lock().journal.submit(records);
        self.shared.work.notify_one();
        ticket
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

    /// Takes out what has changed since the last call.
    pub fn status(&self) -> Status {
        let mut state = self.shared.lock();
        Status {
            times: state.times.drain(..).collect(),
            storage: state.journal.storage(self.shared.now()),
            durable: state.journal.durable(),
        }
    }

    /// Blocks until `ticket` is durable.
    pub fn wait(&self, ticket: CommitSeq) -> Result<(), Arc<StoreError>> {
        let mut state = self.shared.lock();
        while state.outcome()? < ticket {
            state = self.shared.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// Commits what was submitted, and ends. Fails if a trouble lasts for some seconds more.
    pub fn finish(mut self) -> Result<CommitSeq, Arc<StoreError>> {
        self.end();
        self.durable()
    }

    fn end(&mut self) {
        self.shared.lock().end.get_or_insert(self.shared.now().saturating_add(CLOSE_PATIENCE));
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl<R> Drop for Committer<R> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<R> Default for State<R> {
    fn default() -> Self {
        let (journal, times) = (Journal::default(), VecDeque::new());
        Self { journal, last_error: None, failure: None, times, end: None, waker: None }
    }
}

impl<R> State<R> {
    fn committed(&mut self, batch: &Batch<R>, took: Duration, now: Duration) -> Option<Resumed> {
        self.last_error = None;
        if self.times.len() >= MOST_TIMES {
            self.times.pop_front();
        }
        self.times.push_back(took);
        self.journal.committed(batch, now)
    }

    fn failed(&mut self, batch: Batch<R>, error: StoreError, now: Duration) {
        let trouble = error.trouble();
        if self.journal.failed(batch, trouble.unwrap_or(StorageTrouble::Failing), now) {
            log::warn!(
                "cannot save: {error}. The server goes on and tries again; until that succeeds, responses that depend \
                 on it wait, and after some seconds requests that would change anything are refused"
            );
        }
        // A damaged file may be a disk that failed to read: it gets some attempts as well.
        match self.journal.storage(now) {
            Storage::Unavailable(_) if trouble.is_none() => self.failure = Some(Arc::new(error)),
            _ => self.last_error = Some(error),
        }
    }

    /// Notes that the store is closed although not everything could be saved.
    fn give_up(&mut self) {
        let changes = self.journal.waiting().len();
        if let Some(error) = self.last_error.take().filter(|_| changes > 0) {
            self.failure = Some(Arc::new(StoreError::GivenUp { changes, source: Box::new(error) }));
        }
    }

    fn outcome(&self) -> Result<CommitSeq, Arc<StoreError>> {
        self.failure.clone().map_or(Ok(self.journal.durable()), Err)
    }
}

impl<R> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        // What a thread that panicked left is whole: every change is a single assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn run(&self, mut store: impl Commit<R>) {
        while let Some(batch) = self.next() {
            let start = Instant::now();
            let result = store.commit(batch.items());
            let took = start.elapsed();
            let mut state = self.lock();
            let resumed = match result {
                Ok(()) => state.committed(&batch, took, self.now()),
                Err(error) => {
                    state.failed(batch, error, self.now());
                    None
                }
            };
            self.done.notify_all();
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
            drop(state);
            if let Some(Resumed { after, attempts }) = resumed {
                log::info!(
                    "saved after {:.1} s and {attempts} failed attempts; all is well again",
                    after.as_secs_f64()
                );
            } else if took >= super::journal::PATIENCE {
                log::warn!("the disk took {:.1} s to save one change", took.as_secs_f64());
            }
        }
    }

    /// Waits until there is something to write. `None` if there is nothing more to write, or no use in trying.
    fn next(&self) -> Option<Batch<R>> {
        let mut state = self.lock();
        loop {
            if state.failure.is_some() {
                self.done.notify_all();
                return None;
            }
            let now = self.now();
            if let Some(batch) = state.journal.begin(now) {
                return Some(batch);
            }
            let next = state.journal.next_attempt();
            let moments = match (next, state.end) {
                (None, Some(_)) => return None,
                (Some(_), Some(end)) if end <= now => {
                    state.give_up();
                    return None;
                }
                (next, end) => next.into_iter().chain(end),
            };
            let wait = moments.min().map_or(Duration::from_hours(1), |moment| moment.saturating_sub(now));
            state = self.work.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
