//! What an operator sees of the matchmaker.

use core::time::Duration;

use super::Matchmaker;
use super::bucket::Standing;
use super::matches::{Match, MatchCounts};
use super::mode::BucketKey;
use super::poll::GroupSize;
use super::ticket::Place;
use super::waits::Waits;
use crate::ids::{RaceKey, UserId};
use mmcos_core::seam::Monotonic;

/// How much the matchmaker holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Polls that wait, and searches that a poll may still go on with.
    pub tickets: usize,
    /// Buckets, up to 1,024 of them kept for their rates though nobody waits.
    pub buckets: usize,
    /// Matches that are not closed.
    pub matches: usize,
}

/// One bucket in which somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketView {
    /// What is searched for.
    pub key: BucketKey,
    /// Polls that wait.
    pub polls: u32,
    /// Players who wait, parties included.
    pub players: u32,
    /// The time from one search to the next, as estimated.
    pub gap: Duration,
    /// Why they still wait.
    pub standing: Standing,
}

/// One search whose poll waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchView {
    /// Whose.
    pub account: UserId,
    /// Where it searches.
    pub bucket: BucketKey,
    /// Players of the party.
    pub size: GroupSize,
    /// When the search began, with its first poll.
    pub began: Monotonic,
    /// Whether it can meet nobody: a party too large for any match, or a second search of a party.
    pub aside: bool,
    /// Whether it ends with AI when nobody is found.
    pub accepts_ai: bool,
}

impl Matchmaker {
    /// Whether nobody searches: no poll waits, and none was answered so lately that another could go on with its search.
    pub fn is_empty(&self) -> bool {
        self.tickets.len() == 0
    }

    /// All searches whose poll waits, in no particular order.
    pub fn searches(&self) -> impl Iterator<Item = SearchView> {
        self.tickets.iter().filter(|ticket| ticket.is_open()).map(|ticket| SearchView {
            account: ticket.account,
            bucket: ticket.bucket,
            size: ticket.size,
            began: ticket.search.began,
            aside: ticket.place == Place::Aside,
            accepts_ai: ticket.impatient,
        })
    }

    /// The live match of this key.
    pub fn find_match(&self, race_key: RaceKey) -> Option<&Match> {
        self.matches.get(race_key)
    }

    /// All live matches.
    pub fn matches(&self) -> impl Iterator<Item = &Match> {
        self.matches.iter()
    }

    /// How many matches came how far.
    pub const fn match_counts(&self) -> MatchCounts {
        self.matches.counts()
    }

    /// All buckets in which somebody waits.
    pub fn buckets(&self) -> impl Iterator<Item = BucketView> {
        self.buckets.iter().filter(|bucket| bucket.polls > 0).map(|bucket| BucketView {
            key: bucket.key,
            polls: bucket.polls,
            players: bucket.players,
            gap: Duration::try_from_secs_f64(1.0 / bucket.rate.at(self.now)).unwrap_or(Duration::MAX),
            standing: bucket.standing,
        })
    }

    /// How long searches take.
    pub const fn waits(&self) -> &Waits {
        &self.waits
    }

    /// How much is held.
    pub fn load(&self) -> Load {
        Load { tickets: self.tickets.len(), buckets: self.buckets.len(), matches: self.matches.len() }
    }

    /// The groups that were considered in all decisions so far. A decision considers no more of them however many wait.
    pub const fn considered(&self) -> u64 {
        self.considered
    }
}
