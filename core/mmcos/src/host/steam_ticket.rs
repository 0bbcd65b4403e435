//! `mmcos ticket HEX`: the contents of a Steam ticket, and this server's verdict on it.

use alloc::{format, string::String};
use core::{
    fmt::{self, Display, Write as _},
    time::Duration,
};

use crate::{
    IdentityPolicy,
    identity::{APP, IdentityError, TOLERANCE, identify},
};
use mmcos_core::{
    calendar::UtcText,
    seam::Wall,
    wire::steam::{AppId, PublicKey, Span, SteamId, Ticket, UnixSeconds, parse_platform_id, verify},
};

/// Returns every field of a ticket, the validity of its signature under the key, and whether it would let its player
/// in now. The ticket is in hex, alone or as the game sends it in `PlatformID`, with four fields behind it.
///
/// ```
/// use mmcos_core::{seam::Wall, wire::steam::*};
/// let issued = UnixSeconds(1_795_000_000);
/// let builder = TicketBuilder::new(SteamId::new(76_561_202_255_230_001), AppId(535_850), issued);
/// let ticket = encode_platform_id(&builder.build(|_| [0; SIGNATURE_LEN])?);
/// let text = mmcos_game::steam_ticket::explain(&ticket, &PublicKey::steam(), Wall::from_secs(1_795_000_060))?;
/// assert!(text.contains("signature: invalid"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The text is not a ticket.
pub fn explain(text: &str, key: &PublicKey, now: Wall) -> Result<String, IdentityError> {
    let mut text: String = text.split_whitespace().collect();
    if !text.contains('^') {
        text.push_str("^^^^true");
    }
    let bytes = parse_platform_id(&text)?;
    let ticket = Ticket::parse(&bytes)?;
    let mut lines = Lines::default();
    lines.session(&ticket);
    lines.ownership(&ticket, now);
    lines.add("signature", if verify(&ticket, key).is_ok() { "valid" } else { "invalid" });
    let policy = IdentityPolicy::Verify(key.clone());
    match identify(&policy, &text, now) {
        Ok(player) => lines.add("verdict", format_args!("{player} is let in")),
        Err(error) => lines.add("verdict", format_args!("refused: {error}")),
    }
    Ok(lines.0)
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: impl Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{name}: {value}");
    }

    /// Adds the part that the client wrote.
    fn session(&mut self, ticket: &Ticket<'_>) {
        let session = ticket.session();
        let [first, second] = session.constants;
        let usual =
            if session.constants == [1, 2] { "as usual" } else { "usually 1 and 2; nothing depends on them" };
        self.add("constants", format_args!("{first} and {second}, {usual}"));
        self.add("token", format_args!("{:016x}", session.gc_token));
        self.add("token's account", account(session.steam_id));
        self.add("token made", moment(session.generated));
        self.add("external address, as the client says", session.external_ip);
        self.add("filler", format_args!("{:08x}", session.filler));
        self.add("connected to Steam for", Span(Duration::from_millis(session.connected_millis.into())));
        self.add("connections made", session.connection_count);
    }

    /// Adds the part that Steam signs.
    fn ownership(&mut self, ticket: &Ticket<'_>, now: Wall) {
        let ownership = ticket.ownership();
        self.add("account", account(ownership.steam_id));
        self.add("app", app(ownership.app_id));
        self.add("external address, as Steam saw it", ownership.external_ip);
        self.add("internal address", ownership.internal_ip);
        self.add("flags", ownership.flags);
        self.add("issued", format_args!("{}{}", moment(ownership.issued), early(ownership.issued, now)));
        self.add("expires", format_args!("{}, {}", moment(ownership.expires), left(ownership.expires, now)));
        self.add("licences", List(&ownership.licences));
        for dlc in &ownership.dlcs {
            self.add("DLC", format_args!("{}, licences {}", dlc.app_id, List(&dlc.licences)));
        }
        self.add("reserved", ownership.reserved);
    }
}

fn account(id: SteamId) -> String {
    let kind = if id.is_public_individual() { "a player's" } else { "not a player's" };
    format!("{id} ({kind})")
}

fn app(id: AppId) -> String {
    let game = if id == APP { "Micro Machines World Series" } else { "another game" };
    format!("{id} ({game})")
}

fn moment(time: UnixSeconds) -> UtcText {
    Wall::from_secs(time.into()).into()
}

