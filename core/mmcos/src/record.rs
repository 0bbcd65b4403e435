//! Every durable change as a value.

use alloc::{boxed::Box, string::String};

use super::{
    events::ByHand,
    ids::SessionId,
    moderation::{Ban, Subject},
    players::Player,
    results::{Race, RaceResult},
    seasons::SeasonStarted,
};

/// A durable change: what a store keeps, and what a server is restored from.
///
/// A record is a row, not a step: it has a natural key, and replaces what was kept under that key before. So a store
/// never has to compact a log: it keeps the last record of each key, gives those back at the next start, and the
/// server is what it was. The order to give them back in is the order of the table:
///
/// | record | key | given back |
/// |---|---|---|
/// | [`SeasonStarted`](Record::SeasonStarted) | season | the last one; the players' rows may still be of the season before |
/// | [`Player`](Record::Player) | `UserID` | all, in the order of the key |
/// | [`Race`](Record::Race) | `SessionId` | those of the last [`KEEP`](super::results::KEEP), and the last one |
/// | [`Result`](Record::Result) | `SessionId`, `UserID` | those of these races |
/// | [`Ban`](Record::Ban) | subject | all |
/// | [`Setting`](Record::Setting) | name | all |
/// | [`EventByHand`](Record::EventByHand) | `from` | the last one |
///
/// Giving back every record ever made, in the order of their making, leads to the same server.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Record {
    /// A player, whole, after any change.
    Player(Box<Player>),
    /// A race whose key was issued, or about which more became known.
    Race(Box<Race>),
    /// A race that will never be: its only player searched on. There need be no trace of it.
    RaceForgotten(SessionId),
    /// A result that counted. The player's own row comes with it.
    Result(RaceResult),
    /// Somebody may not play.
    Ban(Box<Ban>),
    /// Somebody may play again. There need be no trace of the ban.
    Unban(Subject),
    /// An operator set something, or (without a value) took that back.
    Setting {
        /// Its [name](mmcos_core::settings::Key::name). One that this version does not know is kept and has no effect.
        name: String,
        /// Its value.
        value: Option<String>,
    },
    /// A season began. It says how a player's row of the season before changes; the rows follow, some at a time.
    SeasonStarted(Box<SeasonStarted>),
    /// An operator started or stopped an event.
    EventByHand(ByHand),
}
