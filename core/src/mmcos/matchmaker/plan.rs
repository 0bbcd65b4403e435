//! Who of a bucket would go together now.

use alloc::vec::Vec;
use core::time::Duration;

use super::bucket::{Bucket, Standing};
use super::config::Config;
use super::packing::{self, MAX_CANDIDATES};
use super::queue::Links;
use super::rate::Worth;
use super::slab::Slot;
use super::ticket::{Search, Ticket, Tickets};
use crate::seam::Monotonic;

/// How long the oldest of a full match waits for players of like points, in a dense bucket.
const CHOOSE: Duration = Duration::from_secs(10);

/// Who has less time than this left goes before others of nearer points.
const URGENT: Duration = Duration::from_secs(3);

/// An open ticket that could go with the seed, or the seed itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) slot: Slot,
    /// Before the order of the searches; the least goes first.
    claim: u64,
    search: Search,
    size: u8,
    can_host: bool,
    impatient: bool,
}

impl Candidate {
    pub(super) const fn new(slot: Slot, ticket: &Ticket) -> Self {
        let Ticket { search, size, can_host, impatient, .. } = *ticket;
        Self { slot, claim: 0, search, size: size.get(), can_host, impatient }
    }
}

/// A match that could be released now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Bit `i` is set if the `i`th candidate goes.
    pub(super) chosen: u64,
    dense: bool,
    /// Players who go.
    humans: u8,
    /// Players of all candidates.
    pool: u32,
    oldest: Monotonic,
    newest: Monotonic,
    impatient: bool,
}

impl Plan {
    /// The best match around `seed`, who can host and has company in this bucket. Fills `candidates`, the seed first.
    pub(super) fn new(
        now: Monotonic,
        bucket: &Bucket,
        seniority: &Links,
        tickets: &Tickets,
        seed: Candidate,
        candidates: &mut Vec<Candidate>,
    ) -> Self {
        let dense = bucket.is_dense(now);
        candidates.clear();
        gather(bucket, dense, seniority, tickets, seed, candidates);
        if dense {
            claim_by_points(now, tickets, seed, candidates);
        }
        candidates.sort_unstable_by_key(|other| (other.claim, other.search.number));
        candidates.truncate(MAX_CANDIDATES.saturating_sub(1));
        candidates.insert(0, seed);

        let mut sizes = [0; MAX_CANDIDATES];
        sizes.iter_mut().zip(&*candidates).for_each(|(size, candidate)| *size = candidate.size);
        let chosen = packing::choose(bucket.seats, sizes.get(..candidates.len()).unwrap_or(&sizes));
        let began = seed.search.began;
        let mut plan =
            Self { chosen, dense, humans: 0, pool: 0, oldest: began, newest: began, impatient: false };
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

    /// What the match waits for, if it should wait.
    pub(super) fn hold(
        &self,
        now: Monotonic,
        bucket: &Bucket,
        config: &Config,
        worth: &Worth,
    ) -> Option<Standing> {
        let (humans, total) = (self.humans, bucket.seats.total());
        if humans == total {
            let until = self.oldest.after(CHOOSE).min(bucket.sparse_from());
            let more = self.dense && self.pool < u32::from(total).saturating_mul(2) && now < until;
            return more.then_some(Standing::Choosing { until });
        }
        let until = self.newest.after(config.gather);
        if now < until {
            return Some(Standing::Gathering { humans, until });
        }
        let until = bucket.rate.falls_to(worth.least_rate(humans));
        (now < until && !self.impatient).then_some(Standing::Holding { humans, until })
    }

    /// If a single group is left over that cannot expect two more to come in time, the last
    /// of the match who fits with that group stays back with it.
    pub(super) fn spare_an_orphan(
        &mut self,
        now: Monotonic,
        bucket: &Bucket,
        tickets: &Tickets,
        candidates: &[Candidate],
    ) {
        let chosen = self.chosen;
        let mut over = (0_u32..).zip(candidates).filter(|(place, _)| !goes(chosen, *place));
        let (Some((_, orphan)), None) = (over.next(), over.next()) else { return };
        let expected = bucket.rate.at(now) * tickets.deadline(orphan.slot).since(now).as_secs_f64();
        if chosen.count_ones() < 3 || expected >= 2.0 {
            return;
        }
        let room = bucket.seats.beside(orphan.size);
        let fits = |(place, other): &(u32, &Candidate)| {
            let one_hosts = orphan.can_host || other.can_host;
            *place > 0 && goes(chosen, *place) && other.size <= room && one_hosts
        };
        if let Some((place, _)) = (0_u32..).zip(candidates).filter(fits).last() {
            self.chosen &= !1_u64.unbounded_shl(place);
        }
    }
}

/// Who has little time left goes first, then who is near the seed in points.
fn claim_by_points(now: Monotonic, tickets: &Tickets, seed: Candidate, candidates: &mut [Candidate]) {
    let points = |slot| tickets.get(slot).map_or(0, |ticket| ticket.points.0);
    let near = points(seed.slot);
    for other in candidates {
        let hurried = tickets.deadline(other.slot).since(now) < URGENT;
        other.claim =
            if hurried { 0 } else { u64::from(points(other.slot).abs_diff(near)).saturating_add(1) };
    }
}

/// The candidates that were chosen.
pub(super) fn members(chosen: u64, candidates: &[Candidate]) -> impl Iterator<Item = &Candidate> {
    let all = (0_u32..).zip(candidates);
    all.filter(move |(place, _)| goes(chosen, *place)).map(|(_, candidate)| candidate)
}

const fn goes(chosen: u64, place: u32) -> bool {
    chosen.unbounded_shr(place) & 1 == 1
}

/// Of each size that fits beside the seed, as many of the oldest as could matter: those that fill a match (two in a
/// dense bucket, to have a choice), and two more, to see whether one is left over.
fn gather(
    bucket: &Bucket,
    dense: bool,
    seniority: &Links,
    tickets: &Tickets,
    seed: Candidate,
    candidates: &mut Vec<Candidate>,
) {
    let room = bucket.seats.beside(seed.size);
    for size in bucket.sizes().take_while(|size| *size <= room) {
        let fill = bucket.seats.total().checked_div(size).unwrap_or(0);
        let most = usize::from(fill.saturating_mul(if dense { 2 } else { 1 }).saturating_add(2));
        for queue in bucket.queues(size) {
            let slots = core::iter::successors(queue.first(), |slot| seniority.next(*slot));
            for slot in slots.take(most).filter(|slot| *slot != seed.slot) {
                candidates.extend(tickets.get(slot).map(|ticket| Candidate::new(slot, ticket)));
            }
        }
    }
}
