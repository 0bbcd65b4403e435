//! Keys of races against AI that the server recognises without having stored them.
//!
//! A lone player gets a key with every poll that finds no opponent (captures 03, 06, 07), some 140 an hour, and races
//! with at most one of them. Writing each to the disk would wear out flash cards for nothing. So such a key carries
//! the data that the server needs, and a tag that only this server can make:
//!
//! | bits | what |
//! |---|---|
//! | 18 | time of issue: seconds since the epoch, modulo 3 days |
//! | 4 | players of the party |
//! | 12 | counter, so that two keys of one second differ |
//! | 30 | HMAC-SHA-256 over account, whole time, party size and counter, cut |
//!
//! The first 34 bits are masked with another HMAC, of the tag, so that a key looks like 64 random bits. 30 bits of
//! tag would take months to guess at the permitted rate of requests; and a guess would gain nothing, since every
//! account gets such keys on request. A server that starts after a crash goes by the time of its last record, so it may
//! live through a second again: its counter begins elsewhere, and 12 bits make the same key unlikely. Keys of matches
//! with other players are random and stored.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{
    ids::{RaceKey, UserId},
    results::Match,
};
use mmcos_core::seam::Wall;

const TIME_BITS: u32 = 18;
const SIZE_BITS: u32 = 4;
const COUNTER_BITS: u32 = 12;
const TAG_BITS: u32 = 30;

/// Derives the secret of the keys of races against AI from the server's key, which cannot be derived from it.
pub(crate) fn race_secret(key: &[u8; 32]) -> [u8; 32] {
    let hash = Sha256::new().chain_update(b"mmcos race keys").chain_update(key);
    hash.finalize().into()
}

/// Issues and recognises the keys.
#[derive(Clone, Debug)]
pub(crate) struct RaceKeys {
    mac: Hmac<Sha256>,
    counter: u16,
}

/// Contents of a recognised key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AloneKey {
    /// Second of issue.
    pub(crate) issued: Wall,
    /// Players of the party.
    pub(crate) size: u8,
}

impl RaceKeys {
    /// Returns an issuer that recognises all keys made with `secret`. Two that run one after the other in the same
    /// second should count from different numbers.
    pub(crate) fn new(secret: &[u8; 32], counter: u16) -> Self {
        // HMAC fills a key up to a block with zeros.
        let mut block = [0; 64];
        if let Some(start) = block.first_chunk_mut::<32>() {
            *start = *secret;
        }
        Self { mac: Hmac::new(&block.into()), counter }
    }

    /// Returns a key for a party that races alone. Larger parties than 15 count as 15.
    pub(crate) fn issue(&mut self, user: UserId, size: u8, now: Wall) -> RaceKey {
        self.counter = self.counter.wrapping_add(1) & ((1 << COUNTER_BITS) - 1);
        let size = size.min(0xF);
        let seconds = now.as_secs();
        let tag = self.tag(user, seconds, size, self.counter);
        let time = low_bits(seconds.cast_unsigned(), TIME_BITS);
        let claims =
            time << (SIZE_BITS + COUNTER_BITS) | u64::from(size) << COUNTER_BITS | u64::from(self.counter);
        RaceKey((claims ^ self.mask(tag)) << TAG_BITS | tag)
    }

    /// Returns the key's contents if it was issued to this account, within 36 hours of `now`.
    pub(crate) fn recognise(&self, key: RaceKey, user: UserId, now: Wall) -> Option<AloneKey> {
        let tag = low_bits(key.0, TAG_BITS);
        let claims = key.0 >> TAG_BITS ^ self.mask(tag);
        let (time, rest) = (claims >> (SIZE_BITS + COUNTER_BITS), low_bits(claims, SIZE_BITS + COUNTER_BITS));
        let (size, counter) = (rest >> COUNTER_BITS, low_bits(rest, COUNTER_BITS));
        // The clock may have been set back since: the time nearest to now counts.
        let half = 1_i64 << (TIME_BITS - 1);
        let age = low_bits(
            now.as_secs().cast_unsigned().wrapping_sub(time).wrapping_add(1 << (TIME_BITS - 1)),
            TIME_BITS,
        );
        let seconds = now.as_secs().saturating_sub(age.cast_signed().saturating_sub(half));
        let (size, counter) = (u8::try_from(size).ok()?, u16::try_from(counter).ok()?);
        let is_ours = self.tag(user, seconds, size, counter) == tag;
        is_ours.then_some(AloneKey { issued: Wall::from_secs(seconds), size })
    }

    /// Returns true if a race's key was issued to a party that races alone.
    pub(crate) fn is_alone(&self, race: &Match) -> bool {
        race.players.first().is_some_and(|leader| self.recognise(race.race_key, *leader, race.made).is_some())
    }

    fn tag(&self, user: UserId, seconds: i64, size: u8, counter: u16) -> u64 {
        let counter = counter.to_le_bytes();
        let claims = [&b"race"[..], &user.0.to_le_bytes(), &seconds.to_le_bytes(), &[size], &counter];
        low_bits(self.hash(&claims), TAG_BITS)
    }

    fn mask(&self, tag: u64) -> u64 {
        low_bits(self.hash(&[b"mask", &tag.to_le_bytes()]), TIME_BITS + SIZE_BITS + COUNTER_BITS)
    }

    fn hash(&self, parts: &[&[u8]]) -> u64 {
        let mac = parts.iter().fold(self.mac.clone(), Mac::chain_update);
        mac.finalize().into_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

const fn low_bits(word: u64, bits: u32) -> u64 {
    word & 1_u64.unbounded_shl(bits).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    const NOW: i64 = 1_795_000_000;
    const ANN: UserId = UserId(7);

    fn at(seconds: i64) -> Wall {
        Wall::from_secs(NOW.saturating_add(seconds))
    }

    #[test]
    fn a_key_is_recognised_by_its_server_for_its_account_for_a_day_and_a_half() {
        let mut keys = RaceKeys::new(&[1; 32], 0);
        let key = keys.issue(ANN, 3, at(0));
        let known = Some(AloneKey { issued: at(0), size: 3 });
        for age in [-129_000, -600, 0, 1, 3_600, 86_400, 131_071] {
            assert_eq!(keys.recognise(key, ANN, at(age)), known, "{age}");
        }
        for age in [-140_000, 131_072, 200_000, 262_144, 524_288] {
            assert_eq!(keys.recognise(key, ANN, at(age)), None, "{age}");
        }
        assert_eq!(keys.recognise(key, UserId(8), at(0)), None);
        assert_eq!(RaceKeys::new(&[2; 32], 0).recognise(key, ANN, at(0)), None);
        for bit in 0..64 {
            assert_eq!(keys.recognise(RaceKey(key.0 ^ 1 << bit), ANN, at(0)), None, "{bit}");
        }
    }

    #[test]
    fn keys_of_one_second_differ_and_look_random() {
        let mut keys = RaceKeys::new(&[1; 32], 0);
        let issued: BTreeSet<RaceKey> = (0..4096).map(|_| keys.issue(ANN, 1, at(0))).collect();
        assert_eq!(issued.len(), 4096);
        let heads: BTreeSet<u64> = issued.iter().map(|key| key.0 >> 48).collect();
        assert!(heads.len() > 50, "the time shows: {heads:x?}");
    }
}
