//! The matchmaker's rules as plainly as they can be written: every step looks at all groups, every set of groups is
//! tried, and the arrival rate is summed over all of the past. For comparison with the real one.
//!
//! It decides at steps of [`STEP`], so times must be multiples of it, and a [`Naive::tick`] must come at every one.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a model may panic")]

mod races;

use std::time::Duration;

use mmcos_core::seam::Monotonic;
use mmcos_game::ids::UserId;
use mmcos_game::matchmaker::{BucketKey, Config, Poll, PollId, Reason, RuleSet};

use self::races::Races;

/// The time between two decisions.
pub const STEP: Duration = Duration::from_millis(100);

/// The end of one poll or several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ending {
    /// The polls; those that searched longest come first.
    pub polls: Vec<PollId>,
    /// The poll of the host.
    pub host: PollId,
    /// Players of the smaller and of the larger team; 0 and 0 without teams.
    pub teams: (u8, u8),
    /// The reason; `None` for a cancelled search.
    pub reason: Option<Reason>,
}

#[derive(Clone, Debug)]
struct Waiting {
    poll: Poll,
    key: BucketKey,
    search: u64,
    began: Monotonic,
    deadline: Monotonic,
    aside: bool,
    impatient: bool,
    /// Accounts that it is kept apart from.
    apart: Vec<UserId>,
}

/// The model. Only [`Folding::Exact`](mmcos_game::matchmaker::Folding::Exact), with the usual caps.
#[derive(Clone, Debug)]
pub struct Naive {
    config: Config,
    now: Monotonic,
    waiting: Vec<Waiting>,
    /// Searches that may go on: account, bucket, end, and the search itself.
    resting: Vec<(UserId, BucketKey, Monotonic, (u64, Monotonic))>,
    searches: Vec<(BucketKey, Monotonic)>,
    endings: Vec<Ending>,
    races: Races,
}

impl Naive {
    /// Creates a matchmaker without polls.
    pub fn new(config: Config) -> Self {
        let (waiting, resting, searches, endings) = (vec![], vec![], vec![], vec![]);
        let (now, races) = (Monotonic::default(), Races::default());
        Self { config, now, waiting, resting, searches, endings, races }
    }

    /// Handles a new poll.
    pub fn enter(&mut self, poll: &Poll) -> Vec<Ending> {
        self.races.leave(poll.account, self.now);
        self.keep_apart();
        let key = BucketKey::of(&poll.mode, self.config.folding);
        let mut kept = None;
        if let Some(place) = self.place_of(poll.account) {
            let old = self.waiting.remove(place);
            self.end(std::slice::from_ref(&old), Some(Reason::Superseded));
            kept = (old.key == key).then_some((old.search, old.began));
            if old.key != key {
                self.decide(&old.key);
            }
        }
        if let Some(place) = self.resting.iter().position(|rest| rest.0 == poll.account) {
            let rest = self.resting.remove(place);
            kept = (rest.1 == key).then_some(rest.3);
        }
        let (search, began) = kept.unwrap_or_else(|| {
            self.searches.push((key, self.now));
            (self.searches.len() as u64, self.now)
        });
        let impatient = poll.ignore_minimum && self.config.ai;
        let mut new = Waiting {
            poll: *poll,
            key,
            search,
            began,
            deadline: self.now,
            aside: poll.size.get() > largest(&key),
            impatient,
            apart: self.races.apart_from(poll.account, self.now),
        };
        let longest = self.config.longest_hold();
        new.deadline = if !impatient {
            self.now.after(longest)
        } else if self.waiting.iter().any(|other| compatible(&new, other)) {
            self.now.after(self.config.gather.max(self.config.ai_hold).min(longest))
        } else {
            self.end_of_lone_hold(&key)
        };
        self.waiting.push(new);
        self.decide(&key);
        self.expire(|deadline, now| deadline <= now);
        std::mem::take(&mut self.endings)
    }

    /// Handles a player's cancellation.
    pub fn cancel(&mut self, account: UserId) -> Vec<Ending> {
        self.resting.retain(|rest| rest.0 != account);
        if let Some(place) = self.place_of(account) {
            let gone = self.waiting.remove(place);
            self.end(std::slice::from_ref(&gone), None);
            self.decide(&gone.key);
        }
        std::mem::take(&mut self.endings)
    }

    /// Handles a closed connection: as a cancellation, but without a response.
    pub fn disconnect(&mut self, account: UserId) -> Vec<Ending> {
        if self.place_of(account).is_none() {
            return Vec::new();
        }
        let mut endings = self.cancel(account);
        endings.remove(0);
        endings
    }

