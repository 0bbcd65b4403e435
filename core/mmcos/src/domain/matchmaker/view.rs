//! The matchmaker as an operator sees it.

use core::time::Duration;

use super::Matchmaker;
use super::bucket::WaitReason;
use super::matches::{LiveMatch, MatchCounts};

use super::ticket::Place;
use super::waits::Waits;
use super::{BucketKey, GroupSize};
use crate::ids::{MatchId, UserId};
use mmcos_core::seam::Monotonic;

/// Sizes of the matchmaker's tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Tickets: open polls, and searches that a poll may still continue.
    pub tickets: usize,
    /// Buckets. Up to 1,024 empty ones are kept for their rates.
    pub buckets: usize,
    /// Matches that are not closed.
    pub matches: usize,
}

/// A bucket with open polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketView {
    /// The key of the bucket.
    pub key: BucketKey,
    /// Open polls.
    pub polls: u32,
    /// Players who wait, parties included.
    pub players: u32,
    /// Estimated time between two new searches.
    pub gap: Duration,
    /// The reason why they still wait.
    pub standing: WaitReason,
}

/// A search with an open poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketView {
    /// The account that searches.
    pub account: UserId,
    /// The bucket in which it searches.
    pub bucket: BucketKey,
    /// Size of the party.
    pub size: GroupSize,
    /// Time at which the search began, with its first poll.
    pub began: Monotonic,
    /// True if it can meet no other group: the party is too large for any match.
    pub aside: bool,
    /// True if the search ends with AI when no match is found.
    pub accepts_ai: bool,
}

impl Matchmaker {
    /// Returns true if there are no tickets: no open poll, and none that ended so lately that another could continue
    /// its search.
    pub fn is_empty(&self) -> bool {
        self.tickets.len() == 0
    }

    /// Returns all searches with an open poll, in no particular order.
    pub fn tickets(&self) -> impl Iterator<Item = TicketView> {
        self.tickets.iter().filter(|ticket| ticket.is_open()).map(|ticket| TicketView {
            account: ticket.account,
            bucket: ticket.bucket,
            size: ticket.size,
            began: ticket.search.began,
            aside: ticket.place == Place::Aside,
            accepts_ai: ticket.impatient,
        })
    }

    /// Returns the live match with this number.
    pub fn find_match(&self, id: MatchId) -> Option<&LiveMatch> {
        self.matches.get(id)
    }

    /// Returns all live matches.
    pub fn matches(&self) -> impl Iterator<Item = &LiveMatch> {
        self.matches.iter()
    }

    /// Returns the numbers of matches by progress.
    pub const fn match_counts(&self) -> MatchCounts {
        self.matches.counts()
    }

    /// Returns all buckets with open polls.
    pub fn buckets(&self) -> impl Iterator<Item = BucketView> {
        // Buckets without polls are kept for their rates alone.
        self.buckets.iter().filter(|bucket| bucket.polls > 0).map(|bucket| BucketView {
            key: bucket.key,
            polls: bucket.polls,
            players: bucket.players,
            // After a long time the rate is 0, and the gap infinite.
            gap: Duration::try_from_secs_f64(1.0 / bucket.rate.at(self.now)).unwrap_or(Duration::MAX),
            standing: bucket.standing,
        })
    }

    /// Returns the durations of searches.
    pub const fn waits(&self) -> &Waits {
        &self.waits
    }

    /// Returns the sizes of the tables.
    pub fn load(&self) -> Load {
        Load { tickets: self.tickets.len(), buckets: self.buckets.len(), matches: self.matches.len() }
    }

    /// Returns the number of groups considered in all decisions so far. The number of groups that wait does not
    /// change how many a decision considers.
    pub const fn considered(&self) -> u64 {
        self.considered
    }
}
