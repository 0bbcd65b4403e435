//! Plans: the groups of a bucket that would go together now.

use alloc::vec::Vec;
use core::time::Duration;

use mmcos_core::seam::Monotonic;

use super::{
    super::{
        Config, MAX_PLAYERS, WaitReason,
        bucket::{Bucket, Queue, Sizes},
        kept_apart::Pairs,
        ticket::{Search, Ticket},
        waits::Worth,
    },
    packing::{self, MAX_CANDIDATES},
};
use crate::ids::{LobbyId, Points, UserId};

/// Time for which the oldest group of a full match waits for players with similar points, in a dense bucket.
const CHOOSE: Duration = Duration::from_secs(10);

/// Remaining time below which a group goes before others with nearer points.
const URGENT: Duration = Duration::from_secs(3);

/// Maximum number of groups of a queue that are passed over: their size fits, but they may not meet the group in
/// question. (Groups of one party, or kept apart: a few, unless accounts conspire.)
const MOST_PASSED: usize = 64;

/// Maximum number of times that groups are chosen again because two of the last choice may not meet. (Two or three,
/// unless accounts conspire.)
const MOST_CHOICES: u8 = 32;

/// An open ticket that could go with the seed, or the seed itself.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Candidate {
    /// Sort key before the number of the search. The candidate with the smallest goes first.
    priority: u64,
    pub(in super::super) search: Search,
    /// Latest time for the response to its poll.
    until: Monotonic,
    pub(in super::super) account: UserId,
    points: Points,
    group_lobby: LobbyId,
    size: u8,
    can_host: bool,
    impatient: bool,
}

impl Candidate {
    pub(in super::super) const fn new(ticket: &Ticket) -> Self {
        let Ticket { search, until, account, points, group_lobby, size, can_host, impatient, .. } = *ticket;
        let size = size.get();
        // The order of the searches; only a dense bucket has another one.
        Self { priority: 0, search, until, account, points, group_lobby, size, can_host, impatient }
    }

    pub(in super::super) const fn size(&self) -> u8 {
        self.size
    }
}

/// A bucket at one moment.
#[derive(Clone, Copy)]
pub(in super::super) struct View<'a> {
    pub(in super::super) now: Monotonic,
    pub(in super::super) bucket: &'a Bucket,
    pub(in super::super) pairs: &'a Pairs,
}

impl<'a> View<'a> {
    /// Returns true if these two are never in one match, whatever their sizes: they are groups of one party (a
    /// response names a party once; an id that is no lobby names no party), or kept apart.
    fn clash(&self, one: &Candidate, other: &Candidate) -> bool {
        let party = one.group_lobby == other.group_lobby && one.group_lobby.is_joinable();
        party || self.pairs.are_apart(one.account, other.account, self.now)
    }

    /// Returns true if these two could be a match.
    fn can_meet(&self, one: &Candidate, other: &Candidate) -> bool {
        let fit = other.size <= self.bucket.seats.beside(one.size);
        // No match consists only of groups that cannot host (decision 0070).
        fit && one.account != other.account && (one.can_host || other.can_host) && !self.clash(one, other)
    }

    /// Returns true if a group, which may wait here already, could be a match with one that waits.
    pub(in super::super) fn has_company(&self, group: &Candidate) -> bool {
        self.oldest_company(group, |_| true).is_some()
    }

    /// Returns the oldest host that could be a match with this group.
    pub(in super::super) fn oldest_host_for(&self, group: &Candidate) -> Option<Candidate> {
        self.oldest_company(group, |other| other.can_host)
    }

    fn oldest_company(&self, group: &Candidate, wanted: fn(&Candidate) -> bool) -> Option<Candidate> {
        let room = self.bucket.seats.beside(group.size);
        let queues =
            self.bucket.sizes().take_while(|size| *size <= room).flat_map(|size| self.bucket.queues(size));
        // The first of a queue is its oldest, so the cost does not grow with the number of groups that wait.
        let first = |queue: &'a Queue| {
            queue.values().take(MOST_PASSED).find(|other| wanted(other) && self.can_meet(group, other))
        };
        queues.filter_map(first).min_by_key(|other| other.search.number).copied()
    }
}

/// A match that could be released now.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Plan {
    /// Bit `i` is set if candidate `i` is in the match.
    pub(in super::super) chosen: u64,
    dense: bool,
    /// Players of the chosen groups.
    humans: u8,
    /// Players of all candidates.
    pool: u32,
    oldest: Monotonic,
    newest: Monotonic,
    impatient: bool,
    /// Time at which another match may be the best though no group comes or goes, because the order of the candidates
    /// changes.
    pub(in super::super) reorders: Option<Monotonic>,
}

