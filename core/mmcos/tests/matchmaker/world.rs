//! A matchmaker, and what a bystander knows of it: which polls are open, since when, and of which search.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use mmcos_core::seam::Monotonic;
use mmcos_game::ids::{LobbyId, MatchId, Points, UserId};
use mmcos_game::matchmaker::{
    BucketKey, Config, GameType, Group, GroupSize, HostHistory, Label, LiveMatch, Matchmaker, Mode, Outcome,
    Outcomes, Poll, PollId, Reason, RuleSet,
};

/// An open poll, as a bystander sees it.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) poll: Poll,
    pub(crate) came: Monotonic,
    /// Earlier searches have smaller numbers.
    pub(crate) search: usize,
}

/// The end of a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) at: Monotonic,
    pub(crate) reason: Option<Reason>,
    pub(crate) match_id: Option<MatchId>,
    pub(crate) groups: Vec<Group>,
}

/// An event, `after` some milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Enter {
        account: u32,
        mode: usize,
        size: u8,
        ignore_minimum: bool,
        points: i32,
        confirmed: u32,
    },
    Cancel {
        account: u32,
    },
    Disconnect {
        account: u32,
    },
    /// Time passes as it should: every deadline is met.
    Wait {
        millis: u64,
    },
    /// No tick comes for so long.
    Jump {
        millis: u64,
    },
}

pub(crate) struct World {
    pub(crate) matchmaker: Matchmaker,
    pub(crate) config: Config,
    pub(crate) now: Monotonic,
    pub(crate) open: BTreeMap<UserId, Waiting>,
    /// Every ending, in order; the response to several groups once.
    pub(crate) endings: Vec<Ending>,
    /// True if searches are too rare for points to matter; no random history is long enough to change that.
    pub(crate) sparse: bool,
    pub(crate) waited: Vec<(Waiting, Ending)>,
    /// True if every match takes place: its players report it. Otherwise some may be kept apart later.
    pub(crate) reports: bool,
    /// True if players report their points before they search again.
    pub(crate) scores: bool,
    resting: BTreeMap<UserId, (Monotonic, BucketKey, usize)>,
    /// The match that each player races in.
    racing: BTreeMap<UserId, MatchId>,
    last_match: MatchId,
    last_poll: u64,
    searches: usize,
}

/// Modes of the tests: a race, an elimination, a battle, a ranked battle.
pub(crate) fn mode(number: usize) -> Mode {
    let (game_type, rule_set) = [
        ("QuickRace", RuleSet::Race),
        ("QuickElimination", RuleSet::Elimination),
        ("QuickBattle", RuleSet::Battle),
        ("RankedBattle", RuleSet::Battle),
    ][number];
    Mode { network_version: 1, game_type: GameType(Label::new(game_type).unwrap()), rule_set }
}

/// Returns the seats of a match: players, and players of one team.
pub(crate) fn seats(mode: &Mode) -> (u8, u8) {
    match mode.rule_set {
        RuleSet::Race => (12, 12),
        RuleSet::Battle => (12, 6),
        RuleSet::Elimination | RuleSet::Other(_) => (6, 6),
    }
}

/// Returns true if a group of this size could meet a single player.
fn fits_anybody(poll: &Poll) -> bool {
    let (total, team) = seats(&poll.mode);
    poll.size.get() <= team && poll.size.get() < total
}

