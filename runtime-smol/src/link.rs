use std::{
    cell::{Cell, RefCell},
    io::IoSlice,
};

use mmcos_core::seam::{Bytes, Close, CommitSeq};
use mmcos_std::queue::Queue;

use crate::signal::Signal;

/// What the hub and the task of one connection share: bytes to write, and the order to close.
#[derive(Debug, Default)]
pub(crate) struct Link {
    queue: RefCell<Queue>,
    close: Cell<Option<Close>>,
    /// Raised with the order to close.
    ordered: Signal,
    /// Raised when there is something new for the task.
    pub(crate) news: Signal,
}

impl Link {
    /// Queues bytes, to be written when `after` is durable. Gives how many wait now.
    pub(crate) fn push(&self, bytes: Bytes<'_>, after: CommitSeq) -> usize {
        self.queue.borrow_mut().push(bytes, after)
    }

    /// What waited for this may be written now.
    pub(crate) fn release(&self, durable: CommitSeq) {
        self.queue.borrow_mut().release(durable);
        self.news.raise();
    }

    /// Whether something is queued that may be written.
    pub(crate) fn is_writable(&self) -> bool {
        self.queue.borrow().is_writable()
    }

    pub(crate) fn order_close(&self, how: Close) {
        self.close.set(Some(how));
        self.ordered.raise();
    }

    /// Waits for the order to close.
    pub(crate) async fn closing(&self) -> Close {
        loop {
            match self.close.get() {
                Some(how) => return how,
                None => self.ordered.raised().await,
            }
        }
    }

    pub(crate) fn close(&self) -> Option<Close> {
        self.close.get()
    }

    /// How many bytes wait.
    pub(crate) fn queued(&self) -> usize {
        self.queue.borrow().queued()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.borrow().is_empty()
    }

    /// Has `write` write what is queued, and takes away as much as it says it wrote.
    pub(crate) fn write_with<T>(
        &self,
        write: impl FnOnce(&[IoSlice<'_>]) -> T,
        written: impl FnOnce(&T) -> usize,
    ) -> T {
        self.queue.borrow_mut().write_with(write, written)
    }
}
