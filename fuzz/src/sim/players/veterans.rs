//! Accounts from before the run.

use mmcos_core::seam::Wall;
use mmcos_game::{
    Record,
    catalogue::Catalogue,
    divisions::{Division, Standing},
    ids::{Points, UserId},
    players,
    seasons::{Season, SeasonStarted},
};

use crate::{random::Random, sim::world::World};

impl World {
    /// In half of the short runs, gives all players an account from the day before, with points about a bound of
    /// their division: in two hours none would win or lose a higher one. In a season they do so by themselves.
    pub(crate) fn enrol_veterans(&mut self) {
        let mut random = Random::new(self.scenario.seed, 1 << 42);
        if self.scenario.days >= 1.0 || random.uniform() < 0.5 {
            return;
        }
        let away = random.between(0.0, 86_400_000.0) as i64;
        let seen = Wall::from_millis(self.starts.as_millis() - away);
        let season = Season::at(seen);
        let Season { id, starts, .. } = season;
        let started = SeasonStarted { season: id, starts, ..SeasonStarted::default() };
        let mut records = vec![Record::SeasonStarted(Box::new(started))];
        for (number, player) in (1..).zip(&self.players) {
            let mut veteran = players::Player::new(UserId(number), player.steam_id, id, seen);
            veteran.standing = about_a_bound(&crate::virtual_time::catalogue(), &mut random);
            records.push(Record::Player(Box::new(veteran)));
        }
        self.model.take_over(season, &records);
        self.store.submit(records);
        self.finish();
        self.model.durable(self.store.durable());
    }
}

/// Draws a division, and points with which a few results win the next or lose it.
fn about_a_bound(catalogue: &Catalogue, random: &mut Random) -> Standing {
    let bands = &catalogue.divisions.bands;
    let division = random.between(0.0, bands.len() as f64) as usize;
    let above = bands.get(division + 1).filter(|_| random.uniform() < 0.5);
    let points = match above {
        Some(above) => above.min_points.0 - 1 - random.between(0.0, 60.0) as i32,
        None => bands[division].relegation_min_points.0 + random.between(0.0, 60.0) as i32,
    };
    Standing { points: Points(points), division: Division(division as u8) }
}
