//! `GameProgressionService`: `AddPoints`, the result of a race (captures 05, 08).

use alloc::{borrow::Cow, string::ToString};
use core::ops::RangeInclusive;

use serde::Deserialize;

use super::{
    Event, Fault, Mmcos,
    catalogue::Catalogue,
    divisions::{Band, Division, Ladder},
    ids::{Points, RaceKey},
    players::{Level, Prestige},
    reply::Reply,
};
use crate::{service::Context, wire::xml};

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

/// The rules of points, made ready from the catalogue.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) ladder: Ladder,
    /// By division, what one game can honestly bring.
    honest: [RangeInclusive<i32>; 7],
}

impl Rules {
    pub(super) fn of(catalogue: &Catalogue) -> Self {
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

    /// The change that is counted for one that is claimed.
    fn counted(&self, division: Division, claimed: Points) -> Points {
        let honest = self.honest.get(usize::from(division.0));
        Points(honest.map_or(0, |range| claimed.0.clamp(*range.start(), *range.end())))
    }
}

impl Mmcos {
    pub(super) fn add_points(
        &mut self,
        cx: &mut Context<'_, Self>,
        body: &[u8],
    ) -> Result<Reply<'static>, Fault> {
        let request: AddPoints<'_> = xml::from_bytes(body, "AddPoints", &self.xml_limits)?;
        let user = self.authenticate(&request.session_token, cx.now().wall)?;
        RaceKey::parse(&request.race_key)
            .ok_or(Fault::Value { field: "RaceKey", expected: "16 hexadecimal digits" })?;
        let player = self.players.get(user).ok_or(Fault::UnknownAccount)?;
        let (before, season) = (player.standing, player.season);
        let name = player.profile.name.as_str().to_string();
        let claimed = Points(request.points);
        let change = self.rules.counted(before.division, claimed);
        if claimed.0 > change.0 {
            cx.log(Event::Exaggerated { name: name.clone(), claimed, counted: change });
        }
        let after = self.rules.ladder.after(before, change);
        let rank = self.players.set_standing(user, after).ok_or(Fault::UnknownAccount)?;
        let profile = self.players.profile_mut(user).ok_or(Fault::UnknownAccount)?;
        profile.level = Level::nearest(request.level);
        profile.prestige = Prestige::nearest(request.prestige);
        profile.games = profile.games.saturating_add(1);
        self.leaderboards.changed();
        cx.log(Event::Scored { user, name, change, points: after.points });

        let mut xml = self.writer();
        xml.root("AddPointsResult");
        xml.number("BonusPoints", 0);
        xml.nil("Error");
        xml.boolean("GameConfigChanged", false);
        xml.number("NewDivision", after.division.0);
        xml.number("NewSeason", season.0);
        xml.number("OldDivision", before.division.0);
        xml.number("OldSeason", season.0);
        xml.number("Points", after.points.0);
        xml.number("Rank", rank);
        xml.number("UserID", user.0);
        xml.close("AddPointsResult");
        Ok(Reply::xml(xml))
    }
}
