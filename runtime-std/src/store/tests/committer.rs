//! The thread that commits, over a test double of a store.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};

use mmcos_core::seam::{CommitSeq, Storage};
use rusqlite::ffi;

use super::super::*;

/// Test double that notes the size of each batch. A commit waits while the test holds `gate`, and fails while
/// `failures` has an error left, the last one first.
#[derive(Default)]
struct Fake {
    gate: Arc<Mutex<()>>,
    batches: Arc<Mutex<Vec<usize>>>,
    failures: Vec<StoreError>,
}

impl Commit<u32> for Fake {
    fn commit(&mut self, records: &[u32]) -> Result<(), StoreError> {
        let _open = self.gate.lock().unwrap();
        if let Some(error) = self.failures.pop() {
            return Err(error);
        }
        self.batches.lock().unwrap().push(records.len());
        Ok(())
    }
}

fn failure(code: i32) -> StoreError {
    let source = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
    StoreError::Sql { path: "rally.db".into(), program: "rally", source }
}

#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn what_gathers_while_a_batch_is_written_is_the_next_batch() {
    let (gate, batches) = (Arc::default(), Arc::default());
    let fake = Fake { gate: Arc::clone(&gate), batches: Arc::clone(&batches), failures: Vec::new() };
    let committer = Committer::start(fake).unwrap();
    let closed = gate.lock().unwrap();
    let commits: Vec<CommitSeq> = (1..=20).map(|user| committer.submit([user, user])).collect();
    assert!(commits.is_sorted_by(|earlier, later| earlier < later));
    let woken = Arc::new(Woken::default());
    let waker = Arc::clone(&woken).into();
    assert!(committer.poll(CommitSeq::default(), &Context::from_waker(&waker)).is_pending());
    drop(closed);
    committer.wait(commits[19]).unwrap();
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert!(committer.poll(CommitSeq::default(), &Context::from_waker(&waker)).is_ready());
    assert!(committer.poll(commits[19], &Context::from_waker(&waker)).is_pending());
    let last = committer.submit([1]);
    committer.finish().unwrap();
    assert!(last > commits[19]);
    let batches = batches.lock().unwrap();
    assert_eq!(batches.iter().sum::<usize>(), 41, "all that was submitted is written in the end");
    assert!(batches.len() <= 3, "{batches:?}");
    let (1, together) = batches.split_last().unwrap() else { panic!("{batches:?}") };
    assert!(together.iter().all(|records| records % 2 == 0), "what belongs together stays so: {batches:?}");
}

#[test]
fn a_trouble_that_passes_is_waited_for_and_nothing_is_dropped_or_released_early() {
    let batches = Arc::default();
    let codes = [ffi::SQLITE_BUSY, ffi::SQLITE_FULL, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_READONLY];
    let failures = codes.map(failure).into();
    let fake = Fake { failures, batches: Arc::clone(&batches), ..Fake::default() };
    let committer = Committer::start(fake).unwrap();
    let first = committer.submit([1]);
    while committer.status().storage == Storage::Available {
        std::thread::yield_now();
    }
    assert_eq!((committer.durable().unwrap(), batches.lock().unwrap().len()), (CommitSeq::default(), 0));
    let second = committer.submit([2, 3]);
    committer.wait(first).unwrap();
    committer.wait(second).unwrap();
    assert_eq!(committer.status().storage, Storage::Available);
    assert_eq!(*batches.lock().unwrap(), [3], "all that waited is one batch");
}

/// Test double whose idle call fails while it is set.
struct Leased(Arc<AtomicBool>);

impl Commit<u32> for Leased {
    fn commit(&mut self, _: &[u32]) -> Result<(), StoreError> {
        Ok(())
    }

    fn idle(&mut self) -> Result<Option<Duration>, StoreError> {
        if self.0.load(Ordering::SeqCst) {
            return Err(failure(ffi::SQLITE_BUSY));
        }
        Ok(Some(Duration::from_millis(10)))
    }
}

#[test]
fn a_trouble_shows_and_passes_though_nothing_waits() {
    let fails = Arc::new(AtomicBool::new(true));
    let committer = Committer::start(Leased(Arc::clone(&fails))).unwrap();
    let start = Instant::now();
    let until = |storage| {
        while committer.status().storage != storage {
            assert!(start.elapsed() < Duration::from_secs(20), "no {storage:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    until(Storage::Unavailable(StorageTrouble::Locked));
    assert!(start.elapsed() >= retry::PATIENCE);
    fails.store(false, Ordering::SeqCst);
    until(Storage::Available);
    committer.wait(committer.submit([1])).unwrap();
    assert_eq!(committer.status().times.len(), 1, "no commit but that");
}

#[test]
fn a_damaged_file_ends_the_server_after_some_attempts() {
    let failures = (0..100).map(|_| failure(ffi::SQLITE_CORRUPT)).collect();
    let committer = Committer::start(Fake { failures, ..Fake::default() }).unwrap();
    let start = Instant::now();
    let error = committer.wait(committer.submit([1])).unwrap_err().to_string();
    assert!(error.contains("rally restore FILE"), "{error}");
    assert!(start.elapsed() >= retry::PATIENCE);
    let waker = Arc::new(Woken::default()).into();
    let polled = committer.poll(CommitSeq::default(), &Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Ready(Err(_))) && committer.finish().is_err());
}

#[test]
fn a_stop_during_a_trouble_says_what_was_not_saved() {
    let failures = (0..100).map(|_| failure(ffi::SQLITE_FULL)).collect();
    let committer = Committer::start(Fake { failures, ..Fake::default() }).unwrap();
    committer.submit([1, 2]);
    let start = Instant::now();
    let error = committer.finish().unwrap_err().to_string();
    assert!(error.contains("2 changes could not be saved") && error.contains("df -h"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
}
