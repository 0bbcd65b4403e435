//! Matchmaking: which groups play together, and when.
//!
//! A client polls: it requests a match and waits up to [`Config::poll`] for the response, then polls again; after 78
//! s or so it accepts AI. The matchmaker holds polls and responds to them. It decides at every input, never on a
//! schedule, and it sees neither bytes nor connections nor a clock: time is an argument, and polls have numbers.
//!
//! # The rules
//!
//! - Groups that search for the same [`Mode`] can meet; a [`Folding`] can widen the choice. An account identifies a
//!   group, whichever lobby it comes with. A second poll of an account supersedes its first, and a poll that comes
//!   within 5 s after one that found no match continues the same search.
//! - A match has at least two groups and at most as many players as [`Caps`] allow. A party is never split. A match
//!   is built around the oldest search: it takes as many players as fit, and prefers those that have searched longer.
//! - A full match starts at once. Any other waits until no player has joined for [`Config::gather`], and then for as
//!   long as searches begin so often that one more human is worth the wait (see `waits.rs`).
//! - No poll is held longer than [`Config::longest_hold`]. When its time is up, it starts the match with every group
//!   that fits. A group gets a response alone only if it cannot meet any group that waits.
//! - A player who accepts AI joins any group that waits, for [`Config::gather`] at most, and gets a response at once
//!   if none does ([`Config::ai_hold`] waits a little for a likely arrival).
//! - Where full matches form within seconds, players with similar points go together. Elsewhere, points never change
//!   which groups meet.
//! - While a match waits for more players, the groups that it leaves over are treated as a bucket of their own.
//! - If a match would leave groups behind that can meet no other group and cannot expect others in time, one group of
//!   the match stays for each of them, as long as two groups go.
//! - A response names a party once: a second group with the same lobby is in no match with the first, and may meet
//!   all other groups.
//! - Two players are kept apart for ten minutes if, twice in a row, they were in a match that neither registered, or
//!   after which both searched again within seconds (see `kept_apart.rs`).
//! - A party that fills the cap or exceeds it is held like any other and gets a response alone, since a prompt
//!   response would only make its client poll again.
//! - A group whose lobby ids Steam cannot have issued ([`Poll::can_host`]) never hosts. It meets groups that can, and
//!   no match consists only of groups that cannot.
//! - Battle is split into two teams, as even in size as parties allow, then as even in points. The best host is a
//!   player whose last match took place; then the largest share of confirmed matches decides, then the largest party,
//!   then the latest poll.
//!
//! # The cost
//!
//! One input costs the same with ten groups that wait and with 100,000: groups queue by size, and a decision looks at
//! the few oldest of each size. Only continuing an earlier search takes the logarithm of the number of later searches
//! of that size. Memory is reused: nothing is allocated while no more groups wait than ever before.
//!
//! # Example
//!
//! ```
//! use core::time::Duration;
//! use mmcos_game::ids::{LobbyId, Points, MatchId, UserId};
//! use mmcos_game::matchmaker::*;
//! use mmcos_core::seam::Monotonic;
//!
//! let mut matchmaker = Matchmaker::new(Config::default(), MatchId(1));
//! let mut out = Outcomes::new();
//! let game_type = GameType(Label::new("QuickRace").ok_or("too long")?);
//! let mode = Mode { network_version: 1, game_type, rule_set: RuleSet::Race };
//! let poll = |number: u32| Poll {
//!     id: PollId(number.into()),
//!     account: UserId(number),
//!     mode,
//!     group_lobby: LobbyId::numbered(100 + number),
//!     game_lobby: LobbyId::numbered(200 + number),
//!     size: GroupSize::ONE,
//!     points: Points(0),
//!     ignore_minimum: false,
//!     host_history: HostHistory::default(),
//! };
//! let start = Monotonic::default();
//! matchmaker.enter(start, &poll(1), &mut out);
//! matchmaker.enter(start, &poll(2), &mut out);
//! assert!(out.is_empty(), "a friend may be about to press the button");
//!
//! let deadline = matchmaker.next_deadline().ok_or("no player waits")?;
//! assert_eq!(deadline, start.after(Duration::from_secs(5)));
//! matchmaker.tick(deadline, &mut out);
//! let Some(Outcome::Decided(decision)) = out.iter().next() else { return Err("no decision".into()) };
//! assert_eq!(decision.reason, Reason::Matched);
//! assert_eq!(decision.groups.len(), 2);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod bucket;
mod config;
mod decide;
mod kept_apart;
mod matches;
mod poll;
mod ticket;
mod view;
mod waits;

