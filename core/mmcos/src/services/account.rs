//! `AccountService`: Login and `UpdateAccountTitle` (captures 02, 10).

use alloc::borrow::Cow;
use core::net::SocketAddr;

use serde::Deserialize;

use crate::{
    Event, Fault, Mmcos,
    identity::identify,
    ids::{Points, UserId},
    players::{Name, Title},
    seasons::SeasonId,
    services::response::Reply,
    session_token::Session,
};
use mmcos_core::{seam::Wall, service::Context, wire::xml};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Login<'a> {
    #[serde(rename = "PlatformID", borrow)]
    platform_id: Cow<'a, str>,
    /// Our choice: a login without a name is treated as one with an odd name.
    #[serde(borrow)]
    display_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    default_title: Option<Cow<'a, str>>,
    /// The last season that the game knows; ignored if it is not a number.
    #[serde(borrow)]
    extra_season: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateAccountTitle<'a> {
    #[serde(borrow)]
    session_token: Cow<'a, str>,
    #[serde(borrow)]
    title: Cow<'a, str>,
}

/// The part of the response about a change of season since the player was last here. (Inferred: no capture shows
/// one.)
struct SeasonInfo {
    bonus: Points,
    old: SeasonId,
}

impl Mmcos {
    pub(crate) fn login(
        &mut self,
        cx: &mut Context<'_, Self>,
        body: &[u8],
        peer: SocketAddr,
    ) -> Result<Reply<'static>, Fault> {
        let body = xml::with_cosmetic_texts(body, &["DisplayName", "DefaultTitle"]);
        let request: Login<'_> = xml::from_bytes(&body, "Login", &self.settings.xml())?;
        if self.settings.maintenance {
            return Err(Fault::Maintenance);
        }
        let now = cx.now().wall;
        let steam_id = identify(&self.settings.identity, &request.platform_id, self.earliest)?;
        self.admit(steam_id)?;
        let last_seen = self.players.by_steam_id(steam_id).map(|player| player.profile.last_seen);
        let user = self.players.enrol(steam_id, self.season.id, now);
        let old = self.last_season_heard_of(user, last_seen, request.extra_season.as_deref());
        let name = Name::new(&request.display_name.unwrap_or_default());
        if let Some(profile) = self.players.profile_mut(user) {
            if last_seen.is_none() {
                profile.title =
                    request.default_title.and_then(|title| Title::parse(&title).ok()).unwrap_or_default();
            }
            if old == self.season.id {
                // The next season may be overdue while the clock is in doubt: no player knows of it yet.
                profile.last_seen = now.min(self.season.last_moment());
            }
            if profile.name != name || last_seen.is_none() {
                profile.name = name.clone();
                self.leaderboards.changed();
            }
        }
        self.egonet.logged_in(peer.ip(), &name, steam_id);
        self.presence.note(user, now);
        let issued = self.begin_session(user, now);
        self.keep_player(cx, user);
        cx.log(Event::LoggedIn { peer, steam_id, name, new: last_seen.is_none() });
        self.login_details(user, (now, issued), old).ok_or(Fault::UnknownAccount)
    }

    /// Returns the last season that is known to have reached a player. A login's response may be lost, so a change of
    /// season is repeated until the game says that it knows it (`ExtraSeason`) or sends a request with a token that
    /// came with the news. Until then `last_seen` stays where it was.
    fn last_season_heard_of(&self, user: UserId, last_seen: Option<Wall>, said: Option<&str>) -> SeasonId {
        let season = &self.season;
        if self.heard.get(&user) == Some(&season.id) {
            return season.id;
        }
        let seen = last_seen.filter(|then| *then < season.starts);
        let told = seen.map_or(season.id, |then| season.of_earlier(then));
        // A season that is not there yet cannot have come from this server.
        let known =
            said.and_then(|said| said.trim().parse().ok()).map(SeasonId).filter(|known| *known <= season.id);
        known.map_or(told, |known| known.max(told))
    }

    /// Renders `LoginDetails`: 57 KB that are the same for all players, then the player's own part.
    fn login_details(
        &mut self,
        user: UserId,
        (now, issued): (Wall, Wall),
        old: SeasonId,
    ) -> Option<Reply<'static>> {
        let (configuration, hash) = self.game_configuration(now);
        let mut xml = self.writer();
        let player = self.players.get(user)?;
        let rank = self.players.rank_of(user)?;
        let season = self.season;
        let bonus = if old == season.id { Points(0) } else { player.bonus };
        let change = SeasonInfo { bonus, old };
        xml.open("GameInfo");
        xml.open("ScoreInfo");
        xml.number("CurrentSeasonID", season.id.0);
        xml.number("Division", player.standing.division.0);
        xml.nil("Error");
        xml.number("PlayerSeasonID", player.season.0);
        xml.number("Points", player.standing.points.0);
        xml.number("Rank", rank);
        xml.number("UntrustedLevel", player.profile.level.get());
        xml.number("UntrustedPrestige", player.profile.prestige.get());
        xml.close("ScoreInfo");
        xml.open("SeasonInfo");
        xml.number("BonusPoints", change.bonus.0);
        xml.number("DisplayOffset", 0);
        xml.boolean("IsSeasonActive", season.is_active(now));
        xml.number("NewSeasonID", season.id.0);
        xml.number("OldSeasonID", change.old.0);
        xml.close("SeasonInfo");
        xml.close("GameInfo");
        xml.number("PlatformID", player.steam_id.get());
        xml.nil("ServerTime");
        let session = Session { user, steam_id: player.steam_id, issued, configuration: hash };
        xml.text("SessionToken", &self.sessions.issue(&session));
        xml.text("UserFacingID", player.user_facing_id().as_str());
        xml.number("UserID", user.0);
        xml.close("LoginDetails");
        Some(Reply::shared_xml(configuration, xml))
    }

    pub(crate) fn update_account_title(
        &mut self,
        cx: &mut Context<'_, Self>,
        body: &[u8],
    ) -> Result<Reply<'static>, Fault> {
        let request: UpdateAccountTitle<'_> =
            xml::from_bytes(body, "UpdateAccountTitle", &self.settings.xml())?;
        let user = self.authenticate(&request.session_token, cx.now())?;
        let title = Title::parse(&request.title)?;
        let profile = self.players.profile_mut(user).ok_or(Fault::UnknownAccount)?;
        profile.title = title;
        self.leaderboards.changed();
        self.keep_player(cx, user);
        Ok(Reply::empty())
    }
}
