//! Steam tickets from the login's field to the account that they stand for.
#![cfg(test)]

use core::time::Duration;

use mmcos_core::wire::steam::{
    AppId, Dlc, MAX_TICKET_LEN, Ownership, PublicKey, Refusal, SIGNATURE_LEN, Session, SignatureError,
    SteamId, Ticket, TicketBuilder, TicketError, UnixSeconds, check, encode_platform_id, parse_platform_id,
    verify,
};
use proptest::prelude::*;

mod signing;

const PLAYER: SteamId = SteamId::new(76_561_202_000_000_001);
const GAME: AppId = AppId(535_850);
const ISSUED: UnixSeconds = UnixSeconds(1_700_000_000);
const UNSIGNED: [u8; SIGNATURE_LEN] = [0xa5; SIGNATURE_LEN];

fn builder() -> TicketBuilder {
    TicketBuilder::new(PLAYER, GAME, ISSUED)
}

fn built(builder: &TicketBuilder) -> Vec<u8> {
    builder.build(|_| UNSIGNED).unwrap()
}

mod shape {
    use super::*;

    #[test]
    fn a_built_ticket_has_every_field_at_its_offset() {
        let mut builder = builder();
        builder.session.gc_token = 0x0102_0304_0506_0708;
        builder.session.filler = 0x1122_3344;
        let bytes = built(&builder);
        assert_eq!(bytes.len(), 234);
        let at =
            |offset: usize, field: &[u8]| assert_eq!(&bytes[offset..offset + field.len()], field, "{offset}");
        at(0, &20_u32.to_le_bytes());
        at(4, &0x0102_0304_0506_0708_u64.to_le_bytes());
        at(12, &PLAYER.get().to_le_bytes());
        at(20, &ISSUED.0.to_le_bytes());
        at(24, &[24, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
        at(36, &[192, 0, 2, 1]);
        at(40, &0x1122_3344_u32.to_le_bytes());
        at(52, &178_u32.to_le_bytes());
        at(56, &[50, 0, 0, 0, 4, 0, 0, 0]);
        at(64, &PLAYER.get().to_le_bytes());
        at(72, &535_850_u32.to_le_bytes());
        at(76, &[1, 2, 0, 192, 2, 0, 168, 192]);
        at(88, &ISSUED.0.to_le_bytes());
        at(92, &(ISSUED.0 + 21 * 86_400).to_le_bytes());
        at(96, &[1, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        at(106, &UNSIGNED);
    }

    #[test]
    fn what_is_signed_is_the_ownership_ticket() {
        let mut signed = Vec::new();
        let bytes = builder().build(|to_sign| {
            signed.extend_from_slice(to_sign);
            UNSIGNED
        });
        let bytes = bytes.unwrap();
        let ticket = Ticket::parse(&bytes).unwrap();
        assert_eq!(ticket.signed_bytes(), signed);
        assert_eq!(ticket.signed_bytes(), &bytes[56..106]);
        assert_eq!(ticket.signature(), &UNSIGNED);
    }

    #[test]
    fn a_wrong_length_or_version_is_named_with_its_offset() {
        for at in [0, 24, 52, 56, 60] {
            let mut bytes = built(&builder());
            let right = u32::from(bytes[at]);
            bytes[at] ^= 0x40;
            let wrong = u32::from(bytes[at]);
            match Ticket::parse(&bytes) {
                Err(TicketError::Unexpected { at: said, expected, found, .. }) => {
                    assert_eq!((said, expected, found), (at, right, wrong));
                }
                other => panic!("{at}: {other:?}"),
            }
        }
    }

    #[test]
    fn bytes_that_nothing_signs_or_uses_refuse_no_ticket() {
        let unused = (4..12).chain(20..24).chain(28..52);
        for (at, to) in unused.flat_map(|at| [0, 5, 0xff].map(|to| (at, to))) {
            let mut bytes = built(&builder());
            bytes[at] = to;
            let ticket = Ticket::parse(&bytes).unwrap_or_else(|error| panic!("{at}: {error}"));
            assert_eq!(check(&ticket, GAME, ISSUED.0.into(), Duration::ZERO), Ok(PLAYER), "{at}");
        }
    }

    #[test]
    fn a_count_past_the_end_is_refused() {
        let mut bytes = built(&builder());
        bytes[97] = 0xff;
        let error = Ticket::parse(&bytes).unwrap_err();
        let needed = 4 * 0xff01;
        assert_eq!(error, TicketError::Truncated { what: "the licences", at: 98, needed, left: 136 });
    }

    #[test]
    fn the_longest_ticket_is_read_and_a_longer_one_neither_built_nor_read() {
        let mut builder = builder();
        builder.ownership.licences = vec![7; (MAX_TICKET_LEN - 230) / 4];
        let longest = built(&builder);
        assert!(Ticket::parse(&longest).is_ok());
        builder.ownership.licences.push(7);
        assert!(matches!(builder.build(|_| UNSIGNED), Err(TicketError::TooLong { .. })));
        let longer = vec![0; MAX_TICKET_LEN + 1];
        assert_eq!(Ticket::parse(&longer), Err(TicketError::TooLong { len: MAX_TICKET_LEN + 1 }));
    }
}

mod signatures {
    use super::*;

    /// Made by OpenSSL over the ownership ticket of `builder()`, with the key of `signing`.
    const BY_OPENSSL: [u8; SIGNATURE_LEN] = [
        0x90, 0x6e, 0xc7, 0xe8, 0xab, 0x05, 0xd7, 0x8d, 0xaa, 0x8a, 0x30, 0xac, 0xed, 0x53, 0x1b, 0x38, 0x31,
        0x31, 0xc2, 0x73, 0xbb, 0x36, 0xcf, 0xae, 0xf7, 0x29, 0x06, 0xa0, 0xa0, 0x2d, 0xb8, 0xfe, 0x4f, 0x3a,
        0x13, 0x23, 0xb2, 0xc6, 0x29, 0xd8, 0x32, 0x54, 0xcd, 0x59, 0x64, 0xed, 0x29, 0x28, 0x68, 0x75, 0xa0,
        0x8a, 0x8e, 0xcf, 0x1f, 0x37, 0x49, 0x60, 0xcb, 0xc9, 0xed, 0x28, 0x08, 0x95, 0x8e, 0x1b, 0x33, 0x2c,
        0x3a, 0xfe, 0xd7, 0xbf, 0xe0, 0x9f, 0x28, 0xa5, 0x0a, 0x21, 0x44, 0x4e, 0x6a, 0x53, 0xb9, 0xe4, 0x5b,
        0x10, 0x2f, 0xfa, 0x12, 0x6a, 0x40, 0x58, 0xc7, 0xf6, 0x5e, 0xda, 0x83, 0x43, 0x60, 0xab, 0x88, 0x91,
        0xc4, 0x4e, 0xc8, 0x48, 0x7f, 0x6c, 0x66, 0x5f, 0x36, 0x7d, 0xbe, 0x60, 0x31, 0x05, 0x1d, 0xf5, 0xcd,
        0x45, 0xcf, 0x28, 0x61, 0xec, 0xa1, 0x98, 0x32, 0x08,
    ];

    fn is_verified(bytes: &[u8], key: &PublicKey) -> bool {
        Ticket::parse(bytes).is_ok_and(|ticket| verify(&ticket, key).is_ok())
    }

    #[test]
    fn a_signature_by_openssl_holds() {
        let bytes = builder().build(|_| BY_OPENSSL).unwrap();
        assert!(is_verified(&bytes, &signing::public_key()));
        let ours = builder().build(signing::sign).unwrap();
        assert_eq!(ours, bytes, "PKCS#1 v1.5 is deterministic");
    }

    #[test]
    fn a_ticket_with_licences_and_dlcs_is_verified_whole() {
        let mut builder = builder();
        builder.ownership.licences = vec![1, 2, 3];
        builder.ownership.dlcs = vec![Dlc { app_id: AppId(8), licences: vec![9] }];
        assert!(is_verified(&builder.build(signing::sign).unwrap(), &signing::public_key()));
    }

    #[test]
    fn a_foreign_key_does_not_verify() {
        let bytes = builder().build(|_| BY_OPENSSL).unwrap();
        let ticket = Ticket::parse(&bytes).unwrap();
        assert_eq!(verify(&ticket, &PublicKey::steam()), Err(SignatureError));
    }

    #[test]
    fn no_flipped_bit_of_the_signed_part_or_the_signature_is_verified() {
        let key = signing::public_key();
        let bytes = builder().build(|_| BY_OPENSSL).unwrap();
        for at in 56..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(!is_verified(&flipped, &key), "bit {} of byte {at}", at % 8);
        }
    }

    #[test]
    fn a_signature_beyond_the_modulus_is_refused() {
        let bytes = builder().build(|_| [0xff; SIGNATURE_LEN]).unwrap();
        assert!(!is_verified(&bytes, &signing::public_key()));
    }
}

mod checks {
    use super::*;

    const TOLERANCE: Duration = Duration::from_mins(5);

    fn checked(builder: &TicketBuilder, now: i64) -> Result<SteamId, Refusal> {
        let bytes = builder.build(|_| UNSIGNED).unwrap();
        check(&Ticket::parse(&bytes).unwrap(), GAME, now, TOLERANCE)
    }

    #[test]
    fn a_ticket_holds_from_issue_to_expiry_and_the_tolerance_about() {
        let issued = i64::from(ISSUED);
        let expires = issued + i64::from(TicketBuilder::LIFETIME_SECONDS);
        assert_eq!(checked(&builder(), issued - 300), Ok(PLAYER));
        assert_eq!(checked(&builder(), expires + 300), Ok(PLAYER));
        let early = Duration::from_secs(301);
        assert_eq!(checked(&builder(), issued - 301), Err(Refusal::NotYetIssued { early }));
        let late = Duration::from_secs(301);
        assert_eq!(checked(&builder(), expires + 301), Err(Refusal::Expired { late }));
    }

    #[test]
    fn no_clock_is_too_wrong_to_check() {
        assert!(matches!(checked(&builder(), i64::MIN), Err(Refusal::NotYetIssued { .. })));
        assert!(matches!(checked(&builder(), i64::MAX), Err(Refusal::Expired { .. })));
    }

    #[test]
    fn a_ticket_of_another_game_is_refused() {
        let other = TicketBuilder::new(PLAYER, AppId(440), ISSUED);
        let refusal = Refusal::OtherApp { expected: GAME, found: AppId(440) };
        assert_eq!(checked(&other, ISSUED.into()), Err(refusal));
    }

    #[test]
    fn both_halves_name_the_same_account() {
        let mut builder = builder();
        builder.session.steam_id = SteamId::new(PLAYER.get() + 1);
        let refusal = Refusal::TwoAccounts { signed: PLAYER, claimed: SteamId::new(PLAYER.get() + 1) };
        assert_eq!(checked(&builder, ISSUED.into()), Err(refusal));
    }

    #[test]
    fn only_people_log_in() {
        let game_server = SteamId::new(0x0130_0001_0000_0001);
        let builder = TicketBuilder::new(game_server, GAME, ISSUED);
        assert_eq!(checked(&builder, ISSUED.into()), Err(Refusal::NotAPlayer { steam_id: game_server }));
    }

    #[test]
    fn a_refusal_says_what_it_means_and_what_to_do() {
        let late = Duration::from_secs(3 * 86_400 + 5);
        let text = Refusal::Expired { late }.to_string();
        assert!(text.starts_with("the Steam ticket expired 3 days ago"), "{text}");
        assert!(text.ends_with("restart Steam online and check the clock"), "{text}");
        let early = Duration::from_secs(7_199);
        let text = Refusal::NotYetIssued { early }.to_string();
        assert!(text.starts_with("the Steam ticket was issued 119 minutes in the future"), "{text}");
    }
}

fn licences() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 0..6)
}

prop_compose! {
    fn sessions()(
        constants: [u32; 2], gc_token: u64, steam_id: u64, generated: u32, ip: u32, filler: u32, connected_millis: u32,
        connection_count: u32,
    ) -> Session {
        let (steam_id, generated, external_ip) = (SteamId::new(steam_id), UnixSeconds(generated), ip.into());
        Session { constants, gc_token, steam_id, generated, external_ip, filler, connected_millis, connection_count }
    }
}

prop_compose! {
    fn ownerships()(
        (steam_id, app_id, flags) in any::<(u64, u32, u32)>(),
        (external_ip, internal_ip) in any::<(u32, u32)>(),
        (issued, expires, reserved) in any::<(u32, u32, u16)>(),
        licences in licences(),
        dlcs in prop::collection::vec((any::<u32>(), licences()), 0..4),
    ) -> Ownership {
        Ownership {
            steam_id: SteamId::new(steam_id),
            app_id: AppId(app_id),
            external_ip: external_ip.into(),
            internal_ip: internal_ip.into(),
            flags,
            issued: UnixSeconds(issued),
            expires: UnixSeconds(expires),
            licences,
            dlcs: dlcs.into_iter().map(|(id, licences)| Dlc { app_id: AppId(id), licences }).collect(),
            reserved,
        }
    }
}

fn builders() -> impl Strategy<Value = TicketBuilder> {
    (sessions(), ownerships()).prop_map(|(session, ownership)| TicketBuilder { session, ownership })
}

proptest! {
    #[test]
    fn parsing_what_was_built_gives_every_field(builder in builders()) {
        let bytes = built(&builder);
        let ticket = Ticket::parse(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(ticket.session(), &builder.session);
        prop_assert_eq!(ticket.ownership(), &builder.ownership);
    }

    #[test]
    fn building_what_was_parsed_gives_the_bytes(builder in builders(), at in any::<prop::sample::Index>(), to: u8) {
        let mut bytes = built(&builder);
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(ticket) = Ticket::parse(&bytes) {
            let (session, ownership) = (ticket.session().clone(), ticket.ownership().clone());
            let rebuilt = TicketBuilder { session, ownership }.build(|_| *ticket.signature());
            prop_assert_eq!(rebuilt, Ok(bytes.clone()));
        }
    }

    #[test]
    fn every_truncation_is_refused(builder in builders()) {
        let bytes = built(&builder);
        for len in 0..bytes.len() {
            prop_assert!(Ticket::parse(&bytes[..len]).is_err(), "{} of {}", len, bytes.len());
        }
    }

    #[test]
    fn every_byte_more_is_refused(builder in builders(), extra: u8) {
        let mut bytes = built(&builder);
        bytes.push(extra);
        prop_assert!(Ticket::parse(&bytes).is_err());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Ticket::parse(&bytes);
    }

    #[test]
    fn no_platform_id_panics(text in "[0-9a-fA-F^é ]{0,20}(\\^\\^\\^\\^(true|false|x))?") {
        let _ = parse_platform_id(&text);
    }

    #[test]
    fn a_platform_id_gives_its_bytes_back(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = encode_platform_id(&bytes);
        prop_assert_eq!(parse_platform_id(&text), Ok(bytes.clone()));
        let upper = text.replace("^^^^true", "").to_uppercase() + "^^^^true";
        prop_assert_eq!(parse_platform_id(&upper), Ok(bytes));
    }
}