use alloc::vec::Vec;

use self::bucket::Buckets;
pub use self::bucket::WaitReason;
pub use self::config::{Cap, Caps, Config, Limited, MAX_PLAYERS, TeamCap};
use self::decide::plan::Candidate;
use self::matches::LiveMatches;
pub use self::matches::{LiveMatch, MatchCounts, MatchState, Member};

pub use self::poll::{
    BucketKey, Decision, Folding, GameType, Group, GroupSize, HostHistory, Label, Mode, Outcome, Outcomes,
    Poll, PollId, Reason, RuleSet,
};
use self::ticket::{Search, Ticket, Tickets};
pub use self::view::{BucketView, Load, TicketView};
use self::waits::Worth;
pub use self::waits::{Tenths, WAIT_BOUNDS, WaitCounts, Waits};
use crate::ids::{MatchId, UserId};
use mmcos_core::seam::Monotonic;

/// The matchmaker; see the [module](self).
///
/// Every call takes the time and first does what is due by then, so a late or a spurious call is safe. Every poll
/// ends exactly once: by an [`Outcome`], or by the [`disconnect`](Self::disconnect) that reports that it is gone.
#[derive(Clone, Debug)]
pub struct Matchmaker {
    config: Config,
    worth: Worth,
    now: Monotonic,
    next_search: u64,
    next_match: MatchId,
    tickets: Tickets,
    buckets: Buckets,
    matches: LiveMatches,
    waits: Waits,
    /// Number of groups considered in all decisions so far.
    considered: u64,
    /// Scratch space: groups that can meet no other, though sizes would fit.
    passed: Vec<UserId>,
    /// Scratch space: groups that a match leaves behind.
    rest: Vec<Candidate>,
    /// Scratch space.
    candidates: Vec<Candidate>,
    /// Scratch space.
    members: Vec<Ticket>,
}

impl Matchmaker {
    /// Creates a matchmaker without polls. Matches are numbered from `first_match`, which should be greater than any
    /// number used before.
    pub fn new(config: Config, first_match: MatchId) -> Self {
        Self {
            config,
            worth: Worth::new(config.pair_worth_seconds),
            now: Monotonic::default(),
            next_search: 0,
            next_match: first_match,
            tickets: Tickets::default(),
            buckets: Buckets::default(),
            matches: LiveMatches::default(),
            waits: Waits::new(),
            considered: 0,
            passed: Vec::new(),
            rest: Vec::new(),
            candidates: Vec::new(),
            members: Vec::new(),
        }
    }

    /// Numbers matches from `id` on, unless they are already numbered higher.
    pub fn count_from(&mut self, id: MatchId) {
        self.next_match = self.next_match.max(id);
    }

    /// Handles a new poll (`EnterMatchmaking2`).
    pub fn enter(&mut self, now: Monotonic, poll: &Poll, out: &mut Outcomes) {
        let now = self.advance(now, out);
        // A player who searches is in no match.
        self.matches.leave(now, poll.account);
        let key = BucketKey::of(&poll.mode, self.config.folding);
        // Before the new ticket opens: with two, one player could end up in two matches.
        let kept = self.supersede(poll.account, &key, out);
        let bucket = self.buckets.for_ticket(key, self.config.seats(&key), now);
        let search = kept.unwrap_or_else(|| {
            // Counts searches, not polls: a lone client polls three times in one search (capture 06).
            bucket.rate.note(now);
            self.next_search = self.next_search.wrapping_add(1);
            Search { number: self.next_search, began: now }
        });
        self.open(poll, search, key);
        self.decide(key, out);
        // A player who accepts AI and finds no company is due at once (captures 03 and 07).
        self.advance(now, out);
    }

