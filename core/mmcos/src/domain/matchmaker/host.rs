//! Choice of a match's host: the player to whom all others connect.

use super::poll::HostHistory;
use super::ticket::Ticket;

/// Returns the index of the best host. It can host (see [`plan`](super::plan): a match has such a group). Of those,
/// one whose last match took place, or that has hosted none; then the one with the largest share of confirmed
/// matches, to each of which one confirmed and one failed match are added; then the largest party, for the fewest
/// connections; then the one with the latest poll.
pub(super) fn choose(members: &[Ticket]) -> usize {
    let quality = |ticket: &Ticket| {
        let history = ticket.host_history;
        // After a failure another group hosts, so that the next attempt is the other way round (decision 0077).
        (ticket.can_host, history.unconfirmed == 0, share(history), ticket.size, ticket.poll)
    };
    let best = members.iter().enumerate().max_by_key(|(_, ticket)| quality(ticket));
    best.map_or(0, |(place, _)| place)
}

/// Returns the share of confirmed matches, in millionths.
fn share(history: HostHistory) -> u64 {
    let confirmed = u64::from(history.confirmed).saturating_add(1);
    let all = confirmed.saturating_add(history.unconfirmed.into()).saturating_add(1);
    // A whole number: `f64` is not `Ord`, which `max_by_key` needs.
    confirmed.saturating_mul(1_000_000).checked_div(all).unwrap_or(0)
}
