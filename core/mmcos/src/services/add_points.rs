//! `GameProgressionService`: `AddPoints`, the result of a race (captures 05, 08).
//!
//! A result counts once for a player and a race whose key the player was given, registered or not: a registration
//! that was lost on the way should not cost a player points. When the result comes again, the response is the same as
//! the first time. A key that is not the player's changes nothing, and the response has the player's standing, since
//! an error at the end of a race could hang the game. (All three: our choice.)
//!
//! A result that comes sooner than a race can end, or the sixth within ten minutes, changes nothing either. It is not
//! used up: the same result counts when it comes again later.
//!
//! `GameConfigChanged` makes the game log in again (inferred): it is true when that would bring another configuration than
//! the player's session began with, whose hash is in the session token.

use alloc::borrow::Cow;

use serde::Deserialize;

use super::response::{Response, Served, writer};
use crate::{
    LogEvent, Mmcos, NotCounted, Record, Rejection,
    ids::{MatchId, Points, RaceKey, UserId},
    players::{Level, Prestige},
    results::{MatchResult, Progress, ResultState},
};
use mmcos_core::{
    service::Context,
    wire::xml::{self, Writer},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AddPoints<'a> {
    #[serde(borrow)]
    session_token: Cow<'a, str>,
    #[serde(borrow)]
    race_key: Cow<'a, str>,
    points: i32,
    level: i64,
    prestige: i64,
}

impl Mmcos {
    pub(crate) fn add_points(&mut self, cx: &mut Context<'_, Self>, body: &[u8]) -> Served {
        let request: AddPoints<'_> = xml::from_bytes(body, "AddPoints", &self.settings.xml())?;
        let session = self.authenticate(cx, &request.session_token)?;
        let user = session.user;
        let race_key = RaceKey::parse(&request.race_key)
            .ok_or(Rejection::Value { field: "RaceKey", expected: "16 hexadecimal digits" })?;
        self.matchmaking.find(cx, race_key, user);
        let progress = match self.matchmaking.matches().state(race_key, user) {
            ResultState::Open(match_id) => {
                match self.matchmaking.too_soon(cx, &self.settings, match_id, user) {
                    Some(why) => self.no_progress(cx, &request, user, why)?,
                    None => self.count(cx, &request, match_id, user)?,
                }
            }
            ResultState::Counted(result) => {
                // The first response may still wait for the disk: this one must not be quicker.
                cx.record(Record::Result(result));
                result.progress
            }
            ResultState::None => self.no_progress(cx, &request, user, NotCounted::NotTheirs(race_key))?,
        };
        let (configuration, sources) = self.configuration();
        let is_changed = configuration.is_news_to(&session, cx.now().wall, sources);
        let mut xml = writer();
        render(user, &progress, is_changed, &mut xml);
        Ok(Response::xml(xml))
    }

    /// Counts a result and persists it.
    fn count(
        &mut self,
        cx: &mut Context<'_, Self>,
        request: &AddPoints<'_>,
        match_id: MatchId,
        user: UserId,
    ) -> Result<Progress, Rejection> {
        let player = self.players().get(user).ok_or(Rejection::UnknownAccount)?;
        let name = player.profile.name.clone();
        let claimed = Points(request.points);
        let honest = self.catalogue.honest_changes(player.standing.division.0);
        let counted = claimed.clamp(*honest.start(), *honest.end());
        if claimed.0 > counted.0 {
            cx.log(LogEvent::Exaggerated { name: name.clone(), claimed, counted });
        }
        let level = (Level::nearest(request.level), Prestige::nearest(request.prestige));
        let progress = self.standings.add_points(user, counted, level)?;
        self.leaderboards.changed();
        cx.log(LogEvent::Scored { user, name, change: counted, points: progress.after.points });
        let result = MatchResult { match_id, user, at: cx.now().wall, claimed, counted, progress };
        self.matchmaking.count(cx, &mut self.standings, result);
        Ok(progress)
    }

    /// Responds to a result that does not count: the standing stays as it is.
    fn no_progress(
        &self,
        cx: &mut Context<'_, Self>,
        request: &AddPoints<'_>,
        user: UserId,
        why: NotCounted,
    ) -> Result<Progress, Rejection> {
        let (player, rank) = self.standings.ranked(user)?;
        let name = player.profile.name.clone();
        cx.log(LogEvent::NotCounted { name, claimed: Points(request.points), why });
        Ok(Progress { season: player.season, before: player.standing, after: player.standing, rank })
    }
}

/// Renders `AddPointsResult`, in the order of captures 05 and 08.
fn render(user: UserId, progress: &Progress, game_configuration_changed: bool, xml: &mut Writer) {
    xml.root("AddPointsResult");
    xml.number("BonusPoints", 0);
    xml.nil("Error");
    xml.boolean("GameConfigChanged", game_configuration_changed);
    xml.number("NewDivision", progress.after.division.0);
    xml.number("NewSeason", progress.season.0);
    xml.number("OldDivision", progress.before.division.0);
    xml.number("OldSeason", progress.season.0);
    xml.number("Points", progress.after.points.0);
    xml.number("Rank", progress.rank);
    xml.number("UserID", user.0);
    xml.close("AddPointsResult");
}
