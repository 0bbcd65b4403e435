//! Who of a bucket would go together now.

use alloc::vec::Vec;
use core::time::Duration;

use super::bucket::{Bucket, Standing};
use super::config::Config;
use super::packing::{self, MAX_CANDIDATES};
use super::queue::Links;
use super::rate::Worth;
use super::slab::Slot;
use super::ticket::{Ticket, Tickets};
use crate::seam::Monotonic;

/// How long the oldest of a full match waits for players of like points, in a dense bucket.
const CHOOSE: Duration = Duration::from_secs(10);

/// Who has less time than this left goes before others of nearer points.
const URGENT: Duration = Duration::from_secs(3);

/// An open ticket that could go with the seed, or the seed itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) slot: Slot,
    ticket: Ticket,
    deadline: Monotonic,
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
    /// The best match around `seed`, who has company in this bucket. Fills `candidates`, the seed first.
    pub(super) fn new(
        now: Monotonic,
        bucket: &Bucket,
        seniority: &Links,
        tickets: &Tickets,
        seed: (Slot, Ticket),
        candidates: &mut Vec<Candidate>,
    ) -> Self {
        let dense = bucket.is_dense(now);
        gather(bucket, dense, seniority, tickets, seed, candidates);
        let seed = seed.1;
        candidates.sort_unstable_by_key(|candidate| {
            let (ticket, hurried) = (candidate.ticket, candidate.deadline.since(now) < URGENT);
            let claim = if dense { (!hurried, ticket.points.0.abs_diff(seed.points.0)) } else { (false, 0) };
            (ticket.search != seed.search, claim, ticket.search.number)
        });

        let mut sizes = [0; MAX_CANDIDATES];
        sizes.iter_mut().zip(&*candidates).for_each(|(size, candidate)| *size = candidate.ticket.size.get());
        let chosen = packing::choose(bucket.seats, sizes.get(..candidates.len()).unwrap_or(&sizes));
        let pool = sizes.iter().fold(0_u32, |sum, size| sum.saturating_add(u32::from(*size)));
        let mut plan = Self {
            chosen,
            dense,
            humans: 0,
            pool,
            oldest: seed.search.began,
            newest: seed.search.began,
            impatient: false,
        };
        for ticket in members(chosen, candidates).map(|candidate| candidate.ticket) {
            plan.humans = plan.humans.saturating_add(ticket.size.get());
            plan.newest = plan.newest.max(ticket.search.began);
            plan.impatient |= ticket.impatient;
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
            let until = self.oldest.after(CHOOSE);
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

    /// If the match is full and a single group is left over that cannot expect two more to come in time, the last
    /// of the match who fits with that group stays back with it.
    pub(super) fn spare_an_orphan(&mut self, now: Monotonic, bucket: &Bucket, candidates: &[Candidate]) {
        let goes = |place: u32| self.chosen.unbounded_shr(place) & 1 == 1;
        let mut over = (0_u32..).zip(candidates).filter(|(place, _)| !goes(*place));
        let (Some((_, orphan)), None) = (over.next(), over.next()) else { return };
        let expected = bucket.rate.at(now) * orphan.deadline.since(now).as_secs_f64();
        if self.chosen.count_ones() < 3 || expected >= 2.0 {
            return;
        }
        let room = bucket.seats.beside(orphan.ticket.size.get());
        let fits = |(place, other): &(u32, &Candidate)| {
            *place > 0 && goes(*place) && other.ticket.size.get() <= room
        };
        let stays = (0_u32..).zip(candidates).filter(fits).last();
        if let Some((place, _)) = stays {
            self.chosen &= !1_u64.unbounded_shl(place);
        }
    }
}

/// The candidates that were chosen.
pub(super) fn members(chosen: u64, candidates: &[Candidate]) -> impl Iterator<Item = &Candidate> {
    let goes = move |place: u32| chosen.unbounded_shr(place) & 1 == 1;
    (0_u32..).zip(candidates).filter(move |(place, _)| goes(*place)).map(|(_, candidate)| candidate)
}

/// The seed and, of each size that fits beside it, as many of the oldest as could matter: those that fill a match
/// (two in a dense bucket, to have a choice), and two more, to see whether one is left over.
fn gather(
    bucket: &Bucket,
    dense: bool,
    seniority: &Links,
    tickets: &Tickets,
    (seed, seed_ticket): (Slot, Ticket),
    candidates: &mut Vec<Candidate>,
) {
    let candidate = |slot| {
        let ticket = tickets.get(slot)?;
        Some(Candidate { slot, ticket: *ticket, deadline: tickets.deadline(slot) })
    };
    candidates.clear();
    candidates.push(Candidate { slot: seed, ticket: seed_ticket, deadline: tickets.deadline(seed) });
    let room = bucket.seats.beside(seed_ticket.size.get());
    for size in bucket.sizes().take_while(|size| *size <= room) {
        let fill = bucket.seats.total().checked_div(size).unwrap_or(0);
        let most = usize::from(fill.saturating_mul(if dense { 2 } else { 1 }).saturating_add(2));
        let queue = core::iter::successors(bucket.queue(size).first(), |slot| seniority.next(*slot));
        candidates.extend(queue.take(most).filter(|slot| *slot != seed).filter_map(candidate));
    }
    candidates.truncate(MAX_CANDIDATES);
}
