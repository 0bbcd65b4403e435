//! Random tokens that authenticate an operator: those of admin sessions and of one-time links.

use alloc::{collections::BTreeMap, string::String};
use core::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::seam::Monotonic;

/// Lifetime of an admin session. (Our choice, as are the other figures here.)
pub(super) const SESSION_LIFETIME: Duration = Duration::from_hours(12);
/// Lifetime of a one-time link.
pub const LINK_LIFETIME: Duration = Duration::from_hours(1);
/// Maximum number of tokens of a kind. Beyond it, the token that expires first is evicted.
const MOST: usize = 32;

/// A token: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token([u64; 2]);

impl Token {
    /// Returns a token of random bits, which must come from the operating system or from
    /// [`Context::random`](crate::service::Context::random).
    pub const fn new(random: [u64; 2]) -> Self {
        Self(random)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.map(u64::to_le_bytes).as_flattened()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Digest of a token. Tokens are looked up by digest, so that the duration of a look-up reveals nothing about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(super) fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }
}

/// Tokens of one kind, with the time when each expires.
#[derive(Debug, Default)]
pub(super) struct Tokens(BTreeMap<TokenDigest, Monotonic>);

impl Tokens {
    /// Adds a token that is valid until `end`. Returns its text.
    pub(super) fn add(&mut self, token: Token, end: Monotonic, now: Monotonic) -> String {
        self.0.retain(|_, end| *end > now);
        if self.0.len() >= MOST {
            let first = self.0.iter().min_by_key(|(_, end)| **end).map(|(key, _)| *key);
            first.and_then(|key| self.0.remove(&key));
        }
        let text = alloc::format!("{token}");
        self.0.insert(TokenDigest::of(text.as_bytes()), end);
        text
    }

    /// Returns true if a token is valid.
    pub(super) fn holds(&self, token: TokenDigest, now: Monotonic) -> bool {
        self.0.get(&token).is_some_and(|end| *end > now)
    }

    /// Removes a token. Returns true if it was valid until now.
    pub(super) fn take(&mut self, token: TokenDigest, now: Monotonic) -> bool {
        self.0.remove(&token).is_some_and(|end| end > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_until_it_is_taken_expires_or_makes_room() {
        let mut tokens = Tokens::default();
        let now = Monotonic::default();
        let end = now.after(SESSION_LIFETIME);
        let add = |tokens: &mut Tokens, number, end| {
            TokenDigest::of(tokens.add(Token::new([number, 2]), end, now).as_bytes())
        };
        let first = add(&mut tokens, 1, end);
        let second = add(&mut tokens, 2, end.after(Duration::from_secs(1)));
        assert!(tokens.holds(first, now) && !tokens.holds(TokenDigest::of(b""), now));
        assert!(tokens.take(second, now) && !tokens.take(second, now) && !tokens.holds(second, now));
        assert!(tokens.holds(first, now) && !tokens.holds(first, end));
        for number in 0..40 {
            add(&mut tokens, number + 3, end.after(Duration::from_secs(2)));
        }
        assert!(!tokens.holds(first, now) && tokens.0.len() == MOST);
        assert!(!alloc::format!("{:?}", Token::new([7, 7])).contains('7'));
    }
}
