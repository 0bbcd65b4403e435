//! Commands about one player, such as a kick, a change of points, a deletion; and its data.

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
    divisions::Standing,
    ids::{Points, UserId},
    moderation::Subject,
    players::{Name, Player, Title},
};
use mmcos_core::{admin::Caller, service::Context};

/// The largest change of points, either way.
const MOST_POINTS: i32 = 100_000;

/// Body of `POST /api/v1/players/{user_id}/kick`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Kick {
    /// Reason, for other operators. At most 500 bytes.
    reason: Option<String>,
}

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

/// Body of `POST /api/v1/players/{user_id}/name`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    /// Name on this server, in place of the game's. Without it, the next login brings the game's name again.
    name: Option<String>,
    /// Reason, for other operators. At most 500 bytes.
    reason: String,
}

/// Body of `POST /api/v1/players/{user_id}/title`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Retitle {
    /// Key of one of the game's texts, such as `lng_player_title_elite`: 1 to 64 of the characters a to z, 0 to 9 and _.
    title: String,
    /// Reason, for other operators. At most 500 bytes.
    reason: String,
}

/// Body of `POST /api/v1/players/{user_id}/merge`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    /// Number of the account whose points and history are added to this one, and which is then deleted.
    other: u32,
    /// Reason, for other operators and the player. Name no one. At most 400 bytes.
    reason: String,
    /// Confirmation, which is always needed.
    #[serde(default)]
    confirm: bool,
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
        let podiums = self.standings.podiums();
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

    pub(super) fn kick(
        &mut self,
        cx: &mut Context<'_, Self>,
        user: &str,
        body: &[u8],
    ) -> Result<Deed, CommandError> {
        let Kick { reason } = serde_json::from_slice(body)?;
        let why = reason.map(reason_of).transpose()?.map(|reason| format!(": {reason}")).unwrap_or_default();
        let player = self.player_of(user)?;
        let (user, name, steam_id) = (player.user_id, player.profile.name.as_str(), player.steam_id);
        let text = format!("kicked {name} ({steam_id}){why}");
        self.end_session(cx, user);
        Ok(Deed::new(text).about(Some(user)))
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
        let [before, after] = [adjustment.before, adjustment.after].map(|standing| Some(described(standing)));
        self.leaderboards.changed();
        Ok(Deed::new(text).about(Some(user)).changing(before, after))
    }

    /// Sets a player's name on this server, whatever the game sends.
    pub(super) fn rename(
        &mut self,
        cx: &mut Context<'_, Self>,
        user: &str,
        body: &[u8],
    ) -> Result<Deed, CommandError> {
        let Rename { name, reason } = serde_json::from_slice(body)?;
        let reason = reason_of(reason)?;
        let player = self.player_of(user)?;
        let (user, before) = (player.user_id, player.profile.name.as_str().to_string());
        let name = self.standings.rename(cx, user, name.map(|name| Name::new(&name)));
        let after = name.ok_or(CommandError::Unknown("player"))?.as_str().to_string();
        self.leaderboards.changed();
        let text = format!("renamed {before} (player {}) to {after}: {reason}", user.0);
        Ok(Deed::new(text).about(Some(user)).changing(Some(before), Some(after)))
    }

    /// Sets a player's title, as the player's own choice would.
    pub(super) fn retitle(
        &mut self,
        cx: &mut Context<'_, Self>,
        user: &str,
        body: &[u8],
    ) -> Result<Deed, CommandError> {
        let Retitle { title, reason } = serde_json::from_slice(body)?;
        let reason = reason_of(reason)?;
        let player = self.player_of(user)?;
        let (user, name) = (player.user_id, player.profile.name.as_str().to_string());
        let before = player.profile.title.as_str().to_string();
        let title = Title::parse(&title)
            .map_err(|_| CommandError::Value("`title`", "1 to 64 of the characters a to z, 0 to 9 and _"))?;
        let text = format!("gave {name} (player {}) the title {}: {reason}", user.0, title.as_str());
        let after = title.as_str().to_string();
        self.set_title(cx, user, title).map_err(|_| CommandError::Unknown("player"))?;
        Ok(Deed::new(text).about(Some(user)).changing(Some(before), Some(after)))
    }

    /// Adds another account to a player's, and deletes it.
    pub(super) fn merge(
        &mut self,
        cx: &mut Context<'_, Self>,
        user: &str,
        caller: &Caller,
        body: &[u8],
    ) -> Result<Deed, CommandError> {
        let Merge { other, reason, confirm } = serde_json::from_slice(body)?;
        let reason = reason_of(reason)?;
        let player = self.player_of(user)?;
        let second = self.players().get(UserId(other)).ok_or(CommandError::Unknown("player"))?;
        if player.user_id == second.user_id {
            return Err(CommandError::Value("`other`", "the number of another player"));
        }
        [player, second].into_iter().try_for_each(|player| self.must_be_away(cx, player))?;
        let (name, points) = (player.profile.name.as_str().to_string(), second.standing.points.0);
        if !confirm {
            let text = format!(
                "{} ({}) would be deleted, and its {points} points added to those of {name} ({}), which cannot be \
                 undone",
                second.profile.name.as_str(),
                second.steam_id,
                player.steam_id,
            );
            return Err(CommandError::Unconfirmed(text));
        }
        let (user, other, second) = (player.user_id, second.user_id, second.clone());
        let text = format!("merged player {} into {name} (player {}): {reason}", other.0, user.0);
        let by = (caller.name.clone(), format!("player {} was merged into this one: {reason}", other.0));
        let merged = self.standings.merge(cx, (user, other), by).ok_or(CommandError::Unknown("player"))?;
        let [before, after] = [merged.before, merged.after].map(|standing| Some(described(standing)));
        self.erase(cx, &second);
        Ok(Deed::new(text).about(Some(user)).changing(before, after))
    }

    /// Returns an error if a player is online or in a match.
    fn must_be_away(&self, cx: &Context<'_, Self>, player: &Player) -> Result<(), CommandError> {
        let (user, name) = (player.user_id, player.profile.name.as_str());
        let mut matches = super::under_way(self.matchmaker());
        if matches.any(|found| found.members().any(|member| member.account == user && !member.left)) {
            let text = format!("{name} (player {}) is in a match: wait until it is over, or end it", user.0);
            return Err(CommandError::Busy(text));
        }
        if self.sessions.presence.seen(user, cx.now().wall).is_some() {
            let text = format!("{name} (player {}) is online: kick the player first", user.0);
            return Err(CommandError::Busy(text));
        }
        Ok(())
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
        let (user, player) = (player.user_id, player.clone());
        if !confirm {
            let Player { steam_id, profile, .. } = &player;
            let (name, games) = (profile.name.as_str(), profile.games);
            let text =
                format!("{name} ({steam_id}), {games} matches, would be deleted, which cannot be undone");
            return Err(CommandError::Unconfirmed(text));
        }
        self.erase(cx, &player);
        Ok(Deed::new(format!("deleted player {}: {reason}", user.0)).about(Some(user)))
    }

    /// Removes a player and everything that is stored of it.
    fn erase(&mut self, cx: &mut Context<'_, Self>, player: &Player) {
        let (user, steam_id, name) = (player.user_id, player.steam_id, &player.profile.name);
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
    }
}

/// Returns a standing for the audit log.
fn described(standing: Standing) -> String {
    format!("{} points, division {}", standing.points.0, standing.division.0)
}
