/// Sequence number of a commit: all records submitted up to it are durable once the store reports this number or a
/// later one. The default is durable from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommitSeq(u64);

impl CommitSeq {
    /// The number of a commit that never becomes durable.
    pub const NEVER: Self = Self(u64::MAX);

    /// Returns the number of the following commit.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
