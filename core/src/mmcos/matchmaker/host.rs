//! Who hosts: all others connect to this player.

use super::ticket::Ticket;

/// The place of the best host. It can host (see [`plan`](super::plan): a match has such a group); of those, whoever proved to host well, least often failed to, brings most players and so the
/// fewest connections, and was heard of last.
pub(super) fn choose(members: &[Ticket]) -> usize {
    let quality = |ticket: &Ticket| {
        let history = ticket.host_history;
        (
            ticket.can_host,
            history.confirmed,
            core::cmp::Reverse(history.unconfirmed),
            ticket.size,
            ticket.poll,
        )
    };
    let best = members.iter().enumerate().max_by_key(|(_, ticket)| quality(ticket));
    best.map_or(0, |(place, _)| place)
}