    /// Moves the time by one step.
    pub fn tick(&mut self) -> Vec<Ending> {
        self.now = self.now.after(STEP);
        self.resting.retain(|rest| rest.2 > self.now);
        self.races.expire(self.now);
        self.keep_apart();
        self.expire(|deadline, now| deadline < now);
        let mut keys: Vec<BucketKey> = self.waiting.iter().map(|waiting| waiting.key).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in &keys {
            self.decide(key);
        }
        self.expire(|deadline, now| deadline <= now);
        std::mem::take(&mut self.endings)
    }

    fn expire(&mut self, is_due: impl Fn(Monotonic, Monotonic) -> bool) {
        loop {
            let due = self.waiting.iter().filter(|waiting| is_due(waiting.deadline, self.now));
            let Some(due) = due.min_by_key(|waiting| waiting.deadline).cloned() else { return };
            while self.waiting.iter().any(|waiting| waiting.poll.id == due.poll.id) {
                // In a sparse bucket the oldest of its size has the older claim to the same seats.
                let oldest = self.hosts(&due.key).find(|other| other.poll.size == due.poll.size);
                let older = oldest.filter(|_| due.poll.can_host() && !self.is_dense(&due.key));
                let own = if due.poll.can_host() {
                    Some(due.clone())
                } else {
                    self.hosts(&due.key).find(|host| compatible(&due, host))
                };
                let mut seeds = [older, own].into_iter().flatten();
                let seed = seeds.find(|seed| !due.aside && self.has_company(seed));
                if let Some(seed) = seed {
                    self.release(&seed, &[]);
                } else {
                    self.waiting.retain(|other| other.poll.id != due.poll.id);
                    let reason = if due.impatient { Reason::Ai } else { Reason::NoMatch };
                    self.end(std::slice::from_ref(&due), Some(reason));
                    if !due.impatient {
                        let until = self.now.after(Duration::from_secs(5));
                        self.resting.push((due.poll.account, due.key, until, (due.search, due.began)));
                    }
                }
            }
            self.decide(&due.key);
        }
    }

    /// Plans matches around the hosts, the oldest first. While one waits, others are planned among groups of sizes
    /// that are not in it.
    fn decide(&mut self, key: &BucketKey) {
        let (mut held, mut passed): (Vec<Waiting>, Vec<Waiting>) = (Vec::new(), Vec::new());
        loop {
            let is_new = |one: &Waiting| {
                is_free(&held, one) && passed.iter().all(|other| other.poll.id != one.poll.id)
            };
            let Some(seed) = self.hosts(key).find(is_new) else { return };
            let (pool, chosen) = self.choose(&seed, &held);
            if chosen.len() < 2 {
                passed.push(seed);
            } else if self.holds(&seed, &pool, &chosen) {
                let is_full = players(&chosen) == seats(key).0;
                held.extend(chosen);
                if is_full {
                    return;
                }
            } else {
                self.release(&seed, &held);
                (held, passed) = (Vec::new(), Vec::new());
            }
        }
    }

    /// Returns all groups that can host in a bucket, the oldest first.
    fn hosts(&self, key: &BucketKey) -> impl Iterator<Item = Waiting> + use<> {
        let hosts = self.waiting.iter().filter(|one| one.key == *key && !one.aside && one.poll.can_host());
        let mut hosts: Vec<Waiting> = hosts.cloned().collect();
        hosts.sort_by_key(|one| one.search);
        hosts.into_iter()
    }

    fn holds(&self, seed: &Waiting, pool: &[Waiting], chosen: &[Waiting]) -> bool {
        let (humans, cap) = (players(chosen), seats(&seed.key).0);
        if humans == cap {
            let young = self.now < seed.began.after(Duration::from_secs(10));
            return self.is_dense(&seed.key) && players(pool) < 2 * cap && young;
        }
        let newest = chosen.iter().map(|waiting| waiting.began).max();
        if newest.is_some_and(|newest| self.now < newest.after(self.config.gather)) {
            return true;
        }
        let rate = 0.6 * self.rate(&seed.key, self.now);
        chosen.iter().all(|waiting| !waiting.impatient) && rate > self.theta(f64::from(humans), rate)
    }