fn early(issued: UnixSeconds, now: Wall) -> String {
    match span(now, issued) {
        Some(early) if early > TOLERANCE => format!(", {} in the future", Span(early)),
        _ => String::new(),
    }
}

fn left(expires: UnixSeconds, now: Wall) -> String {
    if let Some(left) = span(now, expires) {
        return format!("{} left", Span(left));
    }
    let ago = now.as_secs().saturating_sub(expires.into());
    format!("expired {} ago", Span(Duration::from_secs(ago.unsigned_abs())))
}

/// Returns the time until a moment; `None` if it is past.
fn span(now: Wall, until: UnixSeconds) -> Option<Duration> {
    let seconds = i64::from(until).saturating_sub(now.as_secs());
    u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

struct List<'a>(&'a [u32]);

impl Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, number) in self.0.iter().enumerate() {
            write!(f, "{}{number}", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString as _, vec};
    use mmcos_core::wire::steam::{Dlc, SIGNATURE_LEN, TicketBuilder, encode_platform_id};

    use super::*;

    const ISSUED: u32 = 1_795_000_000;

    fn ticket(change: impl FnOnce(&mut TicketBuilder)) -> String {
        let player = SteamId::new(76_561_202_255_230_001);
        let mut builder = TicketBuilder::new(player, APP, UnixSeconds(ISSUED));
        builder.ownership.dlcs = vec![Dlc { app_id: AppId(7), licences: vec![8, 9] }];
        change(&mut builder);
        encode_platform_id(&builder.build(|_| [0; SIGNATURE_LEN]).unwrap())
    }

    fn explained(ticket: &str, days: i64) -> String {
        let now = Wall::from_secs(i64::from(ISSUED).saturating_add(days.saturating_mul(86_400)));
        explain(ticket, &PublicKey::steam(), now).unwrap()
    }

    #[test]
    fn every_field_is_shown() {
        let text = explained(&ticket(|_| {}), 1);
        for line in [
            "token's account: 76561202255230001 (a player's)",
            "account: 76561202255230001 (a player's)",
            "app: 535850 (Micro Machines World Series)",
            "issued: 2026-11-18T11:06:40Z",
            "expires: 2026-12-09T11:06:40Z, 20 days left",
            "DLC: 7, licences 8, 9",
            "reserved: 0",
            "signature: invalid",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
        }
        assert!(text.contains("verdict: refused: the Steam ticket's signature does not hold"), "{text}");
    }

    #[test]
    fn numbers_that_nothing_depends_on_are_shown_and_refuse_nobody() {
        assert!(explained(&ticket(|_| {}), 1).starts_with("constants: 1 and 2, as usual\n"));
        let other = explained(&ticket(|ticket| ticket.session.constants = [1, 5]), 1);
        assert!(
            other.starts_with("constants: 1 and 5, usually 1 and 2; nothing depends on them\n"),
            "{other}"
        );
        assert!(other.contains("verdict: refused: the Steam ticket's signature does not hold"), "{other}");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let expired = explained(&ticket(|_| {}), 24);
        assert!(
            expired.contains("expired 3 days ago\n")
                && expired.contains("verdict: refused: the Steam ticket expired")
        );
        let early = explained(&ticket(|_| {}), -1);
        assert!(early.contains(", 24 hours in the future\n"), "{early}");
        let foreign = explained(&ticket(|ticket| ticket.ownership.app_id = AppId(480)), 1);
        assert!(foreign.contains("app: 480 (another game)\n"), "{foreign}");
        let server = explained(&ticket(|ticket| ticket.ownership.steam_id = SteamId::new(7)), 1);
        assert!(server.contains("account: 7 (not a player's)\n"), "{server}");
    }

    #[test]
    fn hex_alone_or_in_lines_or_as_the_game_sends_it_is_the_same() {
        let whole = ticket(|_| {});
        let (hex, _) = whole.split_once('^').unwrap();
        let (first, second) = hex.split_at(100);
        let expected = explained(&whole, 1);
        assert_eq!(explained(hex, 1), expected);
        assert_eq!(explained(&format!(" {first}\r\n {second}\n"), 1), expected);
        let refused =
            |text: &str| explain(text, &PublicKey::steam(), Wall::default()).unwrap_err().to_string();
        assert!(refused("xyz").contains("hex digit"));
        assert!(refused(first).contains("Steam ticket"));
    }
}
