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

use alloc::{borrow::Cow, vec::Vec};
use core::{ops::RangeInclusive, time::Duration};

use serde::Deserialize;

use crate::{
    Event, Fault, Mmcos,
    catalogue::Catalogue,
    divisions::{Band, Division, Ladder},
    ids::{Points, RaceKey, SessionId, UserId},
    log_event::NotCounted,
    players::{Level, Prestige},
    record::Record,
    results::{Claim, Progress, RaceResult, is_sooner},
    services::response::Reply,
};
use mmcos_core::{
    seam::Now,
    service::Context,
    wire::xml::{self, Writer},
};

/// Number of one player's results that count at once, after a rest. (Our choice: some may have waited for a server to
/// come back.)
pub(crate) const RESULT_BURST: u32 = 5;

/// Interval at which one more result of a player counts in the long run: 30 an hour. (Our choice: a race lasts 4 to 7
/// minutes, an elimination against AI that is lost at once may last two with its search.)
pub(crate) const RESULT_INTERVAL: Duration = Duration::from_mins(2);

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

/// Rules of points, prepared from the catalogue.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) ladder: Ladder,
    /// By division, the changes of points that one game can honestly bring.
    honest: [RangeInclusive<i32>; 7],
}

impl Rules {
    pub(crate) fn of(catalogue: &Catalogue) -> Self {
        let bands = (0_u8..).zip(&catalogue.divisions.bands).map(|(division, band)| Band {
            min_points: band.min_points,
            relegation_min_points: band.relegation_min_points,
            bonus_points: band.bonus_points,
            may_lose: catalogue.divisions.losing_allowed(division),
        });
        let honest = [0, 1, 2, 3, 4, 5, 6].map(|division| {
            let range = catalogue.honest_changes(division);
            range.start().0..=range.end().0
        });
        Self { ladder: Ladder::new(bands.collect()), honest }
    }

    /// Returns the part of a claimed change that is counted.
    fn counted(&self, division: Division, claimed: Points) -> Points {
        let honest = self.honest.get(usize::from(division.0));
        Points(honest.map_or(0, |range| claimed.0.clamp(*range.start(), *range.end())))
    }
}

impl Mmcos {
    pub(crate) fn add_points(
        &mut self,
        cx: &mut Context<'_, Self>,
        body: &[u8],
    ) -> Result<Reply<'static>, Fault> {
        let request: AddPoints<'_> = xml::from_bytes(body, "AddPoints", &self.settings.xml())?;
        let session = self.session(&request.session_token, cx.now())?;
        let user = session.user;
        let race_key = RaceKey::parse(&request.race_key)
            .ok_or(Fault::Value { field: "RaceKey", expected: "16 hexadecimal digits" })?;
        self.find_race(race_key, user, cx.now().wall);
        let progress = match self.races.claim(race_key, user) {
            Claim::Open(race) => match self.too_soon(race, user, cx.now()) {
                Some(why) => self.no_progress(cx, &request, user, why)?,
                None => self.count(cx, &request, (race_key, race), user)?,
            },
            Claim::Counted(result) => {
                // The first response may still wait for the disk: this one must not be quicker.
                cx.record(Record::Result(result));
                result.progress
            }
            Claim::None => self.no_progress(cx, &request, user, NotCounted::NotTheirs(race_key))?,
        };
        let changed = self.game_configuration_changed(&session, cx.now().wall);
        let mut xml = self.writer();
        render(user, &progress, changed, &mut xml);
        Ok(Reply::xml(xml))
    }

    /// Counts a result and persists it.
    fn count(
        &mut self,
        cx: &mut Context<'_, Self>,
        request: &AddPoints<'_>,
        (race_key, session): (RaceKey, SessionId),
        user: UserId,
    ) -> Result<Progress, Fault> {
        let player = self.players.get(user).ok_or(Fault::UnknownAccount)?;
        let (before, season) = (player.standing, player.season);
        let name = player.profile.name.clone();
        let claimed = Points(request.points);
        let counted = self.rules.counted(before.division, claimed);
        if claimed.0 > counted.0 {
            cx.log(Event::Exaggerated { name: name.clone(), claimed, counted });
        }
        let after = self.rules.ladder.after(before, counted);
        let rank = self.players.set_standing(user, after).ok_or(Fault::UnknownAccount)?;
        let profile = self.players.profile_mut(user).ok_or(Fault::UnknownAccount)?;
        profile.level = Level::nearest(request.level);
        profile.prestige = Prestige::nearest(request.prestige);
        profile.games = profile.games.saturating_add(1);
        self.leaderboards.changed();
        cx.log(Event::Scored { user, name, change: counted, points: after.points });

        let (at, progress) = (cx.now().wall, Progress { season, before, after, rank });
        let result = RaceResult { session, user, at, claimed, counted, progress };
        self.begin_race(cx, session, user, Vec::new());
        self.races.count(result);
        self.keep_player(cx, user);
        cx.record(Record::Result(result));
        self.race_scored(cx, race_key, user);
        Ok(progress)
    }

    /// Returns the reason why a result cannot be of a race that took place. The server knows of a race against AI
    /// only what the client says, so time is the one bound on it. (Our choice: a race lasts minutes, and its lobby
    /// and its start take a good part of the first half.)
    fn too_soon(&mut self, session: SessionId, user: UserId, now: Now) -> Option<NotCounted> {
        let race = self.races.get(session)?;
        if self.race_keys.is_alone(race) && is_sooner(now.wall, race.made, self.settings.min_race_seconds) {
            return Some(NotCounted::TooSoon);
        }
        self.results.take(user, now.monotonic).err().map(|_| NotCounted::TooMany)
    }

    /// Responds to a result that does not count: the standing stays as it is.
    fn no_progress(
        &self,
        cx: &mut Context<'_, Self>,
        request: &AddPoints<'_>,
        user: UserId,
        why: NotCounted,
    ) -> Result<Progress, Fault> {
        let player = self.players.get(user).ok_or(Fault::UnknownAccount)?;
        let rank = self.players.rank_of(user).ok_or(Fault::UnknownAccount)?;
        let name = player.profile.name.clone();
        cx.log(Event::NotCounted { name, claimed: Points(request.points), why });
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
