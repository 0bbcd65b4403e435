//! Identifiers: newtypes, so that a lobby is never taken for an account.

use core::fmt;

/// A player's account on this server: dense, from 1, constant for good. The `UserID` of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct UserId(pub u32);

/// A Steam lobby, of a party (`GroupLobbyId`) or of one attempt at a game (`GameLobbyId`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct LobbyId(pub u64);

/// The upper half of the lobby ids of captures 03, 06 and 07: universe 1, type 8, and both flags of a matchmaking lobby.
const CAPTURED_FORM: u64 = 0x0186_0000 << 32;
/// Instance flag of a chat that is a lobby.
const LOBBY_FLAG: u64 = 0x4_0000 << 32;

impl LobbyId {
    /// Returns a lobby id of the captured form. For tests and models of the game.
    pub const fn numbered(number: u32) -> Self {
        Self(CAPTURED_FORM | number as u64)
    }

    /// Returns true if Steam can have issued this id for a lobby: public universe (8 bits), account type *chat* (4
    /// bits), the lobby flag among the instance bits (20 bits), and a number (32 bits). Players cannot join any other
    /// id.
    pub const fn is_joinable(self) -> bool {
        self.0 >> 52 == CAPTURED_FORM >> 52 && self.0 & LOBBY_FLAG != 0 && self.0 & 0xffff_ffff != 0
    }
}

/// The key of one match: 64 random bits, written as 16 upper-case hex digits. (Captures 03 to 08.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct RaceKey(pub u64);

impl fmt::Display for RaceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

impl RaceKey {
    /// Parses exactly 16 hex digits, as the game sends them back.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        digits.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(Self)
    }
}

/// The number of a match; numbers grow. The `SessionId` of the protocol (not a login's token).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct MatchId(pub u64);

/// Season points of a player, or a change of them.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Points(pub i32);
