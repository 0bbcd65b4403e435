//! Group commit: while one batch is written to the disk, the next one gathers.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mmcos_core::seam::{CommitSeq, Storage, StorageTrouble};

use super::StoreError;
use super::retry::{Batch, Resumed, RetryQueue};

/// A destination that makes records of a game durable: the [`Store`](super::Store), memory, or a test double that
/// fails.
pub trait Commit<R> {
    /// Makes all records durable, or none. After an error the caller retries with the same records and later ones
    /// until it succeeds, so the remains of a failed attempt must do no harm.
    fn commit(&mut self, records: &[R]) -> Result<(), StoreError>;

    /// Does what a store needs while nothing is committed, such as the renewal of a lease. Returns the time until the
    /// next call; `None` if there need not be one. An error counts as that of a commit: the storage is in trouble.
    fn idle(&mut self) -> Result<Option<Duration>, StoreError> {
        Ok(None)
    }
}

/// Maximum number of commit times kept for [`Committer::status`].
const MOST_TIMES: usize = 1024;
/// Time that [`Committer::finish`] waits for the storage to recover. (Our choice: the packaged unit gives the server
/// 10 s to stop, of which connections take up to 4.5 s.)
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);

/// Time from an idle call that failed to the next one.
const IDLE_RETRY: Duration = Duration::from_millis(500);

/// Commits on a thread of its own. Each commit takes everything that was submitted since the last one began. A commit
/// that fails is retried until it succeeds. Only an error that cannot pass, such as a damaged file, ends that.
///
/// A thread that serves one client waits for its commit number with [`wait`](Self::wait). An event loop uses
/// [`poll`](Self::poll), which wakes it when more is durable.
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
/// let commit = committer.submit(["ann has won".to_owned()]);
/// committer.wait(commit)?;
/// assert!(committer.durable()? >= commit);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Committer<R> {
    shared: Arc<Shared<R>>,
    thread: Option<JoinHandle<()>>,
}

/// Changes of a store since the last call of [`Committer::status`].
#[derive(Debug)]
pub struct Status {
    /// Duration of each commit (of the latest, if there were very many).
    pub times: Vec<Duration>,
    /// State of the storage.
    pub storage: Storage,
    /// Number of the last commit that is durable.
    pub durable: CommitSeq,
}

#[derive(Debug)]
struct Shared<R> {
    start: Instant,
    state: Mutex<State<R>>,
    /// Notified when there is work for the thread.
    work: Condvar,
    /// Notified when the thread has finished some work.
    done: Condvar,
}

#[derive(Debug)]
struct State<R> {
    queue: RetryQueue<R>,
    /// Error of the last attempt; `None` after a success.
    last_error: Option<StoreError>,
    failure: Option<Arc<StoreError>>,
    /// Durations of the commits since the last status.
    times: VecDeque<Duration>,
    /// Time at which the thread gives up; set when the store must close.
    end: Option<Duration>,
    waker: Option<Waker>,
}

