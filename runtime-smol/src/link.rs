use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io::IoSlice,
    sync::Arc,
};

use mmcos_core::seam::{Bytes, Close};

use crate::signal::Signal;

/// As many pieces as one system call takes.
const PIECES: usize = 8;

/// What the hub and the task of one connection share: bytes to write, and the order to close.
#[derive(Debug, Default)]
pub(crate) struct Link {
    queue: RefCell<VecDeque<Piece>>,
    queued: Cell<usize>,
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
    /// Queues bytes. Gives how many wait now.
    pub(crate) fn push(&self, bytes: Bytes<'_>) -> usize {
        self.queued.set(self.queued.get().saturating_add(bytes.len()));
        let mut queue = self.queue.borrow_mut();
        match (bytes, queue.back_mut()) {
            (Bytes::Borrowed(more), Some(Piece { bytes: Owned::Own(last), .. })) => {
                last.extend_from_slice(more);
            }
            (Bytes::Borrowed(bytes), _) => {
                queue.push_back(Piece { bytes: Owned::Own(bytes.to_vec()), written: 0 });
            }
            (Bytes::Shared(bytes), _) => queue.push_back(Piece { bytes: Owned::Shared(bytes), written: 0 }),
        }
        self.queued.get()
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

    pub(crate) fn is_empty(&self) -> bool {
        self.queued.get() == 0
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
        for (slice, piece) in slices.iter_mut().zip(queue.iter()) {
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