/// Returns true if one response could put two polls into a match.
pub(crate) fn compatible(one: &Waiting, other: &Waiting) -> bool {
    let fit = one.poll.size.get() + other.poll.size.get() <= seats(&one.poll.mode).0;
    let able = |waiting: &Waiting| fits_anybody(&waiting.poll);
    let lobby = one.poll.group_lobby;
    let one_party = lobby == other.poll.group_lobby && lobby.is_joinable();
    let one_hosts = one.poll.can_host() || other.poll.can_host();
    one.poll.mode == other.poll.mode && fit && one_hosts && !one_party && able(one) && able(other)
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            matchmaker: Matchmaker::new(config, MatchId(1)),
            config,
            now: Monotonic::default(),
            open: BTreeMap::new(),
            endings: Vec::new(),
            sparse: true,
            waited: Vec::new(),
            reports: true,
            scores: true,
            resting: BTreeMap::new(),
            racing: BTreeMap::new(),
            last_match: MatchId(0),
            last_poll: 0,
            searches: 0,
        }
    }

    /// Returns a poll of one player without special properties.
    pub(crate) fn poll(&mut self, account: u32, mode: Mode) -> Poll {
        self.last_poll += 1;
        Poll {
            id: PollId(self.last_poll),
            account: UserId(account),
            mode,
            // Accounts 0 and 11 claim to be of the same party.
            group_lobby: LobbyId::numbered(1000 + account % 11),
            game_lobby: LobbyId(LobbyId::numbered(1_000_000).0 + self.last_poll),
            size: GroupSize::ONE,
            points: Points(0),
            ignore_minimum: false,
            host_history: HostHistory::default(),
        }
    }

    pub(crate) fn happen(&mut self, event: Event) {
        match event {
            Event::Enter { account, mode: number, size, ignore_minimum, points, confirmed } => {
                let mut poll = self.poll(account, mode(number));
                poll.size = GroupSize::new(size).unwrap();
                (poll.ignore_minimum, poll.points) = (ignore_minimum, Points(points));
                poll.host_history.confirmed = confirmed;
                if account % 5 == 3 {
                    poll.game_lobby = LobbyId(0);
                }
                self.enter(poll);
            }
            Event::Cancel { account } => {
                self.call(|matchmaker, now, out| matchmaker.cancel(now, UserId(account), out));
                self.resting.remove(&UserId(account));
                assert!(!self.open.contains_key(&UserId(account)), "a cancelled poll is still open");
            }
            Event::Disconnect { account } => self.disconnect(account),
            Event::Wait { millis } => self.wait(Duration::from_millis(millis)),
            Event::Jump { millis } => {
                self.now = self.now.after(Duration::from_millis(millis));
                self.tick();
            }
        }
    }

    pub(crate) fn enter(&mut self, poll: Poll) {
        self.tick();
        // A player reports its points before it searches again.
        if let Some(race) = self.racing.remove(&poll.account).filter(|_| self.scores) {
            self.matchmaker.score(self.now, race, poll.account);
        }
        let key = BucketKey::of(&poll.mode, self.config.folding);
        let before = self.open.get(&poll.account).filter(|waiting| waiting.poll.mode == poll.mode);
        let rested =
            self.resting.remove(&poll.account).filter(|(until, of, _)| *until > self.now && *of == key);
        let kept = before.map(|waiting| waiting.search).or(rested.map(|(_, _, search)| search));
        self.searches += 1;
        let search = kept.unwrap_or(self.searches);
        let now = self.now;

        let mut out = Outcomes::new();
        self.matchmaker.enter(now, &poll, &mut out);
        let mut outcomes = out.iter().peekable();
        if let Some(old) = self.open.get(&poll.account).map(|waiting| waiting.poll.id) {
            let superseded = outcomes.next().unwrap();
            assert!(matches!(superseded, Outcome::Decided(decision) if decision.reason == Reason::Superseded
                && decision.groups.len() == 1 && decision.groups[0].poll == old));
            self.note(superseded);
        }
        self.open.insert(poll.account, Waiting { poll, came: now, search });
        outcomes.for_each(|outcome| self.note(outcome));
        self.check();
    }

    pub(crate) fn disconnect(&mut self, account: u32) {
        self.tick();
        let Some(waiting) = self.open.get(&UserId(account)).cloned() else { return };
        let mut out = Outcomes::new();
        self.matchmaker.disconnect(self.now, UserId(account), waiting.poll.id, &mut out);
        self.open.remove(&UserId(account));
        out.iter().for_each(|outcome| self.note(outcome));
        self.check();
    }

    /// Moves the time, with a tick whenever one is due.
    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now.after(time);
        while let Some(due) = self.matchmaker.next_deadline().filter(|due| *due <= end) {
            assert!(due > self.now, "a deadline that a tick did not meet");
            self.now = due;
            self.tick();
        }
        self.now = end;
    }

    pub(crate) fn tick(&mut self) {
        self.call(Matchmaker::tick);
    }

    pub(crate) fn shutdown(&mut self) {
        self.call(Matchmaker::shutdown);
    }

    /// Returns the last response to several groups.
    pub(crate) fn last_match(&self) -> Option<&Ending> {
        self.endings.iter().rev().find(|ending| ending.groups.len() > 1)
    }

    fn call(&mut self, call: impl FnOnce(&mut Matchmaker, Monotonic, &mut Outcomes)) {
        let mut out = Outcomes::new();
        call(&mut self.matchmaker, self.now, &mut out);
        out.iter().for_each(|outcome| self.note(outcome));
        self.check();
    }

    /// Notes how polls ended, and checks that they were open.
    fn note(&mut self, outcome: Outcome<'_>) {
        let ending = match outcome {
            Outcome::Cancelled { .. } => {
                Ending { at: self.now, reason: None, match_id: None, groups: vec![] }
            }
            Outcome::Decided(decision) => {
                assert!(decision.match_id > self.last_match, "the number of the match does not grow");
                self.last_match = decision.match_id;
                Ending {
                    at: self.now,
                    reason: Some(decision.reason),
                    match_id: Some(decision.match_id),
                    groups: decision.groups.to_vec(),
                }
            }
        };
        let ended = match outcome {
            Outcome::Cancelled { poll, account } => vec![(poll, account)],
            Outcome::Decided(decision) => {
                decision.groups.iter().map(|group| (group.poll, group.account)).collect()
            }
        };
        if let Outcome::Decided(decision) = outcome
            && self.reports
        {
            for group in decision.groups {
                self.matchmaker.register(self.now, decision.match_id, group.account);
                self.racing.insert(group.account, decision.match_id);
            }
        }
        for (poll, account) in ended {
            let waiting = self.open.remove(&account).expect("the account has an open poll");
            assert_eq!(waiting.poll.id, poll, "another poll of the account ended");
            if matches!(ending.reason, Some(Reason::NoMatch | Reason::Shutdown)) {
                let key = BucketKey::of(&waiting.poll.mode, self.config.folding);
                self.resting.insert(account, (self.now.after(Duration::from_secs(5)), key, waiting.search));
            }
            self.waited.push((waiting, ending.clone()));
        }
        self.check_answer(&ending);
        self.endings.push(ending);
    }

    /// Returns true if the matchmaker keeps these two apart.
    pub(crate) fn are_apart(&self, one: UserId, other: UserId) -> bool {
        let pair = (one.min(other), one.max(other));
        self.matchmaker.kept_apart(self.now).any(|(one, other, _)| (one, other) == pair)
    }

    /// Checks a response at the moment it is sent.
    fn check_answer(&self, ending: &Ending) {
        let members: Vec<&Waiting> =
            self.waited.iter().rev().take(ending.groups.len()).map(|(waiting, _)| waiting).collect();
        if let [alone] = members[..]
            && ending.reason != Some(Reason::Superseded)
        {
            let can_meet = |other: &&Waiting| {
                compatible(alone, other) && !self.are_apart(alone.poll.account, other.poll.account)
            };
            let company = self.open.values().find(can_meet);
            assert!(company.is_none(), "{alone:?} was answered alone beside {company:?}");
        }
        if ending.groups.len() > 1 && self.sparse {
            for member in &members {
                let older = |other: &&Waiting| {
                    let kind = |poll: &Poll| (poll.mode, poll.size, poll.can_host());
                    let like = kind(&other.poll) == kind(&member.poll);
                    // Of two groups of one party one stays for the other's sake, also if that one is kept back
                    // in the end.
                    let company = members
                        .iter()
                        .copied()
                        .chain(
                            self.open.values().filter(|with| with.poll.group_lobby == other.poll.group_lobby),
                        )
                        .filter(|with| {
                            ![member.poll.account, other.poll.account].contains(&with.poll.account)
                        })
                        .all(|with| compatible(other, with));
                    like && company && other.search < member.search
                };
                let older = self.open.values().find(older);
                assert!(older.is_none(), "{member:?} left before {older:?}");
            }
        }
    }

    /// Checks the state after every call.
    fn check(&self) {
        let longest = self.config.longest_hold();
        let late = self.open.values().find(|waiting| waiting.came.after(longest) <= self.now);
        assert!(late.is_none(), "{late:?} is not answered at {:?}", self.now);
        let mut live = BTreeSet::new();
        for member in self.matchmaker.matches().flat_map(LiveMatch::members).filter(|member| !member.left) {
            assert!(live.insert(member.account), "{:?} is in two live matches", member.account);
        }
        let open: usize = self.matchmaker.buckets().map(|bucket| bucket.polls as usize).sum();
        assert_eq!(open, self.open.len());
    }
}