impl Plan {
    /// Plans the best match around `seed`, which can host, without groups of taken sizes. Fills `candidates`, the
    /// seed first.
    pub(in super::super) fn new(
        view: View<'_>,
        seed: Candidate,
        taken: Sizes,
        candidates: &mut Vec<Candidate>,
    ) -> Self {
        let dense = view.bucket.is_dense(view.now);
        candidates.clear();
        collect(view, dense, seed, taken, candidates);
        // In a sparse bucket, points never change which groups meet.
        let hurried = dense.then(|| prioritise(view.now, seed, candidates)).flatten();
        // The order changes with time alone, too, so a timer must cover both changes.
        let reorders = dense.then(|| view.bucket.sparse_from()).into_iter().chain(hurried).min();
        candidates.sort_unstable_by_key(|other| (other.priority, other.search.number));
        // A choice is a `u64` with a bit for each candidate, the seed included.
        candidates.truncate(MAX_CANDIDATES.saturating_sub(1));
        // `packing::choose` always takes the first: the match is built around the seed.
        candidates.insert(0, seed);

        let mut sizes = [0; MAX_CANDIDATES];
        sizes.iter_mut().zip(&*candidates).for_each(|(size, candidate)| *size = candidate.size);
        let sizes = sizes.get_mut(..candidates.len()).unwrap_or_default();
        let mut choices = MOST_CHOICES;
        let chosen = choose(view, candidates, sizes, &mut choices);
        let began = seed.search.began;
        let mut plan = Self {
            chosen,
            dense,
            humans: 0,
            pool: 0,
            oldest: began,
            newest: began,
            impatient: false,
            reorders,
        };
        for (place, candidate) in (0_u32..).zip(&*candidates) {
            plan.pool = plan.pool.saturating_add(u32::from(candidate.size));
            if goes(chosen, place) {
                plan.humans = plan.humans.saturating_add(candidate.size);
                plan.newest = plan.newest.max(candidate.search.began);
                plan.impatient |= candidate.impatient;
            }
        }
        plan
    }

    /// Returns true if another group goes with the seed.
    pub(in super::super) const fn is_match(&self) -> bool {
        self.chosen.count_ones() > 1
    }

    /// Returns the reason to wait, or `None` if the match should start.
    pub(in super::super) fn wait_reason(
        &self,
        now: Monotonic,
        bucket: &Bucket,
        config: &Config,
        worth: &Worth,
    ) -> Option<WaitReason> {
        let (humans, total) = (self.humans, bucket.seats.total());
        // A full match starts at once, unless the bucket is dense enough to choose by points.
        if humans == total {
            let until = self.oldest.after(CHOOSE).min(bucket.sparse_from());
            // Players for two matches are choice enough; `CHOOSE` bounds the wait for them.
            let more = self.dense && self.pool < u32::from(total).saturating_mul(2) && now < until;
            return more.then_some(WaitReason::Choosing { until });
        }
        // Counted from the newest search: friends press the button one after another.
        let until = self.newest.after(config.gather);
        if now < until {
            return Some(WaitReason::Gathering { humans, until });
        }
        let until = bucket.rate.falls_to(worth.least_rate(humans));
        // A player who accepts AI waits for a match to gather, not for a likely arrival.
        (now < until && !self.impatient).then_some(WaitReason::Holding { humans, until })
    }

    /// Keeps back one group of the match for each group that would be left over without any other that it could meet:
    /// the last one that fits with that group. Two groups go in any case, and a group that can expect two more to
    /// come in time is no orphan. `rest` is scratch space.
    pub(in super::super) fn spare_orphans(
        &mut self,
        view: View<'_>,
        candidates: &[Candidate],
        rest: &mut Vec<Candidate>,
    ) {
        // Of two groups, sparing one would leave both alone.
        if self.chosen.count_ones() < 3 {
            return;
        }
        let leaves = |other: &Candidate| {
            members(self.chosen, candidates).any(|member| member.account == other.account)
        };
        rest.clear();
        for queue in view.bucket.sizes().flat_map(|size| view.bucket.queues(size)) {
            // A few of each size are enough: the cost must not grow with the number of groups that wait.
            let stay = queue.values().take(MOST_PASSED).filter(|other| !leaves(other)).copied();
            rest.extend(stay.take(usize::from(MAX_PLAYERS)));
        }
        // The match has few groups to keep back: the oldest search has the first claim.
        rest.sort_unstable_by_key(|other| other.search.number);
        let rate = view.bucket.rate.at(view.now);
        for orphan in &*rest {
            let expected = rate * orphan.until.since(view.now).as_secs_f64();
            if expected >= 2.0 || rest.iter().any(|other| view.can_meet(orphan, other)) {
                continue;
            }
            let may_stay = |(place, other): &(u32, &Candidate)| {
                let without = self.chosen & !bit(*place);
                let hosts = members(without, candidates).any(|member| member.can_host);
                // None stays while a younger one of its size goes.
                let is_youngest = members(without, candidates).all(|member| {
                    (member.size, member.can_host) != (other.size, other.can_host)
                        || member.search.number < other.search.number
                });
                goes(self.chosen, *place) && hosts && is_youngest && view.can_meet(orphan, other)
            };
            // The seed stays only if no other member can: the match was built around it.
            let others = (0_u32..).zip(candidates).skip(1).filter(may_stay).last();
            let seed = || (0_u32..).zip(candidates).take(1).find(may_stay);
            if let Some((place, _)) = others.or_else(seed) {
                self.chosen &= !bit(place);
            }
            if self.chosen.count_ones() < 3 {
                return;
            }
        }
    }
}

