//! Commands about one player: its data, points, deletion.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::command::{CommandError, Deed, reason_of};
use crate::{
    Mmcos, Record,
    ids::{Points, UserId},
    moderation::Subject,
    players::Player,
};
use mmcos_core::{admin::Caller, service::Context};

/// The largest change of points, either way.
const MOST_POINTS: i32 = 100_000;

/// Body of `POST /api/v1/players/{user_id}/points`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdjustPoints {
    /// Points to add, or to take away. Points do not fall below zero, and divisions follow as they do after a match.
    #[schemars(range(min = -MOST_POINTS, max = MOST_POINTS))]
    change: i32,
    /// Reason, for other operators and the player. At most 500 bytes.
    reason: String,
}

/// Body of `POST /api/v1/players/{user_id}/delete`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeletePlayer {
    /// Reason, for other operators. It stays in the audit log: name no one. At most 500 bytes.
    reason: String,
    /// Confirmation, which is always needed.
    #[serde(default)]
    confirm: bool,
}

impl Mmcos {
    fn player_of(&self, user: &str) -> Result<&Player, CommandError> {
        let user = user.parse().map(UserId).map_err(|_| CommandError::Unknown("player"))?;
        self.players().get(user).ok_or(CommandError::Unknown("player"))
    }

    /// Returns everything that is in memory about a player, in the form in which it is stored.
    pub(super) fn data_of(&self, user: &str) -> Result<Map<String, Value>, CommandError> {
        let player = self.player_of(user)?;
        let user = player.user_id;
        let matches = self.matchmaking.matches();
        let results = matches.iter().flat_map(|(_, results)| results).filter(|result| result.user == user);
        let races = matches.iter().map(|(found, _)| found).filter(|found| found.players.contains(&user));
        let bans = self.bans.iter().filter(|ban| ban.subject == Subject::Account(player.steam_id));
        let adjustments = self.standings.adjustments().filter(|adjustment| adjustment.user == user);
        let podiums = self.standings.podiums().values();
        let places = podiums.filter_map(|podium| Some((podium.season, podium.of(user)?)));
        let places =
            places.map(|(season, (rank, place))| json!({ "season": season, "rank": rank, "place": place }));
        let audit = self.operator.audit.iter().filter(|entry| entry.about == Some(user.0));
        // Neither name nor address of an operator is the player's data.
        let commands =
            audit.map(|entry| json!({ "at": entry.at, "command": entry.command, "text": entry.text }));
        let about = "Times are in milliseconds since 1970. Older matches, results and final standings are in the store \
                     alone: `mmcos export --json` writes them all, by `user_id`.";
        let members = [
            ("about", json!(about)),
            ("player", json!(player)),
            ("matches", json!(races.collect::<Vec<_>>())),
            ("results", json!(results.collect::<Vec<_>>())),
            ("adjustments", json!(adjustments.collect::<Vec<_>>())),
            ("seasons", json!(places.collect::<Vec<_>>())),
            ("bans", json!(bans.collect::<Vec<_>>())),
            ("commands", json!(commands.collect::<Vec<_>>())),
        ];
        Ok(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    pub(super) fn adjust_points(
        &mut self,
        cx: &mut Context<'_, Self>,
        user: &str,
        caller: &Caller,
        body: &[u8],
    ) -> Result<Deed, CommandError> {
        let AdjustPoints { change, reason } = serde_json::from_slice(body)?;
        let reason = reason_of(reason)?;
        if !(-MOST_POINTS..=MOST_POINTS).contains(&change) {
            return Err(CommandError::Value("`change`", "from -100000 to 100000"));
        }
        let player = self.player_of(user)?;
        let (user, name) = (player.user_id, player.profile.name.clone());
        let text =
            format!("changed the points of {} (player {}) by {change:+}: {reason}", name.as_str(), user.0);
        let by = (caller.name.clone(), reason);
        let adjustment = self.standings.adjust(cx, user, Points(change), by);
        let adjustment = adjustment.ok_or(CommandError::Unknown("player"))?;
        let [before, after] = [adjustment.before, adjustment.after]
            .map(|standing| Some(format!("{} points, division {}", standing.points.0, standing.division.0)));
        self.leaderboards.changed();
        Ok(Deed::new(text).about(Some(user)).changing(before, after))
    }

    /// Deletes a player. docs/hosting/PRIVACY.md says what stays.
    pub(super) fn delete_player(
        &mut self,
        cx: &mut Context<'_, Self>,
        user: &str,
        body: &[u8],
    ) -> Result<Deed, CommandError> {
        let DeletePlayer { reason, confirm } = serde_json::from_slice(body)?;
        let reason = reason_of(reason)?;
        let player = self.player_of(user)?;
        let (user, steam_id, name) = (player.user_id, player.steam_id, player.profile.name.clone());
        if !confirm {
            let (name, games) = (name.as_str(), player.profile.games);
            let text =
                format!("{name} ({steam_id}), {games} matches, would be deleted, which cannot be undone");
            return Err(CommandError::Unconfirmed(text));
        }
        let shown = player.user_facing_id();
        // First: the searches and the session are found by the player.
        self.end_session(cx, user);
        self.standings.delete(cx, user);
        self.matchmaking.forget_results(user);
        self.sessions.forget_logins(|login| login.steam_id == steam_id);
        self.leaderboards.changed();
        // A ban that holds stays, or a banned player could be deleted and come back.
        let subject = Subject::Account(steam_id);
        if self.bans.of_account(steam_id, cx.clock().earliest()).is_none()
            && self.bans.lift(subject).is_some()
        {
            cx.record(Record::Unban(subject));
        }
        let steam_id = steam_id.to_string();
        let texts = [steam_id.as_str(), shown.as_str()];
        let names_player =
            |line: &str| line.contains(name.as_str()) || texts.iter().any(|text| line.contains(text));
        cx.forget_log_lines(|line| names_player(&line.text));
        for number in self.operator.audit.forget(user.0, &texts) {
            if let Some(entry) = self.operator.audit.get(number) {
                cx.record(Record::Audit(Box::new(entry.clone())));
            }
        }
        Ok(Deed::new(format!("deleted player {}: {reason}", user.0)).about(Some(user)))
    }
}
