//! Verified identities: a server that verifies Steam tickets accepts those that Steam signed, here with the key of a
//! test in place of Steam's.

use mmcos_core::wire::steam::{AppId, SIGNATURE_LEN, TicketBuilder, UnixSeconds, encode_platform_id};
use mmcos_game::{IdentityPolicy, Mmcos};

use crate::{
    rig::{Rig, status},
    signing,
    world::{login_request, rig, text, ticket, trusting},
};

const ANN: u64 = 76_561_198_000_006_001;
/// Offset of the part that Steam signs; the part before it is the client's own.
const SIGNED: usize = 56;

fn verifying() -> Rig<Mmcos> {
    let mut config = trusting();
    config.identity = IdentityPolicy::Verify(signing::public_key());
    rig(config)
}

fn answer(
    rig: &mut Rig<Mmcos>,
    ticket: &TicketBuilder,
    sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_LEN],
) -> String {
    let platform_id = encode_platform_id(&ticket.build(sign).unwrap());
    rig.request(&login_request(&platform_id, "Ann"))
}

#[test]
fn a_signed_ticket_lets_in() {
    let answer = answer(&mut verifying(), &ticket(ANN), signing::sign);
    assert_eq!((status(&answer), text(&answer, "PlatformID")), ("200", &*ANN.to_string()));
}

#[test]
fn a_ticket_that_steam_issued_later_than_this_clock_says_lets_in() {
    let mut ticket = ticket(ANN);
    ticket.ownership.issued = UnixSeconds(1_800_000_000);
    ticket.ownership.expires = UnixSeconds(1_801_000_000);
    let mut rig = verifying();
    assert_eq!(status(&answer(&mut rig, &ticket, signing::sign)), "200");
    // An unsigned ticket does not tell the time.
    refused(&mut verifying(), &ticket, |_| [0; SIGNATURE_LEN], "Signature");
}

#[test]
fn a_ticket_that_does_not_hold_lets_nobody_in_and_the_host_reads_why() {
    let changed = |change: fn(&mut TicketBuilder)| {
        let mut ticket = ticket(ANN);
        change(&mut ticket);
        ticket
    };
    let cases = [
        (changed(|ticket| ticket.ownership.app_id = AppId(480)), "OtherApp"),
        (changed(|ticket| ticket.ownership.expires = UnixSeconds(1_600_000_000)), "Expired"),
        (
            changed(|ticket| ticket.session.steam_id = crate::world::ticket(ANN + 1).session.steam_id),
            "TwoAccounts",
        ),
    ];
    for (ticket, reason) in cases {
        let mut rig = verifying();
        refused(&mut rig, &ticket, signing::sign, reason);
    }
    refused(&mut verifying(), &ticket(ANN), |_| [0; SIGNATURE_LEN], "Signature");
}

#[test]
fn a_ticket_that_was_cut_or_changed_lets_nobody_in() {
    let mut rig = verifying();
    let ticket = ticket(ANN).build(signing::sign).unwrap();
    let mut refused = |bytes: &[u8], how: &str| {
        let answer = rig.request(&login_request(&encode_platform_id(bytes), "Ann"));
        assert_eq!(status(&answer), "401", "{how}: {answer}");
    };
    for length in 0..ticket.len() {
        refused(&ticket[..length], "cut");
    }
    for at in SIGNED..ticket.len() {
        let mut flipped = ticket.clone();
        flipped[at] ^= 1 << (at % 8);
        refused(&flipped, "flipped");
    }
    assert!(rig.server.service().players().is_empty());
}

fn refused(
    rig: &mut Rig<Mmcos>,
    ticket: &TicketBuilder,
    sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_LEN],
    reason: &str,
) {
    let answer = answer(rig, ticket, sign);
    assert_eq!(status(&answer), "401", "{answer}");
    assert!(!text(&answer, "Error").is_empty() && !answer.contains("SessionToken"));
    let event = rig.events.last().expect("the host is told");
    assert!(event.starts_with("Rejected") && event.contains(reason), "{event}");
    assert!(rig.server.service().players().is_empty());
}

#[test]
fn steam_itself_has_not_signed_what_the_test_key_signs() {
    let mut config = trusting();
    config.identity = mmcos_game::Settings::defaults().unwrap().identity;
    refused(&mut rig(config), &ticket(ANN), signing::sign, "Signature");
}
