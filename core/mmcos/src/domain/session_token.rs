//! Session tokens: issued at Login, and sent with every later request.
//!
//! The official token was base64 of 281 bytes: a version, the `UserID`, a time and a secret, so that it could be
//! verified without a table (PROTOCOL.md §3). Ours follows that idea with fewer bytes, our choice:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version, 1 |
//! | 4 | `UserID` |
//! | 8 | `SteamID64` |
//! | 8 | time of issue, milliseconds since the epoch |
//! | 4 | `Hash` of the game's configuration that came with it |
//! | 32 | HMAC-SHA-256 over the 25 bytes before, under the server's key |
//!
//! all little-endian, in base64.

use alloc::string::String;
use core::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::ids::UserId;
use mmcos_core::{seam::Wall, wire::steam::SteamId};

/// Time for which a session is valid. (Our choice.)
pub const LIFETIME: Duration = Duration::from_hours(7 * 24);

const VERSION: u8 = 1;
const CLAIMS: usize = 25;
const TOKEN: usize = CLAIMS + 32;

/// A player session, as its token states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The account.
    pub user: UserId,
    /// Its Steam account, so that a token of a server whose players were lost is never valid for another player.
    pub steam_id: SteamId,
    /// Time of issue.
    pub issued: Wall,
    /// The `Hash` of the game's configuration that the player received with the token.
    pub configuration: i32,
}

/// Reason why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The token is not base64, or not of the right length or version.
    #[error("the session token is not one of this server's")]
    Malformed,
    /// The token was not made with this server's key, or was changed since.
    #[error("the session token was not issued by this server")]
    Forged,
    /// The token was issued too long ago.
    #[error("the session has expired: log in again")]
    Expired,
}

/// Issues and checks session tokens with a secret key.
///
/// ```
/// use mmcos_core::{seam::Wall, wire::steam::SteamId};
/// use mmcos_game::{ids::UserId, session_token::{Session, SessionKey}};
/// # use core::time::Duration;
/// let key = SessionKey::new(&[1; 32], Duration::from_hours(24));
/// let issued = Wall::from_secs(1_700_000_000);
/// let steam_id = SteamId::new(76561202255230001);
/// let session = Session { user: UserId(7), steam_id, issued, configuration: 0 };
/// let token = key.issue(&session);
/// assert_eq!(key.verify(&token, Wall::from_secs(1_700_003_600)), Ok(session));
/// assert!(key.verify(&token, Wall::from_secs(1_700_090_000)).is_err());
/// ```
#[derive(Clone, Debug)]
pub struct SessionKey {
    mac: Hmac<Sha256>,
    lifetime: Duration,
}

impl SessionKey {
    /// Returns a key whose tokens are valid for `lifetime`.
    pub fn new(key: &[u8; 32], lifetime: Duration) -> Self {
        // HMAC fills a key up to a block with zeros.
        let mut block = [0; 64];
        if let Some(start) = block.first_chunk_mut::<32>() {
            *start = *key;
        }
        Self { mac: Hmac::new(&block.into()), lifetime }
    }

    /// Returns the token of a session.
    pub fn issue(&self, session: &Session) -> String {
        let mut token = [0; TOKEN];
        let (claims, tag) = token.split_at_mut(CLAIMS);
        let fields = [
            &[VERSION][..],
            &session.user.0.to_le_bytes(),
            &session.steam_id.get().to_le_bytes(),
            &session.issued.as_millis().to_le_bytes(),
            &session.configuration.to_le_bytes(),
        ];
        for (slot, byte) in claims.iter_mut().zip(fields.into_iter().flatten()) {
            *slot = *byte;
        }
        tag.copy_from_slice(&self.mac.clone().chain_update(claims).finalize().into_bytes());
        STANDARD.encode(token)
    }

    /// Returns the session of a token. The comparison takes the same time wherever the token is wrong. A token from
    /// the future is authentic: the clock was set back since.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub fn verify(&self, token: &str, now: Wall) -> Result<Session, SessionError> {
        let mut bytes = [0; TOKEN];
        match STANDARD.decode_slice(token, &mut bytes) {
            Ok(TOKEN) => {}
            _ => return Err(SessionError::Malformed),
        }
        let (claims, tag) = bytes.split_first_chunk::<CLAIMS>().ok_or(SessionError::Malformed)?;
        self.mac.clone().chain_update(claims).verify_slice(tag).map_err(|_| SessionError::Forged)?;
        let session = read_claims(claims).ok_or(SessionError::Malformed)?;
        let age = now.as_millis().saturating_sub(session.issued.as_millis());
        let oldest = i64::try_from(self.lifetime.as_millis()).unwrap_or(i64::MAX);
        if age < oldest { Ok(session) } else { Err(SessionError::Expired) }
    }
}

fn read_claims(claims: &[u8; CLAIMS]) -> Option<Session> {
    let (&[version], rest) = claims.split_first_chunk::<1>()?;
    let (user, rest) = rest.split_first_chunk::<4>()?;
    let (steam_id, rest) = rest.split_first_chunk::<8>()?;
    let (issued, rest) = rest.split_first_chunk::<8>()?;
    let configuration = rest.first_chunk::<4>()?;
    (version == VERSION).then_some(Session {
        user: UserId(u32::from_le_bytes(*user)),
        steam_id: SteamId::new(u64::from_le_bytes(*steam_id)),
        issued: Wall::from_millis(i64::from_le_bytes(*issued)),
        configuration: i32::from_le_bytes(*configuration),
    })
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    const NOW: Wall = Wall::from_secs(1_700_000_000);

    fn key(byte: u8) -> SessionKey {
        SessionKey::new(&[byte; 32], Duration::from_hours(24))
    }

    fn token() -> String {
        let steam_id = SteamId::new(42);
        key(1).issue(&Session { user: UserId(7), steam_id, issued: NOW, configuration: -3 })
    }

    #[test]
    fn every_changed_character_is_refused() {
        let token = token();
        for at in 0..token.len() {
            for other in ['A', 'b', '7', '+', '=', ' '] {
                let mut changed = token.clone();
                changed.replace_range(at..=at, &other.to_string());
                assert!(changed == token || key(1).verify(&changed, NOW).is_err(), "{changed}");
            }
        }
    }

    #[test]
    fn every_truncation_and_extension_is_refused() {
        let token = token();
        for length in 0..token.len() {
            let cut: String = token.chars().take(length).collect();
            assert_eq!(key(1).verify(&cut, NOW), Err(SessionError::Malformed));
        }
        assert_eq!(key(1).verify(&(token.clone() + "AAAA"), NOW), Err(SessionError::Malformed));
        assert_eq!(key(1).verify(&token.repeat(2), NOW), Err(SessionError::Malformed));
    }

    #[test]
    fn another_key_and_another_time_are_refused() {
        assert_eq!(key(2).verify(&token(), NOW), Err(SessionError::Forged));
        let later =
            |secs: i64| key(1).verify(&token(), Wall::from_secs(NOW.as_secs() + secs)).map(|s| s.user);
        assert_eq!(later(86_399), Ok(UserId(7)));
        assert_eq!(later(86_400), Err(SessionError::Expired));
        // The clock was set back since: the token is authentic all the same.
        assert_eq!(later(-61), Ok(UserId(7)));
        assert_eq!(later(-10 * 365 * 86_400), Ok(UserId(7)));
    }
}
