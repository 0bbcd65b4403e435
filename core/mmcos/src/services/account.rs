//! `AccountService`: Login and `UpdateAccountTitle` (captures 02, 10).

use alloc::borrow::Cow;
use core::net::SocketAddr;

use serde::Deserialize;

use super::response::{Response, Served, writer};
use crate::{
    LogEvent, Mmcos, Rejection,
    identity::identify,
    ids::{Points, UserId},
    players::{Name, Title},
    seasons::SeasonId,
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

impl Mmcos {
    pub(crate) fn login(&mut self, cx: &mut Context<'_, Self>, body: &[u8], peer: SocketAddr) -> Served {
        let body = xml::with_cosmetic_texts(body, &["DisplayName", "DefaultTitle"]);
        let request: Login<'_> = xml::from_bytes(&body, "Login", &self.settings.xml())?;
        if self.is_closed(cx.now().wall) {
            return Err(Rejection::Maintenance);
        }
        let (now, earliest) = (cx.now().wall, cx.clock().earliest());
        let steam_id = identify(&self.settings.identity, &request.platform_id, earliest)?;
        self.bans.admit(steam_id, earliest)?;
        let last_seen = self.players().by_steam_id(steam_id).map(|player| player.profile.last_seen);
        let user = self.standings.enrol(steam_id, now);
        let reported = request.extra_season.and_then(|season| season.trim().parse().ok()).map(SeasonId);
        let old = self.standings.last_season_heard_of(user, last_seen, reported);
        let name = Name::new(&request.display_name.unwrap_or_default());
        let season = *self.standings.season();
        let is_renamed = self.players().get(user).is_some_and(|player| player.renamed);
        let profile = self.standings.profile_mut(user)?;
        if last_seen.is_none() {
            profile.title =
                request.default_title.and_then(|title| Title::parse(&title).ok()).unwrap_or_default();
        }
        if old == season.id {
            // The next season may be overdue while the clock is in doubt: no player knows of it yet.
            profile.last_seen = now.min(season.last_moment());
        }
        if !is_renamed && (profile.name != name || last_seen.is_none()) {
            profile.name = name.clone();
            self.leaderboards.changed();
        }
        self.sessions.logged_in(now, peer.ip(), &name, steam_id);
        self.call_at_login(cx, user);
        let issued = self.sessions.begin(user, now);
        self.standings.persist(cx, user);
        cx.log(LogEvent::LoggedIn { peer, steam_id, name, new: last_seen.is_none() });
        self.login_details(user, (now, issued), old)
    }

    /// Renders `LoginDetails`: 57 KB that are the same for all players, then the player's own part. (Inferred: the
    /// values of `SeasonInfo` after a change of season, which no capture shows.)
    fn login_details(&mut self, user: UserId, (now, issued): (Wall, Wall), old: SeasonId) -> Served {
        let (configuration, sources) = self.configuration();
        let (configuration, hash) = configuration.at(now, sources);
        let mut xml = writer();
        let (player, rank) = self.standings.ranked(user)?;
        let season = self.standings.season();
        let bonus = if old == season.id { Points(0) } else { player.bonus };
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
        xml.number("BonusPoints", bonus.0);
        xml.number("DisplayOffset", 0);
        xml.boolean("IsSeasonActive", season.is_active(now));
        xml.number("NewSeasonID", season.id.0);
        xml.number("OldSeasonID", old.0);
        xml.close("SeasonInfo");
        xml.close("GameInfo");
        xml.number("PlatformID", player.steam_id.get());
        xml.nil("ServerTime");
        let session = Session { user, steam_id: player.steam_id, issued, configuration: hash };
        xml.text("SessionToken", &self.sessions.token(&session));
        xml.text("UserFacingID", player.user_facing_id().as_str());
        xml.number("UserID", user.0);
        xml.close("LoginDetails");
        Ok(Response::shared_xml(configuration, xml))
    }

    pub(crate) fn update_account_title(&mut self, cx: &mut Context<'_, Self>, body: &[u8]) -> Served {
        let request: UpdateAccountTitle<'_> =
            xml::from_bytes(body, "UpdateAccountTitle", &self.settings.xml())?;
        let user = self.authenticate(cx, &request.session_token)?.user;
        self.set_title(cx, user, Title::parse(&request.title)?)?;
        Ok(Response::empty())
    }

    /// Sets a player's title, which leaderboards show. Persists the player.
    pub(crate) fn set_title(
        &mut self,
        cx: &mut Context<'_, Self>,
        user: UserId,
        title: Title,
    ) -> Result<(), Rejection> {
        self.standings.profile_mut(user)?.title = title;
        self.leaderboards.changed();
        self.standings.persist(cx, user);
        Ok(())
    }
}
