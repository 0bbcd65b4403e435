use alloc::{boxed::Box, format, string::String};
use core::net::SocketAddr;

use crate::{
    NightNews, Rejection,
    calls::CallNews,
    ids::{Points, RaceKey, UserId},
    moderation::{Ban, Subject},
    nights::Night,
    players::Name,
    seasons::SeasonId,
    special_events::ByHand,
};
use mmcos_core::{
    admin,
    calendar::UtcText,
    notice::{Notice, Topic},
    seam::{Level, Report, Wall},
    wire::steam::SteamId,
};

/// Log event for the operator. The texts are for people. They contain names that players chose, so escape them before
/// you show them as markup.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LogEvent {
    /// A request was rejected.
    #[error("{peer}: {request} refused: {rejection}")]
    Rejected {
        /// The client.
        peer: SocketAddr,
        /// The request.
        request: &'static str,
        /// The reason.
        rejection: Box<Rejection>,
    },
    /// Nothing is at the path of a request: a mistyped address, or a scanner.
    #[error("404 {request} from {peer}")]
    NotFound {
        /// The client.
        peer: SocketAddr,
        /// Method and path, such as `GET /favicon.ico`; a long path is cut.
        request: String,
    },
    /// A player logged in.
    #[error("{name} ({steam_id}) logged in from {peer}{}", if *new { ", for the first time" } else { "" })]
    LoggedIn {
        /// Address of the client.
        peer: SocketAddr,
        /// The player's Steam account.
        steam_id: SteamId,
        /// The player's name.
        name: Name,
        /// True if this login made the account.
        new: bool,
    },
    /// A player is alone, or no longer alone: the time to tell friends.
    #[error("{}", describe(name, news))]
    Call {
        /// Name of the player.
        name: Name,
        /// The call that this belongs to.
        topic: Topic,
        /// Latest state of the call.
        news: CallNews,
    },
    /// A race night comes, begins or ends.
    #[error("{}", crate::state::nights::describe(night, *news))]
    Night {
        /// The night.
        night: Night,
        /// The news.
        news: NightNews,
    },
    /// A result was counted.
    #[error("{name} has {points} points now ({change:+})", points = points.0, change = change.0)]
    Scored {
        /// The player.
        user: UserId,
        /// The player's name.
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
        /// The player's name.
        name: Name,
        /// Change that the game claimed.
        claimed: Points,
        /// Change that it was cut to.
        counted: Points,
    },
    /// A result did not count. Nothing was changed.
    #[error("{name} claimed {claimed:+} points {why}: not counted", claimed = claimed.0)]
    NotCounted {
        /// The player's name.
        name: Name,
        /// Change that the game claimed.
        claimed: Points,
        /// The reason.
        why: NotCounted,
    },
    /// A ban was set.
    #[error("{0}{note}", note = if .0.note.is_empty() { String::new() } else { format!(" ({})", .0.note) })]
    Banned(Box<Ban>),
    /// A ban was lifted.
    #[error("the ban of {0} was lifted")]
    Unbanned(Subject),
    /// An operator carried out a command from this address.
    #[error("{operator} at {peer} {deed}")]
    Operator {
        /// Name of the operator.
        operator: String,
        /// Address of the operator.
        peer: SocketAddr,
        /// The command, such as `set message to "Hello"`.
        deed: String,
    },
    /// A client was not accepted as an operator.
    #[error("{peer} was refused as an operator: {why}")]
    NoOperator {
        /// The client.
        peer: SocketAddr,
        /// The reason.
        why: admin::Refusal,
    },
    /// A season began.
    #[error(
        "season {} (official numbering) has begun and lasts until {}; {players} players start again",
        season.0,
        UtcText::from(*ends)
    )]
    SeasonStarted {
        /// Its number.
        season: SeasonId,
        /// Its end.
        ends: Wall,
        /// Number of players that had been in an earlier season.
        players: usize,
    },
    /// A season that began at a wrong time got the number that is right by the calendar.
    #[error("season {} began while the clock was ahead: it is now season {}, and all points stay", wrong.0, season.0)]
    SeasonRenumbered {
        /// Its number until now.
        wrong: SeasonId,
        /// Its number from now on.
        season: SeasonId,
    },
    /// A season that an operator began early was undone.
    #[error("season {} was undone: season {} goes on, with the points from before", undone.0, season.0)]
    SeasonUndone {
        /// The season that was undone.
        undone: SeasonId,
        /// The season that goes on.
        season: SeasonId,
    },
    /// Rows of players were gone when the server started.
    #[error(
        "{accounts} accounts are missing in the store: these players start again at their next login, and their \
         results are ignored; if you did not delete them, restore a backup"
    )]
    AccountsMissing {
        /// Number of missing accounts, below the highest number that is there.
        accounts: usize,
    },
    /// An operator started an event, or stopped one.
    #[error("{0}")]
    EventByHand(ByHand),
    /// A request came that no capture shows. Worth a report: it may teach what the protocol is missing.
    #[error(
        "{peer} sent {request}, which no capture shows ({bytes} bytes): please report what the player did in the game"
    )]
    Unseen {
        /// The client.
        peer: SocketAddr,
        /// The request.
        request: String,
        /// Length of its body, in bytes.
        bytes: usize,
    },
}

