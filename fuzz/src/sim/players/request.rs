use std::rc::Rc;

use mmcos_core::wire::steam::{SteamId, UnixSeconds};
use mmcos_game::ids::{Points, RaceKey};

use super::Player;
use crate::client::{Mode, Poll, requests};

/// A request of a game.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Redirect,
    ServerStatus,
    Login {
        issued: UnixSeconds,
    },
    EgoNet,
    Title(u8),
    Elite {
        start: u32,
    },
    EliteRank,
    Friends(Rc<[SteamId]>),
    /// A request that no capture shows.
    NameOnly,
    Poll(Poll),
    Cancel,
    Register {
        race_key: RaceKey,
        mode: Mode,
        listed: Rc<[SteamId]>,
    },
    AddPoints {
        race_key: RaceKey,
        change: Points,
    },
}

impl Request {
    /// Returns true if the server may hold it.
    pub(crate) const fn is_held(&self) -> bool {
        matches!(self, Self::Poll(_))
    }

    /// Returns true if its response depends on the player, so that it needs a session.
    pub(crate) const fn needs_session(&self) -> bool {
        !matches!(
            self,
            Self::Redirect | Self::ServerStatus | Self::Login { .. } | Self::EgoNet | Self::NameOnly
        )
    }

    /// Returns true if the server may have to record something for it.
    pub(crate) const fn may_record(&self) -> bool {
        matches!(
            self,
            Self::Login { .. }
                | Self::Title(_)
                | Self::Poll(_)
                | Self::Register { .. }
                | Self::AddPoints { .. }
        )
    }

    /// Returns the bytes that the game sends.
    pub(crate) fn bytes(&self, player: &Player) -> Vec<u8> {
        let token = player.token.as_str();
        match self {
            Self::Redirect => requests::redirect(),
            Self::ServerStatus => requests::server_status(),
            Self::Login { issued } => requests::login(player.steam_id, *issued),
            Self::EgoNet => requests::egonet_login(player.steam_id),
            Self::Title(title) => requests::update_account_title(token, *title),
            Self::Elite { start } => requests::get_elite(token, *start),
            Self::EliteRank => requests::get_elite_rank(token),
            Self::Friends(ids) => requests::get_friends(token, ids),
            Self::NameOnly => requests::post(requests::path("DebugMessage"), b""),
            Self::Poll(poll) => requests::enter_matchmaking(&poll.request(token)),
            Self::Cancel => requests::cancel_matchmaking(token),
            Self::Register { race_key, mode, listed } => {
                requests::register_active_game(token, *race_key, *mode, listed)
            }
            Self::AddPoints { race_key, change } => requests::add_points(token, *race_key, *change),
        }
    }
}