    /// Cancels a player's search (`CancelMatchmaking`): an open poll ends by [`Outcome::Cancelled`], and the search
    /// is forgotten. Safe to repeat, and for any account.
    pub fn cancel(&mut self, now: Monotonic, account: UserId, out: &mut Outcomes) {
        self.advance(now, out);
        let Some(ticket) = self.tickets.of(account).copied() else { return };
        if ticket.is_open() {
            out.cancelled(ticket.poll, account);
        }
        // Without this group another match may be the best one, or due now.
        self.withdraw(account);
        self.decide(ticket.bucket, out);
    }

    /// Handles the end of a poll's connection. An open poll ends here, without an outcome, and its search is
    /// forgotten; otherwise this does nothing.
    pub fn disconnect(&mut self, now: Monotonic, account: UserId, poll: PollId, out: &mut Outcomes) {
        self.advance(now, out);
        let Some(ticket) = self.tickets.of(account).copied() else { return };
        // The connection of a superseded poll may close when the account's next poll waits already.
        if ticket.is_open() && ticket.poll == poll {
            self.withdraw(account);
            self.decide(ticket.bucket, out);
        }
    }

    /// Does what is due by `now`.
    pub fn tick(&mut self, now: Monotonic, out: &mut Outcomes) {
        self.advance(now, out);
    }

    /// Returns the time of the next [`tick`](Self::tick), if nothing happens before.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        let tickets = [self.tickets.first_open(), self.tickets.first_resting()];
        let tickets = tickets.into_iter().flatten().map(|(at, _)| at);
        let decides = self.buckets.first_timed().map(|(at, _)| at);
        tickets.chain(decides).chain(self.matches.next_end()).min()
    }

    /// Returns a number that no match has.
    pub fn take_id(&mut self) -> MatchId {
        let id = self.next_match;
        self.next_match = MatchId(id.0.wrapping_add(1));
        id
    }

    /// Closes a match at an operator's command. Returns false if there is none with this number.
    pub fn end(&mut self, id: MatchId) -> bool {
        self.matches.end(id)
    }

    /// Notes that a match of these players took place, though that became known only after its end: they can reach each
    /// other.
    pub fn confirm(&mut self, id: MatchId, players: &[UserId]) {
        self.matches.confirm(id, players);
    }

    /// Returns the pairs of players that are kept apart, each with the end of that.
    pub fn kept_apart(&self, now: Monotonic) -> impl Iterator<Item = (UserId, UserId, Monotonic)> {
        self.matches.pairs().apart(now)
    }

    /// Ends the time for which two players are kept apart, at an operator's command. Returns false if they are not kept apart.
    pub fn reunite(&mut self, now: Monotonic, one: UserId, other: UserId) -> bool {
        let pairs = self.matches.pairs_mut();
        let are_apart = pairs.are_apart(one, other, now);
        if are_apart {
            pairs.succeed(one, other);
        }
        are_apart
    }

    /// Changes times and folding. Caps stay as they are, since waiting groups were admitted by them.
    ///
    /// Another folding ends every open poll, with the groups that fit under the old one or alone: its client polls
    /// again at once, under the new one.
    pub fn configure(&mut self, now: Monotonic, config: &Config, out: &mut Outcomes) {
        if config.folding != self.config.folding {
            self.advance(now, out);
            self.end_all(Reason::NoMatch, out);
        }
        self.worth = Worth::new(config.pair_worth_seconds);
        self.config = Config { caps: self.config.caps, ..*config };
    }

    /// Responds to every open poll, with the groups that fit or alone, because the server stops.
    pub fn shutdown(&mut self, now: Monotonic, out: &mut Outcomes) {
        self.advance(now, out);
        self.end_all(Reason::Shutdown, out);
    }

    fn end_all(&mut self, reason: Reason, out: &mut Outcomes) {
        while let Some((_, account)) = self.tickets.first_open() {
            self.expire(account, reason, out);
        }
    }

    /// Handles a player's report that a match begins (`RegisterActiveGameWithPlayers`). Ignores a match that is closed
    /// and a player that is no member, since results are accepted for longer than a match is under way.
    pub fn register(&mut self, now: Monotonic, id: MatchId, by: UserId) {
        self.matches.register(now, id, by);
    }

    /// Handles a player's points of a match, which closes with the last player's. Ignores them as
    /// [`register`](Self::register) does.
    pub fn score(&mut self, now: Monotonic, id: MatchId, by: UserId) {
        self.matches.score(now, id, by);
    }
}
