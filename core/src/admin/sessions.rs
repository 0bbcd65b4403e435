//! Operators who are logged in: a random number in a cookie, until it ends or the server does.

use alloc::{collections::BTreeMap, string::String};
use core::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::seam::Monotonic;

/// How long an operator stays logged in. (Our choice, as is [`MOST`].)
pub(super) const LIFETIME: Duration = Duration::from_hours(12);
/// Sessions at a time; the oldest makes room.
const MOST: usize = 32;

/// Sessions by the digest of their token: how long a look-up takes then tells nothing about the tokens.
#[derive(Debug, Default)]
pub(super) struct Sessions(BTreeMap<[u8; 32], Monotonic>);

impl Sessions {
    /// Begins a session. Gives its token.
    pub(super) fn begin(&mut self, random: [u64; 2], now: Monotonic) -> String {
        let token = URL_SAFE_NO_PAD.encode(random.map(u64::to_le_bytes).as_flattened());
        self.0.retain(|_, end| *end > now);
        if self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, end)| **end).map(|(key, _)| *key);
            oldest.and_then(|key| self.0.remove(&key));
        }
        self.0.insert(digest(token.as_bytes()), now.after(LIFETIME));
        token
    }

    /// Whether this is the token of a session.
    pub(super) fn holds(&self, token: &[u8], now: Monotonic) -> bool {
        self.0.get(&digest(token)).is_some_and(|end| *end > now)
    }

    /// Ends a session.
    pub(super) fn end(&mut self, token: &[u8]) {
        self.0.remove(&digest(token));
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_holds_until_it_ends_or_is_crowded_out() {
        let mut sessions = Sessions::default();
        let now = Monotonic::default();
        let first = sessions.begin([1, 2], now);
        let second = sessions.begin([3, 4], now.after(Duration::from_secs(1)));
        assert!(sessions.holds(first.as_bytes(), now) && !sessions.holds(b"", now));
        sessions.end(second.as_bytes());
        assert!(!sessions.holds(second.as_bytes(), now) && sessions.holds(first.as_bytes(), now));
        assert!(!sessions.holds(first.as_bytes(), now.after(LIFETIME)));
        for number in 0..40 {
            sessions.begin([number, 0], now.after(Duration::from_secs(2)));
        }
        assert!(!sessions.holds(first.as_bytes(), now) && sessions.0.len() == MOST);
    }
}