    /// Returns all groups that could go with the seed, and those that would.
    fn choose(&self, seed: &Waiting, held: &[Waiting]) -> (Vec<Waiting>, Vec<Waiting>) {
        let dense = self.is_dense(&seed.key);
        let able = self.waiting.iter().filter(|other| compatible(seed, other) && is_free(held, other));
        let mut pool: Vec<Waiting> = able.cloned().collect();
        pool.sort_by_key(|other| {
            let hurried = other.deadline.since(self.now) < Duration::from_secs(3);
            let far =
                if hurried { 0 } else { u64::from(other.poll.points.0.abs_diff(seed.poll.points.0)) + 1 };
            (if dense { far } else { 0 }, other.search)
        });
        pool.insert(0, seed.clone());
        let mut best = vec![seed.clone()];
        try_all(&pool, 1, &mut vec![seed.clone()], &mut best);
        (pool, best)
    }

    /// Releases the match. One of its groups stays for each group that could meet no other afterwards, as long as two
    /// go.
    fn release(&mut self, seed: &Waiting, held: &[Waiting]) {
        let (_, mut chosen) = self.choose(seed, held);
        let goes = |other: &Waiting| chosen.iter().any(|member| member.poll.id == other.poll.id);
        let mut rest: Vec<Waiting> =
            self.waiting.iter().filter(|other| other.key == seed.key && !goes(other)).cloned().collect();
        rest.sort_by_key(|other| other.search);
        for orphan in rest.iter().filter(|one| !one.aside) {
            let expected = self.rate(&seed.key, self.now) * orphan.deadline.since(self.now).as_secs_f64();
            let alone = rest.iter().all(|other| !compatible(orphan, other));
            if chosen.len() < 3 || !alone || expected >= 2.0 {
                continue;
            }
            let stays = |place: &usize| {
                let others =
                    || chosen.iter().enumerate().filter(|(other, _)| other != place).map(|(_, other)| other);
                let kind = |one: &Waiting| (one.poll.size, one.poll.can_host());
                let staying = &chosen[*place];
                // None stays while a younger one of its size goes.
                let is_youngest =
                    others().all(|other| kind(other) != kind(staying) || other.search < staying.search);
                compatible(orphan, staying) && is_youngest && others().any(|other| other.poll.can_host())
            };
            // The last of them; the seed of the match only after all others.
            if let Some(place) = (1..chosen.len()).rev().chain([0]).find(stays) {
                chosen.remove(place);
            }
        }
        self.waiting.retain(|waiting| chosen.iter().all(|member| member.poll.id != waiting.poll.id));
        self.races.begin(chosen.iter().map(|member| member.poll.account), self.now);
        self.end(&chosen, Some(Reason::Matched));
    }

    fn end(&mut self, members: &[Waiting], reason: Option<Reason>) {
        let mut members = members.to_vec();
        members.sort_by_key(|member| member.search);
        // A host whose last match failed comes after all others; the more of its matches took place, the better.
        let history = |poll: &Poll| {
            let (took_place, failed) = (poll.host_history.confirmed + 1, poll.host_history.unconfirmed);
            (failed == 0, u64::from(took_place) * 1_000_000 / u64::from(took_place + failed + 1))
        };
        let host = members
            .iter()
            .max_by_key(|Waiting { poll, .. }| (poll.can_host(), history(poll), poll.size, poll.id));
        let Some(host) = host.map(|host| host.poll.id) else { return };
        let battle = members.len() > 1 && members[0].key.rule_set == Some(RuleSet::Battle);
        let teams = if battle { most_even_split(&members) } else { (0, 0) };
        let polls = members.iter().map(|member| member.poll.id).collect();
        self.endings.push(Ending { polls, host, teams, reason });
    }

    /// Handles a player's registration of the match that it is in.
    pub fn register(&mut self, account: UserId) {
        self.races.register(account, self.now);
    }

    /// Handles a player's points of the match that it is in.
    pub fn score(&mut self, account: UserId) {
        self.races.score(account, self.now);
        self.keep_apart();
    }

    /// Returns a player that waits beside another which it may meet again from the next step on. When the matchmaker
    /// notices that depends on its other deadlines.
    pub fn soon_reconciled(&self) -> Option<UserId> {
        let mut pairs = self.races.reconciled(self.now, self.now.after(STEP));
        let both = pairs.find(|pair| pair.iter().all(|account| self.place_of(*account).is_some()));
        both.map(|[one, _]| one)
    }

    fn keep_apart(&mut self) {
        for waiting in &mut self.waiting {
            waiting.apart = self.races.apart_from(waiting.poll.account, self.now);
        }
    }

    /// Returns true if there is another group that could be in a match with this one.
    fn has_company(&self, waiting: &Waiting) -> bool {
        self.waiting.iter().any(|other| compatible(waiting, other))
    }

    fn is_dense(&self, key: &BucketKey) -> bool {
        10.0 * self.rate(key, self.now) > f64::from(seats(key).0)
    }

