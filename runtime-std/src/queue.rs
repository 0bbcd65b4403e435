//! What is to be written to one connection.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;

use mmcos_core::seam::{Bytes, CommitSeq};

/// As many pieces as one system call takes.
const PIECES: usize = 8;

/// Bytes to write to one connection, in order. Some wait until something is durable; whatever is queued behind them
/// waits with them.
///
/// ```
/// use mmcos_core::seam::{Bytes, CommitSeq};
/// use mmcos_std::queue::Queue;
/// let mut queue = Queue::default();
/// queue.push(Bytes::Borrowed(b"an answer"), CommitSeq::default());
/// let mut socket = Vec::new();
/// let written = queue.write_with(|slices| std::io::Write::write_vectored(&mut socket, slices), |n| *n.as_ref().unwrap());
/// assert_eq!((written?, socket.as_slice(), queue.is_empty()), (9, b"an answer".as_slice(), true));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Queue {
    pieces: VecDeque<Piece>,
    queued: usize,
    durable: CommitSeq,
}

#[derive(Debug)]
struct Piece {
    bytes: Owned,
    written: usize,
    /// To be written when this is durable.
    after: CommitSeq,
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

impl Queue {
    /// Queues bytes, to be written when `after` is durable. Gives how many wait now.
    pub fn push(&mut self, bytes: Bytes<'_>, after: CommitSeq) -> usize {
        self.queued = self.queued.saturating_add(bytes.len());
        match (bytes, self.pieces.back_mut()) {
            (Bytes::Borrowed(more), Some(Piece { bytes: Owned::Own(last), after: same, .. }))
                if *same == after =>
            {
                last.extend_from_slice(more);
            }
            (Bytes::Borrowed(bytes), _) => {
                self.pieces.push_back(Piece { bytes: Owned::Own(bytes.to_vec()), written: 0, after });
            }
            (Bytes::Shared(bytes), _) => {
                self.pieces.push_back(Piece { bytes: Owned::Shared(bytes), written: 0, after });
            }
        }
        self.queued
    }

    /// What waited for this may be written now.
    pub fn release(&mut self, durable: CommitSeq) {
        self.durable = durable;
    }

    /// Whether something is queued that may be written.
    pub fn is_writable(&self) -> bool {
        self.pieces.front().is_some_and(|piece| piece.after <= self.durable)
    }

    /// How many bytes wait.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// Whether nothing is queued.
    pub fn is_empty(&self) -> bool {
        self.queued == 0
    }

    /// Has `write` write what may be written, and takes away as much as it says it wrote.
    pub fn write_with<T>(
        &mut self,
        write: impl FnOnce(&[IoSlice<'_>]) -> T,
        written: impl FnOnce(&T) -> usize,
    ) -> T {
        let mut slices = [IoSlice::new(&[]); PIECES];
        let mut used = 0_usize;
        let writable = self.pieces.iter().take_while(|piece| piece.after <= self.durable);
        for (slice, piece) in slices.iter_mut().zip(writable) {
            *slice = IoSlice::new(piece.rest());
            used = used.saturating_add(1);
        }
        let result = write(slices.get(..used).unwrap_or_default());
        self.take_away(written(&result));
        result
    }

    fn take_away(&mut self, mut done: usize) {
        self.queued = self.queued.saturating_sub(done);
        while let Some(front) = self.pieces.front_mut() {
            let rest = front.rest().len();
            if done < rest {
                front.written = front.written.saturating_add(done);
                break;
            }
            done = done.saturating_sub(rest);
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use mmcos_core::mmcos::Record;

    use super::*;
    use crate::store::{Commit, Committer, StoreError};

    struct Nowhere;

    impl Commit for Nowhere {
        fn commit(&mut self, _: &[Record]) -> Result<(), StoreError> {
            Ok(())
        }
    }

    fn writable(queue: &mut Queue) -> Vec<u8> {
        queue.write_with(|slices| slices.iter().flat_map(|slice| slice.to_vec()).collect(), Vec::len)
    }

    #[test]
    fn what_waits_is_not_overtaken() {
        let committer = Committer::start(Nowhere).unwrap();
        let now = CommitSeq::default();
        let [first, second] = [(); 2].map(|()| committer.submit([]));
        let mut queue = Queue::default();
        for (bytes, after) in [(b"a", now), (b"b", first), (b"c", now), (b"d", second)] {
            queue.push(Bytes::Borrowed(bytes), after);
        }
        assert_eq!(writable(&mut queue), b"a");
        assert!(!queue.is_writable() && !queue.is_empty());
        queue.release(first);
        assert_eq!(writable(&mut queue), b"bc");
        queue.release(second);
        assert!(queue.is_writable());
        assert_eq!(writable(&mut queue), b"d");
        assert!(queue.is_empty() && !queue.is_writable());
    }

    #[test]
    fn what_was_not_written_comes_first_the_next_time() {
        let mut queue = Queue::default();
        queue.push(Bytes::Borrowed(b"abc"), CommitSeq::default());
        queue.push(Bytes::Shared(Arc::from(*b"defg")), CommitSeq::default());
        assert_eq!(queue.push(Bytes::Borrowed(b"h"), CommitSeq::default()), 8);
        let mut write = |most: usize| {
            let bytes = |slices: &[IoSlice<'_>]| {
                let all = slices.iter().flat_map(|slice| slice.to_vec());
                all.take(most).collect::<Vec<u8>>()
            };
            queue.write_with(bytes, Vec::len)
        };
        assert_eq!([2, 3, 9].map(&mut write), [b"ab".to_vec(), b"cde".to_vec(), b"fgh".to_vec()]);
        assert!(queue.is_empty());
    }
}
