//! People meet: who races with whom, and when.
//!
//! A client polls: it asks to be matched and waits up to [`Config::poll`] for the answer, then asks again, and after
//! 78 s or so is content with AI. The matchmaker holds polls and answers them. It decides at every event, never on a
//! schedule, and it sees neither bytes nor connections nor a clock: time is an argument, and polls have names.
//!
//! # The rules
//!
//! - Those who search for the same [`Mode`] meet (or a wider choice, [`Folding`]). Which lobby they come with does not
//!   matter; the account is who they are. A second poll of an account supersedes its first, and a poll that comes
//!   within 5 s after one that found nobody goes on with the same search.
//! - A match has two groups at least, as many players as [`Caps`] allow at most, and never half a party. Around the
//!   oldest search, it takes as many players as fit, and those who searched longer first.
//! - A full match starts at once. Otherwise it waits until nobody has joined for [`Config::gather`], and then for as
//!   long as searches begin so often that one more human is worth the wait (see `rate.rs`).
//! - No poll is held longer than [`Config::longest_hold`]. When its time is up it starts the match with everybody who
//!   fits. Alone is answered only who cannot meet anybody that waits.
//! - Who is content with AI joins whoever waits, for [`Config::gather`] at most, and is answered at once if nobody does
//!   ([`Config::ai_hold`] waits a little for a likely arrival).
//! - Where full matches form within seconds, players of like points go together. Where they do not, points never
//!   change who meets whom.
//! - While a match waits for more, those who are left over by it are looked at like a bucket of their own.
//! - If a match would leave groups behind that can meet nobody else and cannot hope for others in time, as many of the
//!   match stay with them, as long as two groups go.
//! - A party stands in an answer once: a second group with the same lobby is in no match with the first, and may meet
//!   everybody else.
//! - Two players who twice in a row were in a match of which neither was heard again are kept apart for ten minutes (see
//!   `pairs.rs`).
//! - A party that fills the cap or exceeds it is held like any other and answered alone, since a prompt answer would only
//!   make its client ask again.
//! - A group whose lobby ids Steam cannot have issued ([`Poll::can_host`]) never hosts. It meets groups that can, and no
//!   match is made of groups that cannot.
//! - Battle is split into two teams, as even in size as parties allow, then as even in points. The best host is a
//!   player whose last match took place, with the largest share of confirmed matches, the largest party, the freshest
//!   poll.
//!
//! # The cost
//!
//! One event costs the same with ten waiting and with 100,000: groups queue by size, and a decision looks at the few
//! oldest of each. Only to go on with an earlier search takes the logarithm of how many of that size began later.
//! Memory is reused: nothing is allocated while not more wait than ever before.
//!
//! # Example
//!
//! ```
//! use core::time::Duration;
//! use mmcos_game::ids::{LobbyId, Points, SessionId, UserId};
//! use mmcos_game::matchmaker::*;
//! use mmcos_core::seam::Monotonic;
//!
//! let mut matchmaker = Matchmaker::new(Config::default(), [7; 32], SessionId(1));
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
//! let deadline = matchmaker.next_deadline().ok_or("somebody waits")?;
//! assert_eq!(deadline, start.after(Duration::from_secs(5)));
//! matchmaker.tick(deadline, &mut out);
//! let Some(Outcome::Answered(answer)) = out.iter().next() else { return Err("an answer".into()) };
//! assert_eq!(answer.reason, Reason::Matched);
//! assert_eq!(answer.groups.len(), 2);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod bucket;
mod config;
mod decide;
mod host;
mod matches;
mod mode;
mod outcome;
mod packing;
mod pairs;
mod plan;
mod poll;
mod rate;
mod teams;
mod ticket;
mod view;
mod waits;

use alloc::vec::Vec;
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;

use self::bucket::Buckets;
pub use self::bucket::Standing;
pub use self::config::{Cap, Caps, Config, MAX_PLAYERS, TeamCap};
use self::matches::Matches;
pub use self::matches::{Match, MatchCounts, MatchError, MatchState, Member};
pub use self::mode::{BucketKey, Folding, GameType, Label, Mode, RuleSet};
pub use self::outcome::{Answer, Group, Outcome, Outcomes, Reason};
use self::plan::Candidate;
pub use self::poll::{GroupSize, HostHistory, Poll, PollId};
use self::rate::Worth;
use self::ticket::{Search, Ticket, Tickets};
pub use self::view::{BucketView, Load, SearchView};
pub use self::waits::{Tenths, WAIT_BOUNDS, WaitCounts, Waits};
use super::ids::{RaceKey, SessionId, UserId};
use mmcos_core::seam::Monotonic;

/// See the [module](self).
///
/// Every call takes the time and first does what became due by then, so a late or a spurious call is safe. Every poll
/// ends exactly once: by an [`Outcome`], or by the [`disconnect`](Self::disconnect) that reported it gone.
#[derive(Clone, Debug)]
pub struct Matchmaker {
    config: Config,
    worth: Worth,
    now: Monotonic,
    next_search: u64,
    next_session: SessionId,
    random: ChaCha12Rng,
    tickets: Tickets,
    buckets: Buckets,
    matches: Matches,
    waits: Waits,
    /// Groups that a decision looked at, ever.
    considered: u64,
    /// Scratch space: groups that meet nobody though sizes would fit.
    passed: Vec<UserId>,
    /// Scratch space: groups that a match leaves.
    rest: Vec<Candidate>,
    /// Scratch space.
    candidates: Vec<Candidate>,
    /// Scratch space.
    members: Vec<Ticket>,
}

