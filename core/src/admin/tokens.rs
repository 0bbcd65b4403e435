//! Random tokens that authenticate an operator: those of admin sessions and of one-time links, and passwords.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::{fmt, net::IpAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::seam::Monotonic;

/// Lifetime of an admin session. (Our choice, as are the other figures here.)
pub(super) const SESSION_LIFETIME: Duration = Duration::from_hours(12);
/// Lifetime of a one-time link.
pub const LINK_LIFETIME: Duration = Duration::from_hours(1);
/// Maximum number of tokens of a kind. Beyond it, the token that expires first is evicted.
const MOST: usize = 128;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TokenDigest([u8; 32]);

/// The error for a text that is not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a SHA-256 digest in base64")]
pub struct TokenDigestError;

impl TokenDigest {
    /// Returns the digest of a token's text.
    pub fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }
}

impl From<TokenDigest> for String {
    fn from(TokenDigest(digest): TokenDigest) -> Self {
        URL_SAFE_NO_PAD.encode(digest)
    }
}

impl TryFrom<String> for TokenDigest {
    type Error = TokenDigestError;

    fn try_from(text: String) -> Result<Self, TokenDigestError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenDigestError)?;
        bytes.try_into().map(Self).map_err(|_| TokenDigestError)
    }
}

/// A token that an operator has: an admin session or a one-time link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Number, by which other operators refer to it.
    pub number: u64,
    /// Name of the operator.
    pub name: String,
    /// Address that it was given to.
    pub address: IpAddr,
    /// Time at which it was given.
    pub made: Monotonic,
    /// Time at which it expires.
    pub end: Monotonic,
}

/// Tokens of one kind.
#[derive(Debug)]
pub(super) struct Tokens {
    grants: BTreeMap<TokenDigest, Grant>,
    lifetime: Duration,
    given: u64,
}

impl Tokens {
    /// Returns a kind of tokens that expire after this time.
    pub(super) const fn new(lifetime: Duration) -> Self {
        Self { grants: BTreeMap::new(), lifetime, given: 0 }
    }

    /// Adds a token of an operator. Returns its text.
    pub(super) fn add(&mut self, token: Token, name: &str, address: IpAddr, now: Monotonic) -> String {
        self.grants.retain(|_, grant| grant.end > now);
        if self.grants.len() >= MOST {
            let first = self.grants.iter().min_by_key(|(_, grant)| grant.end).map(|(key, _)| *key);
            first.and_then(|key| self.grants.remove(&key));
        }
        let text = alloc::format!("{token}");
        self.given = self.given.saturating_add(1);
        let (number, name, end) = (self.given, name.into(), now.after(self.lifetime));
        let address = address.to_canonical();
        self.grants.insert(TokenDigest::of(text.as_bytes()), Grant { number, name, address, made: now, end });
        text
    }

    /// Returns a token that is valid.
    pub(super) fn get(&self, token: TokenDigest, now: Monotonic) -> Option<&Grant> {
        self.grants.get(&token).filter(|grant| grant.end > now)
    }

    /// Returns all tokens that are valid, the oldest first.
    pub(super) fn all(&self, now: Monotonic) -> Vec<&Grant> {
        let mut grants: Vec<&Grant> = self.grants.values().filter(|grant| grant.end > now).collect();
        grants.sort_unstable_by_key(|grant| grant.number);
        grants
    }

    /// Removes a token. Returns it if it was valid until now.
    pub(super) fn take(&mut self, token: TokenDigest, now: Monotonic) -> Option<Grant> {
        self.grants.remove(&token).filter(|grant| grant.end > now)
    }

    /// Removes the tokens to which this applies, and returns the first.
    pub(super) fn remove(&mut self, applies: impl Fn(&Grant) -> bool) -> Option<Grant> {
        let removed: Vec<Grant> =
            self.grants.extract_if(.., |_, grant| applies(grant)).map(|(_, grant)| grant).collect();
        removed.into_iter().next()
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_token_holds_until_it_is_taken_expires_or_makes_room() {
        let mut tokens = Tokens::new(SESSION_LIFETIME);
        let now = Monotonic::default();
        let later = now.after(Duration::from_secs(1));
        let add = |tokens: &mut Tokens, number, now| {
            let text = tokens.add(Token::new([number, 2]), "anna", Ipv4Addr::LOCALHOST.into(), now);
            TokenDigest::of(text.as_bytes())
        };
        let (first, second) = (add(&mut tokens, 1, now), add(&mut tokens, 2, later));
        assert!(tokens.get(first, now).is_some() && tokens.get(TokenDigest::of(b""), now).is_none());
        assert!(tokens.take(second, now).is_some() && tokens.take(second, now).is_none());
        assert!(
            tokens.get(second, now).is_none() && tokens.get(first, now.after(SESSION_LIFETIME)).is_none()
        );
        for number in 0..200 {
            add(&mut tokens, number + 3, later);
        }
        assert!(tokens.get(first, now).is_none() && tokens.all(now).len() == MOST);
        assert_eq!(tokens.remove(|grant| grant.name == "ben"), None);
        assert!(tokens.remove(|grant| grant.name == "anna").is_some() && tokens.all(now).is_empty());
        assert!(!alloc::format!("{:?}", Token::new([7, 7])).contains('7'));
    }

    #[test]
    fn a_digest_is_stored_as_text() {
        let digest = TokenDigest::of(b"abc");
        assert_eq!(TokenDigest::try_from(String::from(digest)), Ok(digest));
        assert_eq!(TokenDigest::try_from(String::from("abc")), Err(TokenDigestError));
    }
}