/// Reason why a result does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCounted {
    /// The race is not, or is no longer, the player's.
    #[error("for race {0}, in which the player does not take part")]
    NotTheirs(RaceKey),
    /// The result came sooner after its key than a race can end.
    #[error("for a race that cannot be over yet")]
    TooSoon,
    /// The player brought more results than a player can race for.
    #[error("for more races than a player can finish in this time")]
    TooMany,
}

/// Returns the line in the log about a player that is alone, or was.
fn describe(name: &Name, news: &CallNews) -> String {
    match news {
        CallNews::Online { .. } => format!("{name} is the only player online"),
        CallNews::Searching { search, .. } => {
            format!("{name} is the only player searching, for {:?}", search.mode.game_type.0)
        }
        CallNews::Met { players, .. } => format!("{name} is no longer alone: {players} players race"),
        CallNews::Over { .. } => format!("{name} stopped searching and met no other player"),
    }
}

impl Report for LogEvent {
    fn target(&self) -> &'static str {
        match self {
            Self::Rejected { .. } => "mmcos::refused",
            Self::NotFound { .. } => "mmcos::not-found",
            Self::LoggedIn { .. } => "mmcos::login",
            Self::Call { .. } => "mmcos::search",
            Self::Night { .. } => "mmcos::night",
            Self::Scored { .. } => "mmcos::result",
            Self::Exaggerated { .. } => "mmcos::exaggerated",
            Self::NotCounted { .. } => "mmcos::not-counted",
            Self::Banned(_) => "mmcos::ban",
            Self::Unbanned(_) => "mmcos::unban",
            Self::Operator { .. } => "mmcos::operator",
            Self::NoOperator { .. } => "mmcos::no-operator",
            Self::SeasonStarted { .. } | Self::SeasonRenumbered { .. } | Self::SeasonUndone { .. } => {
                "mmcos::season"
            }
            Self::AccountsMissing { .. } => "mmcos::accounts-missing",
            Self::EventByHand(_) => "mmcos::event",
            Self::Unseen { .. } => "mmcos::unseen",
        }
    }

    fn level(&self) -> Level {
        match self {
            Self::Rejected { .. }
            | Self::NoOperator { .. }
            | Self::Exaggerated { .. }
            | Self::NotCounted { .. }
            | Self::AccountsMissing { .. } => Level::Warn,
            Self::NotFound { .. }
            | Self::LoggedIn { .. }
            | Self::Call { .. }
            | Self::Night { .. }
            | Self::Scored { .. }
            | Self::Banned(_)
            | Self::Unbanned(_)
            | Self::Operator { .. }
            | Self::SeasonStarted { .. }
            | Self::SeasonRenumbered { .. }
            | Self::SeasonUndone { .. }
            | Self::EventByHand(_)
            | Self::Unseen { .. } => Level::Info,
        }
    }
    fn notice(&self) -> Option<Notice> {
        crate::host::notice::of(self)
    }
}