    fn rate(&self, key: &BucketKey, at: Monotonic) -> f64 {
        let ours = self.searches.iter().filter(|search| search.0 == *key);
        ours.map(|search| (-at.since(search.1).as_secs_f64() / 600.0).exp() / 600.0).sum()
    }

    /// The rate above which `humans` wait for one more.
    fn theta(&self, humans: f64, rate: f64) -> f64 {
        let pair = f64::from(self.config.pair_worth_seconds);
        let worth =
            |humans: f64| if humans < 2.0 { 0.0 } else { pair * (1.0 + 0.35 * (humans / 2.0).log2()) };
        let p = 1.0 - (-78.0 * rate).exp();
        let alternative = pair * p - p / rate;
        humans / (humans * (worth(humans + 1.0) - worth(humans)) + worth(humans + 1.0) - alternative)
    }

    /// Returns the time of the response to a player who waits alone and accepts AI. Where the rate decides, it is
    /// before the step at which that is noticed.
    fn end_of_lone_hold(&self, key: &BucketKey) -> Monotonic {
        let end = self.now.after(self.config.ai_hold.min(self.config.longest_hold()));
        let mut at = self.now;
        while at < end {
            let rate = self.rate(key, at);
            if rate <= self.theta(1.0, rate) {
                return Monotonic::from_nanos(at.as_nanos().saturating_sub(1));
            }
            at = at.after(STEP);
        }
        end
    }

    fn place_of(&self, account: UserId) -> Option<usize> {
        self.waiting.iter().position(|waiting| waiting.poll.account == account)
    }
}

/// Returns true if no group of this size is in a match that waits.
fn is_free(held: &[Waiting], one: &Waiting) -> bool {
    held.iter().all(|other| other.poll.size != one.poll.size)
}

/// Returns the players of a match, and of one team.
fn seats(key: &BucketKey) -> (u8, u8) {
    match key.rule_set {
        Some(RuleSet::Race) => (12, 12),
        Some(RuleSet::Battle) => (12, 6),
        _ => (6, 6),
    }
}

fn largest(key: &BucketKey) -> u8 {
    let (total, team) = seats(key);
    team.min(total - 1)
}

fn compatible(one: &Waiting, other: &Waiting) -> bool {
    let able = !one.aside && !other.aside && one.key == other.key && one.poll.id != other.poll.id;
    let one_hosts = one.poll.can_host() || other.poll.can_host();
    able && one_hosts
        && !clash(one, other)
        && one.poll.size.get() + other.poll.size.get() <= seats(&one.key).0
}

/// Returns true for two groups that are never in one match: of one party (an id that is no lobby names none), or kept
/// apart.
fn clash(one: &Waiting, other: &Waiting) -> bool {
    let one_party = one.poll.group_lobby == other.poll.group_lobby && one.poll.group_lobby.is_joinable();
    one_party || one.apart.contains(&other.poll.account)
}

fn players(groups: &[Waiting]) -> u8 {
    groups.iter().map(|group| group.poll.size.get()).sum()
}

/// Tries to add each of the pool from `next` on, earlier ones first; keeps the first of the largest matches.
fn try_all(pool: &[Waiting], next: usize, chosen: &mut Vec<Waiting>, best: &mut Vec<Waiting>) {
    if players(chosen) > players(best) {
        best.clone_from(chosen);
    }
    for place in next..pool.len() {
        if chosen.iter().any(|member| clash(member, &pool[place])) {
            continue;
        }
        chosen.push(pool[place].clone());
        if fits(chosen) {
            try_all(pool, place + 1, chosen, best);
        }
        chosen.pop();
    }
}

fn fits(groups: &[Waiting]) -> bool {
    let (total, team) = seats(&groups[0].key);
    let all = players(groups);
    let second = |split: u32| -> u8 {
        let members = groups.iter().enumerate().filter(|(place, _)| split >> place & 1 == 1);
        members.map(|(_, group)| group.poll.size.get()).sum()
    };
    all <= total
        && (team == total
            || (0..1 << groups.len()).any(|split| second(split).max(all - second(split)) <= team))
}

fn most_even_split(groups: &[Waiting]) -> (u8, u8) {
    let all = players(groups);
    let splits = (0..1_u32 << groups.len()).map(|split| {
        let members = groups.iter().enumerate().filter(|(place, _)| split >> place & 1 == 1);
        let second: u8 = members.map(|(_, group)| group.poll.size.get()).sum();
        (second.min(all - second), second.max(all - second))
    });
    splits.min_by_key(|(smaller, larger)| larger - smaller).unwrap_or_default()
}
