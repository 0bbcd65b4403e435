use alloc::{collections::VecDeque, sync::Arc, vec::Vec};

use crate::seam::{Bytes, CommitSeq};

/// Maximum size of a piece of copied bytes, in bytes. Written bytes are freed only with their whole piece.
const PIECE: usize = 64 * 1024;
/// Capacity that an empty queue keeps, in pieces.
const SPARE_PIECES: usize = 8;

/// Bytes to write to one connection, in order. Some wait until a commit is durable; all bytes queued behind them wait
/// with them.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pieces: VecDeque<Piece>,
    /// Number of bytes that are not written yet.
    queued: usize,
    durable: CommitSeq,
}

#[derive(Debug)]
struct Piece {
    bytes: Owned,
    written: usize,
    /// Commit that must be durable before the piece may be written.
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
    pub(super) fn push(&mut self, bytes: Bytes<'_>, after: CommitSeq) {
        self.queued = self.queued.saturating_add(bytes.len());
        match bytes {
            Bytes::Borrowed(bytes) => self.push_copy(bytes, after),
            Bytes::Shared(bytes) if bytes.is_empty() => {}
            Bytes::Shared(bytes) => {
                self.pieces.push_back(Piece { bytes: Owned::Shared(bytes), written: 0, after });
            }
        }
    }

    fn push_copy(&mut self, mut bytes: &[u8], after: CommitSeq) {
        if let Some(Piece { bytes: Owned::Own(last), after: same, .. }) = self.pieces.back_mut()
            && *same == after
        {
            let room = PIECE.saturating_sub(last.len()).min(bytes.len());
            let (fitting, rest) = bytes.split_at_checked(room).unwrap_or((&[], bytes));
            let needed = last.len().saturating_add(room);
            if needed > last.capacity() {
                // Grow by doubling, as `Vec` does, but never beyond a piece.
                let capacity = needed.max(last.capacity().saturating_mul(2)).min(PIECE);
                last.reserve_exact(capacity.saturating_sub(last.len()));
            }
            last.extend_from_slice(fitting);
            bytes = rest;
        }
        for piece in bytes.chunks(PIECE) {
            self.pieces.push_back(Piece { bytes: Owned::Own(piece.to_vec()), written: 0, after });
        }
    }

    pub(super) fn release(&mut self, durable: CommitSeq) {
        self.durable = self.durable.max(durable);
    }

    pub(super) fn writable(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().take_while(|piece| piece.after <= self.durable).map(Piece::rest)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queued == 0
    }

    /// Returns the bytes in the queue, plus the overhead of their pieces.
    pub(super) fn memory(&self) -> usize {
        self.queued.saturating_add(self.pieces.len().saturating_mul(size_of::<Piece>()))
    }

    pub(super) fn take_away(&mut self, mut done: usize) {
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
        if self.pieces.is_empty() && self.pieces.capacity() > SPARE_PIECES {
            self.pieces = VecDeque::new();
        }
    }

    /// Returns the bytes that are allocated for this queue alone.
    pub(super) fn allocated(&self) -> usize {
        let own = |piece: &Piece| match &piece.bytes {
            Owned::Own(bytes) => bytes.capacity(),
            Owned::Shared(_) => 0,
        };
        self.pieces.iter().map(own).sum()
    }
}
