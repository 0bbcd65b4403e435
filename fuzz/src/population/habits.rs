//! Habits of players: all draws of the model. Their rhythm is that of the captures; which modes they play, and for
//! how long, is our assumption.

use std::time::Duration;

use mmcos_game::ids::Points;

use crate::{
    client::{Mode, RuleSet},
    random::Random,
};

/// Mean duration of a player's visit, in seconds.
pub(crate) const SESSION_SECONDS: f64 = 45.0 * 60.0;

/// Mean number of players in a group, by the shares of [`party`].
pub(crate) const MEAN_PARTY: f64 = 1.21;

/// Time between a response without a match and the next poll: capture 06 shows polls 26 s apart, and this server
/// responds after 24.5 s.
pub(crate) const PAUSE: Duration = Duration::from_millis(1500);

/// Influence of luck on the result of a race, in the points that measure skill.
pub(crate) const LUCK: f64 = 300.0;

/// Draws the number of players in a group.
pub(crate) fn party(random: &mut Random) -> u8 {
    random.choose(&[(1, 0.84), (2, 0.12), (3, 0.03), (4, 0.01)])
}

/// Draws the mode of the next search: mostly the same as before.
pub(crate) fn mode(random: &mut Random, before: Option<Mode>) -> Mode {
    let keep = random.uniform() < 0.80;
    let rule_set =
        random.choose(&[(RuleSet::Race, 0.45), (RuleSet::Elimination, 0.30), (RuleSet::Battle, 0.25)]);
    let fresh = Mode { rule_set, ranked: random.uniform() < 0.35 };
    before.filter(|_| keep).unwrap_or(fresh)
}

/// Draws the skill of a group, in points.
pub(crate) fn skill(random: &mut Random) -> Points {
    let spread = random.normal(0.0, 300.0).clamp(-1500.0, 1500.0);
    #[allow(clippy::cast_possible_truncation, reason = "it is small")]
    Points(1500 + spread as i32)
}

/// Draws the duration of a group's visit.
pub(crate) fn session(random: &mut Random) -> Duration {
    seconds(random.lognormal(SESSION_SECONDS * libm::exp(-0.32), 0.8))
}

/// Draws the duration of a race, loading included.
pub(crate) fn race(random: &mut Random) -> Duration {
    seconds(8.0 + random.between(240.0, 420.0))
}

/// Draws the time between the end of a race and the next search.
pub(crate) fn think(random: &mut Random) -> Duration {
    seconds(4.0 + random.lognormal(16.0, 0.6))
}

/// Draws the time until the next group comes online, if `online` players are to be there on average.
pub(crate) fn next_arrival(random: &mut Random, online: u32) -> Duration {
    seconds(random.exponential(f64::from(online) / MEAN_PARTY / SESSION_SECONDS))
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
