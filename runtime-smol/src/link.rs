use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io::IoSlice,
    sync::Arc,
};

use mmcos_core::seam::{Bytes, Close};
use mmcos_std::store::Ticket;

use crate::signal::Signal;

/// As many pieces as one system call takes.
const PIECES: usize = 8;

/// What the hub and the task of one connection share: bytes to write, and the order to close.
///
/// Bytes may have to wait until something is durable. They are written in order, so whatever is queued behind them
/// waits with them, the order to close once all is written included.
#[derive(Debug, Default)]
pub(crate) struct Link {
    queue: RefCell<VecDeque<Piece>>,
    queued: Cell<usize>,
    durable: Cell<Ticket>,
    close: Cell<Option<Close>>,
    /// Raised with the order to close.
    ordered: Signal,
    /// Raised when there is something new for the task.
    pub(crate) news: Signal,
}

#[derive(Debug)]
struct Piece {
    bytes: Owned,
    written: usize,
    /// To be written when this is durable.
    after: Ticket,
}

#[derive(Debug)]
enum Owned {
    Own(Vec<u8>),
    Shared(Arc<[u8]>),
}

impl Piece {
    fn rest(&self) -> &[u8] {
        let bytes = match &self.bytes {
            Owned::Own(bytes) => bytes.as_slice(),
            Owned::Shared(bytes) => bytes,
        };
        bytes.get(self.written..).unwrap_or_default()
    }
}

impl Link {
    /// Queues bytes, to be written when `after` is durable. Gives how many wait now.
    pub(crate) fn push(&self, bytes: Bytes<'_>, after: Ticket) -> usize {
        self.queued.set(self.queued.get().saturating_add(bytes.len()));
        let mut queue = self.queue.borrow_mut();
        match (bytes, queue.back_mut()) {
            (Bytes::Borrowed(more), Some(Piece { bytes: Owned::Own(last), after: same, .. }))
                if *same == after =>
            {
                last.extend_from_slice(more);
            }
            (Bytes::Borrowed(bytes), _) => {
                queue.push_back(Piece { bytes: Owned::Own(bytes.to_vec()), written: 0, after });
            }
            (Bytes::Shared(bytes), _) => {
                queue.push_back(Piece { bytes: Owned::Shared(bytes), written: 0, after });
            }
        }
        self.queued.get()
    }

    /// What waited for this may be written now.
    pub(crate) fn release(&self, durable: Ticket) {
        self.durable.set(durable);
        self.news.raise();
    }

    /// Whether something is queued that may be written.
    pub(crate) fn is_writable(&self) -> bool {
        self.queue.borrow().front().is_some_and(|piece| piece.after <= self.durable.get())
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
        self.queued.get()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queued() == 0
    }

    /// Has `write` write what is queued, and takes away as much as it says it wrote.
    pub(crate) fn write_with<T>(
        &self,
        write: impl FnOnce(&[IoSlice<'_>]) -> T,
        written: impl FnOnce(&T) -> usize,
    ) -> T {
        let mut queue = self.queue.borrow_mut();
        let mut slices = [IoSlice::new(&[]); PIECES];
        let mut used = 0_usize;
        let writable = queue.iter().take_while(|piece| piece.after <= self.durable.get());
        for (slice, piece) in slices.iter_mut().zip(writable) {
            *slice = IoSlice::new(piece.rest());
            used = used.saturating_add(1);
        }
        let result = write(slices.get(..used).unwrap_or_default());
        let mut done = written(&result);
        self.queued.set(self.queued.get().saturating_sub(done));
        while let Some(front) = queue.front_mut() {
            let rest = front.rest().len();
            if done < rest {
                front.written = front.written.saturating_add(done);
                break;
            }
            done = done.saturating_sub(rest);
            queue.pop_front();
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use mmcos_std::store::{Commit, Committer, StoreError};

    use super::*;

    struct Nowhere;

    impl Commit for Nowhere {
        fn commit(&mut self, _: &[mmcos_core::mmcos::Record]) -> Result<(), StoreError> {
            Ok(())
        }
    }

    fn writable(link: &Link) -> Vec<u8> {
        link.write_with(|slices| slices.iter().flat_map(|slice| slice.to_vec()).collect(), Vec::len)
    }

    #[test]
    fn what_waits_is_not_overtaken() {
        let committer = Committer::start(Nowhere).unwrap();
        let now = Ticket::default();
        let [first, second] = [(); 2].map(|()| committer.submit([]));
        let link = Link::default();
        let push = |bytes, after| link.push(Bytes::Borrowed(bytes), after);
        push(b"a", now);
        push(b"b", first);
        push(b"c", now);
        push(b"d", second);
        assert_eq!(writable(&link), b"a");
        assert!(!link.is_writable() && !link.is_empty());
        link.release(first);
        assert_eq!(writable(&link), b"bc");
        link.release(second);
        assert!(link.is_writable());
        assert_eq!(writable(&link), b"d");
        assert!(link.is_empty() && !link.is_writable());
    }
}
