use std::{collections::VecDeque, fmt, sync::Arc};

/// A number for everything that was ever sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Hash {
    state: u64,
    /// Bytes that were shared lately, with their numbers: most responses share bytes with others.
    shared: VecDeque<(Arc<[u8]>, u64)>,
}

/// Number of kinds of responses that share their bytes: the last of each kind occurs again.
const SHARED: usize = 4;

impl Hash {
    pub(super) fn number(&mut self, number: u64) {
        self.state = mix(self.state, number);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.state = mix(self.state, of(bytes));
    }

    /// Returns a number for these bytes and those that follow them.
    pub(super) fn print(&mut self, own: &[u8], shared: Option<&Arc<[u8]>>) -> u64 {
        let Some(shared) = shared else { return of(own) };
        let known = self.shared.iter().find(|(known, _)| Arc::ptr_eq(known, shared));
        let number = known.map_or_else(|| of(shared), |(_, number)| *number);
        if known.is_none() {
            self.shared.truncate(SHARED - 1);
            self.shared.push_front((Arc::clone(shared), number));
        }
        mix(of(own), number)
    }

    pub(super) const fn digest(&self) -> Digest {
        Digest(self.state)
    }
}

/// A number for everything that was ever sent: two runs that differ anywhere differ here.
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
    // Four lanes, since a processor mixes four words in the time of one.
    let (blocks, rest) = bytes.as_chunks::<32>();
    let mut lanes = [bytes.len() as u64, 1, 2, 3];
    for block in blocks {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane = mix(*lane, u64::from_le_bytes(*word));
        }
    }
    let (words, rest) = rest.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let rest = rest.iter().map(|byte| u64::from(*byte));
    lanes.into_iter().skip(1).chain(words).chain(rest).fold(lanes[0], mix)
}
