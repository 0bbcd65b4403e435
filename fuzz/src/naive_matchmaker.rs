//! The matchmaker's rules as plainly as they can be written: everybody is looked at every time, every set of groups
//! is tried, and the arrival rate is summed over all of the past. For comparison with the real one.
//!
//! It decides at steps of [`STEP`], so times must be multiples of it, and a [`Naive::tick`] must come at every one.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a model may panic")]

use std::time::Duration;

use mmcos_core::mmcos::ids::UserId;
use mmcos_core::mmcos::matchmaker::{BucketKey, Config, Poll, PollId, Reason, RuleSet};
use mmcos_core::seam::Monotonic;

/// The time between two decisions.
pub const STEP: Duration = Duration::from_millis(100);

/// How one poll or several ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ending {
    /// The polls, those who searched longest first.
    pub polls: Vec<PollId>,
    /// The poll of the host.
    pub host: PollId,
    /// Players of the smaller and of the larger team; 0 and 0 without teams.
    pub teams: (u8, u8),
    /// Why; nothing if it was cancelled.
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
}

/// The model. Only [`Folding::Exact`](mmcos_core::mmcos::matchmaker::Folding::Exact), with the usual caps.
#[derive(Clone, Debug)]
pub struct Naive {
    config: Config,
    now: Monotonic,
    waiting: Vec<Waiting>,
    /// Searches that may go on: of whom, where, until when.
    resting: Vec<(UserId, BucketKey, Monotonic, (u64, Monotonic))>,
    searches: Vec<(BucketKey, Monotonic)>,
    endings: Vec<Ending>,
}

impl Naive {
    /// Nobody waits.
    pub fn new(config: Config) -> Self {
        let (waiting, resting, searches, endings) = (vec![], vec![], vec![], vec![]);
        Self { config, now: Monotonic::default(), waiting, resting, searches, endings }
    }

    /// A poll came.
    pub fn enter(&mut self, poll: &Poll) -> Vec<Ending> {
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
        let same_party =
            |other: &Waiting| !other.aside && other.key == key && other.poll.group_lobby == poll.group_lobby;
        let is_a_party = poll.group_lobby.is_joinable();
        let impatient = poll.ignore_minimum && self.config.ai;
        let mut new = Waiting {
            poll: *poll,
            key,
            search,
            began,
            deadline: self.now,
            aside: poll.size.get() > largest(&key) || is_a_party && self.waiting.iter().any(same_party),
            impatient,
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

    /// The player gave up.
    pub fn cancel(&mut self, account: UserId) -> Vec<Ending> {
        self.resting.retain(|rest| rest.0 != account);
        if let Some(place) = self.place_of(account) {
            let gone = self.waiting.remove(place);
            self.end(std::slice::from_ref(&gone), None);
            self.decide(&gone.key);
        }
        std::mem::take(&mut self.endings)
    }

    /// The connection closed: as a cancel, but nobody is there to be told.
    pub fn disconnect(&mut self, account: UserId) -> Vec<Ending> {
        if self.place_of(account).is_none() {
            return Vec::new();
        }
        let mut endings = self.cancel(account);
        endings.remove(0);
        endings
    }

    /// One more step passed.
    pub fn tick(&mut self) -> Vec<Ending> {
        self.now = self.now.after(STEP);
        self.resting.retain(|rest| rest.2 > self.now);
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
                let like = |other: &&Waiting| {
                    let alike = !other.aside && other.key == due.key && other.poll.size == due.poll.size;
                    if due.poll.can_host() { alike && other.poll.can_host() } else { compatible(&due, other) }
                };
                let oldest = self.waiting.iter().filter(like).min_by_key(|other| other.search).cloned();
                let dense = self.is_dense(&due.key) && due.poll.can_host();
                let seed = if dense { Some(due.clone()) } else { oldest };
                if self.has_company(&due) {
                    let seed = seed.unwrap_or_else(|| due.clone());
                    self.release(&seed);
                } else {
                    self.waiting.retain(|other| other.poll.id != due.poll.id);
                    let reason = if due.impatient { Reason::Ai } else { Reason::NobodyFound };
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

    fn decide(&mut self, key: &BucketKey) {
        loop {
            let mut there: Vec<Waiting> =
                self.waiting.iter().filter(|waiting| waiting.key == *key).cloned().collect();
            there.sort_by_key(|waiting| waiting.search);
            let Some(seed) = there.iter().find(|one| one.poll.can_host() && self.has_company(one)) else {
                return;
            };
            if self.holds(seed) {
                return;
            }
            self.release(seed);
        }
    }

    fn holds(&self, seed: &Waiting) -> bool {
        let (pool, chosen) = self.choose(seed);
        let (humans, cap) = (players(&chosen), seats(&seed.key).0);
        if humans == cap {
            let young = self.now < seed.began.after(Duration::from_secs(10));
            return self.is_dense(&seed.key) && players(&pool) < 2 * cap && young;
        }
        let newest = chosen.iter().map(|waiting| waiting.began).max();
        if newest.is_some_and(|newest| self.now < newest.after(self.config.gather)) {
            return true;
        }
        let rate = 0.6 * self.rate(&seed.key, self.now);
        chosen.iter().all(|waiting| !waiting.impatient) && rate > self.theta(f64::from(humans), rate)
    }

    /// All who could go with the seed, and those who would.
    fn choose(&self, seed: &Waiting) -> (Vec<Waiting>, Vec<Waiting>) {
        let dense = self.is_dense(&seed.key);
        let mut pool: Vec<Waiting> =
            self.waiting.iter().filter(|other| compatible(seed, other)).cloned().collect();
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

    fn release(&mut self, seed: &Waiting) {
        let (pool, mut chosen) = self.choose(seed);
        let stays = |other: &&Waiting| chosen.iter().all(|member| member.poll.id != other.poll.id);
        let over: Vec<&Waiting> = pool.iter().filter(stays).collect();
        if let [orphan] = over[..] {
            let expected = self.rate(&seed.key, self.now) * orphan.deadline.since(self.now).as_secs_f64();
            let last = chosen.iter().rposition(|member| compatible(orphan, member));
            if let Some(last) = last.filter(|last| *last > 0 && chosen.len() > 2 && expected < 2.0) {
                chosen.remove(last);
            }
        }
        self.waiting.retain(|waiting| chosen.iter().all(|member| member.poll.id != waiting.poll.id));
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

    /// When somebody alone who is content with AI is answered. Where the rate decides, it is before the step at which
    /// that is noticed.
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

/// Players of a match, and of one team.
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
    able && one_hosts && one.poll.size.get() + other.poll.size.get() <= seats(&one.key).0
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