impl Matchmaker {
    /// Nobody waits. The race keys and the order of ties come from the seed; sessions count from `first_session`, which
    /// should be greater than any used before.
    pub fn new(config: Config, seed: [u8; 32], first_session: SessionId) -> Self {
        Self {
            config,
            worth: Worth::new(config.pair_worth_seconds),
            now: Monotonic::default(),
            next_search: 0,
            next_session: first_session,
            random: ChaCha12Rng::from_seed(seed),
            tickets: Tickets::default(),
            buckets: Buckets::default(),
            matches: Matches::default(),
            waits: Waits::new(),
            considered: 0,
            passed: Vec::new(),
            rest: Vec::new(),
            candidates: Vec::new(),
            members: Vec::new(),
        }
    }

    /// Has matches numbered from here on, unless they are already numbered higher.
    pub fn number_from(&mut self, session: SessionId) {
        self.next_session = self.next_session.max(session);
    }

    /// A poll came (`EnterMatchmaking2`).
    pub fn enter(&mut self, now: Monotonic, poll: &Poll, out: &mut Outcomes) {
        let now = self.advance(now, out);
        // Who searches is in no match.
        self.matches.leave(now, poll.account);
        let key = BucketKey::of(&poll.mode, self.config.folding);
        let kept = self.supersede(poll.account, &key, out);
        let bucket = self.buckets.for_ticket(key, self.config.seats(&key), now);
        let search = kept.unwrap_or_else(|| {
            bucket.rate.note(now);
            self.next_search = self.next_search.wrapping_add(1);
            Search { number: self.next_search, began: now }
        });
        self.open(poll, search, key);
        self.decide(key, out);
        self.advance(now, out);
    }

    /// The player gave up (`CancelMatchmaking`): the poll, if one is open, ends by [`Outcome::Cancelled`], and the search
    /// is forgotten. Any number of times, whoever it is.
    pub fn cancel(&mut self, now: Monotonic, account: UserId, out: &mut Outcomes) {
        self.advance(now, out);
        let Some(ticket) = self.tickets.of(account).copied() else { return };
        if ticket.is_open() {
            out.cancelled(ticket.poll, account);
        }
        self.withdraw(account);
        self.decide(ticket.bucket, out);
    }

    /// The connection of a poll closed. If the poll is open it ends here, without an outcome, and the search is
    /// forgotten; if it is not, this does nothing.
    pub fn disconnect(&mut self, now: Monotonic, account: UserId, poll: PollId, out: &mut Outcomes) {
        self.advance(now, out);
        let Some(ticket) = self.tickets.of(account).copied() else { return };
        if ticket.is_open() && ticket.poll == poll {
            self.withdraw(account);
            self.decide(ticket.bucket, out);
        }
    }

    /// Time went on.
    pub fn tick(&mut self, now: Monotonic, out: &mut Outcomes) {
        self.advance(now, out);
    }

    /// When to [`tick`](Self::tick) next, if nothing happens before.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        let tickets = [self.tickets.first_open(), self.tickets.first_resting()];
        let tickets = tickets.into_iter().flatten().map(|(at, _)| at);
        let decides = self.buckets.first_timed().map(|(at, _)| at);
        tickets.chain(decides).chain(self.matches.next_end()).min()
    }

    /// Gives the match that this account is in another key.
    pub fn rename(&mut self, account: UserId, race_key: RaceKey) {
        self.matches.rename(account, race_key);
    }

    /// Returns a number that no match has.
    pub fn take_number(&mut self) -> SessionId {
        let session = self.next_session;
        self.next_session = SessionId(session.0.wrapping_add(1));
        session
    }

    /// Closes a match that an operator wants closed. False if there is none of this key.
    pub fn end(&mut self, race_key: RaceKey) -> bool {
        self.matches.end(race_key)
    }

    /// A match of these players took place, whenever that became known: they can reach each other.
    pub fn confirm(&mut self, players: &[UserId]) {
        self.matches.confirm(players);
    }

    /// Decides by other times from now on. Caps and folding stay as they are: whoever waits does so by the old ones.
    pub fn set_times(&mut self, times: &Config) {
        let Config { caps, folding, .. } = self.config;
        self.worth = Worth::new(times.pair_worth_seconds);
        self.config = Config { caps, folding, ..*times };
    }

    /// The server stops: every poll is answered now, with whoever fits, or alone.
    pub fn shutdown(&mut self, now: Monotonic, out: &mut Outcomes) {
        self.advance(now, out);
        while let Some((_, account)) = self.tickets.first_open() {
            self.expire(account, Reason::Shutdown, out);
        }
    }

    /// A player said that the race of this key begins (`RegisterActiveGameWithPlayers`). True for the first of a match:
    /// the time to confirm its host.
    pub fn register(&mut self, now: Monotonic, race_key: RaceKey, by: UserId) -> Result<bool, MatchError> {
        self.matches.register(now, race_key, by)
    }

    /// A player sent the points of the race of this key. True for the player's first; the match closes with the last
    /// player's.
    pub fn score(&mut self, now: Monotonic, race_key: RaceKey, by: UserId) -> Result<bool, MatchError> {
        self.matches.score(now, race_key, by)
    }
}
