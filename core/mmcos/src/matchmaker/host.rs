//! Who hosts: all others connect to this player.

use super::poll::HostHistory;
use super::ticket::Ticket;

/// The place of the best host. It can host (see [`plan`](super::plan): a match has such a group); of those, one whose
/// last match took place or who hosted none; then the one with the largest share of confirmed matches, each of which
/// counts as if one more had come about and one more had failed; then the largest party, for the fewest connections; then
/// the one heard of last.
pub(super) fn choose(members: &[Ticket]) -> usize {
    let quality = |ticket: &Ticket| {
        let history = ticket.host_history;
        (ticket.can_host, history.unconfirmed == 0, share(history), ticket.size, ticket.poll)
    };
    let best = members.iter().enumerate().max_by_key(|(_, ticket)| quality(ticket));
    best.map_or(0, |(place, _)| place)
}

/// The share of matches that were confirmed, in millionths.
fn share(history: HostHistory) -> u64 {
    let confirmed = u64::from(history.confirmed).saturating_add(1);
    let all = confirmed.saturating_add(history.unconfirmed.into()).saturating_add(1);
    confirmed.saturating_mul(1_000_000).checked_div(all).unwrap_or(0)
}
