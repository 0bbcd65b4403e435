use std::{fmt, sync::Arc};

/// All that was ever answered, in one number.
#[derive(Clone, Debug, Default)]
pub(super) struct Hash {
    state: u64,
    /// The bytes that were shared last, and theirs: most answers share theirs with others.
    shared: Option<(Arc<[u8]>, u64)>,
}

impl Hash {
    pub(super) fn number(&mut self, number: u64) {
        self.state = mix(self.state, number);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.state = mix(self.state, of(bytes));
    }

    pub(super) fn shared(&mut self, bytes: &Arc<[u8]>) {
        let number = match &self.shared {
            Some((known, number)) if Arc::ptr_eq(known, bytes) => *number,
            _ => self.shared.insert((Arc::clone(bytes), of(bytes))).1,
        };
        self.number(number);
    }

    pub(super) const fn digest(&self) -> Digest {
        Digest(self.state)
    }
}

/// All that was ever answered, in one number: two runs that differ anywhere differ here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

const fn mix(state: u64, word: u64) -> u64 {
    (state ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

fn of(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let state = words.iter().fold(bytes.len() as u64, |state, word| mix(state, u64::from_le_bytes(*word)));
    rest.iter().fold(state, |state, byte| mix(state, u64::from(*byte)))
}
