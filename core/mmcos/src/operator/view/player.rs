//! Everything that is known of one player.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Ban, PlayerRow, ResultRow};
use crate::{
    Mmcos, ids::UserId, matchmaker::LiveMatch, moderation::Subject, players::Adjustment, public,
    state::sessions,
};
use mmcos_core::{admin::Role, service::Context};

/// The most results, logins and changes of points on a player's page.
const ROWS: usize = 50;

/// Player, with everything that is known.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::operator) struct PlayerDetails<'a> {
    #[serde(flatten)]
    row: PlayerRow<'a>,
    /// Number that the game shows.
    user_facing_id: String,
    /// Title, a key of the game's texts.
    title: &'a str,
    /// Number of times that the player began again from level 0, as the game reports it.
    prestige: u16,
    /// Time of the first login.
    first_seen: i64,
    /// Season of the points.
    season: i32,
    /// Points that were given at the start of the season.
    bonus: i32,
    /// Number of the match that the player is in.
    session: Option<String>,
    /// History as a host.
    hosted: Hosted,
    /// Logins since the server started, at most 50, the latest first; `null` for viewers. The server remembers its last
    /// 2,048.
    logins: Option<Vec<Login>>,
    /// Results, at most 50, the latest first.
    results: Vec<ResultRow<'a>>,
    /// Places at the end of past seasons, among the first 100 of each.
    seasons: Vec<public::view::PastPlace>,
    /// Changes of the points by operators, at most 50, the latest first.
    adjustments: Vec<AdjustmentRow<'a>>,
    /// Bans of the account, and of the address of the last login, also those that have ended.
    bans: Vec<Ban<'a>>,
}

/// History of a host: a match is confirmed if a player reports its start.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Hosted {
    /// Number of matches that took place.
    confirmed: u32,
    /// Number of matches in a row, up to the last, of whose start nothing was reported.
    unconfirmed: u32,
}

/// Change of a player's points by an operator.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct AdjustmentRow<'a> {
    /// Time of the change.
    at: i64,
    /// Name of the operator.
    operator: &'a str,
    /// Points that were added.
    change: i32,
    /// Points after it.
    points: i32,
    /// Reason that the operator gave.
    reason: &'a str,
}

/// Login of a player.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Login {
    /// Time of the login.
    at: i64,
    /// Address that it came from.
    address: String,
}

impl Mmcos {
    /// Returns everything that is known of a player; `None` if there is no such player.
    pub(in crate::operator) fn player_details(
        &self,
        cx: &Context<'_, Self>,
        user: &str,
        role: Role,
    ) -> Option<PlayerDetails<'_>> {
        let player = self.players().get(user.parse().ok().map(UserId)?)?;
        let logins: Vec<_> = self.sessions.logins(player.steam_id).take(ROWS).collect();
        let address = logins.first().map(|login| login.address);
        let account = Subject::Account(player.steam_id);
        let is_about = |subject: &Subject| match subject {
            Subject::Account(_) => *subject == account,
            Subject::Addresses(range) => address.is_some_and(|address| range.contains(address)),
        };
        let about: Vec<String> =
            self.bans.iter().map(|ban| ban.subject).filter(is_about).map(|ban| ban.to_string()).collect();
        let is_in = |found: &&LiveMatch| {
            found.members().any(|member| member.account == player.user_id && !member.left)
        };
        let podiums = self.standings.podiums().rev();
        let adjustments = self.standings.adjustments().filter(|adjustment| adjustment.user == player.user_id);
        let mut adjustments: Vec<AdjustmentRow<'_>> = adjustments.map(adjustment_row).collect();
        adjustments.reverse();
        adjustments.truncate(ROWS);
        Some(PlayerDetails {
            row: self.player_rows(cx, &[player]).pop()?,
            user_facing_id: player.user_facing_id().as_str().into(),
            title: player.profile.title.as_str(),
            prestige: player.profile.prestige.get(),
            first_seen: player.profile.first_seen.as_secs(),
            season: player.season.0,
            bonus: player.bonus.0,
            session: super::under_way(self.matchmaker()).find(is_in).map(|found| found.id.0.to_string()),
            hosted: Hosted {
                confirmed: player.profile.hosted.confirmed,
                unconfirmed: player.profile.hosted.unconfirmed,
            },
            logins: (role >= Role::Moderator).then(|| logins.into_iter().map(login_row).collect()),
            results: self.results_of(player, ROWS),
            seasons: podiums.filter_map(|podium| public::past_place(podium, player.user_id)).collect(),
            adjustments,
            bans: self.ban_rows(cx).filter(|ban| about.contains(&ban.subject)).collect(),
        })
    }
}

fn adjustment_row(adjustment: &Adjustment) -> AdjustmentRow<'_> {
    AdjustmentRow {
        at: adjustment.at.as_secs(),
        operator: &adjustment.operator,
        change: adjustment.change.0,
        points: adjustment.after.points.0,
        reason: &adjustment.reason,
    }
}

fn login_row(login: &sessions::Login) -> Login {
    Login { at: login.at.as_secs(), address: login.address.to_canonical().to_string() }
}
