use alloc::{boxed::Box, format, string::String};
use core::net::SocketAddr;

use super::{
    Fault,
    events::ByHand,
    ids::{Points, RaceKey, UserId},
    matchmaker::{GroupSize, Mode},
    moderation::{Ban, Subject},
    players::Name,
    seasons::SeasonId,
};
use mmcos_core::{
    admin,
    notice::Notice,
    seam::{Level, Report},
    wire::steam::SteamId,
};

/// What a host is told. The texts are for people; a name in them is a player's own, so a log is not to be trusted
/// as markup.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Event {
    /// A request was refused.
    #[error("{peer}: {request} refused: {fault}")]
    Refused {
        /// Who asked.
        peer: SocketAddr,
        /// For what.
        request: &'static str,
        /// Why not.
        fault: Box<Fault>,
    },
    /// Nothing is at the path of a request: a mistyped address, or a scanner.
    #[error("404 {request} from {peer}")]
    NotFound {
        /// The client.
        peer: SocketAddr,
        /// Method and path, such as `GET /favicon.ico`; a long path is cut.
        request: String,
    },
    /// A player is in.
    #[error("{name} ({steam_id}) logged in from {peer}{}", if *new { ", for the first time" } else { "" })]
    LoggedIn {
        /// Where from.
        peer: SocketAddr,
        /// Who.
        steam_id: SteamId,
        /// By what name.
        name: Name,
        /// Whether the account was made just now.
        new: bool,
    },
    /// Somebody began to search while nobody else did: the moment to tell friends. A poll that goes on with a search is
    /// no new one, nor is another mode of a player who searches already.
    #[error("{name} searches for {:?}, and nobody else does", mode.game_type.0)]
    FirstSearch {
        /// Who.
        name: Name,
        /// For what. Its names are the client's.
        mode: Mode,
        /// Players of the party, as the client says.
        size: GroupSize,
    },
    /// A result was counted.
    #[error("{name} has {points} points now ({change:+})", points = points.0, change = change.0)]
    Scored {
        /// Whose.
        user: UserId,
        /// By what name.
        name: Name,
        /// The change as counted.
        change: Points,
        /// The points after it.
        points: Points,
    },
    /// A result claimed more than any game can bring, and was cut.
    #[error("{name} claimed {claimed:+} points, more than one game can bring: counted as {counted:+}",
        claimed = claimed.0, counted = counted.0)]
    Exaggerated {
        /// Whose.
        name: Name,
        /// What the game said.
        claimed: Points,
        /// What it was cut to.
        counted: Points,
    },
    /// A result did not count. Nothing was changed.
    #[error("{name} claimed {claimed:+} points {why}: not counted", claimed = claimed.0)]
    NotCounted {
        /// Whose.
        name: Name,
        /// What the game said.
        claimed: Points,
        /// Why not.
        why: NotCounted,
    },
    /// Somebody is to stay out from now on.
    #[error("{0}{note}", note = if .0.note.is_empty() { String::new() } else { format!(" ({})", .0.note) })]
    Banned(Box<Ban>),
    /// A ban was taken back.
    #[error("{0} may play again")]
    Unbanned(Subject),
    /// An operator did something, from this address.
    #[error("the operator at {peer} {deed}")]
    Operator {
        /// From where.
        peer: SocketAddr,
        /// What, such as `set message to "Hello"`.
        deed: String,
    },
    /// Somebody was not let in as an operator.
    #[error("{peer} was refused as an operator: {why}")]
    NoOperator {
        /// Who.
        peer: SocketAddr,
        /// Why.
        why: admin::Refusal,
    },
    /// A season began.
    #[error("season {} began; {players} players start anew", season.0)]
    SeasonStarted {
        /// Its number.
        season: SeasonId,
        /// Those who had been in an earlier one.
        players: usize,
    },
    /// A season that began at a wrong time got the number that is right by the calendar.
    #[error("season {} was begun while the clock was ahead: it is season {} now, and all points stay", wrong.0, season.0)]
    SeasonRenumbered {
        /// Its number until now.
        wrong: SeasonId,
        /// Its number from now on.
        season: SeasonId,
    },
    /// Rows of players were gone when the server started.
    #[error(
        "{accounts} accounts are missing in the store: their players start anew at their next login, and their \
         results are left out; if you did not delete them, restore a backup"
    )]
    AccountsMissing {
        /// How many, below the highest number that is there.
        accounts: usize,
    },
    /// An operator started an event, or stopped one.
    #[error("{0}")]
    EventByHand(ByHand),
    /// A request that nobody has ever seen came. Worth a report: it may teach what the protocol is missing.
    #[error(
        "{peer} sent {request}, which no capture shows ({bytes} bytes): please report how that came about"
    )]
    Unseen {
        /// Who.
        peer: SocketAddr,
        /// What.
        request: String,
        /// How long its body was.
        bytes: usize,
    },
}

/// Reason why a result does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCounted {
    /// The race is not, or no longer, the player's.
    #[error("for race {0}, which is none of theirs")]
    NotTheirs(RaceKey),
    /// Sooner after its key than a race can end.
    #[error("for a race that cannot be over yet")]
    TooSoon,
    /// More results than anybody can race for.
    #[error("for more races than anybody can finish in this time")]
    TooMany,
}

impl Report for Event {
    fn target(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "mmcos::refused",
            Self::NotFound { .. } => "mmcos::not-found",
            Self::LoggedIn { .. } => "mmcos::login",
            Self::FirstSearch { .. } => "mmcos::search",
            Self::Scored { .. } => "mmcos::result",
            Self::Exaggerated { .. } => "mmcos::exaggerated",
            Self::NotCounted { .. } => "mmcos::not-counted",
            Self::Banned(_) => "mmcos::ban",
            Self::Unbanned(_) => "mmcos::unban",
            Self::Operator { .. } => "mmcos::operator",
            Self::NoOperator { .. } => "mmcos::no-operator",
            Self::SeasonStarted { .. } | Self::SeasonRenumbered { .. } => "mmcos::season",
            Self::AccountsMissing { .. } => "mmcos::accounts-missing",
            Self::EventByHand(_) => "mmcos::event",
            Self::Unseen { .. } => "mmcos::unseen",
        }
    }

    fn level(&self) -> Level {
        match self {
            Self::Refused { .. }
            | Self::NoOperator { .. }
            | Self::Exaggerated { .. }
            | Self::NotCounted { .. }
            | Self::AccountsMissing { .. } => Level::Warn,
            Self::NotFound { .. }
            | Self::LoggedIn { .. }
            | Self::FirstSearch { .. }
            | Self::Scored { .. }
            | Self::Banned(_)
            | Self::Unbanned(_)
            | Self::Operator { .. }
            | Self::SeasonStarted { .. }
            | Self::SeasonRenumbered { .. }
            | Self::EventByHand(_)
            | Self::Unseen { .. } => Level::Info,
        }
    }
    fn notice(&self) -> Option<Notice> {
        super::notice::of(self)
    }
}