/// Returns the largest choice in which no two groups clash, and of those the one that takes the earlier candidates. A
/// size that fits nowhere marks a candidate that is left out.
fn choose(view: View<'_>, candidates: &[Candidate], sizes: &mut [u8], choices: &mut u8) -> u64 {
    const OUT: u8 = u8::MAX;
    let chosen = packing::choose(view.bucket.seats, sizes);
    let Some((one, other)) = first_clash(view, candidates, chosen) else { return chosen };
    // One party may send any number of groups: unbounded, the choices would double with each clash.
    *choices = choices.saturating_sub(1);
    let mut without = |place: usize, choices: &mut u8| {
        let size = sizes.get_mut(place).map(|size| core::mem::replace(size, OUT));
        let chosen = choose(view, candidates, sizes, choices);
        if let (Some(place), Some(size)) = (sizes.get_mut(place), size) {
            *place = size;
        }
        chosen
    };
    let first = without(other, choices);
    // Where there is no end of clashes, the earlier candidate is preferred.
    let second = if *choices == 0 { first } else { without(one, choices) };
    let players = |chosen| members(chosen, candidates).map(|member| u32::from(member.size)).sum::<u32>();
    // Reversed, the bits of earlier candidates weigh more.
    let worth = |chosen: u64| (players(chosen), chosen.reverse_bits());
    if worth(second) > worth(first) { second } else { first }
}

/// Returns two of the chosen that may not meet, the earlier one first. The seed clashes with no candidate.
fn first_clash(view: View<'_>, candidates: &[Candidate], chosen: u64) -> Option<(usize, usize)> {
    let goes = move |place| u32::try_from(place).is_ok_and(|place| goes(chosen, place));
    let chosen = || candidates.iter().enumerate().filter(move |(place, _)| goes(*place));
    chosen().find_map(|(place, one)| {
        let mut later = chosen().skip_while(move |(other, _)| *other <= place);
        later.find(|(_, other)| view.clash(one, other)).map(|(other, _)| (place, other))
    })
}

/// Orders candidates: those with little time left first, then those near the seed in points. Returns the time at
/// which the next has little time left.
fn prioritise(now: Monotonic, seed: Candidate, candidates: &mut [Candidate]) -> Option<Monotonic> {
    let mut left: Option<Duration> = None;
    for other in candidates {
        let time = other.until.since(now);
        let hurried = time < URGENT;
        // 0 is for those with little time left: even the seed's own points come after them.
        other.priority =
            if hurried { 0 } else { u64::from(other.points.0.abs_diff(seed.points.0)).saturating_add(1) };
        if !hurried {
            left = Some(left.map_or(time, |left| left.min(time)));
        }
    }
    // The first moment at which less is left.
    left.map(|left| now.after(left.saturating_sub(URGENT).saturating_add(Duration::from_nanos(1))))
}

/// Returns the candidates whose bits are set in `chosen`.
pub(in super::super) fn members(chosen: u64, candidates: &[Candidate]) -> impl Iterator<Item = &Candidate> {
    let all = (0_u32..).zip(candidates);
    all.filter(move |(place, _)| goes(chosen, *place)).map(|(_, candidate)| candidate)
}

const fn bit(place: u32) -> u64 {
    1_u64.unbounded_shl(place)
}

/// Returns true if bit `place` is set in `chosen`: the candidate at that place is in the match.
const fn goes(chosen: u64, place: u32) -> bool {
    chosen & bit(place) != 0
}

/// Collects, of each size that fits beside the seed, as many of the oldest as could matter: those that fill a match
/// (two in a dense bucket, to have a choice), and two more.
fn collect(view: View<'_>, dense: bool, seed: Candidate, taken: Sizes, candidates: &mut Vec<Candidate>) {
    let room = view.bucket.seats.beside(seed.size);
    for size in view.bucket.sizes().take_while(|size| *size <= room).filter(|size| !taken.has(*size)) {
        let fill = view.bucket.seats.total().checked_div(size).unwrap_or(0);
        let most = usize::from(fill.saturating_mul(if dense { 2 } else { 1 }).saturating_add(2));
        for queue in view.bucket.queues(size) {
            let able = queue
                .values()
                .take(most.saturating_add(MOST_PASSED))
                .filter(|other| other.account != seed.account && !view.clash(&seed, other));
            candidates.extend(able.take(most).copied());
        }
    }
}
