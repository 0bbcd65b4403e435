use std::sync::LazyLock;

use mmcos_core::{
    seam::Wall,
    wire::steam::{
        SteamId, Ticket, TicketBuilder, UnixSeconds, encode_platform_id, parse_platform_id, verify,
    },
};
use mmcos_game::{
    IdentityPolicy,
    identity::{APP, identify},
};

use super::script::{Script, filled};
use crate::signing;

const PLAYER: SteamId = SteamId::new(76_561_202_255_230_001);
const ISSUED: UnixSeconds = UnixSeconds(1_700_000_000);

/// Time at which the ticket is valid.
const NOW: Wall = Wall::from_secs(1_700_000_100);

/// Placeholder for the hex digits of a signed ticket.
const TICKET: &[u8] = b"{Ticket}";

/// A ticket signed with the key of the tests.
static SIGNED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    TicketBuilder::new(PLAYER, APP, ISSUED).build(signing::sign).expect("a short ticket can be written")
});

/// Takes any bytes as a `PlatformID`, or (after a zero) as changes of a signed ticket: an accepted client has shown
/// signed bytes, and is the player that they were signed for. A ticket that can be read can be written, and is the
/// same again.
///
/// # Panics
/// If one of these promises is broken.
pub fn steam_ticket(bytes: &[u8]) {
    let Some(text) = platform_id(bytes) else { return };
    let policy = IdentityPolicy::Verify(signing::public_key());
    let let_in = identify(&policy, &text, NOW);
    let Ok(bytes) = parse_platform_id(&text) else { return assert!(let_in.is_err()) };
    assert_eq!(parse_platform_id(&encode_platform_id(&bytes)).as_ref(), Ok(&bytes));
    let Ok(ticket) = Ticket::parse(&bytes) else { return assert!(let_in.is_err()) };
    assert_eq!(built_again(&ticket), bytes);

    let original = Ticket::parse(&SIGNED).expect("the ticket was built for this");
    let is_signed =
        ticket.signed_bytes() == original.signed_bytes() && ticket.signature() == original.signature();
    assert_eq!(verify(&ticket, &signing::public_key()).is_ok(), is_signed);
    assert_eq!(let_in.is_ok(), is_signed && ticket.session().steam_id == PLAYER, "{let_in:?}");
    assert!(let_in.is_err() || let_in == Ok(PLAYER));
}

fn platform_id(bytes: &[u8]) -> Option<String> {
    if let [0, changes @ ..] = bytes {
        return Some(encode_platform_id(&changed(&SIGNED, Script(changes))));
    }
    let signed = encode_platform_id(&SIGNED);
    let digits = signed.split('^').next().unwrap_or_default();
    String::from_utf8(filled(bytes, &[(TICKET, digits.as_bytes())])).ok()
}

/// Changes some bytes of a ticket, and leaves some out.
fn changed(ticket: &[u8], mut script: Script<'_>) -> Vec<u8> {
    let mut ticket = ticket.to_vec();
    for _ in 0..script.byte() % 4 {
        let at = script.number() % ticket.len();
        ticket[at] ^= script.byte();
    }
    let cut = script.number();
    if cut > 0 {
        ticket.truncate(cut);
    }
    ticket.extend_from_slice(script.0);
    ticket
}

fn built_again(ticket: &Ticket<'_>) -> Vec<u8> {
    let builder = TicketBuilder { session: ticket.session().clone(), ownership: ticket.ownership().clone() };
    builder.build(|_| *ticket.signature()).expect("it was short enough before")
}