impl<R: Send + 'static> Committer<R> {
    /// Starts the thread that commits to this store.
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
    /// Submits records that become durable together. Never blocks on the disk. Returns their commit number.
    pub fn submit(&self, records: impl IntoIterator<Item = R>) -> CommitSeq {
        let queue = &mut self.shared.lock().queue;
        let was_due = queue.next_attempt().is_some();
        let commit = queue.submit(records);
        // Otherwise the thread is writing or has been woken already, and a notification is a system call.
        if !was_due && queue.next_attempt().is_some() {
            self.shared.work.notify_one();
        }
        commit
    }

    /// Returns the number of the last commit that is durable.
    pub fn durable(&self) -> Result<CommitSeq, Arc<StoreError>> {
        self.shared.lock().outcome()
    }

    /// Ready when a commit after `seen` is durable, or when none will be any more. Wakes the task of the last call.
    pub fn poll(&self, seen: CommitSeq, cx: &Context<'_>) -> Poll<Result<CommitSeq, Arc<StoreError>>> {
        let mut state = self.shared.lock();
        match state.outcome() {
            Ok(durable) if durable <= seen => {
                // Under the lock of the check above: a commit that ends in between finds the waker.
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            outcome => Poll::Ready(outcome),
        }
    }

    /// Removes and returns the changes since the last call.
    pub fn status(&self) -> Status {
        let mut state = self.shared.lock();
        Status {
            times: state.times.drain(..).collect(),
            storage: state.queue.storage(self.shared.now()),
            durable: state.queue.durable(),
        }
    }

    /// Blocks until the commit `commit` is durable.
    pub fn wait(&self, commit: CommitSeq) -> Result<(), Arc<StoreError>> {
        let mut state = self.shared.lock();
        while state.outcome()? < commit {
            state = self.shared.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// Commits what was submitted, and stops the thread. Fails if the storage does not recover within some seconds.
    pub fn finish(mut self) -> Result<CommitSeq, Arc<StoreError>> {
        self.end();
        self.durable()
    }

    fn end(&mut self) {
        // `finish` is followed by `drop`: the first end counts.
        self.shared.lock().end.get_or_insert(self.shared.now().saturating_add(CLOSE_PATIENCE));
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            // The store closes with its thread, and then another server may open it.
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
        let (queue, times) = (RetryQueue::default(), VecDeque::new());
        Self { queue, last_error: None, failure: None, times, end: None, waker: None }
    }
}

impl<R> State<R> {
    fn committed(&mut self, batch: &Batch<R>, took: Duration, now: Duration) -> Option<Resumed> {
        self.last_error = None;
        if !batch.items().is_empty() {
            // Bounded, since a host need not read the status.
            if self.times.len() >= MOST_TIMES {
                self.times.pop_front();
            }
            self.times.push_back(took);
        }
        self.queue.committed(batch, now)
    }

    fn failed(&mut self, batch: Batch<R>, error: StoreError, now: Duration) {
        let trouble = error.trouble();
        if self.queue.failed(batch, trouble.unwrap_or(StorageTrouble::Failing), now) {
            // Once for each trouble: attempts follow each other by the second.
            log::warn!(
                "cannot save: {error}. The server retries; until it succeeds, responses to changes wait, and after \
                 some seconds requests that change anything are rejected"
            );
        }
        // A damaged file may be a disk that failed to read, so it is retried as well.
        match self.queue.storage(now) {
            _ if error.is_final() => self.failure = Some(Arc::new(error)),
            Storage::Unavailable(_) if trouble.is_none() => self.failure = Some(Arc::new(error)),
            _ => self.last_error = Some(error),
        }
    }

    /// Records that the store is closed although some changes could not be saved.
    fn give_up(&mut self) {
        let changes = self.queue.waiting().len();
        if let Some(error) = self.last_error.take().filter(|_| changes > 0) {
            self.failure = Some(Arc::new(StoreError::GivenUp { changes, source: Box::new(error) }));
        }
    }

    fn outcome(&self) -> Result<CommitSeq, Arc<StoreError>> {
        self.failure.clone().map_or(Ok(self.queue.durable()), Err)
    }
}

impl<R> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        // The state is whole after a panic: every change is a single assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn run(&self, mut store: impl Commit<R>) {
        let mut idle = Some(Duration::ZERO);
        while let Some(batch) = self.next(idle) {
            let (start, is_idle) = (Instant::now(), batch.items().is_empty());
            // Without the lock: `submit` never waits for the disk.
            let result = if is_idle {
                let wait = store.idle();
                let next = wait.as_ref().map_or(Some(IDLE_RETRY), |wait| *wait);
                idle = next.map(|next| self.now().saturating_add(next));
                wait.map(drop)
            } else {
                store.commit(batch.items())
            };
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
                let what = if is_idle { "can save again" } else { "saved" };
                log::info!("{what} after {:.1} s and {attempts} failed attempts", after.as_secs_f64());
            } else if took >= super::retry::PATIENCE {
                log::warn!("the store took {:.1} s to respond", took.as_secs_f64());
            }
        }
    }

    /// Waits for a batch, or for the time `idle` of the next idle call, which has an empty one. `None` if there is
    /// nothing more to write, or retrying is of no use.
    fn next(&self, idle: Option<Duration>) -> Option<Batch<R>> {
        let mut state = self.lock();
        loop {
            // More commits would build on a file that is wrong (decision 0063).
            if state.failure.is_some() {
                self.done.notify_all();
                return None;
            }
            let now = self.now();
            if let Some(batch) = state.queue.begin(now) {
                return Some(batch);
            }
            let next = state.queue.next_attempt();
            // An attempt that is due later needs no other beside it.
            let idle = idle.filter(|_| next.is_none() && state.end.is_none());
            if idle.is_some_and(|idle| idle <= now)
                && let Some(probe) = state.queue.probe(now)
            {
                return Some(probe);
            }
            let moments = match (next, state.end) {
                (None, Some(_)) => return None,
                (Some(_), Some(end)) if end <= now => {
                    state.give_up();
                    return None;
                }
                (next, end) => next.into_iter().chain(end).chain(idle),
            };
            // Without anything due, any long time will do: `work` ends the wait.
            let wait = moments.min().map_or(Duration::from_hours(1), |moment| moment.saturating_sub(now));
            state = self.work.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
