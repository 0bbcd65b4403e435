use std::{str, time::Duration};

use mmcos_core::{seam::Wall, wire::steam::SteamId};
use mmcos_game::{
    ids::UserId,
    session_token::{Session, SessionError, SessionKey},
};

use super::script::Script;

const LIFETIME: Duration = Duration::from_hours(24);

/// Takes a session and a time, then changes of its token (pairs of a position and a byte to put there), then any
/// text: the token is valid for as long as it should be, and no other text is.
///
/// # Panics
/// If one of these promises is broken.
pub fn session_token(bytes: &[u8]) {
    let mut script = Script(bytes);
    let mut long = || (0..8).fold(0, |sum: u64, _| sum << 8 | u64::from(script.byte()));
    let session = Session {
        user: UserId(u32::try_from(long() >> 32).unwrap_or_default()),
        steam_id: SteamId::new(long()),
        issued: Wall::from_millis(long().cast_signed()),
        configuration: 45,
    };
    let now = Wall::from_millis(session.issued.as_millis().saturating_add(long().cast_signed() >> 24));
    let key = SessionKey::new(&[1; 32], LIFETIME);
    let token = key.issue(&session);

    let age = now.as_millis().saturating_sub(session.issued.as_millis());
    // A token from the future is authentic: the clock was set back.
    let holds = age < i64::try_from(LIFETIME.as_millis()).unwrap_or(i64::MAX);
    let expected = if holds { Ok(session) } else { Err(SessionError::Expired) };
    assert_eq!(key.verify(&token, now), expected, "issued at {:?}, and it is {now:?}", session.issued);
    let other_key = SessionKey::new(&[2; 32], LIFETIME);
    assert_eq!(other_key.verify(&token, now), Err(SessionError::Forged));

    let changed = changed(&token, &mut script);
    if changed != token.as_bytes() {
        refused(&key, &changed, now);
    }
    refused(&key, script.0, now);
}

fn changed(token: &str, script: &mut Script<'_>) -> Vec<u8> {
    let mut bytes = token.as_bytes().to_vec();
    for _ in 0..script.byte() % 4 {
        let at = usize::from(script.byte()) % bytes.len();
        bytes[at] = script.byte();
    }
    let length = usize::from(script.byte());
    if length > 0 {
        bytes.truncate(length);
    }
    bytes
}

fn refused(key: &SessionKey, text: &[u8], now: Wall) {
    let Ok(text) = str::from_utf8(text) else { return };
    let refusal = key.verify(text, now);
    assert!(matches!(refusal, Err(SessionError::Forged | SessionError::Malformed)), "{text:?}: {refusal:?}");
}
