use alloc::vec::Vec;

/// A store in memory. A crash loses the records that are not committed.
#[derive(Clone, Debug)]
pub struct MemoryStore<R> {
    committed: Vec<R>,
    persisted: Vec<R>,
}

impl<R> Default for MemoryStore<R> {
    fn default() -> Self {
        Self { committed: Vec::new(), persisted: Vec::new() }
    }
}

impl<R> MemoryStore<R> {
    /// Accepts a record, not yet durable.
    pub fn persist(&mut self, record: R) {
        self.persisted.push(record);
    }

    /// Makes all records durable.
    pub fn commit(&mut self) {
        self.committed.append(&mut self.persisted);
    }

    /// Removes the uncommitted records, and returns them.
    pub fn crash(&mut self) -> Vec<R> {
        core::mem::take(&mut self.persisted)
    }

    /// Returns the durable records, in the order in which they were persisted.
    pub fn committed(&self) -> &[R] {
        &self.committed
    }

    /// Returns the records that a crash would lose.
    pub fn uncommitted(&self) -> &[R] {
        &self.persisted
    }
}
